"""Which events of viewer and layers reach the controller, and what they mean."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QTimer

from napari_itis.annotation import Frame
from napari_itis.inference.patch import Box
from napari_itis.plugin.actions import ACTIONS, Action
from napari_itis.plugin.axes import Axes
from napari_itis.plugin.connections import Connections
from napari_itis.plugin.display import size_clicks
from napari_itis.plugin.gestures import Gesture
from napari_itis.plugin.image_source import has_planes
from napari_itis.plugin.keys import Keys
from napari_itis.plugin.layers import TRANSFORM, Role

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer

    from napari_itis.plugin.controller import Controller
    from napari_itis.plugin.workspace import Workspace

# The first of a pair comes before the change: nothing has happened yet.
_BEFORE = ("adding", "removing", "changing")


def on_screen(layer: Layer, axes: Axes) -> Box | None:
    """Rows and columns of an image that a layer of its size shows; None if it shows nothing."""
    corners, factors = np.asarray(layer.corner_pixels), np.ones(layer.ndim)
    if layer.multiscale:
        factors = np.asarray(layer.downsample_factors)[layer.data_level][: layer.ndim]
    parts = []
    for axis, size in zip(axes.plane, axes.shape):
        low, high = corners[:, axis] * factors[axis]
        if high <= low:
            return None
        parts.append(slice(max(0, int(low)), min(size, int(high + factors[axis]))))
    return parts[0], parts[1]


def _area(box: Box) -> int:
    return (box[0].stop - box[0].start) * (box[1].stop - box[1].start)


class LayerEvents:
    """Connects a controller to a viewer and to the layers of its workspace.

    Parameters
    ----------
    controller : Controller
    """

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self._viewer_connections = Connections()
        self._layer_connections: dict[Role | None, Connections] = {}
        self._keys: list[Keys] = []
        self._mask_keys: Keys | None = None
        self._writers = 0
        self.connected = False
        self._pressed = False
        self._interrupted = False

    @property
    def is_writing(self) -> bool:
        """Whether the controller itself is changing the layers."""
        return self._writers > 0

    @property
    def painting(self) -> bool:
        """Whether a brush stroke is under way, be it an outline with no button held."""
        workspace = self._controller.workspace
        mask = workspace.layers.mask if workspace is not None else None
        encircling = _encircling(mask) if mask is not None else None
        return self._pressed or (encircling is not None and encircling.active)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Changes of the layers made in here are the controller's own."""
        self._writers += 1
        try:
            yield
        finally:
            self._writers -= 1

    # The viewer.

    def connect(self, viewer: ViewerModel) -> None:
        """Listen to the viewer and bind the keys."""
        controller, add = self._controller, self._viewer_connections.add
        self.connected = True
        add(viewer.layers.events.inserted, self._on_inserted)
        add(viewer.layers.events.removed, self._on_removed)
        add(viewer.layers.events.renamed, self._on_layers)
        add(viewer.layers.events.reordered, self._on_layers)
        add(viewer.layers.selection.events.active, self._on_layers)
        add(viewer.dims.events.point, self._on_point)
        add(viewer.dims.events.order, self._on_display)
        add(viewer.dims.events.ndisplay, self._on_display)
        self._keys = [Keys(viewer, _by_key(controller, ACTIONS))]
        self._keys[0].bind()

    def disconnect(self) -> None:
        """Stop listening to viewer and layers, and put the keys back."""
        self.connected = False
        self.leave_layers()
        self._viewer_connections.clear()
        for keys in self._keys:
            keys.unbind()
        self._keys = []

    def visible_frame(self, workspace: Workspace) -> Frame | None:
        """The slice on screen; None where there is no layer to tell it from."""
        layer = self._controller.image or next((own for _, own in workspace.layers), None)
        if layer is None:
            return None
        index = workspace.axes.shown_index(
            np.asarray(layer.world_to_data(self._controller.viewer.dims.point))
        )
        return tuple(index[axis] for axis in workspace.axes.along)

    def visible_channel(self, workspace: Workspace) -> int:
        """The channel on screen; 0 where there is none."""
        layer, axis = self._controller.image, workspace.axes.channels
        if layer is None or axis is None:
            return 0
        point = np.asarray(layer.world_to_data(self._controller.viewer.dims.point))
        return workspace.axes.shown_index(point)[axis]

    def screen(self, workspace: Workspace) -> Box | None:
        """Rows and columns of the image that are on screen; None where nothing is known of it."""
        known = [
            on_screen(layer, workspace.axes)
            for layer in (self._controller.image, workspace.layers.mask)
            if layer is not None and layer.visible
        ]
        # Of an array in chunks napari reads whole ones: the masks tell more exactly what is seen.
        boxes = [box for box in known if box is not None]
        return min(boxes, key=_area, default=None)

    def show_frame(self, workspace: Workspace, frame: Frame) -> None:
        """Move the sliders to a slice."""
        layer = self._controller.image or next((own for _, own in workspace.layers), None)
        if layer is None or not frame:
            return
        dims = self._controller.viewer.dims
        along = workspace.axes.along
        world = layer.data_to_world(workspace.axes.join((*frame, 0, 0), workspace.channel))
        before = dims.ndim - layer.ndim
        dims.set_point([before + axis for axis in along], [float(world[axis]) for axis in along])

    def _on_inserted(self, event: Any) -> None:
        workspace = self._controller.workspace
        if workspace is not None and not self.is_writing:
            role = workspace.layers.take_back(event.value)
            if role is not None:
                self.enter_layer(role, event.value)
                self._controller.take_over_soon()
            elif self._controller.image is None and has_planes(event.value):
                # Not now: others still have to hear that the layer is there.
                QTimer.singleShot(0, self._controller.take_next_image)
            else:
                QTimer.singleShot(0, self._controller.correct_masks_of_video)
        self._on_layers()

    def _on_removed(self, event: Any) -> None:
        controller, layer = self._controller, event.value
        workspace = controller.workspace
        if workspace is not None:
            if workspace.layers.role(layer) == "mask":
                # What was painted a moment ago may not have been read yet.
                controller.take_over()
            role = workspace.layers.forget(layer)
            if role is not None:
                self._leave_layer(role, layer)
                controller.notice.emit(
                    f"The {role} layer was removed; its content is kept and can be shown again"
                )
            elif layer is workspace.image:
                controller.notice.emit(
                    "The image was removed; its objects are kept until it is opened again"
                )
        self._on_layers()

    def _on_layers(self, _event: Any = None) -> None:
        self._controller.layers_changed.emit()

    def _on_point(self, _event: Any = None) -> None:
        self._controller.frame_changed()

    def _on_display(self, _event: Any = None) -> None:
        controller = self._controller
        if controller.workspace is not None and not controller.flat:
            for _, layer in controller.workspace.layers.points():
                self._interrupted = self._interrupted or layer.mode == "add"
                layer.mode = "pan_zoom"
            controller.follow_view()
        elif self._interrupted and controller.flat:
            self._interrupted = False
            controller.choose_sign(controller.positive)
        controller.layers_changed.emit()

    # The layers of a workspace.

    def enter(self, workspace: Workspace) -> None:
        """Listen to the layers of a workspace; those that left the viewer are noted as missing."""
        self.leave_layers()
        viewer = self._controller.viewer
        for role, layer in list(workspace.layers):
            if layer in viewer.layers:
                self.enter_layer(role, layer)
            else:
                workspace.layers.forget(layer)
        image = workspace.image
        connections = self._layer_connections.setdefault(None, Connections())
        if image is not None:
            # It may have been moved while nobody listened.
            workspace.layers.copy_transform(image)
            connections.add(image.events.data, self._on_image_data)
            for name in TRANSFORM:
                connections.add(getattr(image.events, name), self._on_transform)

    def enter_layer(self, role: Role, layer: Layer) -> None:
        """Listen to one layer of the workspace."""
        workspace = self._controller.workspace
        connections = self._layer_connections.setdefault(role, Connections())
        connections.clear()
        if role == "mask":
            workspace.watch.stop()
            connections.add(layer.events.paint, self._on_painted)
            connections.add(layer.events.data, self._on_mask_data)
            connections.add(layer.events.selected_label, self._on_selected_label)
            encircling = _encircling(layer)
            if encircling is not None:
                connections.add(encircling.events.active, self._on_encircling)
            layer.mouse_drag_callbacks.append(self._watch_stroke)
            # The layer's own undo knows nothing of clicks: there is one undo, and it is ours.
            own = {name: ACTIONS[name] for name in ("undo", "redo")}
            self._mask_keys = Keys(layer, _by_key(self._controller, own))
            self._mask_keys.bind()
        else:
            size_clicks(layer, workspace.session.shape)
            connections.add(layer.events.data, self._on_points)
            connections.add(layer.events.set_data, self._on_points_drawn)
            connections.add(layer.events.mode, self._on_layers)
            workspace.gestures[role == "positive"] = Gesture(layer, role == "positive")

    def leave_layers(self) -> None:
        """Stop listening to the layers of the workspace."""
        workspace = self._controller.workspace
        if workspace is not None:
            for role, layer in workspace.layers:
                self._leave_layer(role, layer)
        for connections in self._layer_connections.values():
            connections.clear()

    def _leave_layer(self, role: Role, layer: Layer) -> None:
        workspace = self._controller.workspace
        if role in self._layer_connections:
            self._layer_connections.pop(role).clear()
        if role == "mask":
            self._pressed = False
            encircling = _encircling(layer)
            if encircling is not None and encircling.active:
                # It is not closed: given up, as where another mode is chosen.
                encircling.abort(layer)
            self._controller.write_waiting()
            if self._watch_stroke in layer.mouse_drag_callbacks:
                layer.mouse_drag_callbacks.remove(self._watch_stroke)
            if self._mask_keys is not None:
                self._mask_keys.unbind()
                self._mask_keys = None
            workspace.watch.start(layer, lambda: self.is_writing)
        else:
            gesture = workspace.gestures.pop(role == "positive", None)
            if gesture is not None:
                gesture.disconnect()

    def _on_points(self, event: Any) -> None:
        if str(getattr(event, "action", "changed")) not in _BEFORE:
            self._controller.take_over()

    def _on_points_drawn(self, event: Any) -> None:
        # Pasting fires no other event. Not now: the layer may be half way through a change.
        if not self.is_writing and self._controller.workspace.miscounts(event.source):
            self._controller.take_over_soon()

    def _on_painted(self, event: Any) -> None:
        # A fill from a script announces itself before it has written the pixels.
        if not self.is_writing:
            self._controller.workspace.watch.note_painted(event)
            self._controller.take_over_soon()

    def _on_mask_data(self, event: Any) -> None:
        if not self.is_writing:
            self._controller.mask_replaced()

    def _on_selected_label(self, event: Any) -> None:
        if not self.is_writing:
            self._controller.select_object(int(event.source.selected_label))

    def _on_image_data(self, _event: Any = None) -> None:
        self._controller.image_data_changed()

    def _on_transform(self, _event: Any = None) -> None:
        workspace = self._controller.workspace
        if workspace is not None and workspace.image is not None:
            workspace.layers.copy_transform(workspace.image)
            # The slider stays where it is in the world: another slice may lie there now.
            self._controller.frame_changed()

    def _watch_stroke(self, layer: Any, event: Any) -> Generator[None, None, None]:
        if layer.mode not in ("paint", "erase", "fill", "polygon"):
            return
        self._pressed = True
        yield
        while event.type == "mouse_move":
            yield
        self._pressed = False
        self._controller.take_over_soon()

    def _on_encircling(self, active: bool) -> None:
        if not active:
            self._controller.take_over_soon()


def _encircling(mask: Layer) -> Any:
    """The stroke around an area that a right click begins in napari 0.9; None in older ones."""
    return getattr(mask, "_overlays", {}).get("brush_stroke")


def _by_key(
    controller: Controller, actions: Mapping[str, Action]
) -> dict[str, Callable[[], object]]:
    return {
        action.key: partial(action.run, controller) for action in actions.values() if action.key
    }
