"""The promise of a click: a positive one lies inside the mask, a negative one outside."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from napari_itis.clicks import Click

_BAND = 0.5
_ISLAND = 0.1
# How far a click reaches in an existing mask: so many times its distance from the outline, and more
# the larger that distance is, as a share of the object's side.
_REACH = 3.0
_FAR = 0.05
_LEAST_DISTANCE = 4.0


def keep_promise(
    mask: np.ndarray, logit: np.ndarray, clicks: Sequence[Click], reach: float
) -> np.ndarray:
    """Change a mask where it contradicts a click.

    Around such a click the connected pixels change that the network holds for at least about as
    object-like (or background-like) as the clicked one, nearer to it than to any click of the
    other sign: the change follows the posterior and is no disc.

    Parameters
    ----------
    mask : ndarray of bool, shape (H, W)
        Predicted mask; not changed in place.
    logit : ndarray of float32, shape (H, W)
        The network's logit of the object.
    clicks : sequence of Click
        All clicks, in pixels of the mask; those outside are left out.
    reach : float
        Nothing farther than this from the click changes, in pixels.

    Returns
    -------
    ndarray of bool, shape (H, W)
        True at every positive click and False at every negative one; where two clicks of different
        signs share a pixel, the later one counts.
    """
    signs: dict[tuple[int, int], bool] = {}
    for click in clicks:
        if click.inside(mask.shape):
            signs.pop(click.pixel, None)
            signs[click.pixel] = click.positive
    broken = [pixel for pixel, sign in signs.items() if mask[pixel] != sign]
    if not broken:
        return mask
    mask = mask.copy()
    for row, column in broken:
        sign = signs[row, column]
        opposite = [pixel for pixel, other in signs.items() if other != sign]
        reached = max(1, int(np.ceil(reach)))
        top, left = max(row - reached, 0), max(column - reached, 0)
        window = (slice(top, row + reached + 1), slice(left, column + reached + 1))
        values = logit[window]
        centre = (row - top, column - left)
        alike = values >= values[centre] - _BAND if sign else values <= values[centre] + _BAND
        rows, columns = np.ogrid[: values.shape[0], : values.shape[1]]
        distance = (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2
        alike &= distance <= reach**2
        for other_row, other_column in opposite:
            other = (rows + top - other_row) ** 2 + (columns + left - other_column) ** 2
            alike &= distance < other
        alike[centre] = True
        _, parts = cv2.connectedComponents(alike.astype(np.uint8), connectivity=4)
        mask[window][parts == parts[centre]] = sign
    return mask


def keep_elsewhere(before: np.ndarray, after: np.ndarray, click: Click) -> np.ndarray:
    """Let a click change only the place that it is about.

    Who corrects a mask that exists wants the rest of it left alone, however right or wrong. A
    positive click adds to it, a negative one takes away from it. It is taken to lie in the middle
    of a mistake (paper, Sec. 3.1), so that its distance from the mask's outline tells how large the
    mistake is: near the outline, the change stays near the click.

    Parameters
    ----------
    before, after : ndarray of bool, shape (H, W)
        Mask without and with the click.
    click : Click
        In pixels of the masks.

    Returns
    -------
    ndarray of bool, shape (H, W)
        `before` with the connected part around the click in which `after` differs in the click's
        sense. Where the click confirms what was there already, `after` in place of the part of
        `before` that it lies in. `after` where nothing was.
    """
    row, column = click.pixel
    if not before.any():
        return after
    if before[row, column] == click.positive:
        anew = after & _part_of(before | after, row, column)
        return anew | before & ~_part_of(before, row, column)
    side = ~before if click.positive else before
    distance = cv2.distanceTransform(side.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    away = max(float(distance[row, column]), _LEAST_DISTANCE)
    reach = _REACH * away * (1 + away / (_FAR * np.sqrt(np.count_nonzero(before))))
    rows, columns = np.ogrid[: before.shape[0], : before.shape[1]]
    near = (rows - row) ** 2 + (columns - column) ** 2 <= reach**2
    changed = near & (before != after) & side
    part = changed & _part_of(changed, row, column)
    return before | part if click.positive else before & ~part


def _part_of(mask: np.ndarray, row: int, column: int) -> np.ndarray:
    """What is connected to a pixel; of the background, all of it."""
    _, parts = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    return parts == parts[row, column]


def drop_islands(mask: np.ndarray, clicks: Sequence[Click], existing: np.ndarray) -> np.ndarray:
    """Leave out small parts that nobody asked for.

    Parameters
    ----------
    mask : ndarray of bool, shape (H, W)
        Predicted mask; not changed in place.
    clicks : sequence of Click
        All clicks, in pixels of the mask.
    existing : ndarray of bool, shape (H, W)
        The mask that the user began with; what touches it stays.

    Returns
    -------
    ndarray of bool, shape (H, W)
        Without the connected parts that hold no positive click and are smaller than a tenth of the
        largest part that does.
    """
    count, parts, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    clicked = {int(parts[click.pixel]) for click in clicks if click.positive} - {0}
    if not clicked:
        return mask
    area = stats[:, cv2.CC_STAT_AREA]
    keep = area >= _ISLAND * max(area[part] for part in clicked)
    keep[list(clicked)] = True
    keep[np.unique(parts[existing])] = True
    keep[0] = False
    return mask if keep[1:count].all() else keep[parts]
