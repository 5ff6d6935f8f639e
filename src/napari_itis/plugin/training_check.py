"""From the settings to a training that runs: write the viewer's images, check, start."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from qtpy.QtCore import QObject, Signal

from napari_itis.plugin.background import Background
from napari_itis.plugin.json_command import JsonCommand
from napari_itis.plugin.progress import Progress
from napari_itis.plugin.training_draft import Draft
from napari_itis.plugin.viewer_data import ViewerExport, ViewerPair
from napari_itis.training import to_toml
from napari_itis.training.checking import Report

_DATA = "data"
_SETTINGS = "settings.toml"


class TrainingCheck(QObject):
    """One check at a time, and the start behind it. Main thread only.

    Parameters
    ----------
    backend : TrainingBackend

    Attributes
    ----------
    progress : Progress or None
        While one is under way.
    """

    changed = Signal()
    notice = Signal(str)
    reported = Signal(object)
    """(Report): what was found."""
    started = Signal(object)
    """(run): a training was started."""

    def __init__(self, backend: Any) -> None:
        super().__init__()
        self._backend = backend
        self.progress: Progress | None = None
        self._draft: Draft | None = None
        self._folder: Path | None = None
        self._begin = False
        self._report: Report | None = None
        self._scratch: tempfile.TemporaryDirectory | None = None
        self._export: ViewerExport | None = None
        self._command: JsonCommand | None = None
        self._starting: Background | None = None
        self._tidying: Background | None = None

    def begin(self, draft: Draft, pairs: Sequence[ViewerPair], folder: Path, start: bool) -> None:
        """Check a training.

        Parameters
        ----------
        draft : Draft
        pairs : sequence of ViewerPair
            What is written to files first if the draft wants the viewer's images.
        folder : Path
            Of the training; does not exist yet.
        start : bool
            Start it if nothing is wrong.
        """
        self._draft, self._folder, self._begin, self._report = draft, folder, start, None
        self._scratch = tempfile.TemporaryDirectory(
            prefix="napari-itis-", ignore_cleanup_errors=True
        )
        if draft.viewer:
            self.write_viewer(pairs, folder / _DATA, self._look)
        else:
            self._look()

    def write_viewer(
        self, pairs: Sequence[ViewerPair], root: Path, then: Callable[[], None]
    ) -> None:
        """Write the viewer's images into a folder, and do something when they are there."""
        export = self._export = ViewerExport(pairs, root)
        text = "Writing the images and masks of the viewer"

        def on_end(message: str) -> None:
            if self._export is not export:
                return
            self._export = None
            self._show(None)
            if message:
                self._fail(message)
            else:
                then()

        export.changed.connect(lambda: self._show(Progress(export.done, export.total, False, text)))
        export.ended.connect(on_end)
        self._show(Progress(0, 0, False, text))
        export.start()

    def cancel(self) -> None:
        """Leave it; nothing of it stays."""
        if self.progress is None:
            return
        if self._export is not None:
            export, self._export = self._export, None
            export.stop()
        if self._command is not None:
            self._command.stop()
        if self._starting is None:
            self._tidy(started=False)

    # One after the other.

    def _look(self) -> None:
        self._show(Progress(0, 0, False, "Looking at the images"))
        found = Path(self._scratch.name) / "check.json"
        settings = self._write_settings(self._draft)
        command = self._backend.check_command(settings, self._folder, found)
        self._command = JsonCommand(command, found, self._on_content, self._on_looked).start()

    def _write_settings(self, draft: Draft) -> Path:
        root = self._folder / _DATA if draft.viewer else None
        path = Path(self._scratch.name) / _SETTINGS
        path.write_text(to_toml(draft.config_with(root)), "utf-8")
        return path

    def _on_content(self, content: dict[str, Any]) -> None:
        if "report" in content:
            self._report = Report.from_dict(content["report"])
        else:
            done, total = content.get("done", 0), content.get("total", 0)
            text = content.get("progress", "")
            self._show(Progress(done, total, False, text[:1].upper() + text[1:]))

    def _on_looked(self, message: str) -> None:
        self._command = None
        report = self._report
        if report is None:
            self._fail(message or "the check has ended without a result: try again")
            return
        self.reported.emit(report)
        if report.problems or not self._begin:
            self._tidy(started=False)
        else:
            self._start(self._draft.for_minutes(report.seconds))

    def _start(self, draft: Draft) -> None:
        self._show(Progress(0, 0, False, "Starting"))
        settings, folder, started = self._write_settings(draft), self._folder, []

        def on_end(message: str) -> None:
            self._starting = None
            if not started:
                self._fail(message)
                return
            self._tidy(started=True)
            self.started.emit(started[0])

        def work(_background: Background) -> None:
            started.append(self._backend.start(settings, folder))

        self._starting = Background(work, lambda _told: None, on_end).start()

    def _fail(self, message: str) -> None:
        self._tidy(started=False)
        self.notice.emit(message)

    def _tidy(self, started: bool) -> None:
        self._command = None
        folder, scratch = self._folder, self._scratch
        self._folder = self._scratch = None

        def work(_background: Background) -> None:
            if scratch is not None:
                scratch.cleanup()
            if folder is not None and not started:
                # Only what was written here: the images of the viewer.
                shutil.rmtree(folder / _DATA, ignore_errors=True)
                if folder.is_dir() and not any(folder.iterdir()):
                    folder.rmdir()

        self._tidying = Background(work, lambda _told: None, lambda _message: None).start()
        self._show(None)

    def _show(self, progress: Progress | None) -> None:
        self.progress = progress
        self.changed.emit()
