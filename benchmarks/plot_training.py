"""Training curve from the log.csv of one or more runs that follow each other.

python benchmarks/plot_training.py LOG [LOG ...] --output docs/images/training.png
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt

WINDOW = 50


def smooth(values: list[float]) -> np.ndarray:
    """Mean over the last `WINDOW` steps."""
    total = np.cumsum([0.0, *values])
    stop = np.arange(1, len(total))
    start = np.maximum(stop - WINDOW, 0)
    return (total[stop] - total[start]) / (stop - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("logs", nargs="+", type=Path)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    figure, axes = plt.subplots(1, 2, figsize=(9, 3), layout="constrained")
    seen = 0
    for log in arguments.logs:
        with log.open(newline="") as file:
            rows = list(csv.DictReader(file))
        samples = seen + arguments.batch_size * np.array([int(row["step"]) for row in rows])
        for axis, key in zip(axes, ("loss", "iou"), strict=True):
            axis.plot(samples, smooth([float(row[key]) for row in rows]), label=log.parent.name)
            axis.set_xlabel("samples seen")
            axis.set_ylabel(f"{key}, mean of {WINDOW} steps")
        seen = int(samples[-1])
    axes[1].legend()
    figure.savefig(arguments.output, dpi=100)


if __name__ == "__main__":
    main()
