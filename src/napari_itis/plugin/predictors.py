"""What the inference thread predicts with, and how it is made."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from napari_itis.inference import Prediction
    from napari_itis.inference.patch import Box, Patch
    from napari_itis.inference.picture import LazyPicture
    from napari_itis.inference.region import Region


class PredictorLike(Protocol):
    """What the thread needs of a :class:`napari_itis.inference.Predictor`."""

    device: Any
    weights: Any

    def set_image(
        self,
        image: np.ndarray | LazyPicture,
        *,
        contrast_limits: tuple[float, float] | None = None,
        key: Hashable = None,
    ) -> None: ...

    def predict(
        self, clicks: Any, mask: Patch | None = None, *, seen: int = 0, screen: Box | None = None
    ) -> Prediction: ...

    def picture_of(self, region: Region) -> np.ndarray: ...


@dataclass(frozen=True, slots=True)
class PredictorOptions:
    """How the predictor is to be made.

    Parameters
    ----------
    weights : str, optional
        Name or file; None for the default weights.
    device : str
        auto, cpu, cuda or mps.
    zoom_in : bool
        Whether later clicks look at the region around the object.
    threads : int
        Of the network on the CPU; 0: all cores but one.
    """

    weights: str | None = None
    device: str = "auto"
    zoom_in: bool = True
    threads: int = 0


MISFIT = "torch and torchvision do not fit together: install both from one place"

PredictorFactory = Callable[[PredictorOptions, Callable[[str], None]], PredictorLike]


def make_predictor(options: PredictorOptions, notice: Callable[[str], None]) -> PredictorLike:
    """Load torch and the weights: seconds, never on the main thread."""
    import torch

    # The window needs a core of its own, or it stutters while the network runs.
    torch.set_num_threads(options.threads or max(1, _cores() - 1))
    try:
        from napari_itis.inference import Predictor

        return Predictor(options.weights, options.device, zoom_in=options.zoom_in, on_notice=notice)
    except RuntimeError as error:
        # What torchvision says where its compiled part does not load has no word of versions.
        if "torchvision::" not in str(error):
            raise
        raise RuntimeError(MISFIT) from error


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1
