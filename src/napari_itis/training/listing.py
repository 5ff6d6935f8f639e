"""What there is to train on: images, where their objects are, what is held back."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from scipy.ndimage import find_objects

from napari_itis.datasets import DatasetError, LabelledImage, read_training_set
from napari_itis.datasets.base import report
from napari_itis.datasets.layouts import in_threads
from napari_itis.training.config import DataSource, TrainingConfig
from napari_itis.training.shapes import shapes_images

Box = tuple[int, int, int, int]
Pixels = tuple[np.ndarray, np.ndarray]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingImage:
    """An image and where its objects are; plain arrays, since there may be a million of them.

    Attributes
    ----------
    id : str
        ``SOURCE/NAME``.
    labelled : LabelledImage
        Reads the pixels.
    labels : ndarray of int32, shape (n,)
        Objects that are large enough to train on, ascending.
    boxes : ndarray of int32, shape (n, 4)
        (top, left, bottom, right) of each, the end excluded.
    scene : str
        The id, or what the frames of one video share: they are held back together.
    """

    id: str
    labelled: LabelledImage
    labels: np.ndarray
    boxes: np.ndarray
    scene: str

    def box(self, label: int) -> Box:
        """The box of an object."""
        top, left, bottom, right = self.boxes[np.searchsorted(self.labels, label)].tolist()
        return top, left, bottom, right

    def read(self) -> Pixels:
        """Read the photo, uint8 RGB, and the labels, int32 with -1 for void.

        Raises
        ------
        DatasetError
            If one of them is unreadable or their sizes differ.
        """
        image, labels, void = self.labelled.load()
        labels = labels.astype(np.int32)
        labels[void] = -1
        return np.require(image, requirements=["C", "W"]), labels


@dataclass
class Listing:
    """All images of all sources, those to train on and those held back for validation.

    Attributes
    ----------
    training, held_back : list of list of TrainingImage
        One list per source.
    """

    training: list[list[TrainingImage]] = field(default_factory=list)
    held_back: list[list[TrainingImage]] = field(default_factory=list)


def list_sources(config: TrainingConfig) -> Listing:
    """List what a config trains on; every mask is read once to find the objects.

    Raises
    ------
    DatasetError
        If a source cannot be used.
    """
    if not config.data:
        raise DatasetError("no training data: give --data NAME:ROOT or [[data]] in the config")
    listing = Listing()
    for source in config.data:
        images = list_images(source, config)
        rest = [i for i in images if not is_held_back(i.scene, config.held_back)]
        held = [i for i in images if is_held_back(i.scene, config.held_back)]
        # A user with a handful of images wants them trained on, all of them if need be.
        listing.training.append(rest or images)
        listing.held_back.append(held if rest else [])
    return listing


def list_images(source: DataSource, config: TrainingConfig) -> list[TrainingImage]:
    """All images of a source that have an object large enough.

    Every photo is looked at too: a broken one is found now, not in the middle of a night.

    Raises
    ------
    DatasetError
        If the layout is wrong or a file is unreadable, unless `skip_bad` leaves it out.
    """
    faults: list[str] | None = [] if config.skip_bad else None
    found = [scanned.image for scanned in scan_source(source, config, faults)]
    usable = [image for image in found if len(image.labels)]
    name, where = _place(source, config)
    if faults:
        _log.warning("%d of %s are left out, such as: %s", len(faults), name, faults[0])
    if not usable:
        raise DatasetError(f"no objects of {config.min_area} pixels or more in {where}")
    return usable


@dataclass(frozen=True)
class ScannedImage:
    """What a look at an image and its mask tells.

    Attributes
    ----------
    image : TrainingImage
    size : tuple of int
        (H, W).
    small : int
        Objects that are too small to train on.
    """

    image: TrainingImage
    size: tuple[int, int]
    small: int


def scan_source(
    source: DataSource,
    config: TrainingConfig,
    faults: list[str] | None = None,
    tell: Callable[[str, int, int], None] = lambda *_: None,
) -> Iterator[ScannedImage]:
    """Look at all images of a source, at each photo and each mask, a few at a time.

    Parameters
    ----------
    source : DataSource
    config : TrainingConfig
    faults : list of str, optional
        Where to note what is unreadable instead of stopping at it.
    tell : callable
        Told what is done, how much of it, and out of how much.

    Raises
    ------
    DatasetError
        If the layout is wrong, or a file is unreadable and `faults` is None.
    """
    name, where = _place(source, config)
    if source.layout == "shapes":
        images = shapes_images(_count(source))
    else:
        images = read_training_set(source.layout, where, source.split or None, faults)
    look = partial(_with_objects, name=name, min_area=config.min_area)
    for done, (_, found) in enumerate(in_threads(look, images), 1):
        if isinstance(found, DatasetError):
            report(str(found), faults)
        else:
            yield found
        tell(f"reading {name}", done, len(images))


def is_held_back(scene: str, share: float) -> bool:
    """Whether a scene belongs to the validation part; decided by its name alone, so for ever."""
    digest = hashlib.sha256(scene.encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32 < share


def object_boxes(labels: np.ndarray, min_area: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Labels and boxes of the objects of at least `min_area` pixels; how many are smaller."""
    names = None
    if labels.max() >= 1 << 20:
        # Numbers of database rows, for one: counting up to them would take all memory.
        names, places = np.unique(np.append(labels.ravel(), 0), return_inverse=True)
        labels = places[:-1].reshape(labels.shape)
    count = np.bincount(labels.ravel())
    found, boxes, small = [], [], 0
    for label, where in enumerate(find_objects(labels), start=1):
        if where is None:
            continue
        if count[label] < min_area:
            small += 1
        else:
            rows, columns = where
            found.append(label if names is None else names[label])
            boxes.append((rows.start, columns.start, rows.stop, columns.stop))
    return np.array(found, np.int32), np.array(boxes, np.int32).reshape(-1, 4), small


def _with_objects(image: LabelledImage, name: str, min_area: int) -> ScannedImage | DatasetError:
    try:
        labels = image.checked_labels()
    except DatasetError as error:
        return error
    scene = f"{name}/{image.scene or image.id}"
    found, boxes, small = object_boxes(labels, min_area)
    usable = TrainingImage(f"{name}/{image.id}", image, found, boxes, scene)
    return ScannedImage(usable, labels.shape, small)


def _place(source: DataSource, config: TrainingConfig) -> tuple[str, Path]:
    """The name of a source, and where it lies."""
    where = Path(config.data_root) / source.root
    return source.name or where.name or source.layout, where


def _count(source: DataSource) -> int:
    if not source.split.isdecimal() or int(source.split) < 1:
        raise DatasetError(
            f"the shapes {source.name!r} have split = {source.split!r}: give the number of images"
        )
    return int(source.split)
