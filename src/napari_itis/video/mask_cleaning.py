"""Telling objects from what smoothing has left between them, and from specks.

An object has a core: pixels whose eight neighbours have its value. The steps of a smoothed edge
have hardly any, and each lies between the values of the cores on both sides. An object too thin
for a core does not: it is told apart by that, and by the video's other frames.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Known = Callable[[], Collection[int]]

# Pixels that a core takes: nothing smaller is an object unless other frames show it.
_CORE = 9
# The part of an object that is core, if it is no line. Wide steps of an edge have a few, too.
_LEAST_CORE = 0.1
# How wide a smoothed edge may be, in pixels.
_EDGE = 13
# Of the pixels of a value, the part that must lie between others to be an edge and no object.
_SHARE = 0.8
# How many levels an edge has at least, and how much of a shade may be core, in a soft mask.
_FEWEST_SHADES = 3
_MOST_CORE = 0.3


@dataclass(frozen=True)
class Cleaning:
    """What has become of a label image.

    Attributes
    ----------
    labels : ndarray of int32, shape (H, W)
    stray : tuple of int
        Values that were no objects.
    changed : int
        Pixels that went to another object or to the background.
    """

    labels: NDArray[np.int32]
    stray: tuple[int, ...] = ()
    changed: int = 0


def clean(image: NDArray, labels: NDArray[np.int32], known: Known | None = None) -> Cleaning:
    """Give the pixels of values that are no objects to what lies beside them.

    Parameters
    ----------
    image : ndarray of uint8 or uint16, shape (H, W) or (H, W, 3)
        What the file holds: ids or colours.
    labels : ndarray of int32, shape (H, W)
        A label for each value of `image`; negative ones are of colours that no object has.
    known : callable, optional
        Gives the ids of the video's objects, which are never dirt.

    Returns
    -------
    Cleaning
    """
    offset = -min(0, int(labels.min()))
    if int(labels.max()) + offset > 1 << 20:
        return Cleaning(labels)
    counts = np.bincount((labels + offset).ravel())
    present = np.flatnonzero(counts)
    if len(present) <= 1 or (len(present) == 2 and known is None and offset == 0):
        return Cleaning(labels)
    core = cores(image)
    inner = np.bincount((labels[core] + offset).ravel(), minlength=len(counts))
    few = inner[present] < _LEAST_CORE * counts[present]
    doubtful = present[few & (present != offset)]
    if not doubtful.size:
        return Cleaning(labels)
    core &= ~np.isin(labels, doubtful - offset)
    between = _between(image, core)
    between_counts = np.bincount((labels[between] + offset).ravel(), minlength=len(counts))
    edges, specks = [], []
    for value in doubtful:
        if between_counts[value] >= _SHARE * counts[value]:
            edges.append(value)
        elif inner[value]:
            continue
        elif known is not None:
            specks += [] if value - offset in known() else [value]
        elif counts[value] < _CORE or value < offset:
            specks.append(value)
    strays = np.isin(labels, np.array(edges + specks) - offset) if edges or specks else None
    if strays is None:
        return Cleaning(labels)
    # The same edges pass through the ids of objects that do exist.
    moved = strays | between if edges else strays
    cleaned = np.where(moved, _nearest_core(labels, core), labels).astype(np.int32)
    stray = tuple(int(value - offset) for value in sorted(edges + specks))
    return Cleaning(cleaned, stray, int(np.count_nonzero(cleaned != labels)))


def is_soft(values: NDArray[np.uint8], counts: NDArray) -> bool:
    """Whether a gray image is one mask with soft edges, such as a network's posterior.

    Parameters
    ----------
    values : ndarray of uint8, shape (H, W)
    counts : ndarray, shape (256,)
        Its `histogram`.

    Returns
    -------
    bool
        Whether it reaches white and has shades between, hardly any of which cover an area.
    """
    shades = np.flatnonzero(counts[1:255]) + 1
    if not counts[250:].any() or len(shades) < _FEWEST_SHADES:
        return False
    inner = histogram(values, cores(values))
    return bool(inner[shades].sum() < _MOST_CORE * counts[shades].sum())


def histogram(
    values: NDArray[np.uint8], where: NDArray[np.bool_] | None = None
) -> NDArray[np.float32]:
    """Count 8-bit values, ten times faster than numpy.

    Parameters
    ----------
    values : ndarray of uint8, shape (H, W)
    where : ndarray of bool, shape (H, W), optional
        Pixels that count.

    Returns
    -------
    ndarray of float32, shape (256,)
    """
    mask = None if where is None else where.astype(np.uint8)
    return cv2.calcHist([values], [0], mask, [256], [0, 256]).ravel()


def cores(image: NDArray) -> NDArray[np.bool_]:
    """Find the pixels whose eight neighbours have their value.

    Parameters
    ----------
    image : ndarray of uint8 or uint16, shape (H, W) or (H, W, C)

    Returns
    -------
    ndarray of bool, shape (H, W)
        At the image's border, neighbours inside the image count.
    """
    square = np.ones((3, 3), np.uint8)
    same = cv2.erode(image, square) == cv2.dilate(image, square)
    return same.all(axis=2) if same.ndim == 3 else same


def _between(image: NDArray, core: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Find the pixels outside of cores that have values between those of different cores nearby."""
    inside = core if image.ndim == 2 else core[..., None]
    square = np.ones((_EDGE, _EDGE), np.uint8)
    low = cv2.erode(np.where(inside, image, np.iinfo(image.dtype).max), square)
    high = cv2.dilate(np.where(inside, image, 0).astype(image.dtype), square)
    within, differs = (low <= image) & (image <= high), low < high
    if image.ndim == 3:
        within, differs = within.all(axis=2), differs.any(axis=2)
    else:
        # The value of one of the two sides is no step between them.
        within &= (image != low) & (image != high)
    return within & differs & ~core


def _nearest_core(labels: NDArray[np.int32], core: NDArray[np.bool_]) -> NDArray[np.int32]:
    if not core.any():
        return np.zeros_like(labels)
    _, nearest = cv2.distanceTransformWithLabels(
        (~core).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    by_number = np.zeros(int(nearest.max()) + 1, np.int32)
    by_number[nearest[core]] = labels[core]
    return by_number[nearest]
