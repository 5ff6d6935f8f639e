"""Simulated users: where a click would fall (paper, Sec. 3.2 and 4, supplement A and B)."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from napari_itis.clicks.click import Click, pixels
from napari_itis.clicks.distance import inner_distance

ROBOTS = ("largest", "cluster", "random")
"""The robot users of the paper's Fig. 4."""

N_POSITIVE = 5
N_NEGATIVE = {"s1": 10, "s2": 5, "s3": 10}
MARGIN = 5.0
SPACING = 40.0
BAND = 40.0


def robot_click(
    prediction: np.ndarray,
    truth: np.ndarray,
    void: np.ndarray | None,
    clicks: Sequence[Click],
    rng: np.random.Generator,
    robot: str = "largest",
) -> Click | None:
    """Correction click of a robot user (paper, Sec. 4; supplement B).

    Parameters
    ----------
    prediction, truth : ndarray of bool, shape (H, W)
        Predicted mask and ground truth.
    void : ndarray of bool, shape (H, W), or None
        Pixels that never count as mislabelled.
    clicks : sequence of Click
        Earlier clicks on the object; the new one keeps its distance from them.
    rng : numpy.random.Generator
        Breaks ties and draws components or pixels.
    robot : {"largest", "cluster", "random"}
        *largest*: the largest mislabelled component, at the pixel farthest from its border (the
        image's border included) and from earlier clicks in it. *cluster*: a component drawn in
        proportion to its size, at the same inner point. *random*: any mislabelled pixel.

    Returns
    -------
    Click or None
        Positive where the truth is object; None if nothing is mislabelled.

    Raises
    ------
    ValueError
        If the robot is unknown.
    """
    if robot not in ROBOTS:
        raise ValueError(f"unknown robot user {robot!r}: choose one of {', '.join(ROBOTS)}")
    wrong = np.logical_xor(prediction, truth)
    if void is not None:
        wrong &= ~void
    if not wrong.any():
        return None
    if robot == "random":
        row, column = _draw(wrong, rng)
        return Click(row, column, bool(truth[row, column]))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(wrong.astype(np.uint8), connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    if robot == "largest":
        label = 1 + int(rng.choice(np.flatnonzero(areas == areas.max())))
    else:
        label = 1 + int(rng.choice(len(areas), p=areas / areas.sum()))
    left, top, width, height = (int(v) for v in stats[label, :4])
    component = labels[top : top + height, left : left + width] == label
    earlier = [(row - top, column - left) for row, column in pixels(clicks, truth.shape)]
    row, column = _farthest(component, earlier, rng)
    row, column = row + top, column + left
    return Click(row, column, bool(truth[row, column]))


def positive_clicks(
    truth: np.ndarray,
    n: int,
    rng: np.random.Generator,
    margin: float = MARGIN,
    spacing: float = SPACING,
) -> list[Click]:
    """Random clicks inside an object, as at the start of training (paper, supplement A).

    Parameters
    ----------
    truth : ndarray of bool, shape (H, W)
        The object; it must not be empty.
    n : int
        Number of clicks; fewer come back where the object has no room for them.
    rng : numpy.random.Generator
        Source of randomness.
    margin, spacing : float
        Least distance to the object's boundary and between clicks, in pixels. An object too thin
        for the margin is clicked anywhere inside.

    Returns
    -------
    list of Click
        At least one.

    Raises
    ------
    ValueError
        If the object is empty.
    """
    if not truth.any():
        raise ValueError("the object has no pixels to click on")
    room = inner_distance(truth) >= margin
    return [Click(*p, True) for p in _spread(room if room.any() else truth, n, rng, spacing)]


def negative_clicks(
    truth: np.ndarray,
    n: int,
    rng: np.random.Generator,
    strategy: str = "s1",
    others: np.ndarray | None = None,
    void: np.ndarray | None = None,
) -> list[Click]:
    """Random clicks outside an object, as at the start of training (paper, supplement A).

    Parameters
    ----------
    truth : ndarray of bool, shape (H, W)
        The object.
    n : int
        Number of clicks, in all (s1, s3) or on each other object (s2); fewer where there is
        no room.
    rng : numpy.random.Generator
        Source of randomness.
    strategy : {"s1", "s2", "s3"}
        *s1*: background within 40 px of the object. *s2*: on every other labelled object.
        *s3*: clicks that cover the band around the object, each as far as it can be from the
        earlier ones and from the band's border.
    others : ndarray of int, shape (H, W), or None
        Labels of the other objects, 0 for none; only s2 needs it.
    void : ndarray of bool, shape (H, W), or None
        Pixels that are never clicked.

    Returns
    -------
    list of Click

    Raises
    ------
    ValueError
        If the strategy is unknown.
    """
    if strategy not in N_NEGATIVE:
        raise ValueError(f"unknown strategy {strategy!r}: choose one of {', '.join(N_NEGATIVE)}")
    if n <= 0:
        return []
    free = ~truth if void is None else ~(truth | void)
    if strategy == "s2":
        found: list[tuple[int, int]] = []
        for label in [] if others is None else np.unique(others[free & (others > 0)]):
            other = (others == label) & free
            room = other & (inner_distance(other) >= MARGIN)
            found += _spread(room if room.any() else other, n, rng, SPACING)
        return [Click(*p, False) for p in found]
    outside = inner_distance(~truth)
    band = free & (outside >= MARGIN) & (outside <= BAND)
    if not band.any():
        return []
    if strategy == "s1":
        return [Click(*p, False) for p in _spread(band, n, rng, SPACING)]
    chosen = [_draw(band, rng)]
    while len(chosen) < min(n, int(band.sum())):
        chosen.append(_farthest(band, chosen, rng))
    return [Click(*p, False) for p in chosen]


def initial_clicks(
    truth: np.ndarray,
    rng: np.random.Generator,
    *,
    others: np.ndarray | None = None,
    void: np.ndarray | None = None,
    lone: float = 0.0,
) -> list[Click]:
    """Clicks of an object's first visit in training (paper, supplement A).

    Parameters
    ----------
    truth : ndarray of bool, shape (H, W)
        The object; it must not be empty.
    rng : numpy.random.Generator
        Source of randomness.
    others : ndarray of int, shape (H, W), or None
        Labels of the other objects in the image, 0 for none.
    void : ndarray of bool, shape (H, W), or None
        Pixels that are never clicked.
    lone : float
        Probability of a lone click instead, the one that the robot user gives against an empty
        mask (the authors' code does so with the reset probability).

    Returns
    -------
    list of Click
        One to five positive clicks first, then the negative ones.
    """
    if rng.random() < lone:
        click = robot_click(np.zeros_like(truth), truth, None, [], rng)
        assert click is not None, "the object has no pixels"
        return [click]
    clicks = positive_clicks(truth, int(rng.integers(1, N_POSITIVE + 1)), rng)
    strategies = ["s1", "s2", "s3"] if others is not None and others.any() else ["s1", "s3"]
    strategy = str(rng.choice(strategies))
    n = int(rng.integers(0, N_NEGATIVE[strategy] + 1))
    return clicks + negative_clicks(truth, n, rng, strategy, others, void)


def _draw(where: np.ndarray, rng: np.random.Generator) -> tuple[int, int]:
    flat = np.flatnonzero(where)
    row, column = divmod(int(flat[rng.integers(len(flat))]), where.shape[1])
    return row, column


def _spread(
    room: np.ndarray, n: int, rng: np.random.Generator, spacing: float
) -> list[tuple[int, int]]:
    """At most `n` random pixels of `room`, at least `spacing` from each other."""
    rows, columns = np.nonzero(room)
    chosen: list[tuple[int, int]] = []
    while len(chosen) < n and len(rows):
        pick = int(rng.integers(len(rows)))
        row, column = int(rows[pick]), int(columns[pick])
        chosen.append((row, column))
        far = (rows - row) ** 2 + (columns - column) ** 2 >= spacing**2
        rows, columns = rows[far], columns[far]
    return chosen


def _farthest(
    component: np.ndarray, earlier: Sequence[tuple[int, int]], rng: np.random.Generator
) -> tuple[int, int]:
    """Pixel of `component` farthest from its border, the image's border and earlier clicks."""
    padded = np.pad(component, 1)
    for row, column in earlier:
        if 0 <= row < component.shape[0] and 0 <= column < component.shape[1]:
            padded[row + 1, column + 1] = False
    distance = inner_distance(padded)[1:-1, 1:-1]
    # Every pixel clicked already: the component is a pixel or two, and any of them will do.
    best = (distance == distance.max()) & component
    return _draw(best, rng)
