"""`napari-itis train`: the training with a line of progress."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import typer

from napari_itis.training import StepReport, train

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
    """
    progress = ProgressLine()
    try:
        path = train(config, overrides, data, output, resume, progress)
    finally:
        progress.end()
    typer.echo(f"wrote {path}")


class ProgressLine:
    """Shows the reports of a training, loss and IoU as running means."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._next = 0.0
        self._loss = self._iou = 0.0
        self._weight = 0.0
        self._open = False

    def __call__(self, report: StepReport) -> None:
        self._loss = _WINDOW * self._loss + (1 - _WINDOW) * report.loss
        self._iou = _WINDOW * self._iou + (1 - _WINDOW) * report.iou
        self._weight = _WINDOW * self._weight + (1 - _WINDOW)
        if time.monotonic() < self._next and report.step < report.steps:
            return
        self._next = time.monotonic() + (_SECONDS_TERMINAL if self._terminal else _SECONDS_LOG)
        minutes, seconds = divmod(round(report.seconds_left), 60)
        line = (
            f"step {report.step}/{report.steps}  epoch {report.epoch + 1}  "
            f"loss {self._loss / self._weight:.3f}  IoU {self._iou / self._weight:.3f}  "
            f"{report.samples_per_second:.1f} samples/s  {minutes}:{seconds:02d} left"
        )
        sys.stderr.write(f"\r{line}\x1b[K" if self._terminal else f"{line}\n")
        sys.stderr.flush()
        self._open = self._terminal

    def end(self) -> None:
        """Leave the line behind."""
        if self._open:
            sys.stderr.write("\n")
            self._open = False
