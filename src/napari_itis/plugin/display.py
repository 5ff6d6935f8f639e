"""How masks and clicks are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_itis.plugin.settings import CLICK_SIZE, click_size

if TYPE_CHECKING:
    from napari.layers import Labels, Points

    from napari_itis.plugin.controller import Controller

_OUTLINE = 2


class Display:
    """Shows, hides and fades the plugin's layers. Main thread only.

    Parameters
    ----------
    controller : Controller
    """

    def __init__(self, controller: Controller) -> None:
        self._controller = controller

    @property
    def masks_shown(self) -> bool:
        """Whether the masks are on screen."""
        mask = self._mask()
        return mask is not None and mask.visible

    @property
    def clicks_shown(self) -> bool:
        """Whether the dots of the clicks are on screen."""
        workspace = self._controller.workspace
        points = [] if workspace is None else [layer for _, layer in workspace.layers.points()]
        return any(layer.visible and layer.opacity > 0 for layer in points)

    @property
    def outlines_only(self) -> bool:
        """Whether masks are shown as outlines."""
        mask = self._mask()
        return mask is not None and mask.contour > 0

    def toggle_masks(self) -> None:
        """Hide the masks, or show them."""
        mask = self._mask()
        if mask is not None:
            mask.visible = not mask.visible
            self._controller.layers_changed.emit()

    def toggle_clicks(self) -> None:
        """Hide the dots, or show them; the layers stay there to be clicked on."""
        workspace = self._controller.workspace
        shown = self.clicks_shown
        for _, layer in () if workspace is None else workspace.layers.points():
            # A layer that is not visible takes no clicks. napari leaves its view as it was, which
            # may have more points than there are by now: any other change of it fails.
            if not (shown or layer.visible):
                layer.visible = True
            if layer.visible:
                layer.opacity = 0.0 if shown else 1.0
        self._controller.layers_changed.emit()

    def toggle_outlines(self) -> None:
        """Show masks as outlines, or filled."""
        mask = self._mask()
        if mask is not None:
            mask.contour = 0 if mask.contour else _OUTLINE
            self._controller.layers_changed.emit()

    def size_clicks(self) -> None:
        """Show the dots of all images as large as the user prefers."""
        for workspace in self._controller.workspaces:
            for _, layer in workspace.layers.points():
                size_clicks(layer, workspace.session.shape)

    def change_opacity(self, by: float) -> None:
        """Show the masks stronger or fainter."""
        mask = self._mask()
        if mask is not None:
            mask.opacity = min(max(round(mask.opacity + by, 2), 0.1), 1.0)

    def _mask(self) -> Labels | None:
        workspace = self._controller.workspace
        return workspace.layers.mask if workspace is not None else None


def size_clicks(layer: Points, shape: tuple[int, int]) -> None:
    """Show the dots of a layer as large as the user prefers, over an image of (H, W) pixels."""
    wanted = click_size()
    # Large images are shown small at first: the dots must not vanish in them, nor cover what they
    # mark once one zooms in. The border takes the lower limit.
    layer.current_size = max(15, max(shape) / 40) * wanted / CLICK_SIZE
    layer.size = layer.current_size
    layer.canvas_size_limits = (2, wanted)
