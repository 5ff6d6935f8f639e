"""A session underneath: who owns which pixel, and what can be undone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from napari_itis.annotation.composition import Labels, compose, held_pixels
from napari_itis.annotation.contents import ObjectFacts, SessionContents
from napari_itis.annotation.existing import labels_in
from napari_itis.annotation.history import Change, History, Step
from napari_itis.annotation.record import Frame, Record
from napari_itis.annotation.records import Key
from napari_itis.annotation.tiles import TiledLabels


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
        self._drawn: dict[Frame, Labels] = {}
        self._changes = 0
        # The latest ones at the end.
        self._changed_at: dict[Key, int] = {}

    @property
    def changes(self) -> int:
        """Grows with every change: as long as it is the same, what was saved still holds."""
        return self._changes

    def changed_since(self, changes: int) -> list[Key]:
        """Records that may have changed since :attr:`changes` had a value; those of a new session
        have not."""
        found = []
        for key, at in reversed(self._changed_at.items()):
            if at <= changes:
                break
            found.append(key)
        return found

    @property
    def can_undo(self) -> bool:
        return self._history.can_undo

    @property
    def can_redo(self) -> bool:
        return self._history.can_redo

    def drawing(self, frame: Frame) -> Labels:
        """The label image of a frame as it was drawn: a large one in tiles, see `TiledLabels`.

        Returns
        -------
        numpy.ndarray or TiledLabels
            int32, (H, W), not to be changed; 0 is background.
        """
        frame = self._records.frame(frame)
        labels = self._drawn.get(frame)
        if labels is None:
            labels = super().drawing(frame)
            # Two: the frame on screen and one that a result has just arrived for.
            while len(self._drawn) >= 2:
                del self._drawn[next(iter(self._drawn))]
            self._drawn[frame] = labels
        return labels

    # For the session.

    def _begin(self, keys: Iterable[Key], *, grows: bool = True) -> None:
        """Make a step of undo of what is about to happen to some records.

        `grows`: masks may get pixels that another object has.
        """
        keys = list(keys)
        if keys:
            step = Step()
            self._history.add(step)
            self._note(step, keys, grows=grows)

    def _begin_facts(self, label: int, keys: Iterable[Key] = (), **facts: str | bool) -> None:
        """Say something of an object on all frames, in one step with a change of some records."""
        before = {name: getattr(self._facts_of(label), name) for name in facts}
        step = Step(facts=(label, before), places=self._places(label))
        self._history.add(step)
        self._note(step, keys, grows=False)
        self._say(label, **facts)

    def _say(self, label: int, **facts: str | bool) -> None:
        self._changes += 1
        said = replace(self._facts_of(label), **facts)
        if said == ObjectFacts():
            self._facts.pop(label, None)
        else:
            self._facts[label] = said

    def _note(self, step: Step, keys: Iterable[Key], *, grows: bool) -> None:
        """Note the records as they are before they change, and who holds which pixels.

        Objects of the existing masks get a record by that.
        """
        if not step.before:
            self._history.forget_undone()
        frames: dict[Frame, list[int]] = {}
        for frame, label in keys:
            frames.setdefault(frame, []).append(label)
        for frame, labels in frames.items():
            drawn = self._without_covers(frame) if grows else None
            held = self._records.held.get(frame)
            step.held.setdefault(frame, held)
            for label in labels:
                record = self._records.get((frame, label))
                step.before.setdefault((frame, label), record)
                mask = self._existing_mask(frame, label) if record is None else None
                if mask is not None:
                    record = Record.started_from(mask, self._new_revision(), existing=mask)
                    self._records[frame, label] = record
                    held = {**(held or {}), label: mask}
            if drawn is not None:
                held = held_pixels(self._records.on(frame), drawn)
            if held is not None:
                self._records.held[frame] = held

    def _without_covers(self, frame: Frame) -> Labels:
        """The label image of a frame, in which a covered pixel is its holder's.

        It comes back when the cover goes.
        """
        records = self._records.on(frame)
        if not any(record.on_top for record in records.values()):
            return self.drawing(frame)
        bare = {label: replace(record, on_top=0) for label, record in records.items()}
        held = self._records.held.get(frame, {})
        return compose(bare, self.shape, self._untouched(frame), held)

    def _log(self, key: Key) -> None:
        self._changes += 1
        self._changed_at.pop(key, None)
        self._changed_at[key] = self._changes

    def _put(self, key: Key, record: Record) -> None:
        self._log(key)
        self._records[key] = record
        self._drawn.pop(key[0], None)

    def _exchange(self, step: Step) -> Step:
        self._changes += 1
        # The records of this moment, not those of the time of the change: they hold the predictions
        # that have arrived since.
        back = Step({key: self._records.get(key) for key in step.before}, places=step.places)
        for key, record in step.before.items():
            self._log(key)
            if record is None:
                self._records.pop(key, None)
            else:
                self._records[key] = record
            self._drawn.pop(key[0], None)
        for frame, held in step.held.items():
            back.held[frame] = self._records.held.pop(frame, None)
            if held is not None:
                self._records.held[frame] = held
        if step.facts is not None:
            label, facts = step.facts
            now = self._facts_of(label)
            back.facts = (label, {name: getattr(now, name) for name in facts})
            self._say(label, **facts)
            self._drawn.clear()
        if step.masks is not None:
            back.masks, self._existing = self._existing, step.masks
            self._drawn.clear()
        return back

    def _go(self, move: Callable[[Callable[[Step], Step]], Step | None]) -> Change | None:
        """Undo or redo."""
        deleted = self.deleted
        step = move(self._exchange)
        if step is None:
            return None
        keys = tuple(dict.fromkeys((*step.places, *step.before)))
        return Change(keys, tuple(sorted(deleted ^ self.deleted)), step.masks is not None)

    def _places(self, label: int) -> tuple[Key, ...]:
        """Where an object can be seen: best on screen, somewhere else at least."""
        drawn = list(self._drawn)
        frames = [frame for frame in drawn if _has(self._drawn[frame], label)]
        frames = frames or self.frames(label)[:1] or drawn[-1:] or [(0,) * len(self.slices)]
        return tuple((frame, label) for frame in frames)

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

    def _new_revision(self) -> int:
        self._revisions += 1
        return self._revisions

    def _stamped(self, label: int, record: Record) -> Record:
        return replace(record, on_top=self._new_stamp()) if self.overwrites(label) else record

    def _new_stamp(self) -> int:
        self._stamps += 1
        return self._stamps


def _has(labels: Labels, label: int) -> bool:
    if isinstance(labels, TiledLabels):
        return labels.has(label)
    return bool((labels == label).any())
