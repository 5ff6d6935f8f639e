"""Masks as an automatic method might have made them, to train on correcting them."""

from __future__ import annotations

import cv2
import numpy as np


def spoil_mask(truth: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A mask as an automatic method might have made it, for training on existing masks.

    Parameters
    ----------
    truth : ndarray of bool, shape (H, W)
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of bool, shape (H, W)
        The truth shifted, shrunk, grown, with a part missing, with something foreign, or coarse;
        in two of five cases right but for one or two small places.
    """
    mask = truth.astype(np.uint8)
    size = max(4, round(float(np.sqrt(mask.sum()))))
    height, width = mask.shape
    small = rng.random() < 0.4
    extent = (0.06, 0.3) if small else (0.15, 0.6)
    for _ in range(int(rng.integers(1, 3 if small else 4))):
        kind = int(rng.integers(2, 4)) if small else int(rng.integers(5))
        if kind == 0:
            shift = rng.uniform(-0.25, 0.25, 2) * size
            scale = rng.uniform(0.85, 1.15)
            centre = (width / 2, height / 2)
            matrix = cv2.getRotationMatrix2D(centre, float(rng.uniform(-10, 10)), scale)
            matrix[:, 2] += shift
            mask = cv2.warpAffine(mask, matrix, (width, height), flags=cv2.INTER_NEAREST)
        elif kind == 1:
            reach = 2 * int(rng.integers(1, max(2, size // 8))) + 1
            kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
            change = cv2.erode if rng.random() < 0.5 else cv2.dilate
            mask = change(mask, kernel)
        elif kind == 4:
            low = max(2, size // int(rng.integers(4, 12)))
            blurred = cv2.blur(mask.astype(np.float32), (low, low))
            mask = (blurred > rng.uniform(0.3, 0.7)).astype(np.uint8)
        else:
            # A bite out of the object, or something foreign beside it.
            inside = np.argwhere(mask if kind == 2 else cv2.dilate(mask, np.ones((size, size))))
            if len(inside):
                row, column = inside[rng.integers(len(inside))]
                axes = tuple(int(v) for v in rng.uniform(*extent, 2) * size + 1)
                angle = float(rng.uniform(0, 180))
                centre = (int(column), int(row))
                cv2.ellipse(mask, centre, axes, angle, 0, 360, int(kind == 3), -1)
    return mask.astype(bool)
