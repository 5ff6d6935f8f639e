"""What a training sees, as a picture: image, clicks, prediction and truth side by side."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from napari_itis.training.samples import TrainingSample

_GREEN, _RED, _VOID = (0, 200, 0), (230, 0, 0), (128, 128, 128)
_GAP = 2


def picture_grid(
    samples: Sequence[TrainingSample], predicted: np.ndarray, most: int = 8
) -> np.ndarray:
    """Draw one row per sample: image, image with clicks, prediction, truth.

    Parameters
    ----------
    samples : sequence of TrainingSample
    predicted : ndarray of bool, shape (N, crop, crop)
    most : int
        Largest number of rows.

    Returns
    -------
    ndarray of uint8, shape (H, W, 3)
        Positive clicks are green, negative ones red; void is gray in the truth.
    """
    rows = [_row(s, m) for s, m in zip(samples[:most], predicted[:most], strict=True)]
    return np.concatenate(rows)


def _row(sample: TrainingSample, predicted: np.ndarray) -> np.ndarray:
    photo = (sample.channels[:3].permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    clicked = np.ascontiguousarray(photo.copy())
    for click in sample.state.clicks:
        centre = []
        for value, extent, flipped in zip(
            (click.y, click.x), clicked.shape[:2], sample.flips, strict=True
        ):
            centre.append(round(extent - 1 - value if flipped else value))
        colour = _GREEN if click.positive else _RED
        cv2.circle(clicked, (centre[1], centre[0]), max(2, len(photo) // 60), colour, -1)
    truth = _gray(sample.truth.numpy())
    truth[~sample.valid.numpy()] = _VOID
    tiles = [photo, clicked, _gray(predicted), truth]
    return np.concatenate([np.pad(t, ((0, _GAP), (0, _GAP), (0, 0))) for t in tiles], axis=1)


def _gray(mask: np.ndarray) -> np.ndarray:
    return np.repeat(mask.astype(np.uint8)[..., None] * 255, 3, axis=2)
