"""Saving the masks of videos in the background."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_itis.annotation.contents import SessionContents
from napari_itis.plugin.background import Background
from napari_itis.plugin.lines import counted
from napari_itis.plugin.readers import METADATA
from napari_itis.plugin.workspace import Workspace
from napari_itis.video.masks import MaskSequence
from napari_itis.video.stack import MasksThereError, VideoError
from napari_itis.video.writing import write_masks, write_tiff

TIFF = (".tif", ".tiff")
REPLACE = "Replace masks in the folder"
"""What the menu calls it."""

Written = dict[Path, list[SessionContents]]
"""What files may show: where a save broke off, some are of the one before.

Nothing is known of a folder where it broke off amid masks of others: all of it is written again.
"""


class MaskSaving(QObject):
    """Writes the masks of one video after the other. Main thread only.

    What was written to a folder before is brought up to date.
    """

    changed = Signal()
    notice = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._saved: weakref.WeakKeyDictionary[Workspace, Written] = weakref.WeakKeyDictionary()
        self._running: Background | None = None
        self.done = 0
        self.total = 0

    @property
    def running(self) -> bool:
        return self._running is not None

    def save(self, workspace: Workspace, path: Path, overwrite: bool) -> None:
        """Write a folder of palette PNGs, or a TIFF by its suffix.

        Parameters
        ----------
        workspace : Workspace
            Of an image with one axis of frames.
        path : Path
        overwrite : bool
            Whether masks of others may be replaced.
        """
        if self._running is not None:
            self.notice.emit("Masks are being saved: wait for that, or stop it")
            return
        # All that is needed is taken now: the window may be gone before the end.
        masks = workspace.session.snapshot()
        (frames,) = masks.slices
        self.done, self.total = 0, frames
        saved = self._saved.setdefault(workspace, {})
        before = saved.get(path, [])
        replace = overwrite or path in saved
        write = partial(_writer(workspace, path, masks, before), overwrite=replace)
        folder = path.suffix.lower() not in TIFF

        def work(background: Background) -> None:
            def progress(places: Sequence[int]) -> Iterator[int]:
                # Only now: the folder was not refused.
                background.tell((0, len(places)))
                return background.through(places)

            written = write(progress=progress)
            if not (folder and background.stopped):
                background.tell(frames if written is None else len(written))

        def told(value: Any) -> None:
            if isinstance(value, tuple):
                self.done, self.total = value
                if folder and not self.done:
                    begun = saved.setdefault(path, [])
                    if begun or not replace:
                        begun.append(masks)
            else:
                saved[path] = [masks]
                wrote = f"{counted(value, 'frame')} written" if value else "nothing had changed"
                self.notice.emit(f"Saved to {path}: {wrote}")
            self.changed.emit()

        def ended(message: str) -> None:
            stopped, self._running = self._running.stopped, None
            if message:
                self.notice.emit(f"{'Stopped' if stopped else 'Not saved'}: {message}")
            elif stopped and folder:
                there = frames - self.total + self.done
                self.notice.emit(f"Stopped: {there} of {counted(frames, 'frame')} are in {path}")
            self.changed.emit()

        self._running = Background(work, told, ended, finish=True).start()
        self.changed.emit()

    def stop(self) -> None:
        """Leave it; what was written stays."""
        if self._running is not None:
            self._running.stop()


def suggested_folder(workspace: Workspace) -> Path | None:
    """Where corrected masks belong: beside the frames, never over the masks themselves."""
    source = _known(workspace).get("source")
    return source.output if source is not None else None


def _writer(
    workspace: Workspace, path: Path, masks: SessionContents, before: list[SessionContents]
) -> partial[list[int] | None]:
    """What writes masks to a path; for another thread."""
    (frames,) = masks.slices

    def labels(index: int) -> np.ndarray:
        return masks.compose((index,))

    if path.suffix.lower() in TIFF:
        return partial(write_tiff, path, frames, labels, masks.shape)
    names = _known(workspace).get("names") or [f"{index:05}" for index in range(frames)]
    return partial(
        _write_folder,
        path,
        names,
        labels,
        masks.shape,
        only=_changed(before, masks),
        sources=_sources(workspace),
    )


def _write_folder(path: Path, *what: Any, **how: Any) -> list[int]:
    try:
        return write_masks(path, *what, **how)
    except MasksThereError:
        raise VideoError(
            f"{path} holds masks already: choose another folder, or “{REPLACE}”"
        ) from None


def _known(workspace: Workspace) -> dict[str, Any]:
    image = workspace.image
    return (image.metadata.get(METADATA) if image is not None else None) or {}


def _sources(workspace: Workspace) -> list[Path]:
    """Folders of what was opened."""
    source = _known(workspace).get("source")
    folders = [source.frames] if source is not None else []
    masks = workspace.corrected() if workspace.corrected else None
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
