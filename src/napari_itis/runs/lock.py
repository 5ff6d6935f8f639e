"""One training in a folder at a time, and whether it lives: a lock that ends with its process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from napari_itis.runs.folder import LOCK
from napari_itis.user_data import is_locked

# Another process may be looking whether this one lives, for a moment.
_PATIENCE = 10.0

_held: set[Path] = set()


class RunError(ValueError):
    """A training that cannot be started; the message is one line."""


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder, which is made if it is missing; a process may do so twice.

    Raises
    ------
    RunError
        If another process trains in the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = (folder / LOCK).resolve()
    if path in _held:
        yield
        return
    lock = FileLock(path, thread_local=False)
    try:
        lock.acquire(timeout=_PATIENCE)
    except Timeout:
        raise RunError(
            f"a training runs in {folder} already: stop it first, or take another folder"
        ) from None
    _held.add(path)
    try:
        yield
    finally:
        _held.discard(path)
        lock.release()


def is_held(folder: Path) -> bool:
    """Whether a process that lives holds the lock of a folder."""
    return is_locked(folder / LOCK)
