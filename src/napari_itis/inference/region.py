"""Which part of the image the network looks at, and at which size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from napari_itis.clicks import Click
from napari_itis.inference.patch import Box, Patch

MAX_PIXELS = 1_500_000
MAX_MAGNIFICATION = 4.0
# The network's output stride. Encoders pad other sizes in ways that it never saw in training, which
# costs half a click on average.
STRIDE = 16
CONTEXT = 1.4
WIDER_CONTEXT = 2.0
_MIN_ASPECT = 0.6

# Longer sides, in pixels of the image: up to here an image is looked at as a whole whatever is on
# the screen; up to here if nothing is known of the screen; and how near the first look is then.
_SMALL = 2048
_SEEN_AS_A_WHOLE = 4096
_NEAR = 2048
# More pixels than this are looked at through every so manieth of them only.
_MANY = 1 << 24


@dataclass(frozen=True)
class Region:
    """A rectangle of the image, resampled to `height` x `width` for the network.

    Attributes
    ----------
    top, left, bottom, right : int
        In pixels of the image, the end excluded.
    height, width : int
        Size at which the network sees it, in pixels.
    """

    top: int
    left: int
    bottom: int
    right: int
    height: int
    width: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """The rectangle as an index into the image."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W) in the image."""
        return self.bottom - self.top, self.right - self.left

    @property
    def scale(self) -> float:
        """Magnification of the longer side."""
        return max(self.height, self.width) / max(self.shape)

    def resample(self, image: np.ndarray) -> np.ndarray:
        """The rectangle of an image, uint8 (H, W, 3), at the network's size."""
        part = image[self.slices]
        smaller = self.height < part.shape[0] or self.width < part.shape[1]
        method = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        return cv2.resize(part, (self.width, self.height), interpolation=method)

    def resample_mask(self, mask: np.ndarray | Patch) -> np.ndarray:
        """The rectangle of a bool mask (H, W) at the network's size."""
        if isinstance(mask, Patch):
            if not mask.any():
                return np.zeros((self.height, self.width), bool)
            part = mask.within(self.slices, self._step).astype(np.uint8) * 255
        else:
            part = mask[self.slices].astype(np.uint8) * 255
        smaller = self.height < part.shape[0] or self.width < part.shape[1]
        method = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        return cv2.resize(part, (self.width, self.height), interpolation=method) > 127

    def share(self, mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """Share of a bool mask (H, W) in each cell of a grid over the rectangle, float32."""
        part = mask[self.slices].astype(np.float32)
        return cv2.resize(part, size[::-1], interpolation=cv2.INTER_AREA)

    def restore(self, values: np.ndarray) -> np.ndarray:
        """Values at the network's size, float32, resampled to the rectangle's own size."""
        height, width = self.shape
        return cv2.resize(values, (width, height), interpolation=cv2.INTER_LINEAR)

    @property
    def _step(self) -> int:
        """Of how many pixels one is enough to see a mask: never fewer than four a network pixel."""
        height, width = self.shape
        if height * width <= _MANY:
            return 1
        return max(1, min(height // self.height, width // self.width) // 4)

    def restore_part(self, values: np.ndarray, box: Box) -> np.ndarray:
        """As `restore`, for a part of the rectangle only.

        Parameters
        ----------
        values : ndarray of float32
            At the network's size.
        box : tuple of slice
            Within the rectangle, in pixels of the image.
        """
        rows, columns = box
        height, width = self.shape
        if height * width <= _MANY:
            inner = (
                slice(rows.start - self.top, rows.stop - self.top),
                slice(columns.start - self.left, columns.stop - self.left),
            )
            return self.restore(values)[inner]
        down, across = self.height / height, self.width / width
        to_network = np.array(
            [
                [across, 0, (columns.start - self.left + 0.5) * across - 0.5],
                [0, down, (rows.start - self.top + 0.5) * down - 0.5],
            ]
        )
        size = (columns.stop - columns.start, rows.stop - rows.start)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(
            values, to_network, size, flags=flags, borderMode=cv2.BORDER_REPLICATE
        )

    def to_region(self, clicks: Sequence[Click]) -> list[Click]:
        """Clicks of the image in pixels of the resampled rectangle; those outside are left out."""
        down, across = self.height / self.shape[0], self.width / self.shape[1]
        moved = []
        for click in clicks:
            row, column = click.pixel
            if self.top <= row < self.bottom and self.left <= column < self.right:
                y = (row - self.top + 0.5) * down - 0.5
                x = (column - self.left + 0.5) * across - 0.5
                moved.append(Click(y, x, click.positive))
        return moved

    def halved(self) -> Region:
        """The same rectangle at half the network's size."""
        return replace(self, height=_whole(self.height / 2), width=_whole(self.width / 2))

    def touches(self, mask: np.ndarray, shape: tuple[int, int]) -> bool:
        """Whether a mask of the rectangle runs into a side that is not the image's own.

        Parameters
        ----------
        mask : ndarray of bool
            Of the rectangle, at any size.
        shape : tuple of int
            (H, W) of the image.
        """
        return bool(
            (self.top > 0 and mask[0].any())
            or (self.left > 0 and mask[:, 0].any())
            or (self.bottom < shape[0] and mask[-1].any())
            or (self.right < shape[1] and mask[:, -1].any())
        )


def whole_image(shape: tuple[int, int], working_size: int | None) -> Region:
    """The whole image, its longer side brought to `working_size`.

    Parameters
    ----------
    shape : tuple of int
        (H, W) of the image.
    working_size : int or None
        In pixels; None keeps the image's own resolution, up to 1.5 megapixels.

    Returns
    -------
    Region
    """
    return _sized(0, 0, *shape, working_size)


def first_look(
    shape: tuple[int, int],
    clicks: Sequence[Click],
    working_size: int,
    screen: Box | None = None,
    most: int | None = None,
) -> Region:
    """Where to look for an object of which nothing is known but clicks.

    The whole image, unless it is so large that the object may be lost in it: then what the user
    sees, who would not click on what is too small to be seen, or the clicks' surroundings.

    Parameters
    ----------
    shape : tuple of int
        (H, W) of the image.
    clicks : sequence of Click
    working_size : int
        Longer side for the network, in pixels.
    screen : tuple of slice, optional
        The part of the image on screen.
    most : int, optional
        The longest side that is worth reading; larger where the clicks need it.

    Returns
    -------
    Region
    """
    longest = max(shape)
    known = screen is not None and all(part.stop - part.start > 1 for part in screen)
    if longest <= _SMALL or (not known and longest <= min(_SEEN_AS_A_WHOLE, most or longest)):
        return whole_image(shape, working_size)
    box = _bounding_box(shape, None, clicks)
    if known:
        seen = (screen[0].start, screen[1].start, screen[0].stop, screen[1].stop)
        box = (
            min(box[0], seen[0]),
            min(box[1], seen[1]),
            max(box[2], seen[2]),
            max(box[3], seen[3]),
        )
    least = working_size / 2 if known else _NEAR
    region = _cut(shape, box, least, working_size)
    if most is not None and max(region.shape) > most:
        region = _cut(shape, _bounding_box(shape, None, clicks), most, working_size)
    return region


def wider(region: Region, shape: tuple[int, int], working_size: int) -> Region:
    """A region twice as wide around the same place."""
    box = (region.top, region.left, region.bottom, region.right)
    return _cut(shape, box, 2 * max(region.shape), working_size)


def around(
    shape: tuple[int, int],
    mask: np.ndarray | Patch | None,
    clicks: Sequence[Click],
    working_size: int,
    context: float = CONTEXT,
) -> Region:
    """The region around an object: its whole mask, all clicks, and some context.

    Parameters
    ----------
    shape : tuple of int
        (H, W) of the image.
    mask : ndarray of bool, shape (H, W), Patch, or None
    clicks : sequence of Click
    working_size : int
        Longer side for the network, in pixels.
    context : float
        Sides grow by this factor.

    Returns
    -------
    Region
        Never magnified more than four times, never very narrow unless the image is.
    """
    box = _bounding_box(shape, mask, clicks)
    least = working_size / MAX_MAGNIFICATION
    sides = [(box[2] - box[0]) * context, (box[3] - box[1]) * context]
    sides = [max(side, _MIN_ASPECT * max(sides), least) for side in sides]
    return _sized(*_centred(shape, box, sides), working_size)


def _cut(
    shape: tuple[int, int], box: tuple[int, int, int, int], least: float, working_size: int
) -> Region:
    """The region of a box whose sides are at least so long, as far as the image goes."""
    sides = [max(box[2] - box[0], least), max(box[3] - box[1], least)]
    return _sized(*_centred(shape, box, sides), working_size)


def _centred(
    shape: tuple[int, int], box: tuple[int, int, int, int], sides: Sequence[float]
) -> tuple[int, int, int, int]:
    """Sides in pixels laid around the middle of a box, within the image."""
    bounds = []
    for start, stop, side, extent in zip(box[:2], box[2:], sides, shape, strict=True):
        side = min(round(side), extent)
        low = round((start + stop - side) / 2)
        low = min(max(low, 0), extent - side)
        bounds.append((low, low + side))
    (top, bottom), (left, right) = bounds
    return top, left, bottom, right


def _bounding_box(
    shape: tuple[int, int], mask: np.ndarray | Patch | None, clicks: Sequence[Click]
) -> tuple[int, int, int, int]:
    rows = [click.pixel[0] for click in clicks if click.inside(shape)]
    columns = [click.pixel[1] for click in clicks if click.inside(shape)]
    if isinstance(mask, Patch):
        rows += [mask.top, mask.box[0].stop - 1] if mask.any() else []
        columns += [mask.left, mask.box[1].stop - 1] if mask.any() else []
    elif mask is not None and mask.any():
        used = np.flatnonzero(mask.any(1))
        rows += [int(used[0]), int(used[-1])]
        used = np.flatnonzero(mask.any(0))
        columns += [int(used[0]), int(used[-1])]
    if not rows:
        return 0, 0, *shape
    return min(rows), min(columns), max(rows) + 1, max(columns) + 1


def _sized(top: int, left: int, bottom: int, right: int, working_size: int | None) -> Region:
    height, width = bottom - top, right - left
    scale = 1.0
    if working_size is not None:
        scale = min(working_size / max(height, width), MAX_MAGNIFICATION)
    scale = min(scale, (MAX_PIXELS / (height * width)) ** 0.5)
    if working_size is None and scale == 1:
        return Region(top, left, bottom, right, height, width)
    return Region(top, left, bottom, right, _whole(height * scale), _whole(width * scale))


def _whole(side: float) -> int:
    """The nearest size that the network sees in whole strides, in pixels."""
    return max(1, round(side / STRIDE)) * STRIDE
