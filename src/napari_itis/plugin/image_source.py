"""Image planes as a napari layer shows them, read where they are needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_itis.annotation import Frame
from napari_itis.plugin.readers import METADATA

if TYPE_CHECKING:
    from napari.layers import Image


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """One image plane and how to read it.

    Parameters
    ----------
    key : tuple
        Names the pixels and the contrast: planes with equal keys look the same to the network.
    read : callable
        Returns the plane, (H, W) or (H, W, 3|4). Slow for lazy arrays: for the inference thread.
    contrast_limits : tuple of float, optional
        As the layer shows it; None for colour images.
    """

    key: tuple[Any, ...]
    read: Callable[[], np.ndarray]
    contrast_limits: tuple[float, float] | None


class ImageSource:
    """The planes of an image layer.

    Parameters
    ----------
    layer : napari.layers.Image
        Any number of axes; the last two (before the channels of a colour image) are the plane.
        Of a multiscale image the finest level counts, as its coordinates are the layer's.
    """

    _versions = 0

    def __init__(self, layer: Image) -> None:
        self.rgb = bool(layer.rgb)
        self._data = layer.data[0] if layer.multiscale else layer.data
        axes = self._data.shape[:-1] if self.rgb else self._data.shape
        self.shape: tuple[int, int] = (int(axes[-2]), int(axes[-1]))
        self.slices: Frame = tuple(int(size) for size in axes[:-2])
        self.dtype = str(self._data.dtype)
        # Not id(): an array that is gone may hand its id on to the next one.
        ImageSource._versions += 1
        self._version = ImageSource._versions

    def pixels(self, frame: Frame) -> Any:
        """The pixels of a frame as the layer holds them; lazy arrays may not be read yet."""
        return self._data[frame]

    def plane(self, layer: Image, frame: Frame) -> Plane:
        """The plane of a frame with the contrast that the layer has at this moment."""
        data = self._data
        limits = None if self.rgb else tuple(float(limit) for limit in layer.contrast_limits)

        def read() -> np.ndarray:
            return np.asarray(data[frame])

        return Plane((self._version, frame, limits), read, limits)


def has_planes(layer: Any) -> bool:
    """Whether a layer is an image with at least one plane to click on."""
    from napari.layers import Image

    return isinstance(layer, Image) and layer.ndim >= 2


def image_path(image: Image) -> str:
    """Where an image layer came from: a file, a folder of frames; empty where that is not known."""
    known = image.metadata.get(METADATA) or {}
    source = known.get("source")
    path = source.frames if source is not None else image.source.path
    return str(Path(path).absolute()) if path else ""
