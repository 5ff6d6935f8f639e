"""J and F of a video's masks where there is ground truth, kept up to date in the background."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_itis.annotation.contents import SessionContents
from napari_itis.evaluation.metrics import boundary_f, iou
from napari_itis.plugin.background import Background
from napari_itis.plugin.readers import METADATA
from napari_itis.plugin.workspace import Workspace
from napari_itis.video.masks import MaskSequence
from napari_itis.video.stack import VideoError


class TruthScores(QObject):
    """Scores of one object of one video, frame by frame.

    Parameters
    ----------
    workspace : Workspace
        Of an image with one axis of frames.
    label : int
        The object. It is compared with the object of the same number, or with the only one that
        the ground truth has.
    """

    changed = Signal()

    def __init__(self, workspace: Workspace, label: int) -> None:
        super().__init__()
        (frames,) = workspace.session.slices
        self.j = np.full(frames, np.nan, np.float32)
        self.f = np.full(frames, np.nan, np.float32)
        self.label = label
        self._workspace = workspace
        self._wanted: dict[int, None] = {}
        self._running: Background | None = None
        self.problem = ""
        """Why there is no ground truth although the video names some, in a line."""
        try:
            self._truth = truth_of(workspace)
        except VideoError as error:
            self._truth, self.problem = None, f"The ground truth is not used: {error}"
        if self._truth is not None:
            self.update(range(frames))

    @property
    def known(self) -> bool:
        """Whether there is ground truth."""
        return self._truth is not None

    def update(self, frames: Iterable[int]) -> None:
        """Score frames whose mask has changed."""
        if self._truth is None:
            return
        self._wanted.update(dict.fromkeys(frames))
        if self._running is None and self._wanted:
            # What a user does meanwhile is scored in the next round.
            frames, self._wanted = list(self._wanted), {}
            masks = self._workspace.session.snapshot()

            def work(background: Background) -> None:
                for scores in _scores(self._truth, masks, self.label, frames):
                    if background.stopped:
                        return
                    background.tell(scores)

            self._running = Background(work, self._take, self._end).start()

    def stop(self) -> None:
        """Leave it."""
        if self._running is not None:
            self._running.stop()

    def _take(self, scores: tuple[int, float, float]) -> None:
        frame, j, f = scores
        self.j[frame], self.f[frame] = j, f
        self.changed.emit()

    def _end(self, message: str) -> None:
        stopped, self._running = self._running.stopped, None
        if not (message or stopped):
            self.update(())
        self.changed.emit()


def truth_of(workspace: Workspace) -> Any:
    """Ground truth of a video, as an array of label images, (t, H, W); None if there is none.

    Raises
    ------
    VideoError
        If its folder cannot be listed, or has nothing for a frame.
    """
    image = workspace.image
    known = image.metadata.get(METADATA) if image is not None else None
    truth = known.get("truth") if known else None
    if isinstance(truth, Path):
        return MaskSequence(truth, known["names"], workspace.session.shape)
    return truth


def _scores(
    truth: Any, masks: SessionContents, label: int, frames: Iterable[int]
) -> Iterator[tuple[int, float, float]]:
    objects = truth.labels() if isinstance(truth, MaskSequence) else np.unique(truth[0])
    objects = {int(number) for number in objects} - {0}
    for frame in frames:
        expected = truth.read(frame) if isinstance(truth, MaskSequence) else truth[frame]
        if expected is None:
            # Every fifth frame is annotated in some data sets: nothing is said of the others.
            yield frame, np.nan, np.nan
            continue
        expected = np.asarray(expected)
        expected = expected > 0 if len(objects) == 1 else expected == label
        mask = masks.compose((frame,)) == label
        yield frame, iou(mask, expected), boundary_f(mask, expected)
