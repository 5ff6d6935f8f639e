"""Label images that a user has changed, few of them at full size."""

from __future__ import annotations

import zlib
from collections import OrderedDict
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray


class EditedPlanes:
    """Label images by frame; those that were not used for a while are kept compressed.

    Parameters
    ----------
    size : tuple of int
        Height and width.
    """

    # A stroke goes over one frame; a propagation shows a few.
    _AT_FULL_SIZE = 8

    def __init__(self, size: tuple[int, int]) -> None:
        self._size = size
        self._open: OrderedDict[int, NDArray[np.int32]] = OrderedDict()
        self._packed: dict[int, tuple[np.dtype, bytes]] = {}

    def __contains__(self, index: int) -> bool:
        return index in self._open or index in self._packed

    def __iter__(self) -> Iterator[int]:
        return iter(sorted({*self._open, *self._packed}))

    def get(self, index: int) -> NDArray[np.int32] | None:
        """The label image of a frame, int32 (H, W), to be written to; None if there is none."""
        if index in self._packed:
            dtype, packed = self._packed.pop(index)
            plane = np.frombuffer(zlib.decompress(packed), dtype).reshape(self._size)
            self.put(index, plane.astype(np.int32))
        if index in self._open:
            self._open.move_to_end(index)
        return self._open.get(index)

    def put(self, index: int, plane: NDArray[np.int32]) -> None:
        """Keep a label image."""
        self._packed.pop(index, None)
        self._open[index] = plane
        self._open.move_to_end(index)
        while len(self._open) > self._AT_FULL_SIZE:
            oldest, plane = self._open.popitem(last=False)
            narrow = plane.astype(np.uint8 if plane.max() < 256 else np.int32)
            self._packed[oldest] = narrow.dtype, zlib.compress(narrow, 1)

    def discard(self, index: int) -> None:
        """Forget the label image of a frame."""
        self._open.pop(index, None)
        self._packed.pop(index, None)
