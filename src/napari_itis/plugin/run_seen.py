"""Which trainings have ended while nobody looked: they are shown first when the dock opens."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from napari_itis.runs import Status

_FILE = "seen"


def is_seen(folder: Path, status: Status) -> bool:
    """Whether a user has been shown how the training ended."""
    try:
        return (folder / _FILE).read_text("utf-8") == _text(status)
    except OSError:
        return False


def mark_seen(folder: Path, status: Status) -> None:
    """The user is shown how it ended."""
    if status.ended and not is_seen(folder, status):
        with suppress(OSError):
            (folder / _FILE).write_text(_text(status), "utf-8")


def _text(status: Status) -> str:
    return f"{status.state} {status.step}"
