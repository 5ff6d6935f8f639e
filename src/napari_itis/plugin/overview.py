"""What the widget can tell of the annotation of one viewer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_itis.plugin.axes import displayed_plane, is_turned
from napari_itis.plugin.layer_sync import LayerSync
from napari_itis.plugin.objects import ObjectInfo, list_objects

if TYPE_CHECKING:
    from napari.layers import Layer


class Overview(LayerSync):
    """What there is, as the widget, the keys and scripts ask for it. Main thread only.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    factory : callable, optional
        Makes the predictor, in the inference thread.
    """

    @property
    def label(self) -> int:
        """The object that clicks go to."""
        return self.workspace.label if self.workspace else 1

    @property
    def positive(self) -> bool:
        """The sign of a left click: that of the active layer."""
        layers = self.workspace.layers if self.workspace else None
        active = self.viewer.layers.selection.active
        return layers is None or active is None or layers.role(active) != "negative"

    @property
    def clicking(self) -> bool:
        """Whether a click on the image would reach the object."""
        active = self.viewer.layers.selection.active
        role = self.workspace.layers.role(active) if self.workspace else None
        return role in ("positive", "negative") and active.mode == "add"

    @property
    def clicks_here(self) -> int:
        """Clicks of the current object on the slice that is shown."""
        workspace = self.workspace
        return len(workspace.session.clicks(workspace.frame, workspace.label)) if workspace else 0

    @property
    def area_here(self) -> int:
        """Mask pixels of the current object on the slice that is shown, covered ones included."""
        workspace = self.workspace
        record = workspace.session.record(workspace.frame, workspace.label) if workspace else None
        return record.area if record else 0

    @property
    def flat(self) -> bool:
        """Whether the viewer shows the planes that are annotated."""
        workspace, layer = self.workspace, self._template
        if workspace is None or layer is None:
            return self.viewer.dims.ndisplay == 2
        shown = displayed_plane(self.viewer, layer)
        return shown == workspace.axes.plane and not is_turned(self.viewer, layer)

    @property
    def other_view(self) -> bool:
        """Whether the viewer shows planes of the image that could be annotated instead."""
        workspace, image = self.workspace, self.image
        if workspace is None or image is None or self.turned:
            return False
        shown, channels = displayed_plane(self.viewer, image), workspace.axes.channels
        return shown not in (None, workspace.axes.plane) and channels not in shown

    @property
    def turned(self) -> bool:
        """Whether the image is rotated or sheared out of the plane on screen."""
        layer = self._template
        return layer is not None and is_turned(self.viewer, layer)

    @property
    def _template(self) -> Layer | None:
        """A layer that lies where the image lies."""
        if self.workspace is None:
            return None
        return self.image or next((layer for _, layer in self.workspace.layers), None)

    @property
    def can_undo(self) -> bool:
        return self.workspace is not None and self.workspace.session.can_undo

    @property
    def can_redo(self) -> bool:
        return self.workspace is not None and self.workspace.session.can_redo

    @property
    def overwrites(self) -> bool:
        """Whether the current object may cover others."""
        return self.workspace is not None and self.workspace.session.overwrites(self.label)

    @property
    def missing_layers(self) -> bool:
        """Whether layers of the plugin were removed."""
        return self.workspace is not None and bool(self.workspace.layers.missing)

    @property
    def objects_known(self) -> bool:
        """Whether there is any object."""
        return self.workspace is not None and bool(self.workspace.session.objects())

    def objects(self) -> list[ObjectInfo]:
        """The objects of the image, and the current one even while it is empty."""
        return [] if self.workspace is None else list_objects(self.workspace)
