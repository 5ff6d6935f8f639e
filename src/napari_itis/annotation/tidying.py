"""What is done to a whole mask at once: holes, parts, specks, the outline."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_itis.annotation.packed import PackedMask

Mask = NDArray[np.bool_]
Operation = Callable[[Mask], Mask]

SPECK = 50
"""Pixels of the largest speck, where nobody says anything else."""

_SIGMA = 2.0
_MARGIN = 8
_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


def fill_holes(mask: Mask) -> Mask:
    """Fill the background that the mask encloses.

    Parameters
    ----------
    mask : ndarray of bool, shape (H, W)

    Returns
    -------
    ndarray of bool, shape (H, W)
        What reaches the border of the array, by sides of pixels and not by corners, is no hole.
    """
    _, regions = _parts(~mask, connectivity=4)
    border = np.concatenate([regions[0], regions[-1], regions[:, 0], regions[:, -1]])
    outside = np.zeros(int(regions.max(initial=0)) + 1, bool)
    outside[border] = True
    return mask | ~outside[regions]


def keep_largest(mask: Mask) -> Mask:
    """Keep the largest part; parts that touch at a corner are one.

    Parameters
    ----------
    mask : ndarray of bool, shape (H, W)

    Returns
    -------
    ndarray of bool, shape (H, W)
    """
    areas, regions = _parts(mask)
    return mask & (regions == int(areas.argmax()) + 1) if areas.size else mask.copy()


def remove_specks(mask: Mask, largest: int = SPECK) -> Mask:
    """Remove small parts; the largest one stays, however small it is.

    Parameters
    ----------
    mask : ndarray of bool, shape (H, W)
    largest : int
        Pixels of the largest part that goes.

    Returns
    -------
    ndarray of bool, shape (H, W)
    """
    areas, regions = _parts(mask)
    if not areas.size:
        return mask.copy()
    stays = areas > largest
    stays[areas.argmax()] = True
    return np.concatenate([[False], stays])[regions]


def smooth(mask: Mask) -> Mask:
    """Smooth the outline, over about two pixels; at the border of the array it is left alone.

    Parameters
    ----------
    mask : ndarray of bool, shape (H, W)

    Returns
    -------
    ndarray of bool, shape (H, W)
        The mask as it was if nothing would be left of it.
    """
    blurred = cv2.GaussianBlur(
        mask.astype(np.float32), (0, 0), _SIGMA, borderType=cv2.BORDER_REPLICATE
    )
    smoothed = blurred > 0.5
    return smoothed if smoothed.any() else mask.copy()


def grow(mask: Mask) -> Mask:
    """Move the outline outwards by a pixel.

    Parameters
    ----------
    mask : ndarray of bool, shape (H, W)

    Returns
    -------
    ndarray of bool, shape (H, W)
    """
    return cv2.dilate(mask.astype(np.uint8), _CROSS).astype(bool)


def shrink(mask: Mask) -> Mask:
    """Move the outline inwards by a pixel; at the border of the array it stays.

    Parameters
    ----------
    mask : ndarray of bool, shape (H, W)

    Returns
    -------
    ndarray of bool, shape (H, W)
        The mask as it was if nothing would be left of it.
    """
    smaller = cv2.erode(mask.astype(np.uint8), _CROSS).astype(bool)
    return smaller if smaller.any() else mask.copy()


def tidied(mask: PackedMask, operation: Operation) -> PackedMask:
    """Do one of these to a packed mask, looking at the pixels around it only.

    Parameters
    ----------
    mask : PackedMask
    operation : callable
        One of the functions above; it may change pixels up to 8 from the mask.

    Returns
    -------
    PackedMask
        `mask` itself where nothing has changed.
    """
    if not mask.area:
        return mask
    box = tuple(
        slice(max(part.start - _MARGIN, 0), min(part.stop + _MARGIN, size))
        for part, size in zip(mask.box, mask.shape)
    )
    before = np.zeros([part.stop - part.start for part in box], bool)
    inner = tuple(
        slice(part.start - outer.start, part.stop - outer.start)
        for part, outer in zip(mask.box, box)
    )
    before[inner] = mask.crop
    after = operation(before)
    if np.array_equal(before, after):
        return mask
    whole = np.zeros(mask.shape, bool)
    whole[box] = after
    return PackedMask.pack(whole)


def _parts(mask: Mask, connectivity: int = 8) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Pixels of each connected part, and an image that numbers them from 1."""
    count, regions, stats, _ = cv2.connectedComponentsWithStats(
        mask.astype(np.uint8), connectivity=connectivity
    )
    return stats[1:count, cv2.CC_STAT_AREA].astype(np.int64), regions
