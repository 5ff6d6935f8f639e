"""What a user says of objects: how they are called, whether they are done or may cover others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from napari_itis.annotation.inputs import SessionInputs
from napari_itis.annotation.record import Frame, Record, State
from napari_itis.annotation.records import Key


class SessionStatements(SessionInputs):
    """Takes down what an :class:`AnnotationSession` is told of its objects.

    Parameters
    ----------
    shape : tuple of int
        (H, W) of the image plane.
    slices : tuple of int
        Sizes of the axes in front of the plane.
    """

    def allow_overwriting(self, label: int, allowed: bool) -> tuple[Key, ...]:
        """Say whether an object may cover the pixels of others.

        Covered pixels are not lost: they come back when the permission is taken away.

        Returns
        -------
        tuple of (frame, object)
            The records that have changed; a step of undo if there are any.
        """
        if allowed == self.overwrites(label):
            return ()
        keys = [
            (frame, label)
            for frame, record in self._records.of(label)
            if bool(record.on_top) != allowed
        ]
        if keys:
            self._begin_facts(label, keys, covers=allowed)
        else:
            self._say(label, covers=allowed)
        for key in keys:
            stamp = self._new_stamp() if allowed else 0
            self._put(key, replace(self._records[key], on_top=stamp))
        return tuple(keys)

    def rename(self, label: int, name: str) -> None:
        """Give an object a name of at most 200 characters; an empty one takes it away."""
        label = self._records.label(label)
        if len(name) > 200:
            raise ValueError(f"a name has at most 200 characters, this one has {len(name)}")
        if name != self._facts_of(label).name:
            self._begin_facts(label, name=name)

    def accept(self, label: int) -> tuple[Key, ...]:
        """:meth:`commit` as a step of undo.

        Returns
        -------
        tuple of (frame, object)
            The records that have changed.
        """
        corrected = [
            frame for frame, state in self.states(label).items() if state is State.CORRECTED
        ]
        return self.commit_frames(label, corrected)

    def commit(self, label: int) -> None:
        """Mark an object as done wherever it is corrected; until it is changed. No undo step."""
        for frame, record in list(self._records.of(label)):
            if record.state is State.CORRECTED:
                self._put((frame, label), replace(record, committed=True))

    def commit_frames(
        self, label: int, frames: Iterable[Frame], committed: bool = True
    ) -> tuple[Key, ...]:
        """Mark an object as done on some frames, or as not done; until it is changed there.

        Works on existing masks that nobody has touched (each is read), and where there is nothing
        of the object: it is not to be seen there.

        Returns
        -------
        tuple of (frame, object)
            The records that have changed; one step of undo if there are any.
        """
        keys = dict.fromkeys(self._records.key(frame, label) for frame in frames)
        keys = [key for key in keys if self._records.get(key, Record()).committed is not committed]
        self._begin(keys, grows=False)
        for key in keys:
            record = self._records.get(key) or Record(revision=self._new_revision())
            self._put(key, replace(record, committed=committed))
        return tuple(keys)
