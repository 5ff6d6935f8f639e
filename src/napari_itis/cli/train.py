"""`napari-itis train`: the training with a line of progress."""

from __future__ import annotations

import os
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from napari_itis.cli.errors import InputError
from napari_itis.cli.output import check_output, write_json
from napari_itis.runs import announce, hold
from napari_itis.training import TrainingStopped, load_config

if TYPE_CHECKING:
    from napari_itis.training import StepReport

# A terminal's line is renewed; a log file gets one now and then.
_SECONDS_TERMINAL = 0.2
_SECONDS_LOG = 15.0
_WINDOW = 0.98


def train_with_progress(
    config: str, overrides: list[str], data: list[str], output: Path | None, resume: bool
) -> None:
    """Train, and say on standard error how far it is and on standard output where the weights are.

    Parameters
    ----------
    config, overrides, data, output, resume
        As `napari_itis.training.train` takes them.

    Raises
    ------
    InputError
        If the loss is no longer a number.
    SystemExit
        128 + the signal that ended the training early.
    """
    progress = ProgressLine()
    # What torchrun starts beside the first process has nothing to say.
    speaks = os.environ.get("RANK", "0") == "0"
    settings = load_config(config, overrides, data)
    folder = output if output is not None else Path("runs") / settings.name
    try:
        # Before torch is imported, which takes seconds: a window sees at once that this one lives.
        with hold(folder) if speaks else nullcontext():
            announce(folder)
            from napari_itis.training import train

            path = train(settings, output=folder, resume=resume, report=progress)
    except FloatingPointError as error:
        raise InputError(str(error)) from error
    except TrainingStopped as stopped:
        progress.end()
        if speaks:
            more = "; the same command with --resume goes on from there" if stopped.step else ""
            print(f"napari-itis: {stopped}{more}", file=sys.stderr)
        raise SystemExit(128 + stopped.signal) from None
    finally:
        progress.end()
    if speaks:
        typer.echo(f"wrote {path}")


def check_training(
    config: str, overrides: list[str], data: list[str], output: Path | None, json: Path | None
) -> None:
    """Say whether a training can start and how long it will take.

    Parameters
    ----------
    config, overrides, data, output
        As `napari_itis.training.train` takes them.
    json : Path, optional
        While it works: ``{"progress", "done", "total"}``; in the end: ``{"report"}``.

    Raises
    ------
    InputError
        If there are problems.
    """
    if json is not None:
        check_output(json, (".json",))
        json.parent.mkdir(parents=True, exist_ok=True)
    settings = load_config(config, overrides, data)
    tell = CheckProgress(json)
    tell("loading PyTorch", 0, 1)
    from napari_itis.training.checking import check

    report = check(settings, output, tell)
    tell.end()
    for line in report.lines():
        typer.echo(line)
    if json is not None:
        write_json(json, {"report": report.as_dict()})
    if report.problems:
        count = len(report.problems)
        raise InputError(
            f"{count} problem{'s' if count > 1 else ''} to solve first: {report.problems[0]}"
        )


class CheckProgress:
    """Shows how far a check is: as a line of a terminal, and in a file."""

    def __init__(self, json: Path | None) -> None:
        self._json = json
        self._terminal = sys.stderr.isatty()
        self._next, self._what = 0.0, ""

    def __call__(self, what: str, done: int, total: int) -> None:
        if time.monotonic() < self._next and what == self._what:
            return
        self._next, self._what = time.monotonic() + _SECONDS_TERMINAL, what
        if self._terminal:
            sys.stderr.write(f"\r{what} {done}/{total}\x1b[K")
            sys.stderr.flush()
        if self._json is not None:
            write_json(self._json, {"progress": what, "done": done, "total": total})

    def end(self) -> None:
        """Take the line away."""
        if self._terminal:
            sys.stderr.write("\r\x1b[K")


class ProgressLine:
    """Shows the reports of a training, loss and IoU as running means."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._next = 0.0
        self._loss = self._iou = 0.0
        self._weight = 0.0
        self._open = False
        self._measured = ""

    def __call__(self, report: StepReport) -> None:
        self._loss = _WINDOW * self._loss + (1 - _WINDOW) * report.loss
        self._iou = _WINDOW * self._iou + (1 - _WINDOW) * report.iou
        self._weight = _WINDOW * self._weight + (1 - _WINDOW)
        if report.measured is not None:
            self._measured = f"  held back: NoC@90 {report.measured.noc_90:.2f}"
        last = report.step == report.steps
        if time.monotonic() < self._next and not last and report.measured is None:
            return
        self._next = time.monotonic() + (_SECONDS_TERMINAL if self._terminal else _SECONDS_LOG)
        minutes, seconds = divmod(round(report.seconds_left), 60)
        line = (
            f"step {report.step}/{report.steps}  epoch {report.epoch + 1}  "
            f"loss {self._loss / self._weight:.3f}  IoU {self._iou / self._weight:.3f}  "
            f"{report.samples_per_second:.1f} samples/s  {minutes}:{seconds:02d} left"
            f"{self._measured}"
        )
        sys.stderr.write(f"\r{line}\x1b[K" if self._terminal else f"{line}\n")
        sys.stderr.flush()
        self._open = self._terminal

    def end(self) -> None:
        """Leave the line behind."""
        if self._open:
            sys.stderr.write("\n")
            self._open = False
