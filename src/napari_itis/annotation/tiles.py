"""Label images of large planes, of which only the tiles with objects take memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from napari_itis.inference.patch import Box

LARGE_PLANE = 1 << 22
"""Planes of more pixels than this are drawn into tiles."""

_SIDE = 512


def paint(labels: np.ndarray | TiledLabels, box: Box, where: np.ndarray, label: int) -> None:
    """Set the pixels of a rectangle that a bool array of its size says to a label, in place."""
    if isinstance(labels, TiledLabels):
        labels.paint(box, where, label)
    else:
        labels[box][where] = label


class TiledLabels:
    """A label image, int32 (H, W), 0 where nothing was drawn.

    Indexing with two slices or two integers gives numpy arrays, which are copies; `numpy.asarray`
    gives the whole image.

    Parameters
    ----------
    shape : tuple of int
        (H, W)
    """

    dtype = np.dtype(np.int32)
    ndim = 2

    def __init__(self, shape: tuple[int, int]) -> None:
        self.shape = (int(shape[0]), int(shape[1]))
        self._tiles: dict[tuple[int, int], np.ndarray] = {}

    @classmethod
    def of(cls, labels: np.ndarray) -> TiledLabels:
        """The same label image in tiles."""
        tiled = cls(labels.shape)
        for key, part in tiled._everywhere():
            if labels[part].any():
                tile = tiled._tiles[key] = np.zeros((_SIDE, _SIDE), np.int32)
                height, width = labels[part].shape
                tile[:height, :width] = labels[part]
        return tiled

    def equals(self, labels: np.ndarray) -> bool:
        """Whether a label image of this size is the same."""
        for key, part in self._everywhere():
            tile, other = self._tiles.get(key), labels[part]
            if tile is None:
                same = not other.any()
            else:
                same = np.array_equal(tile[: other.shape[0], : other.shape[1]], other)
            if not same:
                return False
        return True

    def paint(self, box: Box, where: np.ndarray, label: int) -> None:
        """See the function of this name."""
        rows, columns = box
        for key, tile, part in self._touched(box, make=True):
            top, left = key[0] * _SIDE, key[1] * _SIDE
            inner = where[
                part[0].start + top - rows.start : part[0].stop + top - rows.start,
                part[1].start + left - columns.start : part[1].stop + left - columns.start,
            ]
            tile[part][inner] = label

    def __getitem__(self, key: tuple[Any, Any]) -> Any:
        if not isinstance(key[0], slice):
            row, column = (int(index) for index in key)
            tile = self._tiles.get((row // _SIDE, column // _SIDE))
            return np.int32(0) if tile is None else tile[row % _SIDE, column % _SIDE]
        (top, bottom, down), (left, right, across) = (
            part.indices(size) for part, size in zip(key, self.shape)
        )
        found = np.zeros((len(range(top, bottom, down)), len(range(left, right, across))), np.int32)
        for (i, j), tile, part in self._touched((slice(top, bottom), slice(left, right))):
            rows, row = _every(part[0], i * _SIDE - top, down)
            columns, column = _every(part[1], j * _SIDE - left, across)
            piece = tile[rows, columns]
            found[row : row + piece.shape[0], column : column + piece.shape[1]] = piece
        return found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        whole = self[: self.shape[0], : self.shape[1]]
        return whole if dtype is None else whole.astype(dtype, copy=False)

    def has(self, label: int) -> bool:
        """Whether a label is anywhere in it."""
        return any((tile == label).any() for tile in self._tiles.values())

    def changed_box(self, other: TiledLabels) -> Box | None:
        """Rows and columns within which two label images differ; None where they do not."""
        empty = np.zeros((_SIDE, _SIDE), np.int32)
        rows: list[int] = []
        columns: list[int] = []
        for key in {*self._tiles, *other._tiles}:
            differs = self._tiles.get(key, empty) != other._tiles.get(key, empty)
            used = np.flatnonzero(differs.any(axis=1))
            if used.size:
                rows += [key[0] * _SIDE + int(used[0]), key[0] * _SIDE + int(used[-1]) + 1]
                used = np.flatnonzero(differs.any(axis=0))
                columns += [key[1] * _SIDE + int(used[0]), key[1] * _SIDE + int(used[-1]) + 1]
        if not rows:
            return None
        return slice(min(rows), max(rows)), slice(min(columns), max(columns))

    def _everywhere(self) -> Iterator[tuple[tuple[int, int], Box]]:
        """Every tile there could be, and its place."""
        for top in range(0, self.shape[0], _SIDE):
            for left in range(0, self.shape[1], _SIDE):
                place = slice(top, top + _SIDE), slice(left, left + _SIDE)
                yield (top // _SIDE, left // _SIDE), place

    def _touched(
        self, box: Box, make: bool = False
    ) -> Iterator[tuple[tuple[int, int], np.ndarray, Box]]:
        """The tiles of a rectangle, and which part of each lies in it."""
        rows, columns = box
        if rows.start >= rows.stop or columns.start >= columns.stop:
            return
        for i in range(rows.start // _SIDE, (rows.stop - 1) // _SIDE + 1):
            for j in range(columns.start // _SIDE, (columns.stop - 1) // _SIDE + 1):
                tile = self._tiles.get((i, j))
                if tile is None and make:
                    tile = self._tiles[i, j] = np.zeros((_SIDE, _SIDE), np.int32)
                if tile is not None:
                    yield (i, j), tile, (_within(rows, i), _within(columns, j))


def _within(part: slice, number: int) -> slice:
    start = number * _SIDE
    return slice(max(part.start - start, 0), min(part.stop - start, _SIDE))


def _every(part: slice, offset: int, step: int) -> tuple[slice, int]:
    """Of a tile's pixels those on the grid of an index, and the first one's place in it."""
    place = -(-(part.start + offset) // step)
    return slice(place * step - offset, part.stop, step), place
