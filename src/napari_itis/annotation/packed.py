"""Masks in little memory: cropped to what is set, one bit per pixel, compressed."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from napari_itis.annotation.tiles import TiledLabels, paint
from napari_itis.inference.patch import Box, Patch


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
    def pack(cls, mask: np.ndarray | Patch) -> PackedMask:
        """Pack a bool array (H, W), or the patch of one.

        Raises
        ------
        ValueError
            If `mask` is not two-dimensional.
        """
        if not isinstance(mask, Patch):
            mask = np.asarray(mask)
            if mask.ndim != 2:
                raise ValueError(f"a mask has two axes, this one has {mask.ndim}")
        patch = Patch.of(mask).cropped()
        crop, box = patch.pixels, patch.box
        if not crop.size:
            return cls.empty(patch.shape)
        # The fastest level: masks are so regular that a higher one gains next to nothing.
        bits = zlib.compress(np.packbits(crop).tobytes(), 1)
        return cls(patch.shape, box, bits, int(np.count_nonzero(crop)))

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

    def draw(self, labels: np.ndarray | TiledLabels, value: int) -> None:
        """Set the pixels of `labels` (H, W) that lie in the mask to `value`, in place."""
        if self.area:
            paint(labels, self.box, self.crop, value)

    def patch(self) -> Patch:
        """The mask without what lies around it, however large the image is."""
        return Patch(self.shape, self.box[0].start, self.box[1].start, self.crop)

    def __contains__(self, pixel: tuple[int, int]) -> bool:
        rows, columns = self.box
        row, column = pixel
        if not (rows.start <= row < rows.stop and columns.start <= column < columns.stop):
            return False
        return bool(self.crop[row - rows.start, column - columns.start])


def union(first: PackedMask | None, second: np.ndarray | PackedMask) -> PackedMask | None:
    """`first` and the set pixels of `second`; None where nothing is set."""
    both = _patch(second) if first is None else first.patch().union(_patch(second))
    return _packed_or_none(both)


def difference(first: PackedMask | None, second: np.ndarray | PackedMask) -> PackedMask | None:
    """`first` without the set pixels of `second`; None where nothing is left."""
    if first is None:
        return None
    left = first.crop & ~_patch(second).within(first.box)
    return _packed_or_none(_placed(first.shape, first.box, left))


def pack_part(shape: tuple[int, int], box: Box, pixels: np.ndarray) -> PackedMask:
    """A mask of an image of `shape` (H, W) that is `pixels` (bool) in a rectangle."""
    return PackedMask.pack(_placed(shape, box, pixels))


def _placed(shape: tuple[int, int], box: Box, pixels: np.ndarray) -> Patch:
    return Patch(shape, box[0].start, box[1].start, pixels)


def _patch(mask: np.ndarray | PackedMask) -> Patch:
    return mask.patch() if isinstance(mask, PackedMask) else Patch.of(mask)


def _packed_or_none(mask: Patch) -> PackedMask | None:
    packed = PackedMask.pack(mask)
    return packed if packed.area else None
