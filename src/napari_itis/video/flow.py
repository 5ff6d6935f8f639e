"""Dense optical flow between two frames, and masks and points that move along with it."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_itis.clicks import Click

# The flow field contracts where it is inverted: a few steps find where a point went.
_INVERSION_STEPS = 8
# DIS looks for patches on a pyramid, which needs some pixels to begin with.
_LEAST_SIDE = 32
# Larger frames are looked at from farther away: what moves there moves by more pixels anyway.
_MOST_PIXELS = 640 * 480


def flow(
    from_rgb: NDArray[np.uint8], to_rgb: NDArray[np.uint8], *, magnify: float = 1.0
) -> NDArray[np.float32]:
    """Find where the pixels of a frame are in another one, by OpenCV's DIS.

    Parameters
    ----------
    from_rgb, to_rgb : ndarray of uint8, shape (H, W, 3)
        Two frames of a video, some 16 pixels or more a side.
    magnify : float
        Small frames are looked at up to so many times larger: slower, and more exact.

    Returns
    -------
    ndarray of float32, shape (H, W, 2)
        (y, x) displacements in pixels: what is at p in the first frame is at p + flow[p] in the
        second one.

    Raises
    ------
    ValueError
        If the frames differ in size.
    """
    if from_rgb.shape != to_rgb.shape:
        raise ValueError(
            f"frames of one size are needed, got {from_rgb.shape[:2]} and {to_rgb.shape[:2]}"
        )
    height, width = from_rgb.shape[:2]
    scale = min(magnify, (_MOST_PIXELS / (height * width)) ** 0.5)
    first, second = (_gray(frame, scale) for frame in (from_rgb, to_rgb))
    # One for each call: it keeps state, and propagation and ranking run in threads.
    method = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    found = method.calc(first, second, None)
    if scale != 1:
        seen = found[: round(height * scale), : round(width * scale)]
        found = cv2.resize(seen, (width, height)) / scale
    return np.ascontiguousarray(found[:height, :width, ::-1], np.float32)


def _gray(frame: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    gray = cv2.cvtColor(np.ascontiguousarray(frame), cv2.COLOR_RGB2GRAY)
    if scale != 1:
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        gray = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=method)
    missing = [(0, max(0, _LEAST_SIDE - side)) for side in gray.shape]
    return np.pad(gray, missing, mode="edge")


def move_mask(mask: NDArray[np.bool_], backward: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Move a mask to another frame.

    Parameters
    ----------
    mask : ndarray of bool, shape (H, W)
        Of the frame that it comes from.
    backward : ndarray of float32, shape (H, W, 2)
        `flow` from the frame that it goes to, to the one that it comes from.

    Returns
    -------
    ndarray of bool, shape (H, W)
        Background where the flow points out of the frame.
    """
    return move_values(mask.astype(np.float32), backward) > 0.5


def move_values(values: NDArray[np.float32], backward: NDArray[np.float32]) -> NDArray[np.float32]:
    """Move a value for each pixel to another frame.

    Parameters
    ----------
    values : ndarray of float32, shape (H, W)
        Of the frame that they come from.
    backward : ndarray of float32, shape (H, W, 2)
        As for `move_mask`.

    Returns
    -------
    ndarray of float32, shape (H, W)
        0 where the flow points out of the frame.
    """
    rows, columns = np.indices(values.shape, np.float32)
    return cv2.remap(
        values,
        columns + backward[..., 1],
        rows + backward[..., 0],
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
    )


def move_clicks(clicks: Sequence[Click], backward: NDArray[np.float32]) -> list[Click]:
    """Move clicks to another frame; those that leave it are left out.

    Parameters
    ----------
    clicks : sequence of Click
        Of the frame that they come from.
    backward : ndarray of float32, shape (H, W, 2)
        As for `move_mask`.

    Returns
    -------
    list of Click
    """
    shape = backward.shape[:2]
    moved = []
    for click in clicks:
        place = start = np.array([click.y, click.x])
        for _ in range(_INVERSION_STEPS):
            row, column = np.clip(np.rint(place), 0, np.array(shape) - 1).astype(int)
            place = start - backward[row, column]
        click = Click(float(place[0]), float(place[1]), click.positive)
        if click.inside(shape):
            moved.append(click)
    return moved
