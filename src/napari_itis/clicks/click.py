"""A click, the one thing a user tells the network."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Click:
    """A click on an image plane.

    Parameters
    ----------
    y, x : float
        Position in pixels of the image; the centre of the first pixel is (0, 0).
    positive : bool
        True on the object, False on what the mask should leave out.
    """

    y: float
    x: float
    positive: bool

    @property
    def pixel(self) -> tuple[int, int]:
        """The pixel (row, column) that was clicked. Rounding happens here and nowhere else."""
        return math.floor(self.y + 0.5), math.floor(self.x + 0.5)

    def inside(self, shape: tuple[int, int]) -> bool:
        """Whether the clicked pixel lies in an image of `shape` (H, W)."""
        row, column = self.pixel
        return 0 <= row < shape[0] and 0 <= column < shape[1]


def pixels(clicks: Iterable[Click], shape: tuple[int, int]) -> list[tuple[int, int]]:
    """Clicked pixels that lie in an image of `shape` (H, W), in order."""
    return [click.pixel for click in clicks if click.inside(shape)]
