"""Train a network: python train/train.py CONFIG [--set KEY=VALUE] [--data NAME:ROOT] …

The same function as `napari-itis train` and as the dock widget.
"""

import sys

from napari_itis.cli import main

if __name__ == "__main__":
    sys.argv.insert(1, "train")
    main()
