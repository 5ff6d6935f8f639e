"""Rows of a Points layer and the clicks they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_itis.annotation import Frame
from napari_itis.clicks import Click


@dataclass(frozen=True, slots=True)
class Row:
    """A click and the coordinates with which it stands in its layer.

    Parameters
    ----------
    frame : tuple of int
    click : Click
    coordinates : tuple of float
        Slice axes, then y and x.
    """

    frame: Frame
    click: Click
    coordinates: tuple[float, ...]


def rows_of(frame: Frame, clicks: Sequence[Click], positive: bool) -> list[Row]:
    """The rows of one sign on a frame, in the order of the clicks."""
    return [
        Row(frame, click, (*map(float, frame), float(click.y), float(click.x)))
        for click in clicks
        if click.positive == positive
    ]


def as_data(rows: Sequence[Row], ndim: int) -> np.ndarray:
    """The rows as data of a Points layer, float64, (number of rows, ndim)."""
    return np.array([row.coordinates for row in rows], float).reshape(-1, ndim)


def match(rows: Sequence[Row], data: np.ndarray) -> list[Row | None]:
    """Find for every point of a layer the row that it was before.

    The events of napari do not say reliably what has happened to which point, and some changes
    fire none: what counts is the difference between what was there and what is there now.

    Parameters
    ----------
    rows : sequence of Row
        What was in the layer.
    data : numpy.ndarray
        (number of points, ndim): what is in it.

    Returns
    -------
    list of Row or None
        One per point; None for a new point. A point with other coordinates than its row was moved,
        a row that does not occur was removed.
    """
    points = [tuple(point) for point in np.asarray(data, float).tolist()]
    left: dict[tuple[float, ...], list[Row]] = {}
    for row in reversed(rows):
        left.setdefault(row.coordinates, []).append(row)
    found = [left[point].pop() if left.get(point) else None for point in points]
    # By identity: clicks may lie on top of each other.
    kept = {id(row) for row in found if row is not None}
    gone = [row for row in rows if id(row) not in kept]
    new = [index for index, row in enumerate(found) if row is None]
    if len(gone) == len(new):
        for index, row in zip(new, gone):
            found[index] = row
    return found


def read_point(
    point: Sequence[float], shape: tuple[int, int], slices: Frame, positive: bool
) -> tuple[Frame, Click] | None:
    """The frame and the click of a point; None where it lies outside the image."""
    if not np.isfinite(point).all():
        return None
    *along, y, x = (float(value) for value in point)
    frame = tuple(int(np.rint(value)) for value in along)
    click = Click(y, x, positive)
    inside = all(0 <= index < size for index, size in zip(frame, slices)) and click.inside(shape)
    return (frame, click) if inside else None


def remove_click(clicks: list[Click], click: Click) -> None:
    """Take a click out of a list, if it is there."""
    index = _index(clicks, click)
    if index is not None:
        del clicks[index]


def replace_click(clicks: list[Click], old: Click, new: Click) -> None:
    """Put a click in the place of another one, or at the end if that is gone."""
    index = _index(clicks, old)
    if index is None:
        clicks.append(new)
    else:
        clicks[index] = new


def _index(clicks: list[Click], click: Click) -> int | None:
    # By identity first: two clicks may lie on the same spot.
    for index, other in enumerate(clicks):
        if other is click:
            return index
    return clicks.index(click) if click in clicks else None
