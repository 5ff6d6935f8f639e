"""Where an object went between two frames, however far that is."""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_itis.video.flow import flow, move_mask, move_values

# Flow of small windows is looked for at up to so many times their size.
_MAGNIFY = 3.0
# An object is searched for as far as its box and so many pixels at least, at about so many pixels.
_REACH, _LEAST_REACH, _SEARCHED = 1.0, 48, 40 * 40
# Correlation that a place as far as that must have more than the place where it was.
_FAR = 0.15
# A moved mask of another size by more than this factor has been torn.
_TORN = 2.0

Window = tuple[slice, slice]


def find_shift(
    previous: NDArray[np.uint8], image: NDArray[np.uint8], mask: NDArray[np.bool_]
) -> tuple[int, int]:
    """Find how far an object went as a whole: farther than optical flow can tell.

    Parameters
    ----------
    previous, image : ndarray of uint8, shape (H, W, 3)
        The frame that the mask belongs to, and the next one.
    mask : ndarray of bool, shape (H, W)
        Not empty.

    Returns
    -------
    tuple of int
        (y, x) in pixels.
    """
    (top, bottom), (left, right) = (_extent(mask, axis) for axis in (1, 0))
    sides = np.array([bottom - top, right - left])
    reach = (_REACH * np.maximum(sides, _LEAST_REACH)).astype(int)
    low = np.maximum(0, [top - reach[0], left - reach[1]])
    scale = min(1.0, max(1 / sides.min(), (_SEARCHED / sides.prod()) ** 0.5))

    def seen(part: NDArray) -> NDArray[np.float32]:
        smaller = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        return smaller.astype(np.float32)

    object_ = seen(previous[top:bottom, left:right])
    around = seen(image[low[0] : bottom + reach[0], low[1] : right + reach[1]])
    share = seen(mask[top:bottom, left:right].astype(np.float32))[..., None].repeat(3, 2)
    fit = cv2.matchTemplate(around, object_, cv2.TM_CCOEFF_NORMED, mask=share)
    offsets = (np.indices(fit.shape) / scale).transpose(1, 2, 0) + low - (top, left)
    distance = np.linalg.norm(offsets / np.linalg.norm(reach), axis=2)
    best = np.argmax(np.where(np.isfinite(fit), fit, -1) - _FAR * distance)
    down, across = np.rint(offsets.reshape(-1, 2)[best]).astype(int)
    return int(down), int(across)


@dataclass(frozen=True)
class Motion:
    """How an object came to where it is now: a shift as a whole, then optical flow.

    Attributes
    ----------
    shift : tuple of int
        (y, x) in pixels.
    backward : ndarray of float32, shape (h, w, 2)
        Of a window, after the shift; as `move_values` takes it.
    """

    shift: tuple[int, int]
    backward: NDArray[np.float32]

    def move(self, values: NDArray[np.float32], window: Window) -> NDArray[np.float32]:
        """What became of values (H, W) of the frame before, in the window."""
        return move_values(shifted(values, self.shift)[window], self.backward)


def motion(
    previous: NDArray[np.uint8],
    image: NDArray[np.uint8],
    mask: NDArray[np.bool_],
    shift: tuple[int, int],
    window: Window,
) -> Motion:
    """Find how an object came to where it is now.

    Optical flow starts from where the object was and from where it would be after the shift; the
    object's own pixels decide.

    Parameters
    ----------
    previous, image : ndarray of uint8, shape (H, W, 3)
        The frame that the mask belongs to, and the next one.
    mask : ndarray of bool, shape (H, W)
    shift : tuple of int
        From `find_shift`.
    window : tuple of slice
        With the object, there and here.

    Returns
    -------
    Motion
    """
    found = []
    for start in sorted({(0, 0), shift}):
        moved = shifted(mask, start)
        expected = previous
        if start != (0, 0):
            # The object alone is somewhere else; flow would follow what lies behind it otherwise.
            expected = np.where(mask[..., None], image, previous)
            expected[moved] = shifted(previous, start)[moved]
        backward = flow(image[window], expected[window], magnify=_MAGNIFY)
        misfit = _misfit(expected[window], image[window], moved[window], backward)
        found.append((misfit, Motion(start, backward)))
    return min(found, key=itemgetter(0))[1]


def shifted(values: NDArray, shift: tuple[int, int]) -> NDArray:
    """A value for each pixel, (H, W) or (H, W, C), so far away; 0 where none came from."""
    if shift == (0, 0):
        return values
    moved = np.zeros_like(values)
    there, here = zip(*(_overlap(by) for by in shift), strict=True)
    moved[there] = values[here]
    return moved


def _overlap(by: int) -> tuple[slice, slice]:
    """Where values are after a shift, and where they come from."""
    return slice(max(0, by), min(0, by) or None), slice(max(0, -by), min(0, -by) or None)


def _misfit(
    before: NDArray[np.uint8],
    now: NDArray[np.uint8],
    mask: NDArray[np.bool_],
    backward: NDArray[np.float32],
) -> float:
    """How much the object differs from what is seen where it moved to."""
    moved = move_mask(mask, backward)
    area, expected = np.count_nonzero(moved), np.count_nonzero(mask)
    if not (expected and expected / _TORN <= area <= expected * _TORN):
        return float("inf")
    smooth = [cv2.blur(frame, (3, 3)).astype(np.float32) for frame in (before, now)]
    warped = np.dstack([move_values(channel, backward) for channel in cv2.split(smooth[0])])
    return float(np.abs(warped - smooth[1])[moved].mean())


def _extent(mask: NDArray[np.bool_], axis: int) -> tuple[int, int]:
    used = np.flatnonzero(mask.any(axis))
    return int(used[0]), int(used[-1]) + 1
