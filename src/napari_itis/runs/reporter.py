"""A training says where it stands, for whoever reads its folder."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from napari_itis.runs.folder import Status, read_status, write_status
from napari_itis.runs.identity import this_process

_SECONDS = 0.5


def announce(folder: Path) -> None:
    """A process that was started for a folder says its number; one that somebody typed, nothing."""
    said = read_status(folder)
    if said is not None and said.state == "starting" and said.pid == 0:
        with suppress(OSError):
            write_status(folder, replace(said, **this_process(), message="loading PyTorch"))


class Reporter:
    """Writes `status.json`, twice a second at most; a full disk costs the status, not the training.

    Parameters
    ----------
    folder : Path
        It must be there.
    writes : bool
        Whether this is the process that writes.
    """

    def __init__(self, folder: Path, writes: bool = True) -> None:
        self._folder, self._writes = folder, writes
        before = read_status(folder)
        # Who started the process said when; a status of an earlier process does not count.
        begun = before is not None and before.state == "starting"
        started = before.started if begun else time.time()
        self.status = Status("starting", started=started, **this_process())
        self._next = 0.0

    def say(self, *, now: bool = True, **changes: Any) -> None:
        """Change what is said.

        Parameters
        ----------
        now : bool
            Whether it is worth a write of its own; if not, it may wait for the next one.
        **changes
            Fields of `Status`.
        """
        self.status = replace(self.status, **changes)
        if not self._writes or (not now and time.monotonic() < self._next):
            return
        self._next = time.monotonic() + _SECONDS
        self.status = replace(self.status, updated=time.time())
        with suppress(OSError):
            write_status(self._folder, self.status)
