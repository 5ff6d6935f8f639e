"""A video made from two photos that come with scikit-image, with true masks and spoilt ones.

A cup on its saucer is held before a cat: it wanders, turns and comes nearer, and leaves the picture
for a part; the camera pans. Masks are spoilt in the ways in which automatic methods fail.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

# The outline of cup, saucer and spoon in scikit-image's photo of a coffee, as (x, y).
_OUTLINE = np.array(
    [
        (76.8, 201), (82.5, 165), (94, 134), (114, 105), (143, 85), (172, 72), (179, 78),
        (190, 54), (214, 33), (250, 21), (288, 18), (326, 24), (357, 39), (380, 58), (395, 74),
        (402, 68), (413, 67), (423, 75), (422, 92), (418, 106), (435, 123), (455, 149), (471, 183),
        (479, 219), (479, 250), (469, 286), (451, 319), (424, 348), (393, 368), (348, 383),
        (304, 389), (263, 387), (223, 377), (187, 359), (154, 335), (125, 306), (100, 268),
        (85, 232),
    ],
    np.float32,
)  # fmt: skip

FAULTS = ("shifted", "holes", "half", "leaked", "lost")
"""How a mask can be wrong: in another place, with holes, half of it missing, with a part of the
background, not there at all."""


def spoilt_sequence(
    frames: int = 40, size: tuple[int, int] = (320, 480), seed: int = 0
) -> tuple[NDArray[np.uint8], NDArray[np.int32], NDArray[np.int32]]:
    """Make a video with one object, masks of which some are wrong, and the true masks.

    Parameters
    ----------
    frames : int
        How many.
    size : tuple of int
        Height and width.
    seed : int
        Of what is random: the path, the faults and the noise.

    Returns
    -------
    frames : ndarray of uint8, shape (t, H, W, 3)
    masks : ndarray of int32, shape (t, H, W)
        0 and 1; wrong on the frames that `spoilt_frames` names.
    truth : ndarray of int32, shape (t, H, W)
    """
    rng = np.random.default_rng(seed)
    video = np.empty((frames, *size, 3), np.uint8)
    truth = np.empty((frames, *size), np.int32)
    cup, alpha, behind = _cup_and_background(size)
    # One grain for all frames, each of which has its own part of it.
    noise = 3 * rng.standard_normal((size[0] + 64, size[1] + 64, 3), np.float32)
    # The object's path starts somewhere else with every seed.
    phase = rng.uniform(0, 2 * np.pi) if seed else 0.0
    for index in range(frames):
        time = index / max(1, frames - 1)
        window = _pan(behind, size, time, phase)
        placed = _placement(size, time, phase)
        inside = cv2.warpAffine(alpha, placed, size[::-1], flags=cv2.INTER_LINEAR)[..., None]
        pixels = cv2.warpAffine(cup, placed, size[::-1], flags=cv2.INTER_LINEAR)
        shade = np.float32(1 + 0.08 * np.sin(2 * np.pi * time + phase))
        frame = shade * (inside * pixels + (1 - inside) * window * _shadow(inside))
        top, left = rng.integers(noise.shape[0] - size[0]), rng.integers(noise.shape[1] - size[1])
        frame += noise[top : top + size[0], left : left + size[1]]
        video[index] = np.clip(frame + 0.5, 0, 255)
        truth[index] = inside[..., 0] >= 0.5
    masks = _as_a_method_would(truth)
    for index, fault in spoilt_frames(frames, seed).items():
        masks[index] = spoil(masks[index], fault, np.random.default_rng((seed, index)))
    return video, masks, truth


def spoilt_frames(frames: int = 40, seed: int = 0) -> dict[int, str]:
    """Name the frames whose masks `spoilt_sequence` makes wrong.

    Parameters
    ----------
    frames, seed : int
        As given there.

    Returns
    -------
    dict of int to str
        One of `FAULTS` for each spoilt frame: runs of a few frames, as methods lose an object and
        find it again.
    """
    rng = np.random.default_rng((seed, 1))
    faults = {}
    run = frames / 8
    for place, fault in enumerate(rng.permutation(FAULTS)):
        # Each run lies in its own fifth of the video, and the first frame is always right.
        start = 1 + (frames - 1) * place / len(FAULTS) + rng.uniform(0, 0.4) * run
        for index in range(round(start), round(start + rng.uniform(0.5, 1) * run)):
            faults[min(index, frames - 1)] = str(fault)
    return faults


def spoil(mask: NDArray[np.int32], fault: str, rng: np.random.Generator) -> NDArray[np.int32]:
    """Make a mask wrong.

    Parameters
    ----------
    mask : ndarray of int32, shape (H, W)
        0 and 1, with an object in sight.
    fault : str
        One of `FAULTS`.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of int32, shape (H, W)

    Raises
    ------
    ValueError
        If there is no such fault.
    """
    rows, columns = np.nonzero(mask)
    if fault not in FAULTS:
        raise ValueError(f"no fault {fault!r}: expected one of {', '.join(FAULTS)}")
    if fault == "lost" or not rows.size:
        return np.zeros_like(mask)
    extent = float(np.sqrt(rows.size))
    spoilt = mask.astype(np.uint8)
    if fault == "shifted":
        angle = rng.uniform(0, 2 * np.pi)
        dx, dy = 0.4 * extent * np.array([np.cos(angle), np.sin(angle)])
        moved = np.float32([[1, 0, dx], [0, 1, dy]])
        spoilt = cv2.warpAffine(spoilt, moved, mask.shape[::-1], flags=cv2.INTER_NEAREST)
    elif fault == "half":
        angle = rng.uniform(0, 2 * np.pi)
        y, x = np.mgrid[: mask.shape[0], : mask.shape[1]]
        across = (x - columns.mean()) * np.cos(angle) + (y - rows.mean()) * np.sin(angle)
        spoilt[across > 0.1 * extent] = 0
    else:
        for _ in range(4 if fault == "holes" else 2):
            at = rng.integers(rows.size)
            if fault == "leaked":
                # Where the object ends, towards the background.
                at = int(np.argmax(rng.choice([-1, 1]) * rows + rng.choice([-1, 1]) * columns))
            axes = (extent * rng.uniform(0.15, 0.3, 2) * (1 if fault == "holes" else 2)).astype(int)
            centre = int(columns[at]), int(rows[at])
            angle = rng.uniform(0, 180)
            cv2.ellipse(spoilt, centre, axes, angle, 0, 360, int(fault == "leaked"), -1)
    return spoilt.astype(np.int32)


def _cup_and_background(
    size: tuple[int, int],
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    from skimage import data

    cup = data.coffee().astype(np.float32)
    sharp = np.zeros((4 * cup.shape[0], 4 * cup.shape[1]), np.uint8)
    cv2.fillPoly(sharp, [np.rint(4 * _smooth(_OUTLINE)).astype(np.int32)], 255)
    alpha = cv2.resize(sharp, cup.shape[1::-1], interpolation=cv2.INTER_AREA) / np.float32(255)
    behind = data.chelsea().astype(np.float32)
    scale = 1.3 * max(size[0] / behind.shape[0], size[1] / behind.shape[1])
    behind = cv2.resize(behind, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    # A little out of focus, as what lies behind is.
    return cup, alpha, cv2.GaussianBlur(behind, (0, 0), 1.2)


def _smooth(outline: NDArray[np.float32], factor: int = 8) -> NDArray[np.float32]:
    """A curve through the corners of a closed outline."""
    from scipy.interpolate import CubicSpline

    closed = np.concatenate([outline, outline[:1]])
    steps = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    curve = CubicSpline(steps, closed, bc_type="periodic")
    return curve(np.linspace(0, steps[-1], factor * len(outline), endpoint=False))


def _pan(
    behind: NDArray[np.float32], size: tuple[int, int], time: float, phase: float
) -> NDArray[np.float32]:
    room = np.subtract(behind.shape[:2], size) - 2
    left = 1 + room[1] * (0.5 - 0.45 * np.cos(np.pi * time + phase))
    top = 1 + room[0] * (0.5 + 0.4 * np.sin(2.5 * np.pi * time + phase))
    window = np.float32([[1, 0, left], [0, 1, top]])
    return cv2.warpAffine(behind, window, size[::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)


def _placement(size: tuple[int, int], time: float, phase: float) -> NDArray[np.float32]:
    """Where the cup is: a matrix from its photo to the frame."""
    turn = 2 * np.pi * time + phase
    scale = size[0] / 400 * (0.48 + 0.14 * np.sin(1.5 * turn))
    angle = 25 * np.sin(turn) + 10 * np.sin(3 * turn)
    x = size[1] * (0.5 + 0.34 * np.sin(turn - 0.8))
    y = size[0] * (0.52 + 0.2 * np.sin(2 * turn + 0.4))
    centre = _OUTLINE.mean(axis=0)
    matrix = cv2.getRotationMatrix2D([float(value) for value in centre], angle, scale)
    matrix[:, 2] += (x, y) - centre
    return matrix.astype(np.float32)


def _shadow(inside: NDArray[np.float32]) -> NDArray[np.float32]:
    """How much darker it is beside the object."""
    blurred = cv2.GaussianBlur(inside, (0, 0), inside.shape[0] / 25)
    return 1 - np.float32(0.35) * np.roll(blurred, inside.shape[0] // 40, axis=0)[..., None]


def _as_a_method_would(truth: NDArray[np.int32]) -> NDArray[np.int32]:
    """Masks that are right but for their rims, which no method gets exactly."""
    masks = truth.copy()
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    for mask in masks:
        mask[:] = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, kernel)
    return masks
