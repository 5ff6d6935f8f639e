"""Euclidean distances inside a mask, the same on every run."""

from __future__ import annotations

import cv2
import numpy as np


def inner_distance(mask: np.ndarray) -> np.ndarray:
    """Distance of a mask's pixels to the nearest pixel outside it.

    Parameters
    ----------
    mask : ndarray of bool, shape (H, W)

    Returns
    -------
    ndarray of float32, shape (H, W)
        In pixels; 0 outside the mask, infinite everywhere if nothing is outside.
    """
    if mask.all():
        return np.full(mask.shape, np.inf, np.float32)
    distance = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    # OpenCV's last bit depends on where the array lies in memory, and a tie between two pixels must
    # not be decided by that. Squared distances between pixels are whole numbers.
    np.multiply(distance, distance, out=distance)
    np.rint(distance, out=distance)
    return np.sqrt(distance, out=distance)
