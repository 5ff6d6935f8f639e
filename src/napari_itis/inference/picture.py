"""Images as the network sees them: in memory, or read where it looks."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from itertools import product
from typing import Protocol

import cv2
import numpy as np

from napari_itis.inference.image import find_range, to_rgb8
from napari_itis.inference.patch import Box
from napari_itis.inference.region import Region

# Pixels that are read in one go; of more, a band at a time.
_BAND = 1 << 23
# The longest side of a region that is looked at to find an object: however coarse it is seen, the
# mask has the image's own pixels.
_MOST = 8192
_KEPT = 4
# Where the range of a large image is looked for: rows and columns of a grid, and pixels at each.
_GRID = 4
_SAMPLE = 256


class Picture(Protocol):
    """An image of which the network sees one region at a time.

    Attributes
    ----------
    shape : tuple of int
        (H, W)
    most : int or None
        The longest side of a region that is looked at just to find an object; None: any.
    """

    shape: tuple[int, int]
    most: int | None

    def look(self, region: Region) -> np.ndarray:
        """A region at the network's size, uint8 (height, width, 3)."""
        ...


class ArrayPicture:
    """An image in memory.

    Parameters
    ----------
    image : ndarray of uint8, shape (H, W, 3)
    """

    most = None

    def __init__(self, image: np.ndarray) -> None:
        self.image = image
        self.shape: tuple[int, int] = image.shape[:2]

    def look(self, region: Region) -> np.ndarray:
        """A region at the network's size, uint8 (height, width, 3)."""
        return region.resample(self.image)


class Level:
    """One resolution of a large image.

    Parameters
    ----------
    shape : tuple of int
        (H, W)
    read : callable
        Returns a rectangle of it, (h, w), (h, w, 3) or (h, w, 4), of any real dtype.
    """

    def __init__(self, shape: tuple[int, int], read: Callable[[Box], np.ndarray]) -> None:
        self.shape = (int(shape[0]), int(shape[1]))
        self.read = read


class LazyPicture:
    """An image that is too large to be read: only regions are, from the level that suffices.

    Parameters
    ----------
    levels : sequence of Level
        From the finest, whose pixels are the image's, to the coarsest.
    contrast_limits : tuple of float, optional
        See `to_rgb8`; without them, a sample of the image says what is black and white.
    """

    most = _MOST

    def __init__(
        self, levels: Sequence[Level], contrast_limits: tuple[float, float] | None = None
    ) -> None:
        self._levels = list(levels)
        self._limits = contrast_limits
        self._seen: OrderedDict[Region, np.ndarray] = OrderedDict()
        self.shape = self._levels[0].shape

    def look(self, region: Region) -> np.ndarray:
        """A region at the network's size, uint8 (height, width, 3)."""
        if region in self._seen:
            self._seen.move_to_end(region)
        else:
            self._seen[region] = self._read(region)
            while len(self._seen) > _KEPT:
                self._seen.popitem(last=False)
        return self._seen[region]

    def _read(self, region: Region) -> np.ndarray:
        level, box = self._level_for(region)
        rows, columns = box
        height, width = rows.stop - rows.start, columns.stop - columns.start
        # Whole steps only: every band is made smaller by the same amount.
        step = max(1, min(height // region.height, width // region.width))
        band = max(step, _BAND // width // step * step)
        if height * width <= _BAND:
            band, step = height, 1
        parts = []
        for start in range(rows.start, rows.stop, band):
            part = slice(start, min(start + band, rows.stop))
            pixels = to_rgb8(level.read((part, columns)), self._known_limits())
            if step > 1:
                size = (max(1, width // step), max(1, pixels.shape[0] // step))
                pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
            parts.append(pixels)
        pixels = parts[0] if len(parts) == 1 else np.concatenate(parts)
        smaller = region.height < pixels.shape[0] or region.width < pixels.shape[1]
        method = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        return cv2.resize(pixels, (region.width, region.height), interpolation=method)

    def _level_for(self, region: Region) -> tuple[Level, Box]:
        """The coarsest level with two pixels for each that the network sees, and where in it."""
        for level in reversed(self._levels):
            box = _scaled(region, self.shape, level.shape)
            rows, columns = box
            fine = level is self._levels[0]
            if fine or (
                rows.stop - rows.start >= 2 * region.height
                and columns.stop - columns.start >= 2 * region.width
            ):
                return level, box
        raise AssertionError("the finest level always suffices")

    def _known_limits(self) -> tuple[float, float] | None:
        if self._limits is None:
            coarsest = self._levels[-1]
            parts = [np.asarray(coarsest.read(box)) for box in _sampled(coarsest.shape)]
            # Alpha has a range of its own.
            pixels = [(part[..., :3] if part.ndim == 3 else part).ravel() for part in parts]
            self._limits = find_range(np.concatenate(pixels))
        return self._limits


def _sampled(shape: tuple[int, int]) -> list[Box]:
    """All of an image, or of a large one parts all over it: the middle alone may be empty."""
    height, width = shape
    if height * width <= _BAND:
        return [(slice(0, height), slice(0, width))]
    sides = []
    for size in shape:
        part = min(size, _SAMPLE)
        starts = np.linspace(0, size - part, _GRID).astype(int).tolist()
        sides.append([slice(start, start + part) for start in dict.fromkeys(starts)])
    return list(product(*sides))


def _scaled(region: Region, shape: tuple[int, int], size: tuple[int, int]) -> Box:
    """A region of an image of `shape` in a smaller version of it."""
    parts = []
    for part, whole, there in zip(region.slices, shape, size):
        low = part.start * there // whole
        high = -(-part.stop * there // whole)
        parts.append(slice(low, max(low + 1, min(high, there))))
    return parts[0], parts[1]
