"""Which sign a mouse button means."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

LEFT, RIGHT = 1, 2


class Gesture:
    """Watches the mouse on a Points layer in add mode.

    napari adds a point to the active layer whichever button was pressed. This notes, from press to
    release, what the button and the keys meant, so that the point can be put where it belongs.

    Parameters
    ----------
    layer : napari.layers.Points
    positive : bool
        The sign of the layer.
    """

    def __init__(self, layer: Any, positive: bool) -> None:
        self._layer = layer
        self._positive = positive
        self.sign: bool | None = positive
        """Sign of the points that are added now; None: of no click at all."""
        layer.mouse_drag_callbacks.append(self._watch)
        layer.events.mode.connect(self._stay_last)

    def disconnect(self) -> None:
        """Stop watching."""
        self.sign = self._positive
        if self._watch in self._layer.mouse_drag_callbacks:
            self._layer.mouse_drag_callbacks.remove(self._watch)
        self._layer.events.mode.disconnect(self._stay_last)

    def _stay_last(self) -> None:
        # On release napari's own callback adds the point: the sign is forgotten after that only.
        self._layer.mouse_drag_callbacks.remove(self._watch)
        self._layer.mouse_drag_callbacks.append(self._watch)

    def _watch(self, layer: Any, event: Any) -> Generator[None, None, None]:
        if layer.mode != "add":
            return
        if event.button == RIGHT or (event.button == LEFT and "Control" in event.modifiers):
            self.sign = False
        elif event.button != LEFT:
            self.sign = None
        yield
        while event.type == "mouse_move":
            yield
        self.sign = self._positive
