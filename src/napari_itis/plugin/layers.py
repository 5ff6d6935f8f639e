"""The three layers in which a user sees and changes an annotation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from napari_itis.annotation import AnnotationSession, Frame
from napari_itis.annotation.composition import Labels as Drawn
from napari_itis.inference.patch import Box
from napari_itis.plugin.axes import Axes
from napari_itis.plugin.mask_drawing import forget_thumbnail, redraw_part
from napari_itis.plugin.mask_views import mask_levels, needs_views

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image, Labels, Layer, Points

    from napari_itis.plugin.rendered_masks import RenderedMasks

Role = Literal["mask", "negative", "positive"]
ROLES: tuple[Role, ...] = ("mask", "negative", "positive")
"""From the bottom to the top of the layer list."""

POSITIVE_COLOR = "#2ecc40"
NEGATIVE_COLOR = "#ff3b30"

# Away from the green and the red of the clicks, and from each other; the first is background.
MASK_COLORS = [
    "#00000000",
    "#1e90ff",
    "#ffb000",
    "#b455ff",
    "#00c8c8",
    "#ff6fb5",
    "#f5e642",
    "#a8642a",
    "#ff7a1a",
    "#9fdcff",
    "#d8b98a",
    "#d9b3ff",
    "#8fa3b8",
]

TRANSFORM = ("scale", "translate", "rotate", "shear", "affine", "units", "axis_labels")


class LayerSet:
    """The positive, negative and mask layer of one image.

    A layer that the user removes is None from then on, until :meth:`complete` makes it again.

    Parameters
    ----------
    axes : Axes
        Of the image.
    session : AnnotationSession
        What large masks are drawn from.
    """

    def __init__(self, axes: Axes, session: AnnotationSession) -> None:
        self._axes = axes
        self._session = session
        self.views = needs_views(axes)
        """Whether the mask layer draws the session itself: no brush can paint in it."""
        self.rendered: RenderedMasks | None = None
        """What the mask layer shows in place of an array of its own."""
        self._layers: dict[Role, Layer | None] = dict.fromkeys(ROLES)
        self._removed: dict[Role, Layer] = {}
        self._hidden: dict[Role, bool] = {}

    @property
    def positive(self) -> Points | None:
        return self._layers["positive"]

    @property
    def negative(self) -> Points | None:
        return self._layers["negative"]

    @property
    def mask(self) -> Labels | None:
        return self._layers["mask"]

    def __iter__(self) -> Iterator[tuple[Role, Layer]]:
        """The layers that exist."""
        return ((role, layer) for role, layer in self._layers.items() if layer is not None)

    def points(self) -> Iterator[tuple[bool, Points]]:
        """The Points layers that exist, each with its sign."""
        for positive, layer in ((True, self.positive), (False, self.negative)):
            if layer is not None:
                yield positive, layer

    def role(self, layer: Any) -> Role | None:
        """What a layer is here; None for the layers of others."""
        return next((role for role, own in self if own is layer), None)

    @property
    def missing(self) -> tuple[Role, ...]:
        """The layers that do not exist, or were removed."""
        return tuple(role for role in ROLES if self._layers[role] is None)

    def forget(self, layer: Layer) -> Role | None:
        """Take note that a layer was removed from the viewer."""
        role = self.role(layer)
        if role is not None:
            self._layers[role] = None
            self._removed[role] = layer
        return role

    def take_back(self, layer: Layer) -> Role | None:
        """Take note that a layer which had been removed was put into the viewer again."""
        for role, removed in self._removed.items():
            if removed is layer and self._layers[role] is None:
                self._layers[role] = layer
                del self._removed[role]
                return role
        return None

    def complete(
        self, viewer: ViewerModel, image: Layer, made: Callable[[Role, Layer], None]
    ) -> None:
        """Make the layers that do not exist and put them into the viewer.

        Parameters
        ----------
        viewer : ViewerModel
        image : Layer
            The layer whose transform the new ones get.
        made : callable
            Called with each new layer before it enters the viewer.
        """
        transform = {name: getattr(image, name) for name in TRANSFORM}
        taken = {layer.name for layer in viewer.layers}
        for role in self.missing:
            name = role if role not in taken else f"{role} {image.name}"
            layer = self._new_layer(role, name, transform)
            self._layers[role] = layer
            made(role, layer)
            viewer.layers.insert(self._place(viewer, image, role), layer)

    def copy_transform(self, image: Image) -> None:
        """Follow the image to where it was moved."""
        for _, layer in self:
            for name in TRANSFORM:
                # napari draws all layers again at each, also where nothing changes.
                if not _same(getattr(layer, name), getattr(image, name)):
                    setattr(layer, name, getattr(image, name))

    def hide(self) -> None:
        """Hide the layers while another image is annotated."""
        if not self._hidden:
            self._hidden = {role: layer.visible for role, layer in self}
            for _, layer in self:
                layer.visible = False

    def show(self) -> None:
        """Show the layers that were visible before :meth:`hide`."""
        for role, layer in self:
            if self._hidden.get(role):
                layer.visible = True
        self._hidden = {}

    def write(self, frame: Frame, labels: Drawn, box: Box, on_screen: bool) -> None:
        """Put the part of a label image (int32, (H, W)) in `box` into the mask layer."""
        if self.mask is None:
            return
        whole = self.views or self.taken_over(frame)
        if not whole:
            # Past the layer's own undo, which knows nothing of clicks.
            self.mask.data[self._axes.index(frame, box)] = labels[box]
        if on_screen and (whole or not redraw_part(self.mask, self._axes.index(frame, box))):
            forget_thumbnail(self.mask)
            self.mask.refresh(extent=False, highlight=False)

    @property
    def has_array(self) -> bool:
        """Whether the mask layer holds an array of its own that is written into."""
        return self.mask is not None and isinstance(self.mask.data, np.ndarray)

    def draw_from(self, session: AnnotationSession, rendered: RenderedMasks | None) -> None:
        """Show another session of the same image from now on."""
        self._session, self.rendered = session, rendered

    def taken_over(self, frame: Frame) -> bool:
        """Take note that the session has everything that was painted on a frame.

        Returns
        -------
        bool
            Whether the mask layer shows it from there.
        """
        if self.shows_session:
            self.rendered.redraw(*frame)
        return self.shows_session

    @property
    def shows_session(self) -> bool:
        """Whether the mask layer draws the session itself, and was given no array since."""
        mask = self.mask
        return self.rendered is not None and mask is not None and mask.data is self.rendered

    def new_mask_data(self) -> Any:
        """Masks without objects, or those that are drawn when they are looked at."""
        if self.views:
            return mask_levels(self._session, self._axes)
        if self.rendered is not None:
            return self.rendered
        return self._on_all_channels(np.zeros(self._axes.of_masks.sizes, np.int32))

    def own_mask_data(self, data: Any, channel: int) -> np.ndarray:
        """A copy of an array of the mask layer's shape, as the layer holds its own.

        Of several channels, the one on screen counts.
        """
        if self._axes.channels is not None:
            index = [slice(None)] * len(self._axes.sizes)
            index[self._axes.channels] = channel
            data = data[tuple(index)]
        return self._on_all_channels(np.array(data, np.int32))

    def _on_all_channels(self, masks: np.ndarray) -> np.ndarray:
        """One and the same array for every channel: what is painted on one is on all."""
        channels = self._axes.channels
        if channels is None:
            return masks
        one = np.expand_dims(masks, channels)
        strides = [0 if axis == channels else by for axis, by in enumerate(one.strides)]
        return np.lib.stride_tricks.as_strided(one, self._axes.sizes, strides, writeable=True)

    def _place(self, viewer: ViewerModel, image: Layer, role: Role) -> int:
        below = [layer for other, layer in self if ROLES.index(other) < ROLES.index(role)]
        places = [viewer.layers.index(layer) for layer in [image, *below] if layer in viewer.layers]
        above = [
            viewer.layers.index(layer)
            for other, layer in self
            if ROLES.index(other) > ROLES.index(role) and layer in viewer.layers
        ]
        return min([max(places, default=len(viewer.layers) - 1) + 1, *above])

    def _new_layer(self, role: Role, name: str, transform: dict[str, Any]) -> Layer:
        from napari.layers import Labels, Points
        from napari.utils.colormaps import CyclicLabelColormap

        if role == "mask":
            return Labels(
                self.new_mask_data(),
                name=name,
                opacity=0.5,
                multiscale=self.views,
                colormap=CyclicLabelColormap(colors=MASK_COLORS),
                **transform,
            )
        return Points(
            np.empty((0, len(self._axes.sizes))),
            ndim=len(self._axes.sizes),
            name=name,
            face_color=POSITIVE_COLOR if role == "positive" else NEGATIVE_COLOR,
            border_color="white",
            border_width=0.08,
            **transform,
        )


def _same(one: Any, other: Any) -> bool:
    return np.array_equal(np.asarray(one), np.asarray(other))
