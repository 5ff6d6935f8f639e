"""Pictures that are made of columns, as arrays: quick however many frames they show."""

from __future__ import annotations

import numpy as np
from qtpy.QtGui import QImage

DARK = np.array((20, 22, 26), np.float32)
"""Red, green and blue of the background."""


def blank(height: int, width: int) -> np.ndarray:
    """A dark picture, float32 (3, height, width), in any theme."""
    pixels = np.empty((3, height, width), np.float32)
    pixels[:] = DARK[:, None, None]
    return pixels


def fill(
    pixels: np.ndarray,
    top: np.ndarray | float,
    bottom: np.ndarray | float,
    color: np.ndarray,
    opacity: float = 1.0,
) -> None:
    """Paint each column between two heights.

    Parameters
    ----------
    pixels : ndarray of float32, shape (3, height, width)
        Painted on; channels first, which is quicker.
    top, bottom : ndarray, shape (width,), or float
        Rows, also parts of one; nothing is painted where one of them is nan.
    color : ndarray, shape (3,) or (width, 3)
        In [0, 255].
    opacity : float
    """
    if not (np.isfinite(top) & np.isfinite(bottom)).any():
        return
    first, last = max(0, int(np.nanmin(top))), int(np.nanmax(bottom)) + 1
    part = pixels[:, first:last]
    rows = np.arange(first, first + part.shape[1], dtype=np.float32)[:, None]
    top, bottom = np.float32(top), np.float32(bottom)
    covered = np.minimum(rows + 1, bottom) - np.maximum(rows, top)
    covered = opacity * np.nan_to_num(covered.clip(0, 1))
    color = np.asarray(color, np.float32).T.reshape(3, 1, -1)
    part += covered * (color - part)


def stroke(pixels: np.ndarray, middle: np.ndarray, width: float, color: np.ndarray) -> None:
    """Draw a curve.

    Parameters
    ----------
    pixels, color
        See `fill`.
    middle : ndarray, shape (width,)
        Its row at each column, nan where it has a gap.
    width : float
        Of the line, in pixels.
    """
    halves = np.pad(middle, 1, constant_values=np.nan)
    halves = (halves[:-1] + halves[1:]) / 2
    top = np.fmin(np.fmin(middle, halves[:-1]), halves[1:])
    bottom = np.fmax(np.fmax(middle, halves[:-1]), halves[1:])
    # Steep parts have to be as wide as flat ones are high.
    for _ in range(int((width - 1) / 2)):
        top, bottom = _spread(np.fmin, top), _spread(np.fmax, bottom)
    fill(pixels, top - width / 2, bottom + width / 2, color)


def to_image(pixels: np.ndarray) -> QImage:
    """A picture for Qt."""
    _, height, width = pixels.shape
    argb = np.full((height, width, 4), 255, np.uint8)
    argb[..., :3] = np.moveaxis(pixels[::-1] + 0.5, 0, -1)
    # A copy of its own: Qt does not keep the array in memory.
    return QImage(argb.tobytes(), width, height, 4 * width, QImage.Format.Format_RGB32).copy()


def _spread(reduction: np.ufunc, rows: np.ndarray) -> np.ndarray:
    around = np.pad(rows, 1, constant_values=np.nan)
    return reduction(reduction(rows, around[:-2]), around[2:])
