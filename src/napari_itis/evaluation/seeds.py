"""Clicks and an existing mask as the seeds that classical methods begin from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_itis.clicks import Click
from napari_itis.clicks.distance import inner_distance

CLICK_RADIUS = 5
"""Radius of the disc that a click stands for, in pixels."""

MASK_MARGIN = 10
"""Pixels at least this far from an existing mask's outline are seeds of their side."""

MASK_REACH = 3
"""A click takes back the mask's seeds of the other side, as far as this many times its distance
to the mask's outline: the region that it corrects lies there."""


def click_seeds(
    shape: tuple[int, int], clicks: Sequence[Click], radius: int = CLICK_RADIUS
) -> NDArray[np.int8]:
    """Discs around clicks.

    Parameters
    ----------
    shape : tuple of int
        (H, W) of the image.
    clicks : sequence of Click
        Inside the image.
    radius : int
        In pixels.

    Returns
    -------
    ndarray of int8, shape (H, W)
        1 around positive clicks, -1 around negative ones, 0 elsewhere. Where discs overlap the
        nearest click decides, the later one where they are equally far.
    """
    seeds = np.zeros(shape, np.int8)
    nearest = np.full(shape, radius**2, np.int32)
    for click in clicks:
        row, column = click.pixel
        top, left = max(row - radius, 0), max(column - radius, 0)
        window = np.s_[top : row + radius + 1, left : column + radius + 1]
        rows, columns = np.indices(seeds[window].shape, np.int32)
        squared = (rows + top - row) ** 2 + (columns + left - column) ** 2
        closer = squared <= nearest[window]
        seeds[window][closer] = 1 if click.positive else -1
        nearest[window][closer] = squared[closer]
    return seeds


def mask_seeds(mask: NDArray[np.bool_], clicks: Sequence[Click]) -> NDArray[np.int8]:
    """What an existing mask says where no click contradicts it.

    Parameters
    ----------
    mask : ndarray of bool, shape (H, W)
    clicks : sequence of Click
        Inside the image.

    Returns
    -------
    ndarray of int8, shape (H, W)
        1 deep inside the mask, -1 far outside (`MASK_MARGIN`), 0 near its outline and around
        clicks on its other side (`MASK_REACH`).
    """
    inside, outside = inner_distance(mask), inner_distance(~mask)
    seeds = np.zeros(mask.shape, np.int8)
    seeds[inside >= MASK_MARGIN] = 1
    seeds[outside >= MASK_MARGIN] = -1
    rows, columns = np.ogrid[: mask.shape[0], : mask.shape[1]]
    for click in clicks:
        row, column = click.pixel
        if mask[row, column] == click.positive:
            continue
        depth = inside[row, column] if mask[row, column] else outside[row, column]
        reach = MASK_MARGIN + MASK_REACH * depth
        near = (rows - row) ** 2 + (columns - column) ** 2 <= reach**2
        seeds[near & (seeds == (-1 if click.positive else 1))] = 0
    return seeds


def all_seeds(
    shape: tuple[int, int],
    clicks: Sequence[Click],
    mask: NDArray[np.bool_] | None = None,
) -> NDArray[np.int8] | None:
    """Seeds of both sides.

    Parameters
    ----------
    shape : tuple of int
        (H, W) of the image.
    clicks : sequence of Click
        Inside the image.
    mask : ndarray of bool, shape (H, W), optional
        Existing mask; see `mask_seeds`.

    Returns
    -------
    ndarray of int8, shape (H, W), or None
        1 object, -1 background, 0 unknown. As long as nothing says background, the outermost
        pixels of the image do. None where nothing says object.
    """
    seeds = click_seeds(shape, clicks)
    if mask is not None and mask.any():
        seeds = np.where(seeds != 0, seeds, mask_seeds(mask, clicks))
    if not (seeds > 0).any():
        return None
    if not (seeds < 0).any():
        border = np.ones(shape, bool)
        border[1:-1, 1:-1] = False
        seeds[border & (seeds == 0)] = -1
    return seeds
