"""Undo and redo: steps that put whole records back."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from napari_itis.annotation.packed import PackedMask
from napari_itis.annotation.record import Frame, Record
from napari_itis.annotation.records import Key


@dataclass(frozen=True, slots=True)
class Change:
    """What an undo or redo has changed, so that a window can show it.

    Parameters
    ----------
    keys : tuple of (frame, object)
        The records that were exchanged, and for what is said of an object on all frames, where it
        can be seen; never empty.
    everywhere : tuple of int
        Objects whose existing masks came or went on every frame without a record.
    """

    keys: tuple[Key, ...]
    everywhere: tuple[int, ...] = ()

    @property
    def frames(self) -> tuple[Frame, ...]:
        """The frames of the change, each once."""
        return tuple(dict.fromkeys(frame for frame, _ in self.keys))

    @property
    def objects(self) -> tuple[int, ...]:
        """The objects of the change, each once."""
        return tuple(dict.fromkeys(label for _, label in self.keys))


@dataclass(slots=True, eq=False)
class Step:
    """One step of undo.

    Parameters
    ----------
    before : dict
        The records that an exchange puts back.
    held : dict
        For frames where it matters, which pixels the objects held.
    facts : tuple of int and dict, optional
        An object, and what an exchange lets be said of it on all frames.
    places : tuple of (frame, object)
        Where a window looks if no records are exchanged.
    open : bool
        Whether it may still grow.
    """

    before: dict[Key, Record | None] = field(default_factory=dict)
    held: dict[Frame, dict[int, PackedMask] | None] = field(default_factory=dict)
    facts: tuple[int, dict[str, str | bool]] | None = None
    places: tuple[Key, ...] = ()
    open: bool = False


class History:
    """The steps that can be undone and redone.

    Parameters
    ----------
    limit : int
        Steps kept; the oldest ones are forgotten first.
    """

    def __init__(self, limit: int = 1000) -> None:
        self._undo: deque[Step] = deque(maxlen=limit)
        self._redo: deque[Step] = deque(maxlen=limit)

    @property
    def can_undo(self) -> bool:
        return bool(self._undo)

    @property
    def can_redo(self) -> bool:
        return bool(self._redo)

    def add(self, step: Step) -> None:
        """Note a step that is about to be made."""
        self._undo.append(step)

    def forget_undone(self) -> None:
        """Something new has changed: what was undone before is gone by that."""
        self._redo.clear()

    def drop(self, step: Step) -> None:
        """Forget a step that has changed nothing."""
        if step in self._undo:
            self._undo.remove(step)

    def touched_since(self, step: Step, key: Key) -> bool:
        """Whether a step after `step` has changed a record."""
        for later in reversed(self._undo):
            if later is step:
                return False
            if key in later.before:
                return True
        return False

    def undo(self, exchange: Callable[[Step], Step]) -> Step | None:
        """Take back the last step; None where there is none, or where it has changed nothing."""
        if self._undo and self._undo[-1].open:
            self._undo[-1].open = False
            if not self._undo[-1].before:
                self._undo.pop()
                return None
        return _move(self._undo, self._redo, exchange)

    def redo(self, exchange: Callable[[Step], Step]) -> Step | None:
        """Take back the last undo; None where there is none."""
        return _move(self._redo, self._undo, exchange)


def _move(
    source: deque[Step], target: deque[Step], exchange: Callable[[Step], Step]
) -> Step | None:
    if not source:
        return None
    step = source.pop()
    target.append(exchange(step))
    return step
