"""Which frame to correct next, of those that may be wrong."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

# What is corrected on a frame is carried on so far, about; a frame nearer than that teaches less.
_REACH = 4.0


def worst_frame(scores: NDArray[np.floating], corrected: Collection[int] = ()) -> int | None:
    """Choose the frame that is most worth correcting.

    The most suspicious one; but one right beside a corrected frame shows little that was not seen
    there, and its mask may come from there: it waits for others nearly as suspicious.

    Parameters
    ----------
    scores : ndarray of float, shape (frames,)
        Of `FrameScores`; NaN where a frame is not to be chosen.
    corrected : collection of int
        Frames that were corrected and carried on.

    Returns
    -------
    int or None
        None where there is no frame to choose.
    """
    if np.isnan(scores).all():
        return None
    worth = np.array(scores, float)
    if len(corrected):
        worth *= 1 - np.exp(-_distance(len(worth), corrected) / _REACH)
    return int(np.nanargmax(worth))


def _distance(frames: int, corrected: Collection[int]) -> NDArray[np.integer]:
    """How far each frame is from the nearest corrected one."""
    places, here = np.sort(list(corrected)), np.arange(frames)
    after = np.searchsorted(places, here)
    last = len(places) - 1
    return np.minimum(
        np.abs(here - places[np.maximum(after - 1, 0)]),
        np.abs(here - places[np.minimum(after, last)]),
    )
