"""What a training sees, as a picture: image, clicks, prediction and truth side by side."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from napari_itis.clicks import Click
from napari_itis.training.samples import TrainingSample

_GREEN, _RED, _VOID, _ORANGE = (0, 200, 0), (230, 0, 0), (128, 128, 128), (255, 140, 0)
_GAP = 2
_TILE = 144
_CONTEXT = 1.6


@dataclass(frozen=True)
class Look:
    """What a network makes of an object at its first click.

    Attributes
    ----------
    image : ndarray of uint8, shape (H, W, 3)
    click : Click
    predicted, truth, void : ndarray of bool, shape (H, W)
    """

    image: np.ndarray
    click: Click
    predicted: np.ndarray
    truth: np.ndarray
    void: np.ndarray


def prediction_strip(looks: Sequence[Look]) -> np.ndarray:
    """Draw a row per object: the image with the click, the prediction, the truth.

    Square tiles of one size without gaps; each shows the object with its surroundings, the same
    ones whatever is predicted.

    Returns
    -------
    ndarray of uint8, shape (H, W, 3)
    """
    return np.concatenate([np.concatenate(_tiles(look), axis=1) for look in looks])


def write_picture(path: Path, picture: np.ndarray) -> None:
    """Write a PNG, uint8 (H, W, 3), as a whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    encoded = io.BytesIO()
    Image.fromarray(picture).save(encoded, "PNG")
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        temporary.write_bytes(encoded.getvalue())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


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


def _tiles(look: Look) -> list[np.ndarray]:
    """Image with click, prediction and truth of one object."""
    y, x, side = _surroundings(look.truth)
    scale = _TILE / side
    # From pixel centres of the image to those of the tile.
    shift = [[scale, 0, (0.5 - x) * scale - 0.5], [0, scale, (0.5 - y) * scale - 0.5]]
    matrix = np.array(shift, np.float32)
    kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    photo = cv2.warpAffine(look.image, matrix, (_TILE, _TILE), flags=kind)
    clicked = photo.copy()
    place = tuple(round(v) for v in matrix @ (look.click.x, look.click.y, 1))
    cv2.circle(clicked, place, 4, (255, 255, 255), -1, cv2.LINE_AA)
    cv2.circle(clicked, place, 3, _GREEN, -1, cv2.LINE_AA)
    tiles = [clicked]
    for mask in (look.predicted, look.truth):
        plane = mask.astype(np.uint8)
        shown = cv2.warpAffine(plane, matrix, (_TILE, _TILE), flags=cv2.INTER_NEAREST) > 0
        tile = photo.copy()
        tile[~shown] = tile[~shown] // 3
        outline = shown & ~cv2.erode(shown.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
        tile[outline] = _ORANGE
        tiles.append(tile)
    void = cv2.warpAffine(look.void.astype(np.uint8), matrix, (_TILE, _TILE)) > 0
    tiles[-1][void] = _VOID
    return tiles


def _surroundings(truth: np.ndarray) -> tuple[float, float, float]:
    """Top, left and side of a square around an object with some context."""
    rows, columns = np.flatnonzero(truth.any(1)), np.flatnonzero(truth.any(0))
    height, width = rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1
    side = max(_CONTEXT * max(height, width), 24.0)
    return rows[0] + (height - side) / 2, columns[0] + (width - side) / 2, side


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
