"""Going to an object by a click on it."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari.layers import Labels

    from napari_itis.plugin.controller import Controller


class Picking:
    """Lets the next click choose an object; the one after it is a click of the plugin again.

    It is napari's own pick mode of the mask layer. Main thread only.

    Parameters
    ----------
    controller : Controller
    """

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self._layer: Labels | None = None
        self._hidden = False
        self._positive = True

    @property
    def active(self) -> bool:
        """Whether the next click picks."""
        layer = self._layer
        chosen = layer is not None and self._controller.viewer.layers.selection.active is layer
        return chosen and layer.mode == "pick"

    def toggle(self) -> None:
        """Begin, or leave it."""
        if self.active:
            self.stop()
            return
        self._leave()
        workspace = self._controller.workspace
        mask = workspace.layers.mask if workspace is not None else None
        if mask is None:
            return
        self._controller.take_over()
        self._layer = mask
        self._hidden, self._positive = not mask.visible, self._controller.positive
        # A layer that is not visible has no mode, and showing one that is visible ends its mode.
        if self._hidden:
            mask.visible = True
        self._controller.viewer.layers.selection.active = mask
        mask.mode = "pick"
        mask.mouse_drag_callbacks.append(self._watch)
        self._controller.layers_changed.emit()

    def stop(self) -> None:
        """Go back to clicks, if this was begun."""
        if self._leave():
            self._controller.choose_sign(self._positive)

    def _leave(self) -> bool:
        layer, self._layer = self._layer, None
        if layer is None:
            return False
        if self._watch in layer.mouse_drag_callbacks:
            layer.mouse_drag_callbacks.remove(self._watch)
        if layer.mode == "pick":
            layer.mode = "pan_zoom"
        if self._hidden:
            layer.visible = False
        return True

    def _watch(self, layer: Labels, _event: Any) -> Generator[None, None, None]:
        yield
        workspace = self._controller.workspace
        if self.active and workspace is not None and workspace.layers.mask is layer:
            if int(layer.selected_label) < 1:
                layer.selected_label = workspace.label
                self._controller.notice.emit("There is no object at that place")
            self.stop()
