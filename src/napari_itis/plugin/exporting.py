"""Exports of the session on screen, in the background."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_itis.annotation.exports import FORMATS, Export, export
from napari_itis.annotation.metadata import PixelSize, readable
from napari_itis.plugin.background import Background
from napari_itis.plugin.workspace import Workspace
from napari_itis.video.frames import FrameSequence

if TYPE_CHECKING:
    from napari_itis.plugin.session_files import SessionFiles


class Exporting(QObject):
    """Writes one file after the other. Main thread only.

    Parameters
    ----------
    files : SessionFiles
    """

    changed = Signal()

    def __init__(self, files: SessionFiles) -> None:
        super().__init__()
        self._files = files
        self._running: Background | None = None
        self._done = (0, 0)

    @property
    def running(self) -> bool:
        """Whether something is being exported."""
        return self._running is not None

    @property
    def text(self) -> str:
        """How far it is, in a word or two; empty: nothing is being exported."""
        done, total = self._done
        if self._running is None:
            return ""
        return f"Export {done}/{total}" if total > 1 else "Exporting …"

    def suggested(self, name: str) -> Path:
        """Where an export of the session on screen belongs: beside its own file."""
        beside = self._files.suggested()
        kind, workspace = FORMATS[name], self._files.controller.workspace
        folder = workspace is not None and kind.is_folder(workspace.session.slices)
        return beside.with_name(f"{beside.stem}-{name}{'' if folder else kind.suffix}")

    def export(self, name: str, path: Path, *, overwrite: bool = False) -> None:
        """Export the session on screen.

        Parameters
        ----------
        name : str
            One of `napari_itis.annotation.exports.FORMATS`.
        path : Path
            Of the file or folder.
        overwrite : bool
            Whether a file may be replaced.
        """
        files = self._files
        workspace = files.controller.workspace
        if workspace is None:
            return
        if self._running is not None:
            files.tell("Something is being exported: wait for that, or stop it")
            return
        files.controller.take_over()
        snapshot, size = workspace.session.snapshot(), workspace.pixel_size or PixelSize()
        image = readable(Path(workspace.path).name if workspace.path else workspace.name)
        names = _files_of(workspace)

        def work(background: Background) -> None:
            what = Export(snapshot, image, size, names, background.through)
            background.tell(export(path, name, what, overwrite=overwrite))

        def told(value: Any) -> None:
            if isinstance(value, tuple):
                self._done = value
                self.changed.emit()
            elif value:
                files.tell(f"Exported to {path}")

        self._done = (0, 0)
        self._running = Background(work, told, self._end, finish=True).start()
        self.changed.emit()

    def stop(self) -> None:
        """Leave it; nothing is written."""
        if self._running is not None:
            self._running.stop()

    def _end(self, message: str) -> None:
        stopped, self._running = self._running.stopped, None
        if message and not stopped:
            self._files.tell(f"Not exported: {message}")
        self.changed.emit()


def _files_of(workspace: Workspace) -> list[str]:
    """Names of the frames of a video that is a folder of them."""
    data = workspace.image.data if workspace.image is not None else None
    if not isinstance(data, FrameSequence):
        return []
    return [readable(data.path(index).name) for index in range(len(data))]
