"""Masks in little memory: cropped to what is set, one bit per pixel, compressed."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class PackedMask:
    """A boolean mask of one image plane, immutable and small.

    A session keeps one or more masks per object and frame, and undo keeps the older ones: as plain
    arrays a video of some hundred frames would not fit into memory.

    Parameters
    ----------
    shape : tuple of int
        (H, W) of the plane.
    box : tuple of slice
        Rows and columns that hold every set pixel.
    bits : bytes
        The pixels of the box, packed and compressed.
    area : int
        Number of set pixels.
    """

    shape: tuple[int, int]
    box: tuple[slice, slice]
    bits: bytes
    area: int

    @classmethod
    def pack(cls, mask: np.ndarray) -> PackedMask:
        """Pack a bool array (H, W).

        Raises
        ------
        ValueError
            If `mask` is not two-dimensional.
        """
        mask = np.asarray(mask)
        if mask.ndim != 2:
            raise ValueError(f"a mask has two axes, this one has {mask.ndim}")
        mask = mask.astype(bool, copy=False)
        rows = np.flatnonzero(mask.any(axis=1))
        if not rows.size:
            return cls.empty(mask.shape)
        band = slice(int(rows[0]), int(rows[-1]) + 1)
        columns = np.flatnonzero(mask[band].any(axis=0))
        box = (band, slice(int(columns[0]), int(columns[-1]) + 1))
        crop = mask[box]
        # The fastest level: masks are so regular that a higher one gains next to nothing.
        bits = zlib.compress(np.packbits(crop).tobytes(), 1)
        return cls(mask.shape, box, bits, int(np.count_nonzero(crop)))

    @classmethod
    def empty(cls, shape: tuple[int, int]) -> PackedMask:
        """A mask of nothing."""
        return cls(shape, (slice(0, 0), slice(0, 0)), b"", 0)

    @property
    def crop(self) -> np.ndarray:
        """The pixels of :attr:`box`, a new bool array."""
        height, width = (part.stop - part.start for part in self.box)
        if not self.bits:
            return np.zeros((height, width), bool)
        packed = np.frombuffer(zlib.decompress(self.bits), np.uint8)
        return np.unpackbits(packed, count=height * width).view(bool).reshape(height, width)

    def unpack(self) -> np.ndarray:
        """The whole mask, a new bool array (H, W)."""
        mask = np.zeros(self.shape, bool)
        mask[self.box] = self.crop
        return mask

    def draw(self, labels: np.ndarray, value: int) -> None:
        """Set the pixels of `labels` (H, W) that lie in the mask to `value`, in place."""
        if self.area:
            labels[self.box][self.crop] = value

    def __contains__(self, pixel: tuple[int, int]) -> bool:
        rows, columns = self.box
        row, column = pixel
        if not (rows.start <= row < rows.stop and columns.start <= column < columns.stop):
            return False
        return bool(self.crop[row - rows.start, column - columns.start])


def union(first: PackedMask | None, second: np.ndarray) -> PackedMask | None:
    """`first` and the set pixels of `second` (bool, (H, W)); None where nothing is set."""
    return _packed_or_none(second if first is None else first.unpack() | second)


def difference(first: PackedMask | None, second: np.ndarray) -> PackedMask | None:
    """`first` without the set pixels of `second` (bool, (H, W)); None where nothing is left."""
    return None if first is None else _packed_or_none(first.unpack() & ~second)


def _packed_or_none(mask: np.ndarray) -> PackedMask | None:
    packed = PackedMask.pack(mask)
    return packed if packed.area else None
