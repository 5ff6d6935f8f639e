"""Undo and redo: steps that put whole records back."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from napari_itis.annotation.existing import ExistingMasks
from napari_itis.annotation.packed import PackedMask
from napari_itis.annotation.record import Frame, Record
from napari_itis.annotation.records import Key

MEMORY = 256 * 2**20
"""Bytes that the steps of a session may take."""

# A record with its clicks and a mask around its bits, about.
_RECORD, _MASK = 800, 300


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
    masks : bool
        Whether all existing masks were exchanged: any frame may look otherwise.
    """

    keys: tuple[Key, ...]
    everywhere: tuple[int, ...] = ()
    masks: bool = False

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
    masks : ExistingMasks, optional
        The existing masks that an exchange puts back.
    places : tuple of (frame, object)
        Where a window looks if no records are exchanged.
    open : bool
        Whether it may still grow.
    """

    before: dict[Key, Record | None] = field(default_factory=dict)
    held: dict[Frame, dict[int, PackedMask] | None] = field(default_factory=dict)
    facts: tuple[int, dict[str, str | bool]] | None = None
    masks: ExistingMasks | None = None
    places: tuple[Key, ...] = ()
    open: bool = False


class History:
    """The steps that can be undone and redone.

    Parameters
    ----------
    memory : int
        Bytes that they may take, about: the oldest ones are forgotten first, the last one never.
        A mask that several steps have counts once.
    """

    def __init__(self, memory: int = MEMORY) -> None:
        self._undo: deque[Step] = deque()
        self._redo: deque[Step] = deque()
        self._memory = memory
        self._taken = 0
        self._holders: dict[int, int] = {}
        # By what they have, which may still grow for those that are not in here.
        self._counted: dict[int, list[PackedMask]] = {}
        self._uncounted: list[Step] = []

    @property
    def can_undo(self) -> bool:
        return bool(self._undo)

    @property
    def can_redo(self) -> bool:
        return bool(self._redo)

    def add(self, step: Step) -> None:
        """Note a step that is about to be made."""
        still_open = []
        for earlier in self._uncounted:
            if earlier.open:
                still_open.append(earlier)
            elif earlier in self._undo:
                self._count(earlier)
        self._uncounted = [*still_open, step]
        self._undo.append(step)
        while self._taken > self._memory and len(self._undo) > 1:
            self._forget(self._undo.popleft())

    def forget_undone(self) -> None:
        """Something new has changed: what was undone before is gone by that."""
        self._redo.clear()

    def drop(self, step: Step) -> None:
        """Forget a step that has changed nothing."""
        if step in self._undo:
            self._undo.remove(step)
            self._forget(step)

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
        return self._move(self._undo, self._redo, exchange)

    def redo(self, exchange: Callable[[Step], Step]) -> Step | None:
        """Take back the last undo; None where there is none."""
        return self._move(self._redo, self._undo, exchange)

    def _move(
        self, source: deque[Step], target: deque[Step], exchange: Callable[[Step], Step]
    ) -> Step | None:
        if not source:
            return None
        step = source.pop()
        self._forget(step)
        back = exchange(step)
        target.append(back)
        self._uncounted.append(back)
        return step

    def _count(self, step: Step) -> None:
        masks = self._counted[id(step)] = list(_masks(step))
        self._taken += _RECORD * len(step.before)
        for mask in masks:
            holders = self._holders.get(id(mask), 0)
            self._holders[id(mask)] = holders + 1
            if not holders:
                self._taken += _MASK + len(mask.bits)

    def _forget(self, step: Step) -> None:
        masks = self._counted.pop(id(step), None)
        if masks is None:
            return
        self._taken -= _RECORD * len(step.before)
        for mask in masks:
            self._holders[id(mask)] -= 1
            if not self._holders[id(mask)]:
                del self._holders[id(mask)]
                self._taken -= _MASK + len(mask.bits)


def _masks(step: Step) -> Iterator[PackedMask]:
    for record in step.before.values():
        if record is not None:
            yield from record.masks()
    for held in step.held.values():
        yield from (held or {}).values()
