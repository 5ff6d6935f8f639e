"""What each frame of a video is for an object, kept up to date change by change."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

import numpy as np

from napari_itis.annotation import AnnotationSession, PackedMask, Record, State


class Mark(IntEnum):
    """What a frame is for the current object, as the strip shows it."""

    EMPTY = 0
    AUTOMATIC = 1
    SUSPICIOUS = 2
    CORRECTED = 3
    COMMITTED = 4


_MARKS = {
    None: Mark.EMPTY,
    State.AUTOMATIC: Mark.AUTOMATIC,
    State.CORRECTED: Mark.CORRECTED,
    State.COMMITTED: Mark.COMMITTED,
}
_NO_RECORD = 255


class FrameMarks:
    """Marks of one object; a change costs what it changes, however many frames there are.

    Parameters
    ----------
    session : AnnotationSession
        Of an image with one axis of frames.
    label : int
        The object.
    """

    def __init__(self, session: AnnotationSession, label: int) -> None:
        self._session, self._label = session, label
        (frames,) = session.slices
        self._recorded = np.full(frames, _NO_RECORD, np.uint8)
        self._masks: dict[int, PackedMask | None] = {}
        self._deleted = label in session.deleted
        self._changes = session.changes
        records = session.records.items()
        self._take((frame, record) for ((frame,), other), record in records if other == label)

    def update(self) -> list[int]:
        """Follow the session.

        Returns
        -------
        list of int
            Frames on which the object's mask is another one than at the last call.
        """
        session, label = self._session, self._label
        keys = session.changed_since(self._changes)
        self._changes = session.changes
        records = session.records
        changed = self._take((key[0][0], records.get(key)) for key in keys if key[1] == label)
        if self._deleted != (label in session.deleted):
            self._deleted = not self._deleted
            # Of existing masks that nobody has touched there are no records.
            return list(range(len(self._recorded)))
        return changed

    def show(self, existing: bool, looked_at: np.ndarray, present: np.ndarray) -> np.ndarray:
        """Say what the frames are, but for which of them are suspicious.

        Parameters
        ----------
        existing : bool
            Whether there are existing masks with the object.
        looked_at, present : ndarray of bool, shape (frames,)
            Frames that were searched for the object, and those where it was.

        Returns
        -------
        ndarray of uint8, shape (frames,)
            Of `Mark`. A frame that nobody has looked at most likely has what existing masks have.
        """
        marks = np.where(existing & (present | ~looked_at), Mark.AUTOMATIC, Mark.EMPTY)
        return np.where(self._recorded == _NO_RECORD, marks, self._recorded).astype(np.uint8)

    def _take(self, records: Iterable[tuple[int, Record | None]]) -> list[int]:
        changed = []
        for frame, record in records:
            mask = None if record is None else record.mask
            if self._masks.get(frame) is not mask:
                changed.append(frame)
            if record is None:
                self._masks.pop(frame, None)
                self._recorded[frame] = _NO_RECORD
            else:
                self._masks[frame] = mask
                self._recorded[frame] = _MARKS[record.state]
        return changed
