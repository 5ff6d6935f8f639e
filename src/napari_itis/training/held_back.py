"""Objects of the images that are held back, as the robot user clicks on them."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np

from napari_itis.datasets import DatasetError, ObjectSample
from napari_itis.runs.folder import CONFIG
from napari_itis.training.config import TrainingConfig
from napari_itis.training.config_files import load_config
from napari_itis.training.listing import Listing, TrainingImage, list_sources


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


def held_back_of_run(folder: str | PathLike[str]) -> list[tuple[str, HeldBackObject]]:
    """Every object of the images that a training has held back, to compare weights on.

    Parameters
    ----------
    folder : path-like
        The training's folder, whose config says which data and which share of it.

    Returns
    -------
    list of (str, HeldBackObject)
        Each with what it shares with others: its image, or the video that it is from.

    Raises
    ------
    ConfigError, DatasetError
        If the folder is no training's, its data cannot be read, or nothing was held back.
    """
    path = Path(folder) / CONFIG
    if not path.is_file():
        raise DatasetError(f"{folder} is no folder of a training: it has no {CONFIG}")
    config = load_config(path)
    images = [image for images in list_sources(config).held_back for image in images]
    samples = [(image.scene, _object(image, int(i))) for image in images for i in image.labels]
    if not samples:
        raise DatasetError(
            f"the training in {folder} has held back no image of its data "
            f"(held_back = {config.held_back:g}): compare on other images, --data LAYOUT:ROOT"
        )
    return samples


def _one_object(image: TrainingImage) -> HeldBackObject:
    rng = np.random.default_rng(list(image.id.encode()))
    return _object(image, int(rng.choice(image.labels)))


def _object(image: TrainingImage, label: int) -> HeldBackObject:
    labelled = image.labelled
    name = f"{image.id}:{label}"
    return HeldBackObject(name, labelled.image_path, labelled.mask_path, _unused, image, label)


def _unused(_: Path) -> tuple[np.ndarray, np.ndarray]:
    raise AssertionError("held-back objects are read through their training image")
