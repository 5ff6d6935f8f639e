"""Saving the masks of a video in the background."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_itis.annotation.contents import SessionContents
from napari_itis.plugin.background import Background
from napari_itis.plugin.readers import METADATA
from napari_itis.plugin.workspace import Workspace
from napari_itis.video.masks import MaskSequence
from napari_itis.video.writing import write_masks, write_tiff

TIFF = (".tif", ".tiff")


class MaskSaving(QObject):
    """Writes the masks of one video; what was written to a folder before is brought up to date.

    Parameters
    ----------
    workspace : Workspace
        Of an image with one axis of frames.
    """

    changed = Signal()
    notice = Signal(str)

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace
        # What the files of a folder may show: one that broke off leaves some of those before.
        self._saved: dict[Path, list[SessionContents]] = {}
        self._running: Background | None = None
        self.done = 0
        self.total = 0

    @property
    def running(self) -> bool:
        return self._running is not None

    def suggested(self) -> Path | None:
        """Where corrected masks belong: beside the frames, never over the masks themselves."""
        known = self._known()
        source = known.get("source") if known else None
        return source.output if source is not None else None

    def save(self, path: Path, overwrite: bool) -> None:
        """Write a folder of palette PNGs, or a TIFF by its suffix."""
        if self._running is not None:
            self.notice.emit("Masks are being saved: wait for that, or stop it")
            return
        snapshot = self._workspace.session.snapshot()
        (self.total,) = snapshot.slices
        self.done = 0
        before = self._saved.get(path, [])
        ours, only = bool(before), _changed(before, snapshot)
        if ours:
            before.append(snapshot)

        def work(background: Background) -> None:
            written = self._write(path, snapshot, only, overwrite or ours, background)
            if not background.stopped:
                background.tell(written)

        def told(value: Any) -> None:
            if isinstance(value, tuple):
                self.done, self.total = value
            else:
                self._saved[path] = [snapshot]
                self.notice.emit(f"Saved to {path}: {value} frames written")
            self.changed.emit()

        self._running = Background(work, told, self._end).start()
        self.changed.emit()

    def stop(self) -> None:
        """Leave it; what was written stays."""
        if self._running is not None:
            self._running.stop()

    def _write(
        self,
        path: Path,
        masks: SessionContents,
        only: set[int] | None,
        overwrite: bool,
        background: Background,
    ) -> int:
        """In a thread; returns how many frames were written."""

        def labels(index: int) -> np.ndarray:
            return masks.compose((index,))

        (frames,) = masks.slices
        through = background.through
        if path.suffix.lower() in TIFF:
            write_tiff(path, frames, labels, masks.shape, overwrite=overwrite, progress=through)
            return frames
        known = self._known()
        names = known["names"] if known else [f"{index:05}" for index in range(frames)]
        written = write_masks(
            path,
            names,
            labels,
            masks.shape,
            only=only,
            overwrite=overwrite,
            sources=self._sources(),
            progress=through,
        )
        return len(written)

    def _end(self, message: str) -> None:
        stopped, self._running = self._running.stopped, None
        if message and not stopped:
            self.notice.emit(f"Not saved: {message}")
        self.changed.emit()

    def _known(self) -> dict[str, Any] | None:
        image = self._workspace.image
        return image.metadata.get(METADATA) if image is not None else None

    def _sources(self) -> list[Path]:
        """Folders of what was opened."""
        known = self._known()
        source = known.get("source") if known else None
        folders = [source.frames] if source is not None else []
        masks = self._workspace.corrected() if self._workspace.corrected else None
        if masks is not None and isinstance(masks.data, MaskSequence) and masks.data.folder:
            folders.append(masks.data.folder)
        return folders


def _changed(befores: list[SessionContents], now: SessionContents) -> set[int] | None:
    """Frames that may look otherwise than they did once; None for all of them."""
    changed: set[int] = set()
    for before in befores:
        if before.deleted != now.deleted or before.masks_source is not now.masks_source:
            return None
        old, new = before.records, now.records
        keys = (key for key in {*old, *new} if old.get(key) is not new.get(key))
        changed.update(frame[0] for frame, _ in keys)
    return changed if befores else None
