"""What the network saw when it answered a click, as a small picture."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import cv2
import numpy as np

from napari_itis.annotation import Frame
from napari_itis.inference import Prediction
from napari_itis.plugin.jobs import Job
from napari_itis.plugin.layers import NEGATIVE_COLOR, POSITIVE_COLOR
from napari_itis.plugin.predictors import PredictorLike

_LARGEST = 512


@dataclass(frozen=True, eq=False)
class Seen:
    """The region that the network looked at last.

    Parameters
    ----------
    owner : hashable
        Whose click it was: a workspace.
    frame : tuple of int
    label : int
    size : tuple of int
        (H, W) of the region, in pixels of the image.
    scale : float
        Magnification.
    picture : ndarray of uint8, shape (h, w, 3)
        With contrast and channels as the network has them, clicks and the outline of the answer.
    """

    owner: Hashable
    frame: Frame
    label: int
    size: tuple[int, int]
    scale: float
    picture: np.ndarray


def draw_seen(predictor: PredictorLike, job: Job, prediction: Prediction) -> Seen | None:
    """Draw what the network saw, in the inference thread; None if it did not look at all."""
    view, request = prediction.state.view, job.request
    if view is None:
        return None
    region = view.region
    picture = np.array(predictor.picture_of(region))
    if max(picture.shape) > _LARGEST:
        ratio = _LARGEST / max(picture.shape)
        picture = cv2.resize(picture, None, fx=ratio, fy=ratio, interpolation=cv2.INTER_AREA)
    height, width = picture.shape[:2]
    mask = region.resample_mask(prediction.state.mask).astype(np.uint8)
    mask = cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST)
    outlines, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(picture, outlines, -1, (255, 255, 255), 1, cv2.LINE_AA)
    for click in region.to_region(request.clicks):
        place = round(click.x * width / region.width), round(click.y * height / region.height)
        color = _rgb(POSITIVE_COLOR if click.positive else NEGATIVE_COLOR)
        cv2.circle(picture, place, 5, (255, 255, 255), -1, cv2.LINE_AA)
        cv2.circle(picture, place, 4, color, -1, cv2.LINE_AA)
    return Seen(job.owner, request.frame, request.object, region.shape, region.scale, picture)


def _rgb(color: str) -> tuple[int, int, int]:
    red, green, blue = (int(color[at : at + 2], 16) for at in (1, 3, 5))
    return red, green, blue
