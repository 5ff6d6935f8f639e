"""The outlines of a mask, along the edges of its pixels."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Ring = list[tuple[int, int]]
"""Corners (x, y), the first one not said again; clockwise on the screen around the object, the
other way around a hole."""

# Right, down, left, up: a step of one direction later turns right on the screen.
_STEPS = ((1, 0), (0, 1), (-1, 0), (0, -1))


def polygons(mask: NDArray[np.bool_]) -> list[list[Ring]]:
    """Trace a mask.

    Every ring is simple: parts that touch at a corner only are polygons of their own, and a hole
    that touches the outside at a corner is a hole.

    Parameters
    ----------
    mask : ndarray of bool, shape (H, W)

    Returns
    -------
    list of list of Ring
        For each part the ring around it, then its holes. The pixel of row r and column c reaches
        from x = c to c + 1 and from y = r to r + 1.
    """
    if not mask.any():
        return []
    _, parts = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    found: dict[int, list[Ring]] = {}
    for cycle, pixel in _cycles(mask):
        for ring in _simple(cycle):
            rings = found.setdefault(int(parts[pixel]), [])
            # The ring around a part comes first.
            rings.insert(0 if _turns_right(ring) else len(rings), ring)
    return [found[part] for part in sorted(found)]


def _cycles(mask: NDArray[np.bool_]) -> list[tuple[Ring, tuple[int, int]]]:
    """Corners of closed walks along the outline, each with a pixel of the part beside it."""
    height, width = mask.shape
    padded = np.pad(mask, 1)
    inner = padded[1:-1, 1:-1]
    across = (padded[:-2, 1:-1], padded[1:-1, 2:], padded[2:, 1:-1], padded[1:-1, :-2])
    # Where the edge on a pixel's upper, right, lower and left side begins, from the pixel.
    begins = ((0, 0), (0, 1), (1, 1), (1, 0))
    leaves = np.zeros((4, height + 1, width + 1), bool)
    for direction, (outside, (down, right)) in enumerate(zip(across, begins)):
        leaves[direction, down : down + height, right : right + width] = inner & ~outside
    starts = np.argwhere(leaves).tolist()
    edges = leaves.tolist() if leaves.size < 1 << 22 else leaves
    found = []
    for direction, y, x in starts:
        if not edges[direction][y][x]:
            continue
        down, right = begins[direction]
        pixel = (y - down, x - right)
        corners: Ring = []
        before = None
        while edges[direction][y][x]:
            edges[direction][y][x] = False
            if direction != before:
                corners.append((x, y))
            before = direction
            x, y = x + _STEPS[direction][0], y + _STEPS[direction][1]
            # Turning right first keeps parts that touch at a corner apart.
            for turn in (1, 0, 3):
                if edges[(direction + turn) % 4][y][x]:
                    direction = (direction + turn) % 4
                    break
        # The walk may have begun in the middle of a side.
        (x0, y0), (x1, y1), (x2, y2) = corners[-1], corners[0], corners[1]
        if (x0 == x1 == x2) or (y0 == y1 == y2):
            corners = corners[1:]
        found.append((corners, pixel))
    return found


def _simple(cycle: Ring) -> list[Ring]:
    """Cut a walk that comes through a corner twice into rings that do not."""
    found, path = [], []
    places: dict[tuple[int, int], int] = {}
    for corner in cycle:
        if corner in places:
            at = places[corner]
            found.append(path[at:])
            for gone in path[at + 1 :]:
                del places[gone]
            path = path[: at + 1]
        else:
            places[corner] = len(path)
            path.append(corner)
    return [*found, path]


def _turns_right(ring: Ring) -> bool:
    x, y = np.array(ring, np.int64).T
    return bool((x * np.roll(y, -1) - np.roll(x, -1) * y).sum() > 0)
