"""The search for wrong masks of one object, in the inference thread."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_itis.plugin.predictors import PredictorLike
from napari_itis.plugin.tasks import Task
from napari_itis.plugin.video_frames import VideoFrames
from napari_itis.plugin.worker import InferenceWorker
from napari_itis.plugin.workspace import Workspace

THRESHOLD = 0.25
"""A mask is suspicious from this score on."""


class Suspicion(QObject):
    """How likely the masks of one object are wrong, frame by frame.

    Parameters
    ----------
    worker : InferenceWorker
    workspace : Workspace
        Of an image with one axis of frames.
    label : int
        The object.

    Attributes
    ----------
    scores : ndarray of float32, shape (frames,)
        In [0, 1]; nan where not known.
    looked_at, present : ndarray of bool, shape (frames,)
        Frames that were searched for the object, and those where it was.
    """

    changed = Signal()
    notice = Signal(str)

    def __init__(self, worker: InferenceWorker, workspace: Workspace, label: int) -> None:
        super().__init__()
        (frames,) = workspace.session.slices
        self.scores = np.full(frames, np.nan, np.float32)
        self.looked_at = np.zeros(frames, bool)
        self.present = np.zeros(frames, bool)
        self.done = self.total = 0
        self._worker, self._workspace, self._label = worker, workspace, label
        self._task: Task | None = None
        self._outdated: dict[int, None] = {}
        self._asked = False

    @property
    def running(self) -> bool:
        return self._task is not None

    @property
    def searching(self) -> bool:
        """Whether the user has asked for what is done; scoring a mask again goes by itself."""
        return self.running and self._asked

    def look(self) -> None:
        """Score all frames, because the user wants it."""
        self._score(range(len(self.scores)), asked=True)

    def _score(self, frames: Iterable[int], asked: bool = False) -> None:
        self.stop()
        image = self._workspace.image
        if image is None:
            return
        wanted, self._asked = list(frames), asked
        self._outdated = {}
        self.done, self.total = 0, len(wanted)
        self._task = Task(self._steps(wanted))
        self._worker.stepped.connect(self._on_stepped)
        self._worker.ended.connect(self._on_ended)
        self._worker.begin(self._task)

    def stop(self) -> None:
        """Leave it; what was found is kept."""
        if self._task is not None:
            self._worker.abandon(self._task)
            self._forget_task()

    def update(self, frames: Iterable[int]) -> None:
        """Take note that masks have changed: they are scored again, if they were before."""
        if not (self.running or self.looked_at.any()):
            return
        for frame in frames:
            self.scores[frame] = np.nan
            self.looked_at[frame] = False
            self._outdated[frame] = None
        if not self.running and self._outdated:
            self._score(self._outdated)

    def _steps(self, frames: list[int]) -> object:
        label, images = self._label, VideoFrames(self._workspace)
        masks = self._workspace.session.snapshot()

        def mask(frame: int) -> np.ndarray:
            return masks.compose((frame,)) == label

        def steps(predictor: PredictorLike) -> Iterator[tuple[int, float, bool]]:
            from napari_itis.video.ranking import FrameScores

            for frame, score in FrameScores(predictor, images, mask).compute(frames):
                yield frame, score, masks.state((frame,), label) is not None

        return steps

    def _on_stepped(self, task: Task, value: tuple[int, float, bool]) -> None:
        if task is not self._task:
            return
        frame, score, present = value
        if frame not in self._outdated:
            self.scores[frame] = score
        self.looked_at[frame] = True
        self.present[frame] = present
        self.done += 1
        self.changed.emit()

    def _on_ended(self, task: Task, message: str) -> None:
        if task is not self._task:
            return
        self._forget_task()
        if message:
            self.notice.emit(f"The search for wrong masks ended early: {message}")
        elif self._outdated:
            self._score(self._outdated)
        self.changed.emit()

    def _forget_task(self) -> None:
        self._task = None
        self._worker.stepped.disconnect(self._on_stepped)
        self._worker.ended.disconnect(self._on_ended)
