"""The trainings that any window has started: a small file for each, in the user's data folder."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path

from napari_itis.user_data import data_folder


def remember(folder: Path) -> None:
    """Put a training on the list, or on top of it."""
    entry = _entry(folder)
    entry.parent.mkdir(parents=True, exist_ok=True)
    temporary = entry.with_suffix(".tmp")
    temporary.write_text(json.dumps({"folder": str(folder), "started": time.time()}), "utf-8")
    temporary.replace(entry)


def known() -> list[Path]:
    """Folders of the trainings on the list that are still there, the newest first."""
    found = []
    for entry in _list().glob("*.json"):
        try:
            values = json.loads(entry.read_text("utf-8"))
            folder, started = Path(values["folder"]), float(values["started"])
            there = folder.is_dir()
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if there:
            found.append((started, folder))
    return [folder for _, folder in sorted(found, reverse=True)]


def forget(folder: Path) -> None:
    """Take a training off the list."""
    _entry(folder).unlink(missing_ok=True)


def new_folder(name: str) -> Path:
    """A folder for a training of this name, in the user's data folder; it does not exist yet."""
    parent = data_folder() / "trainings"
    safe = "".join(c if c.isalnum() or c in "-_." else "-" for c in name).strip(".-") or "training"
    folder, number = parent / safe, 2
    while folder.exists():
        folder, number = parent / f"{safe}-{number}", number + 1
    return folder


def _list() -> Path:
    return data_folder() / "known-trainings"


def _entry(folder: Path) -> Path:
    return _list() / f"{hashlib.sha256(str(folder).encode()).hexdigest()[:16]}.json"
