"""The folder in which napari-itis keeps what belongs to the user."""

from __future__ import annotations

import os
from pathlib import Path

from filelock import FileLock, Timeout
from platformdirs import user_data_path

DATA_FOLDER = "NAPARI_ITIS_DATA"
"""Environment variable: another folder for what napari-itis keeps for the user."""


def data_folder() -> Path:
    """The folder in which napari-itis keeps what belongs to the user; it need not exist."""
    chosen = os.environ.get(DATA_FOLDER)
    return Path(chosen) if chosen else user_data_path("napari-itis", appauthor=False)


def is_locked(lock_file: Path) -> bool:
    """Whether a process that lives holds a lock file."""
    if not lock_file.exists():
        return False
    lock = FileLock(lock_file, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False
