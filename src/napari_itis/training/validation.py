"""Clicks of the robot user on held-back objects, during a training and after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from napari_itis.datasets import ObjectSample
from napari_itis.evaluation.benchmark import run_benchmark
from napari_itis.inference import Predictor
from napari_itis.network import ItisNetwork, save_weights
from napari_itis.training.config import TrainingConfig
from napari_itis.training.sources import Listing, TrainingImage

TARGETS = (0.85, 0.90)
BEST = "best.safetensors"
_NEWEST = "newest.safetensors"


@dataclass(frozen=True)
class HeldBackObject(ObjectSample):
    """An object of a training image.

    Parameters
    ----------
    image_of : TrainingImage
    label : int
    """

    image_of: TrainingImage | None = None
    label: int = 0

    def load(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        image, labels = self.image_of.read()
        return image, labels == self.label, labels == -1

    def require_files(self) -> None:
        self.image_of.labelled.require_files()


@dataclass(frozen=True)
class Measurement:
    """Figures of a network on held-back objects.

    Attributes
    ----------
    objects : int
    noc_85, noc_90 : float
        Mean number of clicks to that IoU; the largest number where it is never reached.
    iou_1, iou_3, iou_5, iou_10 : float
        Mean IoU after so many clicks, or after as many as there were.
    """

    objects: int
    noc_85: float
    noc_90: float
    iou_1: float
    iou_3: float
    iou_5: float
    iou_10: float

    FIELDS: ClassVar = ("step", "noc_85", "noc_90", "iou_1", "iou_3", "iou_5", "iou_10", "objects")

    def row(self) -> dict[str, float]:
        """The figures by name."""
        return {name: getattr(self, name) for name in self.FIELDS[1:]}

    @property
    def rank(self) -> tuple[float, float]:
        """Lower is better: NoC@90, then minus the mean IoU after the last click."""
        return self.noc_90, -self.iou_10


def held_back_objects(
    config: TrainingConfig, listing: Listing, per_source: int | None = None
) -> list[list[HeldBackObject]]:
    """One object of each held-back image, drawn by the image's name, for each source.

    Parameters
    ----------
    config : TrainingConfig
    listing : Listing
        From `list_sources`.
    per_source : int, optional
        At most so many of a source.

    Returns
    -------
    list of list of HeldBackObject
    """
    return [[_one_object(image) for image in images[:per_source]] for images in listing.held_back]


class Validation:
    """Measures a network that is being trained, as its users would meet it.

    Parameters
    ----------
    config : TrainingConfig
    listing : Listing
    folder : Path
        Where the best weights so far are kept.
    device : torch.device
    """

    def __init__(
        self, config: TrainingConfig, listing: Listing, folder: Path, device: torch.device
    ) -> None:
        self._config, self._folder, self._device = config, folder, device
        # Every source has its turn before one has a second.
        turns = zip_longest(*held_back_objects(config, listing, config.validation_objects))
        objects = [sample for sample in chain.from_iterable(turns) if sample is not None]
        self._objects = objects[: config.validation_objects] if config.validate_every else []

    def due(self, epoch: int, last: bool) -> bool:
        """Whether to measure at the end of an epoch, the first being 0."""
        if not self._objects:
            return False
        return last or (epoch + 1) % self._config.validate_every == 0

    def measure(
        self, network: ItisNetwork, about: Mapping[str, Any], best: tuple[float, float] | None
    ) -> Measurement:
        """Measure a network; where it beats `best`, its weights become the best ones."""
        newest = self._folder / _NEWEST
        try:
            save_weights(network, newest, training=about)
            clicks = self._config.validation_clicks
            predictor = Predictor(newest, str(self._device))
            result = run_benchmark(predictor, self._objects, max_clicks=clicks)
            summary = result.summary(TARGETS)
            mean = [summary["mean_iou"][min(k, clicks) - 1] for k in (1, 3, 5, 10)]
            measured = Measurement(summary["objects"], *summary["noc"].values(), *mean)
            if best is None or measured.rank < best:
                newest.replace(self._folder / BEST)
            return measured
        finally:
            newest.unlink(missing_ok=True)


def _one_object(image: TrainingImage) -> HeldBackObject:
    rng = np.random.default_rng(list(image.id.encode()))
    label = int(rng.choice(image.labels))
    labelled = image.labelled
    name = f"{image.id}:{label}"
    return HeldBackObject(name, labelled.image_path, labelled.mask_path, _unused, image, label)


def _unused(_: Path) -> tuple[np.ndarray, np.ndarray]:
    raise AssertionError("held-back objects are read through their training image")
