"""How a training ended that did not say so itself, in one line with what to do next."""

from __future__ import annotations

import errno
import os
import shutil
import signal
from contextlib import suppress
from pathlib import Path

from napari_itis.network import WeightsError
from napari_itis.network.files import read_about
from napari_itis.runs.folder import BEGINNING, CHECKPOINT, read_output

FULL_DISK = tuple(
    getattr(errno, name) for name in ("ENOSPC", "EDQUOT", "EFBIG") if hasattr(errno, name)
)
"""Numbers of errors of a disk, or a share of it, that is full."""

_VOICE = "napari-itis: "
_FULL = 2**24


def saved_step(folder: Path) -> int:
    """The step of the checkpoint, from its header; 0 if there is none that can be used."""
    with suppress(WeightsError):
        step = read_about(folder / CHECKPOINT)[0].get("step")
        if isinstance(step, int):
            return step
    return 0


def stopped(step: int, steps: int) -> str:
    """One line for a training that was stopped."""
    where = f"at step {step} of {steps}" if step else "before the first step"
    return f"stopped {where}; {_next_step(step)}"


def explain(folder: Path, said: str, code: int | None, step: int) -> str:
    """Why a process ended that had more to do.

    Parameters
    ----------
    folder : Path
    said : str
        What the training itself gave as the reason, if it did.
    code : int or None
        Its exit code, negative after a signal, as `subprocess` has it; None if nobody knows.
    step : int
        Of the last checkpoint that can be used; 0 for none.

    Returns
    -------
    str
        One line.
    """
    return f"{_with_fix(said) if said else _reason(folder, code)}; {_next_step(step)}"


def _reason(folder: Path, code: int | None) -> str:
    if code is not None and code < 0:
        return _signal(-code)
    line = _last_words(folder)
    if line:
        return _with_fix(line)
    with suppress(OSError):
        if shutil.disk_usage(folder).free < _FULL:
            return f"the disk of {folder} is full: make room"
    if code is None:
        return (
            "the training ended without a word: it was killed, for lack of memory perhaps, or the "
            "computer was switched off"
        )
    return f"the training ended with exit code {code}: the log has more"


def _with_fix(reason: str) -> str:
    full = any(os.strerror(number) in reason for number in FULL_DISK)
    return f"{reason} (make room on the disk)" if full else reason


def _signal(number: int) -> str:
    if number == signal.SIGTERM:
        return "the training was ended from outside (signal 15)"
    if number == 9:
        return (
            "the training was killed from outside (signal 9), most likely for lack of memory: "
            "close other programs, or start anew with a smaller batch_size or crop"
        )
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = "unknown"
    return f"the training crashed (signal {number}, {name}): the log has more"


def _last_words(folder: Path) -> str:
    """The last line that the command said of itself since it was started."""
    lines = read_output(folder).splitlines()
    for line in reversed(lines):
        if line.startswith(BEGINNING):
            break
        if line.startswith(_VOICE):
            return line.removeprefix(_VOICE).strip()
    return ""


def _next_step(step: int) -> str:
    if step:
        return f"Resume goes on from the checkpoint of step {step}"
    return "there is no checkpoint yet: start again"
