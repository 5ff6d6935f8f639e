"""What a session takes from others than the user: existing masks, predictions, propagated masks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np

from napari_itis.annotation.exchange import Request, Result
from napari_itis.annotation.existing import ExistingMasks, ReadMasks
from napari_itis.annotation.history import Step
from napari_itis.annotation.packed import PackedMask
from napari_itis.annotation.record import Frame, Record, State
from napari_itis.annotation.records import Key
from napari_itis.annotation.state import SessionState


class SessionInputs(SessionState):
    """Takes over what a :class:`AnnotationSession` is given.

    Parameters
    ----------
    shape : tuple of int
        (H, W) of the image plane.
    slices : tuple of int
        Sizes of the axes in front of the plane.
    """

    # Existing masks.

    def give_masks(
        self,
        read: ReadMasks,
        *,
        labels: Iterable[int] | None = None,
        largest: int | None = None,
        source: object = None,
        undoable: bool = False,
        on_problem: Callable[[str], object] | None = None,
    ) -> None:
        """Start from masks that exist, of which each is read when it is needed.

        Nothing is kept of a frame that is not changed. An object that is changed on a frame gets
        a record there, from which clicks correct the mask that it had.

        Parameters
        ----------
        read : callable
            Returns the label image of a frame, of any integer type, (H, W), 0 is background; None
            where the frame has no masks. It must return the same pixels every time, in an array
            that nobody changes; a snapshot may call it from another thread. What it raises comes
            out of every method that needs the frame, if there is no `on_problem`.
        labels : iterable of int, optional
            Every object of the masks. Not given: they are learned as frames are looked at.
        largest : int, optional
            No frame has a larger label; needed where `labels` is not given. 255 is right for 8-bit
            masks. New objects get larger labels, until :meth:`learn_masks` has completed.
        source : object, optional
            Where they come from: what :attr:`masks_source` is from now on.
        undoable : bool
            Whether it is a step of undo.
        on_problem : callable, optional
            See :class:`ExistingMasks`.

        Raises
        ------
        ValueError
            If neither `labels` nor `largest` is given.
        """
        existing = ExistingMasks(read, self.shape, labels, largest, source, on_problem)
        if undoable:
            places = self._places(min(existing.labels, default=1))
            self._history.forget_undone()
            self._history.add(Step(masks=self._existing, places=places))
            self._changes += 1
        self._existing = existing
        self._drawn.clear()

    def learn_masks(self, found: Mapping[Frame, Iterable[int]], complete: bool = False) -> None:
        """Take note of which objects the existing masks of some frames have, without reading them.

        Parameters
        ----------
        found : mapping of frame to labels
            Frames without objects included, see :func:`labels_in`.
        complete : bool
            Whether no other frame has further objects.
        """
        checked = {self._records.frame(frame): labels for frame, labels in found.items()}
        self._existing.learn(checked, complete)

    def keep_masks(self, frames: Iterable[Frame]) -> None:
        """Keep the existing masks of some frames in memory, before their files are overwritten."""
        for frame in frames:
            self._existing.keep(self._records.frame(frame))

    # The network's predictions.

    def pending(self) -> list[Key]:
        """The (frame, object) pairs whose mask waits for a prediction."""
        return [key for key, record in self._records.items() if not record.fresh]

    def request(self, frame: Frame, label: int) -> Request | None:
        """What is to be predicted for an object on a frame; None where the mask is up to date."""
        key = self._records.key(frame, label)
        record = self._records.get(key)
        if record is None or record.fresh:
            return None
        return Request(*key, record.revision, record.clicks, record.base, record.seen)

    def apply(self, result: Result) -> bool:
        """Take over a prediction.

        Returns
        -------
        bool
            False if the clicks have changed since it was requested: then nothing happens.
        """
        key = self._records.key(result.frame, result.object)
        record = self._records.get(key)
        if record is None or record.fresh or record.revision != result.revision:
            return False
        mask = self._records.packed(result.mask)
        self._put(key, record.with_prediction(mask if mask.area else None))
        return True

    # Propagated masks.

    def begin_step(self) -> Step:
        """Begin one step of undo that grows while its masks arrive (:meth:`write`).

        The user may go on meanwhile: what is done from now on lies above it and is undone first.
        An undo that reaches the step while it is open ends it and takes back what was written;
        if that was nothing, only the step ends.
        """
        step = Step(open=True)
        self._history.add(step)
        return step

    def write(
        self,
        step: Step,
        frame: Frame,
        label: int,
        mask: np.ndarray | PackedMask,
        *,
        overwrite: bool = False,
    ) -> bool:
        """Take over a propagated mask as an automatic one; clicks and edits on the frame go.

        Parameters
        ----------
        step : Step
            From :meth:`begin_step`.
        frame : tuple of int
        label : int
        mask : numpy.ndarray or PackedMask
            bool, (H, W); packing takes a millisecond that another thread can spend.
        overwrite : bool
            Also where the object is corrected or committed.

        Returns
        -------
        bool
            False if nothing was written: the step has ended (:attr:`Step.open`), the object is
            corrected or committed here, or the user has changed it since the step began.
        """
        key = self._records.key(frame, label)
        mask = self._records.packed(mask)
        if not step.open or self._history.touched_since(step, key):
            return False
        if not overwrite and self.state(*key) in (State.CORRECTED, State.COMMITTED):
            return False
        self._note(step, [key], grows=True)
        existing = self._records.get(key, Record()).existing
        record = Record.started_from(
            mask if mask.area else None, self._new_revision(), existing=existing
        )
        self._put(key, self._stamped(label, record))
        return True

    def end_step(self, step: Step) -> None:
        """End a step of :meth:`begin_step`; one in which nothing was written leaves no trace."""
        step.open = False
        if not step.before:
            self._history.drop(step)
