"""COCO's three ways to write down a mask: polygons, run lengths, compressed run lengths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_itis.datasets.base import DatasetError


@dataclass(frozen=True)
class Outline:
    """A mask as COCO has it, checked and packed.

    Attributes
    ----------
    size : tuple of int
        Height and width of the photo.
    polygons : tuple of ndarray of float64
        The parts, x, y, x, y, ... each.
    runs : ndarray of int64, or None
        Lengths of the runs outside, inside, outside, ... down the columns, in place of polygons.
    """

    size: tuple[int, int]
    polygons: tuple[NDArray[np.float64], ...] = ()
    runs: NDArray[np.int64] | None = None

    def draw(self) -> NDArray[np.bool_]:
        """Give the mask, bool (H, W)."""
        if self.runs is None:
            from pycocotools import mask as coco_mask

            return coco_mask.decode(self._encoded()).astype(bool)
        inside = np.arange(len(self.runs)) % 2 == 1
        return np.repeat(inside, self.runs).reshape(self.size, order="F")

    def area(self) -> int:
        """Count the pixels of the mask without drawing it."""
        if self.runs is None:
            from pycocotools import mask as coco_mask

            return int(coco_mask.area(self._encoded()))
        return int(self.runs[1::2].sum())

    def _encoded(self) -> dict[str, Any]:
        from pycocotools import mask as coco_mask

        parts = coco_mask.frPyObjects([p.tolist() for p in self.polygons], *self.size)
        return coco_mask.merge(parts)


def parse_outline(segmentation: Any, size: tuple[int, int]) -> Outline:
    """Check the ``segmentation`` of an annotation and pack it.

    Parameters
    ----------
    segmentation : any
        What COCO's JSON has there; polygons may be arrays already.
    size : tuple of int
        Height and width of the photo.

    Returns
    -------
    Outline

    Raises
    ------
    DatasetError
        If it is none of COCO's forms, empty, has a polygon of fewer than 3 points, or run lengths
        of another size; the message is what is wrong, without a file.
    """
    if not segmentation:
        raise DatasetError("an empty segmentation")
    if isinstance(segmentation, dict):
        return Outline(size, runs=_parse_runs(segmentation, size))
    if not isinstance(segmentation, list):
        raise DatasetError("a segmentation that is neither polygons nor run lengths")
    return Outline(size, tuple(_parse_polygon(points) for points in segmentation))


def _parse_polygon(points: Any) -> NDArray[np.float64]:
    try:
        polygon = np.asarray(points, np.float64)
    except (TypeError, ValueError):
        raise DatasetError("a polygon with points that are no numbers") from None
    if polygon.ndim != 1 or len(polygon) % 2:
        raise DatasetError("a polygon that is no list of x, y, x, y, ...")
    if len(polygon) < 6:
        raise DatasetError(f"a polygon of {len(polygon) // 2} points: expected 3 or more")
    if not np.isfinite(polygon).all():
        raise DatasetError("a polygon with points that are no numbers")
    return polygon


def _parse_runs(segmentation: dict[str, Any], size: tuple[int, int]) -> NDArray[np.int64]:
    counts, stated = segmentation.get("counts"), segmentation.get("size")
    if not isinstance(stated, list) or stated != list(size):
        raise DatasetError(f"run lengths of size {stated}: expected {list(size)}, as the photo")
    if isinstance(counts, str):
        counts = _decompress(counts)
    if not isinstance(counts, list) or not all(type(n) is int and n >= 0 for n in counts):
        raise DatasetError("run lengths that are no list of numbers")
    if sum(counts) != size[0] * size[1]:
        raise DatasetError(
            f"run lengths of {sum(counts)} pixels: the photo has {size[0] * size[1]}"
        )
    return np.array(counts, np.int64)


def _decompress(text: str) -> list[int]:
    """Read COCO's text form: 5 bits a character, low ones first, differences from the third on."""
    runs: list[int] = []
    value = shift = 0
    for character in text:
        code = ord(character) - 48
        if not 0 <= code < 64:
            raise DatasetError(f"run lengths with the character {character!r}")
        value |= (code & 31) << shift
        shift += 5
        if code & 32:
            continue
        if code & 16:
            value -= 1 << shift
        # The first run of each kind has none before it, and COCO starts one later than that.
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        value = shift = 0
    if shift:
        raise DatasetError("run lengths that are cut off")
    return runs
