"""Which process it is: its number alone may be another's by now, or that of another computer."""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from pathlib import Path
from typing import Any

from napari_itis.runs.folder import Status


def this_process() -> dict[str, Any]:
    """Fields of `Status` by which this process is found again."""
    return {"pid": os.getpid(), "host": platform.node(), "began": _began(os.getpid())}


def is_here(said: Status) -> bool:
    """Whether a status is, without a doubt, that of a process that lives on this computer."""
    here = said.pid > 0 and said.host == platform.node()
    return here and said.began != "" and said.began == _began(said.pid)


def _began(pid: int) -> str:
    """When a process began, as its system counts; empty if nobody can tell."""
    with suppress(OSError, IndexError):
        return (
            Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[19]
        )
    # Other systems have no such file; psutil comes with napari.
    with suppress(Exception):
        import psutil

        return str(psutil.Process(pid).create_time())
    return ""
