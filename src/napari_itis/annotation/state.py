"""A session underneath: who owns which pixel, and what can be undone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from napari_itis.annotation.composition import compose, held_pixels
from napari_itis.annotation.contents import ObjectFacts, SessionContents
from napari_itis.annotation.existing import labels_in
from napari_itis.annotation.history import Change, History, Step
from napari_itis.annotation.record import Frame, Record
from napari_itis.annotation.records import Key


class SessionState(SessionContents):
    """How :class:`AnnotationSession` changes what there is.

    Parameters
    ----------
    shape : tuple of int
        (H, W) of the image plane.
    slices : tuple of int
        Sizes of the axes in front of the plane.
    clock : callable, optional
        Seconds since 1970 (UTC), for the times of clicks.
    """

    def __init__(
        self,
        shape: Sequence[int],
        slices: Sequence[int] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(shape, slices)
        self._clock = clock
        self._history = History()
        self._revisions = 0
        self._stamps = 0
        self._drawn: dict[Frame, np.ndarray] = {}
        self._held: set[Frame] = set()

    @property
    def can_undo(self) -> bool:
        return self._history.can_undo

    @property
    def can_redo(self) -> bool:
        return self._history.can_redo

    def compose(self, frame: Frame) -> np.ndarray:
        """The label image of a frame.

        Returns
        -------
        numpy.ndarray
            int32, (H, W), read-only; 0 is background.
        """
        frame = self._records.frame(frame)
        labels = self._drawn.get(frame)
        if labels is None:
            labels = super().compose(frame)
            # Two: the frame on screen and one that a result has just arrived for.
            while len(self._drawn) >= 2:
                del self._drawn[next(iter(self._drawn))]
            self._drawn[frame] = labels
        return labels

    # For the session.

    def _begin(self, keys: Iterable[Key]) -> None:
        """Make a step of undo of what is about to happen to some records."""
        keys = list(keys)
        if keys:
            step = Step()
            self._history.add(step)
            self._note(step, keys)

    def _begin_facts(self, facts: ObjectFacts, label: int, keys: Iterable[Key] = ()) -> None:
        """Change what is said of an object on all frames, and some records, in one step."""
        step = Step(facts=self._facts, places=self._places(label))
        self._history.add(step)
        self._note(step, keys)
        self._facts = facts

    def _note(self, step: Step, keys: Iterable[Key]) -> None:
        """Note who holds which pixels, and the records as they are, before they change.

        Objects of the existing masks get a record by that.
        """
        keys = list(keys)
        if not step.before:
            self._history.forget_undone()
        for frame in {frame for frame, _ in keys}:
            self._hold(frame)
        for key in keys:
            record = self._records.get(key)
            step.before.setdefault(key, record)
            mask = self._existing_mask(*key) if record is None else None
            if mask is not None:
                record = Record.started_from(mask, self._new_revision(), existing=mask, held=mask)
                self._records[key] = self._stamped(key[1], record)

    def _hold(self, frame: Frame) -> None:
        if frame in self._held:
            return
        records = self._records.on(frame)
        labels = self.compose(frame) if records else None
        if any(record.on_top for record in records.values()):
            # A covered pixel stays its holder's: it comes back when the cover goes.
            bare = {label: replace(record, on_top=0) for label, record in records.items()}
            labels = compose(bare, self.shape, self._untouched(frame))
        for label, record in records.items():
            held = held_pixels(label, record, labels)
            if held is not record.held:
                self._records[frame, label] = replace(record, held=held)
        self._held.add(frame)

    def _put(self, key: Key, record: Record) -> None:
        self._records[key] = record
        self._redraw(key[0])

    def _exchange(self, step: Step) -> Step:
        # The records of this moment, not those of the time of the change: they hold the predictions
        # that have arrived since.
        back = Step({key: self._records.get(key) for key in step.before}, places=step.places)
        for key, record in step.before.items():
            if record is None:
                self._records.pop(key, None)
            else:
                self._records[key] = record
            self._redraw(key[0])
        if step.facts is not None:
            back.facts, self._facts = self._facts, step.facts
            self._drawn.clear()
        for label in {label for _, label in step.before}:
            self._recall_covering(label)
        return back

    def _go(self, move: Callable[[Callable[[Step], Step]], Step | None]) -> Change | None:
        """Undo or redo."""
        deleted = self.deleted
        step = move(self._exchange)
        if step is None:
            return None
        keys = tuple(dict.fromkeys((*step.places, *step.before)))
        return Change(keys, tuple(sorted(deleted ^ self.deleted)))

    def _recall_covering(self, label: int) -> None:
        on_top = [self._records[frame, label].on_top for frame in self._records.frames(label)]
        if on_top:
            self._cover(label, any(on_top))

    def _cover(self, label: int, allowed: bool) -> None:
        self._covering = self._covering | {label} if allowed else self._covering - {label}

    def _places(self, label: int) -> tuple[Key, ...]:
        """Frames on which an object can be seen, those on screen if it is there."""
        shown = [frame for frame, labels in self._drawn.items() if (labels == label).any()]
        anywhere = self.frames(label)[:1] or [(0,) * len(self.slices)]
        return tuple((frame, label) for frame in shown or anywhere)

    def _masks_under(self, frame: Frame, pixels: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        """Objects whose masks, covered or not, have some of `pixels`, and which of them."""
        for label, record in self._records.on(frame).items():
            if record.mask is not None:
                under = pixels & record.mask.unpack()
                if under.any():
                    yield label, under
        untouched = self._untouched(frame)
        if untouched is not None:
            for label in labels_in(untouched[pixels]):
                yield label, pixels & (untouched == label)

    def _redraw(self, frame: Frame) -> None:
        self._drawn.pop(frame, None)
        self._held.discard(frame)

    def _new_revision(self) -> int:
        self._revisions += 1
        return self._revisions

    def _stamped(self, label: int, record: Record) -> Record:
        return replace(record, on_top=self._new_stamp()) if label in self._covering else record

    def _new_stamp(self) -> int:
        self._stamps += 1
        return self._stamps
