"""Event connections that are made and undone together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Connections:
    """Connections to napari's events, each made once."""

    def __init__(self) -> None:
        self._made: list[tuple[Any, Callable[..., Any]]] = []

    def add(self, emitter: Any, callback: Callable[..., Any]) -> None:
        """Connect `callback`; undone by :meth:`clear`."""
        emitter.connect(callback)
        self._made.append((emitter, callback))

    def clear(self) -> None:
        """Undo every connection."""
        for emitter, callback in self._made:
            emitter.disconnect(callback)
        self._made.clear()
