"""What a training says of itself: a report per step, CSV files, TensorBoard."""

from __future__ import annotations

import csv
import importlib.util
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from napari_itis.runs.folder import LOG, VALIDATION
from napari_itis.training.validation import Measurement

TENSORBOARD = "tensorboard"

_log = logging.getLogger(__name__)


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
        Since this start, without the time for measurements; the share spent waiting for data.
    seconds_left : float
    measured : Measurement or None
        On held-back objects, after this step.
    """

    step: int
    steps: int
    epoch: int
    loss: float
    iou: float
    samples_per_second: float
    waiting: float
    seconds_left: float
    measured: Measurement | None = None


class Log:
    """`log.csv`, `validation.csv` and TensorBoard's events in the folder of a training.

    On a resumed one, what was written after the checkpoint is dropped. A disk that is full costs
    lines of the log, not the training.

    Parameters
    ----------
    folder : Path
    step : int
        The last step to keep.
    """

    FIELDS = ("step", "epoch", "loss", "iou", "samples_per_second", "waiting")

    def __init__(self, folder: Path, step: int) -> None:
        self._steps = _Table(folder / LOG, self.FIELDS, step)
        self._measurements = _Table(folder / VALIDATION, Measurement.FIELDS, step)
        self._board = _open_board(folder / TENSORBOARD, step)
        self._warned = False

    def __enter__(self) -> Log:
        return self

    def __exit__(self, *_: object) -> None:
        self._steps.close()
        self._measurements.close()
        if self._board is not None:
            self._try(self._board.close)

    def write(self, report: StepReport) -> None:
        """Add a step, and its measurement if it has one."""
        self._try(lambda: self._steps.add({name: getattr(report, name) for name in self.FIELDS}))
        self._scalars(
            {f"train/{name}": getattr(report, name) for name in self.FIELDS[2:]}, report.step
        )
        if report.measured is not None:
            self.measurement(report.step, report.measured)

    def measurement(self, step: int, measured: Measurement) -> None:
        """Add a measurement; step 0 is before the first one."""
        row = measured.row()
        self._try(lambda: self._measurements.add({"step": step, **row}))
        self._scalars({f"held back/{name}": value for name, value in row.items()}, step)

    def picture(self, name: str, image: np.ndarray, step: int) -> None:
        """Add a picture, uint8 (H, W, 3), for TensorBoard."""
        if self._board is not None:
            self._try(lambda: self._board.add_image(name, image, step, dataformats="HWC"))

    def _scalars(self, scalars: Mapping[str, float], step: int) -> None:
        if self._board is not None:
            for name, value in scalars.items():
                self._try(lambda n=name, v=value: self._board.add_scalar(n, v, step))

    def _try(self, write: Callable[[], Any]) -> None:
        try:
            write()
        except OSError as error:
            if not self._warned:
                _log.warning("the log cannot be written (%s): training goes on without it", error)
            self._warned = True


class _Table:
    """A CSV file that grows row by row."""

    def __init__(self, path: Path, fields: tuple[str, ...], step: int) -> None:
        kept = list(_rows(path, step)) if path.exists() and step else []
        # A process that is killed while it starts again must not take the rows so far with it.
        temporary = path.with_name(f".{path.name}.tmp")
        with temporary.open("w", newline="") as file:
            writer = csv.DictWriter(file, fields, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(kept)
        temporary.replace(path)
        self._file = path.open("a", newline="")
        self._writer = csv.DictWriter(self._file, fields, extrasaction="ignore")

    def add(self, row: Mapping[str, float]) -> None:
        self._writer.writerow({key: round(value, 4) for key, value in row.items()})
        self._file.flush()

    def close(self) -> None:
        self._file.close()


def _rows(path: Path, step: int) -> Iterator[dict[str, str]]:
    """Rows up to a step, without those that a computer that went off has left half, or as zeros."""
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        for row in csv.DictReader(line for line in file if "\0" not in line):
            try:
                figures = {name: float(value) for name, value in row.items()}
                kept = figures["step"] <= step
            except (KeyError, TypeError, ValueError):
                continue
            if kept:
                yield row


def _open_board(folder: Path, step: int) -> Any:
    if importlib.util.find_spec("tensorboard") is None:
        _log.warning('no TensorBoard events: pip install "napari-itis[train]"')
        return None
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(folder), purge_step=step + 1 if step else None)
