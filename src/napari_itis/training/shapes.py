"""Drawn images of shapes: something to train on where there is no data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from napari_itis.datasets import LabelledImage

HEIGHT, WIDTH = 96, 128
_MOST = 4


@dataclass(frozen=True)
class ShapesImage(LabelledImage):
    """An image that is drawn when it is asked for, always the same one for the same number.

    Parameters
    ----------
    number : int
    """

    number: int = 0

    def image(self) -> np.ndarray:
        return self.load()[0]

    def labels(self) -> tuple[np.ndarray, np.ndarray]:
        return self.load()[1:]

    def load(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        photo, labels = draw_shapes(self.number)
        return photo, labels, np.zeros(labels.shape, bool)

    def checked_labels(self) -> np.ndarray:
        return self.load()[1]

    def require_files(self) -> None:
        """There are none."""


def shapes_images(count: int) -> list[LabelledImage]:
    """The first `count` images of shapes."""
    return [
        ShapesImage(f"{number:06d}", Path("shapes"), Path("shapes"), _no_file, number=number)
        for number in range(count)
    ]


def draw_shapes(number: int) -> tuple[np.ndarray, np.ndarray]:
    """Ellipses, boxes and triangles in bright colours on a dark, noisy ground.

    Parameters
    ----------
    number : int
        Everything in the image follows from it.

    Returns
    -------
    image : ndarray of uint8, shape (96, 128, 3)
    labels : ndarray of int32, shape (96, 128)
        Objects from 1, apart from each other; 0 is background.
    """
    rng = np.random.default_rng([77, number])
    image = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    image[:] = rng.integers(10, 90, 3)
    labels = np.zeros((HEIGHT, WIDTH), np.int32)
    for label in range(1, _MOST + 1):
        colour = tuple(int(v) for v in rng.integers(120, 256, 3))
        outline = _outline(rng)
        mask = cv2.fillPoly(np.zeros((HEIGHT, WIDTH), np.uint8), [outline], 1)
        if labels[cv2.dilate(mask, np.ones((5, 5), np.uint8)) > 0].any():
            continue
        cv2.fillPoly(image, [outline], colour)
        cv2.fillPoly(labels, [outline], label)
    noise = rng.integers(-12, 13, image.shape, np.int16)
    return np.clip(image + noise, 0, 255).astype(np.uint8), labels


def _outline(rng: np.random.Generator) -> np.ndarray:
    corners = (48, 4, 3)[int(rng.integers(3))]
    centre = rng.uniform((20, 20), (WIDTH - 20, HEIGHT - 20))
    radii = rng.uniform(12, 30, 2)
    angles = np.arange(corners) * 2 * np.pi / corners
    points = np.stack([np.cos(angles), np.sin(angles)], 1) * radii
    turn = rng.uniform(0, 2 * np.pi)
    turned = points @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return np.round(turned + centre).astype(np.int32)


def _no_file(_: Path) -> tuple[np.ndarray, np.ndarray]:
    raise AssertionError("shapes are drawn, never read")
