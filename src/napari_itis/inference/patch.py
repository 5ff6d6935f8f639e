"""Masks of large images: only the rectangle that holds the object takes memory and time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from napari_itis.clicks import Click

Box = tuple[slice, slice]
"""Rows and columns, both with a start and an end."""


@dataclass(frozen=True, eq=False)
class Patch:
    """A mask that is False outside of a rectangle.

    Parameters
    ----------
    shape : tuple of int
        (H, W) of the image.
    top, left : int
        Where the rectangle begins.
    pixels : ndarray of bool, shape (h, w)
        What is in it.
    """

    shape: tuple[int, int]
    top: int
    left: int
    pixels: np.ndarray

    @classmethod
    def of(cls, mask: np.ndarray | Patch) -> Patch:
        """The patch of a bool mask (H, W), cropped to what is set."""
        if isinstance(mask, Patch):
            return mask
        mask = np.asarray(mask, bool)
        return cls((int(mask.shape[0]), int(mask.shape[1])), 0, 0, mask).cropped()

    @classmethod
    def empty(cls, shape: tuple[int, int]) -> Patch:
        """A mask of nothing."""
        return cls((int(shape[0]), int(shape[1])), 0, 0, np.zeros((0, 0), bool))

    @property
    def box(self) -> Box:
        """The rectangle, as an index into the image."""
        height, width = self.pixels.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)

    def cropped(self) -> Patch:
        """The same mask with the smallest rectangle."""
        rows = np.flatnonzero(self.pixels.any(1))
        if not rows.size:
            return self.empty(self.shape)
        band = self.pixels[rows[0] : rows[-1] + 1]
        columns = np.flatnonzero(band.any(0))
        pixels = band[:, columns[0] : columns[-1] + 1]
        return replace(
            self,
            top=self.top + int(rows[0]),
            left=self.left + int(columns[0]),
            # Not a view: the whole image would stay in memory for it.
            pixels=pixels.copy(),
        )

    def any(self) -> bool:
        """Whether a pixel is set."""
        return bool(self.pixels.any())

    def within(self, box: Box, step: int = 1) -> np.ndarray:
        """The mask in another rectangle, a new bool array.

        Parameters
        ----------
        box : tuple of slice
        step : int
            Only the middle pixel of each square of `step` x `step` pixels is looked at.
        """
        first, size, parts = step // 2, [], []
        for part, own in zip(box, self.box):
            count = max(0, -(-(part.stop - part.start - first) // step))
            low = max(0, -(-(own.start - part.start - first) // step))
            high = min(count, -(-(own.stop - part.start - first) // step))
            start = part.start + first + low * step - own.start
            size.append(count)
            parts.append((slice(low, max(low, high)), slice(start, None, step)))
        found = np.zeros(size, bool)
        (rows, own_rows), (columns, own_columns) = parts
        height, width = rows.stop - rows.start, columns.stop - columns.start
        if height > 0 and width > 0:
            found[rows, columns] = self.pixels[own_rows, own_columns][:height, :width]
        return found

    def union(self, other: Patch) -> Patch:
        """What is set in either of two masks of an image."""
        if not (self.any() and other.any()):
            return self if self.any() else other
        rows, columns = window_of(self.shape, [self.box, other.box], (), 0)
        pixels = self.within((rows, columns)) | other.within((rows, columns))
        return replace(self, top=rows.start, left=columns.start, pixels=pixels)

    def whole(self) -> np.ndarray:
        """The whole mask, a new bool array (H, W)."""
        return self.within((slice(0, self.shape[0]), slice(0, self.shape[1])))

    def __contains__(self, pixel: tuple[int, int]) -> bool:
        row, column = pixel[0] - self.top, pixel[1] - self.left
        height, width = self.pixels.shape
        return bool(0 <= row < height and 0 <= column < width and self.pixels[row, column])


def window_of(
    shape: tuple[int, int], boxes: Sequence[Box], clicks: Sequence[Click], margin: int
) -> Box:
    """The rectangle of an image that holds some others and the surroundings of clicks.

    Parameters
    ----------
    shape : tuple of int
        (H, W) of the image.
    boxes : sequence of tuple of slice
        Those without pixels are left out.
    clicks : sequence of Click
    margin : int
        Pixels around boxes and clicks.

    Returns
    -------
    tuple of slice
    """
    parts: list[tuple[int, int, int, int]] = [
        (rows.start, rows.stop, columns.start, columns.stop)
        for rows, columns in boxes
        if rows.start < rows.stop and columns.start < columns.stop
    ]
    for click in clicks:
        row, column = click.pixel
        parts.append((row, row + 1, column, column + 1))
    top, bottom, left, right = zip(*parts, strict=True)
    return (
        slice(max(min(top) - margin, 0), min(max(bottom) + margin, shape[0])),
        slice(max(min(left) - margin, 0), min(max(right) + margin, shape[1])),
    )


def shifted(clicks: Sequence[Click], box: Box) -> list[Click]:
    """Clicks of an image in pixels of a rectangle of it."""
    top, left = box[0].start, box[1].start
    return [replace(click, y=click.y - top, x=click.x - left) for click in clicks]
