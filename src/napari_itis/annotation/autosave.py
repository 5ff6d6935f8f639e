"""Sessions that are saved again and again, so that a crash costs no more than a minute.

Every process, and every window of it (:class:`Autosaves`), saves into files of its own, in one
folder for all, and holds a lock as long as it lives. The system takes the lock away however the
process ends: a file whose process holds none was left behind. Whoever saves properly, or closes
without wanting to save, discards the file.
"""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path

from filelock import FileLock

from napari_itis.annotation.contents import SessionContents
from napari_itis.annotation.metadata import SessionMetadata
from napari_itis.annotation.storage import (
    EncodedMasks,
    SessionFileError,
    read_metadata,
    save_session,
)
from napari_itis.user_data import data_folder, is_locked

# The second form is what is left of a write that a crash has interrupted.
_NAME = re.compile(r".*\.[0-9]+\.(?P<process>[0-9a-f]{16})\.itis(\.[0-9]+\.[0-9]+\.tmp)?$")


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """A session that its process did not close.

    Parameters
    ----------
    path : Path
        To be read with :func:`load_session`.
    saved : datetime
        When, in UTC.
    metadata : SessionMetadata or None
        None where the file cannot be read.
    """

    path: Path
    saved: datetime
    metadata: SessionMetadata | None


class Autosaves:
    """The autosaved sessions of this process, or of one window of it.

    Parameters
    ----------
    folder : path-like, optional
        `autosave` in the user's data folder by default; made when something is saved.
    """

    def __init__(self, folder: str | PathLike[str] | None = None) -> None:
        self.folder = data_folder() / "autosave" if folder is None else Path(folder)
        self._process = secrets.token_hex(8)
        self._lock = FileLock(_lock_file(self.folder, self._process), thread_local=False)
        self._numbers = 0

    def new(self, image: str) -> Autosave:
        """A place for the session of one image, whose name is in the file's; nothing is written."""
        self._numbers += 1
        name = re.sub(r"[^\w-]+", "-", image)[:60].strip("-") or "image"
        path = self.folder / f"{name}.{self._numbers}.{self._process}.itis"
        return Autosave(path, self._hold_lock)

    def left_behind(self) -> list[LeftBehind]:
        """Sessions of processes that are gone, the newest first.

        Reads the beginning of each file: rather not on the main thread.
        """
        described = map(_describe, _dead_files(self.folder, "*.itis"))
        return [left for left in described if left is not None]

    def claim(self, left: str | PathLike[str], image: str) -> Autosave:
        """Take over a session that was left behind, as one of this process.

        It may be offered in several windows at once: one of them gets it.

        Raises
        ------
        FileNotFoundError
            If another process has taken it over, or it was discarded.
        """
        autosave = self.new(image)
        self._hold_lock()
        Path(left).rename(autosave.path)
        # For the lock of the process that is gone.
        discard(Path(left))
        return autosave

    def prune(self, keep: int = 20) -> list[Path]:
        """Delete all but the newest `keep` sessions that were left behind; returns what is gone."""
        old = _dead_files(self.folder, "*.itis")[keep:]
        for path in (*old, *_dead_files(self.folder, ".*.tmp")):
            discard(path)
        return old

    def close(self) -> None:
        """Say that the process ends: what was not discarded counts as left behind from now on."""
        self._lock.release()
        Path(self._lock.lock_file).unlink(missing_ok=True)

    def _hold_lock(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self._lock.is_locked:
            # Another process may be looking whether this one lives, for a moment.
            self._lock.acquire(timeout=10)


class Autosave:
    """Where the session of one image is saved again and again; made by :meth:`Autosaves.new`.

    Parameters
    ----------
    path : Path
    hold_lock : callable
        Called before anything is written.
    """

    def __init__(self, path: Path, hold_lock: Callable[[], None]) -> None:
        self.path = path
        self._hold_lock = hold_lock
        self._encoded = EncodedMasks()
        self._saving = threading.Lock()
        self.discarded = 0
        """How often what was saved was discarded."""

    def save(
        self, contents: SessionContents, metadata: SessionMetadata, discarded: int | None = None
    ) -> None:
        """Save a snapshot; for any thread. Raises as :func:`save_session`, and OSError.

        `discarded`: what :attr:`discarded` was when the snapshot was taken. Nothing is saved if it
        is another by now.
        """
        with self._saving:
            discarded = self.discarded if discarded is None else discarded
            if self.discarded != discarded:
                return
            self._hold_lock()
            save_session(self.path, contents, metadata, self._encoded)
            if self.discarded != discarded:
                self.path.unlink(missing_ok=True)

    def discard(self) -> None:
        """Delete the file, and what is being saved at this moment; later saves count again."""
        self.discarded += 1
        discard(self.path)


def discard(path: Path) -> None:
    """Delete a session that was left behind, once it was saved elsewhere or is not wanted."""
    path.unlink(missing_ok=True)
    process = _process_of(path)
    if process and not any(path.parent.glob(f"*.{process}.itis")):
        lock = _lock_file(path.parent, process)
        if not is_locked(lock):
            lock.unlink(missing_ok=True)


def _lock_file(folder: Path, process: str) -> Path:
    return folder / f"{process}.lock"


def _process_of(path: Path) -> str | None:
    found = _NAME.match(path.name)
    return found["process"] if found else None


def _dead_files(folder: Path, pattern: str) -> list[Path]:
    """Files of processes that hold no lock, the newest first."""
    ages = {}
    lives: dict[str, bool] = {}
    for path in folder.glob(pattern) if folder.is_dir() else ():
        process = _process_of(path)
        if process is None:
            continue
        if process not in lives:
            lives[process] = is_locked(_lock_file(folder, process))
        if not lives[process]:
            # It may be gone by now: another window is being asked the same.
            with suppress(FileNotFoundError):
                ages[path] = path.stat().st_mtime
    return sorted(ages, key=lambda path: ages[path], reverse=True)


def _describe(path: Path) -> LeftBehind | None:
    try:
        saved = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except FileNotFoundError:
        # Another window has just taken it over.
        return None
    try:
        return LeftBehind(path, saved, read_metadata(path))
    except SessionFileError:
        return LeftBehind(path, saved, None)
