"""What the training dock asks of the rest of the project; tests put another one in its place."""

from __future__ import annotations

import sys
from pathlib import Path

from napari_itis import runs
from napari_itis.network.names import list_weights, own_weights
from napari_itis.plugin.run_seen import is_seen, mark_seen
from napari_itis.user_data import data_folder

# What lies in the folder that napari was started from is no module of ours, whatever its name.
_PROGRAM = (sys.executable, "-P", "-m", "napari_itis")


class TrainingBackend:
    """Trainings on this computer, each in a process of its own."""

    start = staticmethod(runs.start)
    known_runs = staticmethod(runs.known_runs)
    forget = staticmethod(runs.forget)
    run = runs.Run
    list_weights = staticmethod(list_weights)
    is_seen = staticmethod(is_seen)
    mark_seen = staticmethod(mark_seen)

    def home(self) -> Path:
        """Where trainings are kept unless the user wants them elsewhere."""
        return data_folder() / "trainings"

    def new_folder(self, name: str, home: Path | None) -> Path:
        """A folder for a training that does not exist yet."""
        if home is None:
            return runs.new_folder(name)
        folder, number = home / name, 1
        while folder.exists():
            number += 1
            folder = home / f"{name}-{number}"
        return folder

    def check_command(self, config: Path, folder: Path, path: Path) -> list[str]:
        """The command that looks at the data and the computer before a training."""
        options = ["--output", str(folder), "--check", "--json", str(path)]
        return [*_PROGRAM, "train", str(config), *options]

    def compare_command(self, old: str, new: Path, folder: Path, path: Path) -> list[str]:
        """The command that compares weights on the held-back images of a training."""
        return [*_PROGRAM, "compare", old, str(new), "--run", str(folder), "--json", str(path)]

    def add_weights(self, path: Path, name: str) -> str:
        """Put weights into the user's library; returns their name there. Takes a second."""
        from napari_itis.network.own_weights import add

        return add(path, name)

    def own_weights(self) -> dict[str, Path]:
        """The user's library."""
        return own_weights()
