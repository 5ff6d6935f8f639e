"""A propagation as the window shows it: started, paused, cancelled, undone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from qtpy.QtCore import QObject, Signal

from napari_itis.annotation import PackedMask, State
from napari_itis.plugin.lines import counted
from napari_itis.plugin.predictors import PredictorLike
from napari_itis.plugin.tasks import Task
from napari_itis.plugin.video_frames import VideoFrames
from napari_itis.plugin.worker import InferenceWorker
from napari_itis.plugin.workspace import Workspace

_USERS_OWN = (State.CORRECTED, State.COMMITTED)
_REFERENCES = 4


@dataclass(frozen=True)
class Carried:
    """One frame of a propagation.

    Attributes
    ----------
    frame : int
    mask : PackedMask
    lost : bool
        Whether the object was lost here: the mask is not worth taking over.
    better : bool
        Whether it is to take the place of the mask that is there.
    """

    frame: int
    mask: PackedMask
    lost: bool
    better: bool = True


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
    keep_better : bool
        Whether masks stay that are less suspicious than what is carried to their frames.
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
        keep_better: bool,
    ) -> None:
        super().__init__()
        self._worker, self._session = worker, workspace.session
        self.workspace, self.label, self._overwrite = workspace, label, overwrite
        self._keep_better = keep_better
        self._frames = frames if overwrite else _until_the_users_own(workspace, label, frames)
        self._shortened = len(self._frames) < len(frames)
        self.total, self.done, self._kept = len(self._frames), 0, 0
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

    def end_if_gone(self) -> bool:
        """End it where it was taken back or its object was deleted; whether it has ended."""
        if self._step is None:
            return True
        if not self._step.open:
            self._finish("Taken back")
        elif self.label not in self._session.objects():
            self._finish(f"Object {self.label} was deleted: it is not carried on any more")
        return self._step is None

    def _steps(self, start: int) -> Callable[[PredictorLike], Iterator[Any]]:
        """What the inference thread does."""
        record = self._session.record((start,), self.label)
        mask, clicks = record.mask.unpack(), record.clicks
        before = record.given.unpack() if record.given else None
        frames, stop = VideoFrames(self.workspace), self._frames[-1] if self._frames else start
        trusted = _trusted(self.workspace, self.label, start)
        there, label = (self._session.snapshot() if self._keep_better else None), self.label

        def steps(predictor: PredictorLike) -> Iterator[Carried]:
            from napari_itis.video.better import propagate_where_better
            from napari_itis.video.ranking import FrameScores

            scores = None
            if there is not None:
                scores = FrameScores(
                    predictor, frames, lambda frame: there.compose((frame,)) == label
                )
            for choice in propagate_where_better(
                predictor,
                frames,
                scores,
                mask,
                start,
                stop,
                before=before,
                clicks=clicks,
                references={frame: packed.unpack() for frame, packed in trusted.items()},
            ):
                step = choice.step
                yield Carried(step.frame, PackedMask.pack(step.mask), step.lost, choice.better)

        return steps

    def _on_stepped(self, task: Task, value: Carried) -> None:
        if task is not self._task or self.end_if_gone():
            return
        if value.lost:
            self._finish(f"The object was lost on frame {value.frame}: {self._done()}")
            return
        if not value.better:
            self.done += 1
            self._kept += 1
            self.carried.emit(value.frame)
            return
        written = self._session.write(
            self._step, (value.frame,), self.label, value.mask, overwrite=self._overwrite
        )
        if written:
            self.done += 1
            self.carried.emit(value.frame)
            self.beside = (self.beside[0], value.frame)
        else:
            self._finish(f"Frame {value.frame} was changed meanwhile: {self._done()}")

    def _on_ended(self, task: Task, message: str) -> None:
        if task is not self._task:
            return
        if message:
            self._finish(f"Stopped after {self._count()}: {message}")
        elif self._shortened:
            self._finish(f"{self._done()}; the next one is corrected or committed")
        else:
            self._finish(self._done())

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
        return counted(self.done, "frame")

    def _done(self) -> str:
        their = "its" if self._kept == 1 else "their"
        kept = f", {self._kept} of them kept {their} mask" if self._kept else ""
        return f"{self._count()} done{kept}"


def _trusted(workspace: Workspace, label: int, start: int) -> dict[int, PackedMask]:
    """Masks that the user has seen to, on the frames nearest to one: what the object looks like."""
    session = workspace.session
    frames = [frame for (frame,), state in session.states(label).items() if state in _USERS_OWN]
    nearest = sorted(frames, key=lambda frame: abs(frame - start))[:_REFERENCES]
    masks = {frame: session.record((frame,), label).mask for frame in nearest if frame != start}
    return {frame: mask for frame, mask in masks.items() if mask is not None}


def _until_the_users_own(workspace: Workspace, label: int, frames: range) -> range:
    """The frames before the first one that is corrected or committed."""
    states = workspace.session.states(label)
    for place, frame in enumerate(frames):
        if states.get((frame,)) in _USERS_OWN:
            return frames[:place]
    return frames
