"""What lies in the folder of a training, read without torch while it is being written."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

CONFIG = "config.toml"
STATUS = "status.json"
LOG = "log.csv"
VALIDATION = "validation.csv"
PREDICTIONS = "predictions"
OUTPUT = "output.txt"
CHECKPOINT = "checkpoint.safetensors"
BEST = "best.safetensors"
NEWEST = "newest.safetensors"
"""While it is measured; if it is better than the best, it is the best."""
STOP = "stop"
"""A file of this name asks the training for a checkpoint and its end."""
LOCK = "run.lock"
"""Locked by the training as long as it lives, however it ends."""

BEGINNING = "--- started"
"""Begins a line of the output, once for each process that wrote to it."""

STATES = ("starting", "running", "stopping", "stopped", "failed", "done")

_LONGEST_LINE = 400


@dataclass(frozen=True)
class Status:
    """Where a training stands.

    Attributes
    ----------
    state : {"starting", "running", "stopping", "stopped", "failed", "done"}
    step, steps : int
        Steps done and steps in all; 0 and 0 before the data are read.
    samples_per_second : float
    seconds_left : float or None
        None as long as nobody knows.
    checkpoint_step : int
        The step that Resume goes on from; 0 if there is no checkpoint yet.
    message : str
        One line for the user, what to do next included; may be empty.
    started, updated : float
        UTC seconds; 0 if there is no such time.
    pid : int
        The process; 0 if it is not known.
    host, began : str
        Its computer, and when it began as that counts; empty if nobody knows.
    """

    state: str = "starting"
    step: int = 0
    steps: int = 0
    samples_per_second: float = 0.0
    seconds_left: float | None = None
    checkpoint_step: int = 0
    message: str = ""
    started: float = 0.0
    updated: float = 0.0
    pid: int = 0
    host: str = ""
    began: str = ""

    @property
    def ended(self) -> bool:
        """Whether there is nothing more to come."""
        return self.state in ("stopped", "failed", "done")


@dataclass(frozen=True)
class Curves:
    """The figures of a training, thinned out for drawing.

    Attributes
    ----------
    step, loss, iou : ndarray of float64, shape (n,)
        Of the training crops; means of the steps between two points.
    validation_step : ndarray of float64, shape (m,)
        When it was measured on held-back objects; 0 is before the first step.
    validation : dict of str to ndarray of float64, shape (m,)
        By the names in the file: noc_85, noc_90, iou_1, iou_3, iou_5, iou_10, objects.
    """

    step: NDArray[np.float64]
    loss: NDArray[np.float64]
    iou: NDArray[np.float64]
    validation_step: NDArray[np.float64]
    validation: dict[str, NDArray[np.float64]] = field(default_factory=dict)


def read_status(folder: Path) -> Status | None:
    """What the training said last of itself; None if it never did. `Run.status` has the truth."""
    try:
        # Earlier versions did not say where it runs.
        values = {"host": "", "began": ""} | json.loads((folder / STATUS).read_text("utf-8"))
        return Status(**{field.name: values[field.name] for field in fields(Status)})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_status(folder: Path, status: Status) -> None:
    """Write a status as a whole; readers see the one before or this one.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    temporary = folder / f".{STATUS}.tmp"
    temporary.write_text(json.dumps(asdict(status)) + "\n", "utf-8")
    temporary.replace(folder / STATUS)


def read_curves(folder: Path, most: int = 2000) -> Curves:
    """Read `log.csv` and `validation.csv`; lines that are half written are left out.

    Parameters
    ----------
    folder : Path
    most : int
        At most so many points; neighbours are averaged.
    """
    steps = _columns(folder / LOG, ("step", "loss", "iou"))
    measured = _columns(folder / VALIDATION, ())
    validation_step = measured.pop("step", np.empty(0))
    step, loss, iou = (_thinned(steps[name], most) for name in ("step", "loss", "iou"))
    return Curves(step, loss, iou, validation_step, measured)


def read_output(folder: Path, lines: int = 200) -> str:
    """The end of what the process printed; empty if there is nothing."""
    try:
        with (folder / OUTPUT).open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(0, end - lines * _LONGEST_LINE))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def prediction_strips(folder: Path) -> list[Path]:
    """Pictures of predictions on held-back objects, ``STEP.png``, oldest first.

    Each has a row for each object, always the same ones, of three square tiles without gaps: the
    photo with the click, what the network made of it, the truth.
    """
    return sorted((folder / PREDICTIONS).glob("[0-9]*.png"))


def strip_path(folder: Path, step: int) -> Path:
    """Where the picture of a step lies."""
    return folder / PREDICTIONS / f"{step:08d}.png"


def _columns(path: Path, names: Sequence[str]) -> dict[str, NDArray[np.float64]]:
    """Columns of a CSV file, all of them if no names are given; empty ones without a file."""
    try:
        # What follows the last line break is still being written.
        lines = path.read_text("utf-8", "replace").rpartition("\n")[0].splitlines()
    except OSError:
        lines = []
    rows = csv.reader(lines)
    header = next(rows, [])
    wanted = [name for name in (names or header) if name in header]
    places = [header.index(name) for name in wanted]
    values = np.array(list(_numbers(rows, places)), np.float64).reshape(-1, max(1, len(places)))
    found = {name: values[:, place] for place, name in enumerate(wanted)}
    return {name: found.get(name, np.empty(0)) for name in (names or wanted)}


def _numbers(rows: Iterator[list[str]], places: list[int]) -> Iterator[list[float]]:
    for row in rows:
        try:
            yield [float(row[place]) for place in places]
        except (IndexError, ValueError):
            continue


def _thinned(values: NDArray[np.float64], most: int) -> NDArray[np.float64]:
    if len(values) <= most:
        return values
    starts = np.linspace(0, len(values), most, endpoint=False).astype(int)
    return np.add.reduceat(values, starts) / np.diff([*starts, len(values)])
