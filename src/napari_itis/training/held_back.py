"""Objects of the images that are held back, as the robot user clicks on them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_itis.datasets import ObjectSample
from napari_itis.training.config import TrainingConfig
from napari_itis.training.sources import Listing, TrainingImage


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


def _one_object(image: TrainingImage) -> HeldBackObject:
    rng = np.random.default_rng(list(image.id.encode()))
    label = int(rng.choice(image.labels))
    labelled = image.labelled
    name = f"{image.id}:{label}"
    return HeldBackObject(name, labelled.image_path, labelled.mask_path, _unused, image, label)


def _unused(_: Path) -> tuple[np.ndarray, np.ndarray]:
    raise AssertionError("held-back objects are read through their training image")
