"""Undo and redo: steps that put whole records back."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass

from napari_itis.annotation.record import Frame, Record
from napari_itis.annotation.records import Key


@dataclass(frozen=True, slots=True)
class Change:
    """What an undo or redo has changed, so that a window can show it.

    Parameters
    ----------
    keys : tuple of (frame, object)
        The records that were exchanged; never empty.
    """

    keys: tuple[Key, ...]

    @property
    def frames(self) -> tuple[Frame, ...]:
        """The frames of the change, each once."""
        return tuple(dict.fromkeys(frame for frame, _ in self.keys))

    @property
    def objects(self) -> tuple[int, ...]:
        """The objects of the change, each once."""
        return tuple(dict.fromkeys(label for _, label in self.keys))


class History:
    """The steps that can be undone and redone.

    Parameters
    ----------
    limit : int
        Steps kept; the oldest ones are forgotten first.
    """

    def __init__(self, limit: int = 1000) -> None:
        self._undo: deque[dict[Key, Record | None]] = deque(maxlen=limit)
        self._redo: deque[dict[Key, Record | None]] = deque(maxlen=limit)

    @property
    def can_undo(self) -> bool:
        return bool(self._undo)

    @property
    def can_redo(self) -> bool:
        return bool(self._redo)

    def remember(self, before: Mapping[Key, Record | None]) -> None:
        """Note the records as they were before a change; what was undone is gone by that."""
        self._undo.append(dict(before))
        self._redo.clear()

    def undo(self, records: MutableMapping[Key, Record]) -> Change | None:
        """Exchange the records of the last step; None where there is none."""
        return _exchange(self._undo, self._redo, records)

    def redo(self, records: MutableMapping[Key, Record]) -> Change | None:
        """Exchange the records of the last undone step; None where there is none."""
        return _exchange(self._redo, self._undo, records)


def _exchange(
    source: deque[dict[Key, Record | None]],
    target: deque[dict[Key, Record | None]],
    records: MutableMapping[Key, Record],
) -> Change | None:
    if not source:
        return None
    step = source.pop()
    # The records of this moment, not those of the time of the change: they hold the predictions
    # that have arrived since.
    target.append({key: records.get(key) for key in step})
    for key, record in step.items():
        if record is None:
            records.pop(key, None)
        else:
            records[key] = record
    return Change(tuple(step))
