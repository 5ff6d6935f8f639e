"""Predictions that are wanted of the inference thread."""

from __future__ import annotations

import time
from collections.abc import Hashable
from dataclasses import dataclass

from napari_itis.annotation import PackedMask, Request, Result
from napari_itis.inference import Prediction
from napari_itis.inference.patch import Box
from napari_itis.plugin.image_source import Plane
from napari_itis.plugin.predictors import PredictorLike

Slot = tuple[Hashable, ...]


@dataclass(frozen=True, slots=True)
class Job:
    """One prediction that is wanted.

    Parameters
    ----------
    owner : hashable
        Whom the result is for; with frame and object it is the slot.
    request : Request
    plane : Plane
    asked : float
        :func:`time.perf_counter` when the user's change was noticed.
    screen : tuple of slice, optional
        The part of the image on screen, see `Predictor.predict`.
    """

    owner: Hashable
    request: Request
    plane: Plane
    asked: float
    screen: Box | None = None

    @property
    def slot(self) -> Slot:
        return (self.owner, self.request.frame, self.request.object)

    def asks_the_same(self, other: Job) -> bool:
        """Whether another job would bring the same result."""
        return (
            self.slot == other.slot
            and self.request.revision == other.request.revision
            and self.plane.key == other.plane.key
        )

    def answer(self, predictor: PredictorLike) -> tuple[Result, Prediction]:
        """Predict; the predictor must have the image of the plane."""
        request = self.request
        base = None if request.base is None else request.base.patch()
        prediction = predictor.predict(request.clicks, base, seen=request.seen, screen=self.screen)
        mask = PackedMask.pack(prediction.state.mask)
        return Result(request.frame, request.object, request.revision, mask), prediction


def now() -> float:
    """The clock of :attr:`Job.asked`."""
    return time.perf_counter()
