"""The records of a session, with who owns which pixel and what can be undone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from napari_itis.annotation.composition import compose, held_pixels
from napari_itis.annotation.history import Change, History
from napari_itis.annotation.record import Frame, Record
from napari_itis.annotation.records import Key, Records


class SessionState:
    """What :class:`AnnotationSession` changes and shows.

    Parameters
    ----------
    shape : tuple of int
        (H, W) of the image plane.
    slices : tuple of int
        Sizes of the axes in front of the plane.
    """

    def __init__(self, shape: Sequence[int], slices: Sequence[int] = ()) -> None:
        self._records = Records(shape, slices)
        self._history = History()
        self._revisions = 0
        self._stamps = 0
        self._covering: set[int] = set()
        self._drawn: dict[Frame, np.ndarray] = {}
        self._held: set[Frame] = set()

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W) of the image plane."""
        return self._records.shape

    @property
    def slices(self) -> Frame:
        """Sizes of the axes in front of the plane."""
        return self._records.slices

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
            labels = compose(self._records.on(frame), self.shape)
            labels.flags.writeable = False
            # Two: the frame on screen and one that a result has just arrived for.
            while len(self._drawn) >= 2:
                del self._drawn[next(iter(self._drawn))]
            self._drawn[frame] = labels
        return labels

    # For the session.

    def _begin(self, keys: Iterable[Key]) -> None:
        """Note who holds which pixels, and the records as they are, before they change."""
        keys = list(keys)
        if not keys:
            return
        for frame in {frame for frame, _ in keys}:
            self._hold(frame)
        self._history.remember({key: self._records.get(key) for key in keys})

    def _hold(self, frame: Frame) -> None:
        if frame in self._held:
            return
        records = self._records.on(frame)
        labels = self.compose(frame)
        if any(record.on_top for record in records.values()):
            # A covered pixel stays its holder's: it comes back when the cover goes.
            bare = {label: replace(record, on_top=0) for label, record in records.items()}
            labels = compose(bare, self.shape)
        for label, record in records.items():
            held = held_pixels(label, record, labels)
            if held is not record.held:
                self._records[frame, label] = replace(record, held=held)
        self._held.add(frame)

    def _put(self, key: Key, record: Record) -> None:
        self._records[key] = record
        self._redraw(key[0])

    def _exchanged(self, change: Change | None) -> Change | None:
        if change is not None:
            for frame in change.frames:
                self._redraw(frame)
            for label in change.objects:
                self._recall_covering(label)
        return change

    def _recall_covering(self, label: int) -> None:
        on_top = [record.on_top for (_, other), record in self._records.items() if other == label]
        if on_top:
            (self._covering.add if any(on_top) else self._covering.discard)(label)

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
