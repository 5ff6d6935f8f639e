"""Train a network: python train/train.py CONFIG [--set KEY=VALUE] [--data NAME:ROOT] …

On several processes or machines: torchrun --nproc-per-node N --nnodes M train/train.py CONFIG …
The same function as `napari-itis train`.
"""

import sys

from napari_itis.cli import main

if __name__ == "__main__":
    sys.exit(main(["train", *sys.argv[1:]]))
