"""Pictures of single objects: photo, outline of the truth, clicks, final mask."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from napari_itis.clicks import Click

LONGER_SIDE = 560

_MASK = np.array([255, 140, 0], np.float32)
_TRUTH, _GREEN, _RED, _WHITE = (0, 255, 255), (0, 200, 0), (230, 0, 0), (255, 255, 255)


def choose(ious: Sequence[float], count: int = 3) -> dict[str, list[int]]:
    """Pick the best, median and worst objects.

    Parameters
    ----------
    ious : sequence of float
        One figure per object.
    count : int
        Of each kind; fewer where there are not enough objects.

    Returns
    -------
    dict
        ``worst``, ``median`` and ``best``: indices into `ious`, each object at most once.
    """
    order = np.argsort(ious, kind="stable").tolist()
    count = min(count, max(1, len(order) // 3))
    worst, rest = order[:count], order[count:]
    best, rest = rest[len(rest) - min(count, len(rest)) :][::-1], rest[: max(len(rest) - count, 0)]
    start = max((len(rest) - count) // 2, 0)
    return {"worst": worst, "median": rest[start : start + count], "best": best}


def draw(
    image: NDArray[np.uint8],
    mask: NDArray[np.bool_],
    truth: NDArray[np.bool_],
    clicks: Sequence[Click],
    longer_side: int = LONGER_SIDE,
) -> NDArray[np.uint8]:
    """Draw what became of one object.

    Parameters
    ----------
    image : ndarray of uint8, shape (H, W, 3)
        The photo.
    mask : ndarray of bool, shape (H, W)
        The method's, tinted orange.
    truth : ndarray of bool, shape (H, W)
        Drawn as a cyan outline.
    clicks : sequence of Click
        Green where positive, red where negative.
    longer_side : int
        Of the picture, in pixels; photos are never made larger.

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)
    """
    scale = min(1.0, longer_side / max(mask.shape))
    height, width = (max(1, round(side * scale)) for side in mask.shape)
    small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
    inside = _resized(mask, width, height)
    small[inside] = 0.5 * small[inside] + 0.5 * _MASK
    pixels = np.rint(small).astype(np.uint8)
    outlines, _ = cv2.findContours(
        _resized(truth, width, height).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE
    )
    # A dark rim keeps the outline visible on bright ground.
    cv2.drawContours(pixels, outlines, -1, (0, 0, 0), 3)
    cv2.drawContours(pixels, outlines, -1, _TRUTH, 1)
    picture = Image.fromarray(pixels)
    canvas = ImageDraw.Draw(picture)
    radius = max(3, round(max(width, height) / 110))
    for click in clicks:
        y, x = (click.y + 0.5) * height / mask.shape[0], (click.x + 0.5) * width / mask.shape[1]
        colour = _GREEN if click.positive else _RED
        canvas.ellipse(
            (x - radius, y - radius, x + radius, y + radius), fill=colour, outline=_WHITE
        )
    return np.asarray(picture)


def _resized(mask: NDArray[np.bool_], width: int, height: int) -> NDArray[np.bool_]:
    share = cv2.resize(mask.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    return share >= 0.5
