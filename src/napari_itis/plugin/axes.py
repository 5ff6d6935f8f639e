"""Which axes of an image are the plane that is annotated, and which are slices or channels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_itis.annotation import Frame
from napari_itis.annotation.metadata import AxesFacts
from napari_itis.inference.patch import Box

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer

_WHOLE = (slice(None), slice(None))
_CHANNELS = ("c", "ch", "channel", "channels")
# A stack of more planes than this is no choice of channels, unless it is called so.
_MOST_CHANNELS = 16


@dataclass(frozen=True, slots=True)
class Axes:
    """The axes of a layer, those of the colours of an RGB image left out.

    Parameters
    ----------
    sizes : tuple of int
        Of all axes of the data.
    plane : tuple of int
        The axes y and x of what is annotated, in the order of the data.
    channels : int, optional
        The axis of the channels: an object is the same on all of them.
    """

    sizes: tuple[int, ...]
    plane: tuple[int, int]
    channels: int | None = None

    @classmethod
    def of(
        cls, layer: Layer, plane: tuple[int, int] | None = None, channels: int | None = None
    ) -> Axes:
        """The axes of a layer; its last two are the plane unless another one is named."""
        sizes = tuple(int(size) for size in level_shapes(layer)[0][: layer.ndim])
        last = (layer.ndim - 2, layer.ndim - 1)
        return cls(sizes, last if plane is None or channels in plane else plane, channels)

    @classmethod
    def stored(cls, layer: Layer, facts: AxesFacts | None) -> Axes:
        """The axes that a session file names, where the layer has them."""
        if facts is None or not 0 <= facts.plane[0] < facts.plane[1] < layer.ndim:
            return cls.of(layer)
        known = facts.channels in possible_channels(layer)
        return cls.of(layer, facts.plane, facts.channels if known else None)

    def usable(self, shown: tuple[int, ...]) -> tuple[int, ...]:
        """Channels as a session file names them, if these axes have them; else none."""
        count = 0 if self.channels is None else self.sizes[self.channels]
        fine = len(shown) in (1, 3) and all(0 <= channel < count for channel in shown)
        return tuple(shown) if fine else ()

    def facts(self, shown: tuple[int, ...]) -> AxesFacts | None:
        """What a session file says; None for planes of the last two axes without channels."""
        return None if self.plain else AxesFacts(self.plane, self.channels, shown)

    @property
    def plain(self) -> bool:
        """Whether the plane is the last two axes, and all others are slices."""
        return self.channels is None and self.plane == (len(self.sizes) - 2, len(self.sizes) - 1)

    @property
    def along(self) -> tuple[int, ...]:
        """The axes of the slices."""
        taken = (*self.plane, self.channels)
        return tuple(axis for axis in range(len(self.sizes)) if axis not in taken)

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W) of the plane."""
        return self.sizes[self.plane[0]], self.sizes[self.plane[1]]

    @property
    def slices(self) -> Frame:
        """Sizes of the axes of the slices."""
        return tuple(self.sizes[axis] for axis in self.along)

    @property
    def of_masks(self) -> Axes:
        """The axes of masks that have no channels."""
        if self.channels is None:
            return self
        left = [axis for axis in range(len(self.sizes)) if axis != self.channels]
        plane = (left.index(self.plane[0]), left.index(self.plane[1]))
        return Axes(tuple(self.sizes[axis] for axis in left), plane)

    def split(self, point: Sequence[float]) -> tuple[float, ...]:
        """A point of the data as slice axes, y and x."""
        return tuple(float(point[axis]) for axis in (*self.along, *self.plane))

    def join(self, point: Sequence[float], channel: int) -> tuple[float, ...]:
        """Slice axes, y and x as a point of the data."""
        joined = [float(channel)] * len(self.sizes)
        for axis, value in zip((*self.along, *self.plane), point):
            joined[axis] = float(value)
        return tuple(joined)

    def index(self, frame: Frame, box: Box = _WHOLE, channel: int = 0) -> tuple[Any, ...]:
        """A rectangle of a frame as an index into the data."""
        index: list[Any] = [channel] * len(self.sizes)
        for axis, value in zip((*self.along, *self.plane), (*frame, *box)):
            index[axis] = value
        return tuple(index)

    def shown_index(self, values: Sequence[float]) -> tuple[int, ...]:
        """The nearest indices, for every axis of the data; of two as near, the one napari shows."""
        return tuple(
            int(np.clip(np.rint(np.nan_to_num(value)), 0, size - 1))
            for value, size in zip(values, self.sizes)
        )


def level_shapes(layer: Layer) -> list[tuple[int, ...]]:
    """The shape of the data at every resolution, the finest first."""
    levels = layer.data if layer.multiscale else [layer.data]
    return [tuple(int(size) for size in level.shape) for level in levels]


def channel_axis(layer: Layer) -> int | None:
    """The axis that a layer calls its channels; None where no name says so."""
    names = [str(name).lower() for name in layer.axis_labels]
    found = [axis for axis, name in enumerate(names) if name in _CHANNELS]
    return found[0] if len(found) == 1 and layer.ndim > 2 else None


def possible_channels(layer: Layer) -> list[int]:
    """Axes that may be channels: those of few planes, and the one that is called so."""
    if layer.ndim < 3 or getattr(layer, "rgb", False):
        return []
    sizes, named = level_shapes(layer)[0], channel_axis(layer)
    return [
        axis
        for axis in range(layer.ndim)
        if axis == named or (1 < sizes[axis] <= _MOST_CHANNELS and axis < layer.ndim - 2)
    ]


def displayed_plane(viewer: ViewerModel, layer: Layer) -> tuple[int, int] | None:
    """The axes of a layer's data that are on screen; None where they are no plane of it."""
    dims = viewer.dims
    axes = sorted(axis - (dims.ndim - layer.ndim) for axis in dims.displayed)
    # Of a photo alone, two axes are displayed in 3-D as well.
    flat = dims.ndisplay == 2 and len(axes) == 2
    return (axes[0], axes[1]) if flat and axes[0] >= 0 else None


def is_turned(viewer: ViewerModel, layer: Layer) -> bool:
    """Whether a layer is rotated or sheared out of the plane on screen: clicks would miss it."""
    plane = displayed_plane(viewer, layer)
    if plane is None:
        return False
    origin = np.asarray(layer.world_to_data(np.zeros(layer.ndim)))
    steps = np.array([layer.world_to_data(step) for step in np.eye(layer.ndim)]) - origin
    others = [axis for axis in range(layer.ndim) if axis not in plane]
    largest = np.abs(steps).max(0)
    return bool((np.abs(steps[np.ix_(plane, others)]) > 1e-4 * largest[others]).any())
