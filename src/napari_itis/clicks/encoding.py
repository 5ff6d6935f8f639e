"""Clicks and masks as input channels of the network (paper, Sec. 3 and 4.2)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from napari_itis.clicks.click import Click, pixels
from napari_itis.clicks.distance import inner_distance


@lru_cache(maxsize=8)
def _gaussian_stamp(sigma: float, radius: int) -> np.ndarray:
    offset = np.arange(-radius, radius + 1, dtype=np.float32)
    squared = offset[:, None] ** 2 + offset[None, :] ** 2
    stamp = np.exp(-squared / (2 * sigma**2))
    stamp[squared > radius**2] = 0
    stamp.setflags(write=False)
    return stamp


def gaussian_map(
    clicks: Sequence[Click], shape: tuple[int, int], sigma: float = 10.0, radius: int = 20
) -> np.ndarray:
    """Gaussians around clicks (paper, Sec. 4.2).

    One precomputed Gaussian is stamped per click, so the cost does not depend on the image.

    Parameters
    ----------
    clicks : sequence of Click
        Signs are not looked at; clicks outside the image are left out.
    shape : tuple of int
        (H, W) of the map.
    sigma : float
        Standard deviation in pixels.
    radius : int
        The map is 0 farther than this from every click, in pixels.

    Returns
    -------
    ndarray of float32, shape (H, W)
        1 at a click, the maximum where Gaussians overlap, 0 without clicks.
    """
    height, width = shape
    stamp = _gaussian_stamp(float(sigma), int(radius))
    out = np.zeros(shape, np.float32)
    for row, column in pixels(clicks, shape):
        top, left = max(row - radius, 0), max(column - radius, 0)
        bottom, right = min(row + radius + 1, height), min(column + radius + 1, width)
        window = out[top:bottom, left:right]
        part = stamp[
            top - row + radius : bottom - row + radius,
            left - column + radius : right - column + radius,
        ]
        np.maximum(window, part, out=window)
    return out


def distance_map(
    clicks: Sequence[Click], shape: tuple[int, int], clip: float = 255.0
) -> np.ndarray:
    """Distance to the nearest click, the encoding of iFCN (paper, Sec. 4.3, ablation).

    Parameters
    ----------
    clicks : sequence of Click
        Signs are not looked at; clicks outside the image are left out.
    shape : tuple of int
        (H, W) of the map.
    clip : float
        Largest distance in pixels; it becomes 1.

    Returns
    -------
    ndarray of float32, shape (H, W)
        Euclidean distance / `clip`, in [0, 1]; 1 everywhere without clicks.
    """
    seeds = np.zeros(shape, bool)
    for row, column in pixels(clicks, shape):
        seeds[row, column] = True
    return mask_distance_map(seeds, clip)


def mask_distance_map(mask: np.ndarray, clip: float = 128.0) -> np.ndarray:
    """Unsigned distance to an existing mask, the network's mask channel (paper, Sec. 3).

    Parameters
    ----------
    mask : ndarray of bool, shape (H, W)
        The mask of the previous iteration.
    clip : float
        Largest distance in pixels; it becomes 1.

    Returns
    -------
    ndarray of float32, shape (H, W)
        0 inside the mask, Euclidean distance / `clip` outside; 1 everywhere if it is empty.
    """
    if not mask.any():
        return np.ones(mask.shape, np.float32)
    distance = inner_distance(~np.asarray(mask, bool))
    return np.minimum(distance, clip) / np.float32(clip)
