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
    """One comparison at a time. Main thread only.

    Parameters
    ----------
    backend : TrainingBackend

    Attributes
    ----------
    result : Comparison or None
        Of the training that is shown, also while it is under way.
    folder : Path or None
        The training that it is of.
    """

    changed = Signal()
    notice = Signal(str)

    def __init__(self, backend: Any) -> None:
        super().__init__()
        self._backend = backend
        self.result: Comparison | None = None
        self.folder: Path | None = None
        self._command: JsonCommand | None = None
        self._reading: Background | None = None

    @property
    def busy(self) -> bool:
        """Whether one is under way."""
        return self._command is not None

    def show(self, folder: Path | None) -> None:
        """Show the comparison that was made for a training, if there is one."""
        if folder == self.folder:
            return
        self.stop()
        self.folder, self.result = folder, None
        if folder is not None:

            def work(background: Background) -> None:
                path = folder / FILE
                if path.is_file():
                    content = json.loads(path.read_text("utf-8"))
                    background.tell((folder, Comparison.from_dict(content)))

            self._reading = Background(work, self._on_read, lambda _message: None).start()
        self.changed.emit()

    def begin(self, old: str, new: Path) -> None:
        """Compare weights on the held-back images of the training that is shown."""
        if self.busy or self.folder is None:
            return
        self.result = None
        path = self.folder / FILE
        command = self._backend.compare_command(old, new, self.folder, path)
        self._command = JsonCommand(command, path, self._on_content, self._on_end).start()
        self.changed.emit()

    def stop(self) -> None:
        """Leave the one that is under way."""
        if self._command is not None:
            self._command.stop()
            self._command, self.result = None, None
            self.changed.emit()

    def _on_read(self, read: tuple[Path, Comparison]) -> None:
        folder, result = read
        if folder == self.folder and not self.busy and result.done >= result.total:
            self.result = result
            self.changed.emit()

    def _on_content(self, content: Any) -> None:
        try:
            self.result = Comparison.from_dict(content)
        except ValueError as error:
            self.notice.emit(f"the comparison cannot be read: {error}")
        self.changed.emit()

    def _on_end(self, message: str) -> None:
        self._command = None
        if message:
            self.result = None
            self.notice.emit(f"Not compared: {message}")
        self.changed.emit()
