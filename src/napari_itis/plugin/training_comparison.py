"""Old and new weights on the held-back images of a training, in a process of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from qtpy.QtCore import QObject, Signal

from napari_itis.evaluation.comparison import Comparison
from napari_itis.plugin.background import Background
from napari_itis.plugin.json_command import JsonCommand

FILE = "comparison.json"


class TrainingComparison(QObject):
    """One comparison at a time; it goes on while another training is shown. Main thread only.

    Parameters
    ----------
    backend : TrainingBackend

    Attributes
    ----------
    folder : Path or None
        The training that is shown.
    """

    changed = Signal()
    notice = Signal(str)

    def __init__(self, backend: Any) -> None:
        super().__init__()
        self._backend = backend
        self.folder: Path | None = None
        self._results: dict[Path, Comparison] = {}
        self._command: JsonCommand | None = None
        self._under_way: Path | None = None
        self._reading: Background | None = None

    @property
    def result(self) -> Comparison | None:
        """Of the training that is shown, also while it is under way."""
        return None if self.folder is None else self._results.get(self.folder)

    @property
    def busy(self) -> bool:
        """Whether one is under way for the training that is shown."""
        return self._under_way is not None and self._under_way == self.folder

    def show(self, folder: Path | None) -> None:
        """Show the comparison that was made for a training, if there is one."""
        self.folder = folder
        if folder is not None and folder not in self._results and not self.busy:
            self._reading = Background(
                lambda background: background.tell(_read(folder)),
                lambda found: self._on_read(folder, found),
                lambda _message: None,
            ).start()

    def begin(self, old: str, new: Path) -> None:
        """Compare weights on the held-back images of the training that is shown."""
        folder = self.folder
        if folder is None:
            return
        if self._under_way is not None:
            self.notice.emit(f"{self._under_way.name} is being compared: wait for it, or cancel it")
            return
        self._results.pop(folder, None)
        self._under_way = folder
        path = folder / FILE
        command = self._backend.compare_command(old, new, folder, path)
        self._command = JsonCommand(
            command,
            path,
            lambda content: self._on_content(folder, content),
            lambda message: self._on_end(folder, message),
        ).start()
        self.changed.emit()

    def stop(self) -> None:
        """Leave the one that is under way for the training that is shown."""
        if self.busy:
            self.close()
            self._results.pop(self.folder, None)
            self.changed.emit()

    def close(self) -> None:
        """The window is gone: nothing goes on."""
        if self._command is not None:
            self._command.stop()
        self._command = self._under_way = None

    def _on_read(self, folder: Path, found: Comparison | None) -> None:
        if found is not None and folder != self._under_way:
            self._results.setdefault(folder, found)
            self.changed.emit()

    def _on_content(self, folder: Path, content: Any) -> None:
        try:
            self._results[folder] = Comparison.from_dict(content)
        except ValueError as error:
            self.notice.emit(f"the comparison cannot be read: {error}")
        self.changed.emit()

    def _on_end(self, folder: Path, message: str) -> None:
        self._command = self._under_way = None
        if message:
            self._results.pop(folder, None)
            self.notice.emit(f"Not compared: {message}")
        self.changed.emit()


def _read(folder: Path) -> Comparison | None:
    """A comparison that came to its end, as it lies in the folder of its training."""
    try:
        found = Comparison.from_dict(json.loads((folder / FILE).read_text("utf-8")))
    except (OSError, ValueError):
        return None
    return found if found.done >= found.total else None
