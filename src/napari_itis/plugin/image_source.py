"""Image planes as a napari layer shows them, read where they are needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_itis.annotation import Frame
from napari_itis.annotation.metadata import fingerprint
from napari_itis.annotation.tiles import LARGE_PLANE
from napari_itis.inference.patch import Box
from napari_itis.plugin.axes import Axes, level_shapes
from napari_itis.plugin.readers import METADATA

if TYPE_CHECKING:
    from napari.layers import Image

    from napari_itis.inference.picture import LazyPicture


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """One image plane and how to read it.

    Parameters
    ----------
    key : tuple
        Names the pixels and the contrast: planes with equal keys look the same to the network.
    contrast_limits : tuple of float, optional
        As the layer shows it; None for colour images.
    shapes : tuple of tuple of int
        (H, W) at every resolution, the finest first.
    read_part : callable
        Takes the number of a resolution and a rectangle of it.
    """

    key: tuple[Any, ...]
    contrast_limits: tuple[float, float] | None
    shapes: tuple[tuple[int, int], ...]
    read_part: Callable[[int, Box], np.ndarray]

    def read(self) -> np.ndarray:
        """The plane, (H, W) or (H, W, 3|4). Slow for lazy arrays: for the inference thread."""
        height, width = self.shapes[0]
        return self.read_part(0, (slice(0, height), slice(0, width)))

    def picture(self) -> np.ndarray | LazyPicture:
        """The plane for a predictor: a large one is read where the network looks only."""
        height, width = self.shapes[0]
        if height * width <= LARGE_PLANE:
            return self.read()
        from napari_itis.inference.picture import LazyPicture, Level

        def level(number: int) -> Level:
            return Level(self.shapes[number], lambda box: self.read_part(number, box))

        return LazyPicture([level(n) for n in range(len(self.shapes))], self.contrast_limits)


class ImageSource:
    """The planes of an image layer.

    Parameters
    ----------
    layer : napari.layers.Image
        Any number of axes. Coordinates are those of its finest resolution.
    axes : Axes, optional
        Which of them are the plane; by default the last two (before the colours of an RGB image).
    shown : tuple of int
        One channel, or three as red, green and blue; empty: the one on screen.
    """

    _versions = 0

    def __init__(self, layer: Image, axes: Axes | None = None, shown: tuple[int, ...] = ()) -> None:
        self.axes = axes or Axes.of(layer)
        self.shown = shown
        self.rgb = bool(layer.rgb)
        self._levels = list(layer.data) if layer.multiscale else [layer.data]
        self._sizes = [shape[: layer.ndim] for shape in level_shapes(layer)]
        self.dtype = str(self._levels[0].dtype)
        # Not id(): an array that is gone may hand its id on to the next one.
        ImageSource._versions += 1
        self._version = ImageSource._versions

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W)"""
        return self.axes.shape

    @property
    def slices(self) -> Frame:
        """Sizes of the axes in front of the plane."""
        return self.axes.slices

    def pixels(self, frame: Frame) -> Window:
        """The pixels of a frame as the layer holds them; nothing is read yet."""
        return Window(self._levels[0], self.axes, frame)

    def has_pixels_of(self, layer: Image) -> bool:
        """Whether a layer of the same size shows the same, as far as that is quickly seen."""
        own, other = self._levels[0], layer.data[0] if layer.multiscale else layer.data
        if own is other or not (isinstance(own, np.ndarray) and isinstance(other, np.ndarray)):
            return True
        axes, (shape, slices) = self.axes, (self.shape, self.slices)
        return fingerprint(self.pixels, shape, slices) == fingerprint(
            lambda frame: Window(other, axes, frame), shape, slices
        )

    def plane(self, layer: Image, frame: Frame, channel: int = 0) -> Plane:
        """The plane of a frame with the contrast that the layer has at this moment.

        Parameters
        ----------
        layer : napari.layers.Image
        frame : tuple of int
        channel : int
            The one on screen.
        """
        levels, sizes = self._levels, self._sizes
        limits = None if self.rgb else tuple(float(limit) for limit in layer.contrast_limits)
        channels = self.shown or (channel,)
        if self.axes.channels is None:
            channels = (0,)
        axes = [Axes(size, self.axes.plane, self.axes.channels) for size in sizes]

        def read_part(number: int, box: Box) -> np.ndarray:
            there = tuple(
                min(index * small // large, small - 1)
                for index, small, large in zip(frame, axes[number].slices, axes[0].slices)
            )
            found = [
                np.asarray(levels[number][axes[number].index(there, box, which)])
                for which in channels
            ]
            return found[0] if len(found) == 1 else np.stack(found, -1)

        shapes = tuple(one.shape for one in axes)
        return Plane((self._version, frame, limits, channels), limits, shapes, read_part)


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """A frame of which only what is asked for is read: `window[rows, columns]`."""

    data: Any
    axes: Axes
    frame: Frame

    def __getitem__(self, box: Box) -> np.ndarray:
        return np.asarray(self.data[self.axes.index(self.frame, box)])


def has_planes(layer: Any) -> bool:
    """Whether a layer is an image with at least one plane to click on."""
    from napari.layers import Image

    return isinstance(layer, Image) and layer.ndim >= 2


def hides(layer: Any) -> bool:
    """Whether a layer is an image through which nothing below it is to be seen."""
    opaque = layer.opacity == 1 and not str(layer.blending).startswith(("add", "min", "mult"))
    return has_planes(layer) and layer.visible and opaque


def image_path(image: Image) -> str:
    """Where an image layer came from: a file, a folder of frames; empty where that is not known."""
    known = image.metadata.get(METADATA) or {}
    source = known.get("source")
    path = source.frames if source is not None else image.source.path
    return str(Path(path).absolute()) if path else ""
