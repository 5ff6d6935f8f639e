"""A propagation as the window shows it: started, paused, cancelled, undone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_itis.annotation import PackedMask, State
from napari_itis.plugin.predictors import PredictorLike
from napari_itis.plugin.tasks import Task
from napari_itis.plugin.worker import InferenceWorker
from napari_itis.plugin.workspace import Workspace


@dataclass(frozen=True)
class Carried:
    """One frame of a propagation.

    Attributes
    ----------
    frame : int
    mask : PackedMask
    lost : bool
        Whether the object was lost here: the mask is not worth taking over.
    """

    frame: int
    mask: PackedMask
    lost: bool


class CarryingOn(QObject):
    """Carries the mask of one object on over some frames, in the inference thread.

    Parameters
    ----------
    worker : InferenceWorker
    workspace : Workspace
    label, start : int
        The object, and the frame whose mask is carried on.
    frames : range
        To where, in order; not `start` itself.
    overwrite : bool
        Whether corrected and committed frames are replaced too.
    """

    carried = Signal(int)
    """(frame): its mask is there."""
    ended = Signal(str)
    """(message): it is over; a line for the user."""

    def __init__(
        self,
        worker: InferenceWorker,
        workspace: Workspace,
        label: int,
        start: int,
        frames: range,
        overwrite: bool,
    ) -> None:
        super().__init__()
        self._worker, self._session = worker, workspace.session
        self.workspace, self.label, self._overwrite = workspace, label, overwrite
        self._frames = frames if overwrite else _until_the_users_own(workspace, label, frames)
        self._shortened = len(self._frames) < len(frames)
        self.total, self.done = len(self._frames), 0
        self.beside = (start, start)
        """The frame it began on, and the one that was carried last."""
        self._task = Task(self._steps(start), urgency=1)
        self._step = None

    @property
    def paused(self) -> bool:
        return self._task.paused

    def begin(self) -> None:
        """Start; does nothing but end where there is no frame to go to."""
        if not self._frames:
            self.ended.emit("The next frame is corrected or committed already: nothing was changed")
            return
        self._step = self._session.begin_step()
        self._worker.stepped.connect(self._on_stepped)
        self._worker.ended.connect(self._on_ended)
        self._worker.begin(self._task)

    def pause(self, paused: bool) -> None:
        """Wait, or go on."""
        self._worker.pause(self._task, paused)

    def cancel(self) -> None:
        """Stop; what was done stays."""
        self._finish(f"Stopped after {self._count()}")

    def _steps(self, start: int) -> Callable[[PredictorLike], Iterator[Any]]:
        """What the inference thread does."""
        image, source = self.workspace.image, self.workspace.source
        record = self._session.record((start,), self.label)
        mask, clicks = record.mask.unpack(), record.clicks
        planes = {index: source.plane(image, (index,)) for index in (start, *self._frames)}
        frames = self._frames

        def steps(predictor: PredictorLike) -> Iterator[Carried]:
            from napari_itis.inference.image import to_rgb8
            from napari_itis.video.propagation import propagate

            def read(index: int) -> np.ndarray:
                plane = planes[index]
                return to_rgb8(plane.read(), plane.contrast_limits)

            for found in propagate(predictor, read, start, mask, frames, clicks=clicks):
                yield Carried(found.frame, PackedMask.pack(found.mask), found.lost)

        return steps

    def _on_stepped(self, task: Task, value: Carried) -> None:
        if task is not self._task:
            return
        if value.lost:
            self._finish(f"The object was lost on frame {value.frame}: {self._count()} done")
            return
        written = self._session.write(
            self._step, (value.frame,), self.label, value.mask, overwrite=self._overwrite
        )
        if written:
            self.done += 1
            self.carried.emit(value.frame)
            self.beside = (self.beside[0], value.frame)
        elif not self._step.open:
            self._finish("Taken back")
        else:
            self._finish(f"Frame {value.frame} was changed meanwhile: {self._count()} done")

    def _on_ended(self, task: Task, message: str) -> None:
        if task is not self._task:
            return
        if message:
            self._finish(f"Stopped after {self._count()}: {message}")
        elif self._shortened:
            self._finish(f"{self._count()} done; the next one is corrected or committed")
        else:
            self._finish(f"{self._count()} done")

    def _finish(self, message: str) -> None:
        if self._step is None:
            return
        self._worker.abandon(self._task)
        self._worker.stepped.disconnect(self._on_stepped)
        self._worker.ended.disconnect(self._on_ended)
        self._session.end_step(self._step)
        self._step = None
        self.ended.emit(message)

    def _count(self) -> str:
        return f"{self.done} frame" + ("" if self.done == 1 else "s")


def _until_the_users_own(workspace: Workspace, label: int, frames: range) -> range:
    """The frames before the first one that is corrected or committed."""
    states = workspace.session.states(label)
    kept = (State.CORRECTED, State.COMMITTED)
    for place, frame in enumerate(frames):
        if states.get((frame,)) in kept:
            return frames[:place]
    return frames
