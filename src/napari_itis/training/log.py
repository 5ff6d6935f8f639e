"""What a training says of itself, step by step."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class StepReport:
    """What a step has to say.

    Attributes
    ----------
    step, steps : int
        Steps done and steps in all.
    epoch : int
    loss, iou : float
        Means of the batch; IoU against the truth without void.
    samples_per_second, waiting : float
        Since this start; the share of the time spent waiting for data.
    seconds_left : float
    """

    step: int
    steps: int
    epoch: int
    loss: float
    iou: float
    samples_per_second: float
    waiting: float
    seconds_left: float


class Log:
    """CSV log of a training; on a resumed one, rows beyond the checkpoint are dropped.

    Parameters
    ----------
    path : Path
    step : int
        The last step to keep.
    """

    FIELDS = ("step", "epoch", "loss", "iou", "samples_per_second", "waiting")

    def __init__(self, path: Path, step: int) -> None:
        kept = []
        if path.exists() and step:
            with path.open(newline="") as file:
                kept = [row for row in csv.DictReader(file) if int(row["step"]) <= step]
        self._file = path.open("w", newline="")
        self._writer = csv.DictWriter(self._file, self.FIELDS, extrasaction="ignore")
        self._writer.writeheader()
        self._writer.writerows(kept)

    def __enter__(self) -> Log:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, report: StepReport) -> None:
        """Add a row."""
        row = {name: getattr(report, name) for name in self.FIELDS}
        self._writer.writerow({k: round(v, 4) for k, v in row.items()})
        self._file.flush()
