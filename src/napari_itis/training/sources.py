"""Images and objects to train on: what there is, what is held back, how fresh ones are drawn."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import cv2
import numpy as np
from scipy.ndimage import find_objects

from napari_itis.datasets import DatasetError, folder, read_image
from napari_itis.training.config import DataSource, TrainingConfig

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class TrainingImage:
    """A photo, its mask file, and the boxes of its objects.

    Attributes
    ----------
    id : str
        ``SOURCE/NAME``.
    image, mask : Path
    objects : dict of int to tuple
        Label -> (top, left, bottom, right), the end excluded.
    """

    id: str
    image: Path
    mask: Path
    objects: dict[int, Box]


def is_held_back(image_id: str, share: float) -> bool:
    """Whether an image belongs to the validation part; decided by its name alone, so for ever."""
    digest = hashlib.sha256(image_id.encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32 < share


def object_boxes(labels: np.ndarray, min_area: int) -> dict[int, Box]:
    """Boxes of the objects in a label image that have at least `min_area` pixels."""
    count = np.bincount(labels.ravel())
    boxes = {}
    for label, where in enumerate(find_objects(labels), start=1):
        if where is not None and count[label] >= min_area:
            rows, columns = where
            boxes[label] = (rows.start, columns.start, rows.stop, columns.stop)
    return boxes


def list_images(source: DataSource, config: TrainingConfig) -> list[TrainingImage]:
    """All images of a source that have an object; every mask is read once to find the objects.

    Raises
    ------
    DatasetError
        If the layout is wrong or a mask unreadable.
    """
    root = Path(config.data_root) / source.root
    name = source.name or root.name
    images = []
    for image, mask in folder.pairs(root):
        boxes = object_boxes(folder.read_labels(mask)[0], config.min_area)
        if boxes:
            images.append(TrainingImage(f"{name}/{image.stem}", image, mask, boxes))
    if not images:
        raise DatasetError(f"no objects of {config.min_area} pixels or more in {root / 'masks'}")
    return images


class Sources:
    """The training images of all sources, with a cache of decoded pixels.

    Parameters
    ----------
    config : TrainingConfig

    Attributes
    ----------
    training : list of list of TrainingImage
        One list per source, without the images that are held back.

    Raises
    ------
    DatasetError
        If a source cannot be used.
    """

    def __init__(self, config: TrainingConfig) -> None:
        if not config.data:
            raise DatasetError("no training data: give --data NAME:ROOT or [[data]] in the config")
        self.training: list[list[TrainingImage]] = []
        for source in config.data:
            images = list_images(source, config)
            rest = [i for i in images if not is_held_back(i.id, config.held_back)]
            self.training.append(rest or images)
        weights = np.array([source.weight for source in config.data], float)
        if weights.sum() <= 0 or weights.min() < 0:
            raise DatasetError("the weights of the data sources must be positive")
        self._sources = weights / weights.sum()
        self._images = [
            _shares([min(len(i.objects), source.max_objects_per_image) for i in images])
            for source, images in zip(config.data, self.training, strict=True)
        ]
        self._cache = _PixelCache(int(config.cache_gb * 2**30))

    def draw(self, rng: np.random.Generator) -> tuple[int, int, int]:
        """Draw an object: indices of its source and image, and its label."""
        source = int(rng.choice(len(self._sources), p=self._sources))
        image = int(rng.choice(len(self._images[source]), p=self._images[source]))
        labels = list(self.training[source][image].objects)
        return source, image, labels[int(rng.integers(len(labels)))]

    def pixels(self, source: int, image: int) -> tuple[np.ndarray, np.ndarray]:
        """Pixels of a training image.

        Returns
        -------
        image : ndarray of uint8, shape (H, W, 3)
        labels : ndarray of int32, shape (H, W)
            Objects 1..n, 0 background, -1 void.
        """
        return self._cache.get(self.training[source][image])


class _PixelCache:
    """Decoded images, the least recently used thrown out beyond a budget of bytes."""

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._used = 0
        self._entries: OrderedDict[str, tuple[np.ndarray, np.ndarray]] = OrderedDict()
        self._lock = Lock()

    def get(self, image: TrainingImage) -> tuple[np.ndarray, np.ndarray]:
        with self._lock:
            if image.id in self._entries:
                self._entries.move_to_end(image.id)
                return self._entries[image.id]
        pixels = read_pixels(image)
        with self._lock:
            if image.id not in self._entries:
                self._entries[image.id] = pixels
                self._used += sum(array.nbytes for array in pixels)
            while self._used > self._budget and len(self._entries) > 1:
                _, old = self._entries.popitem(last=False)
                self._used -= sum(array.nbytes for array in old)
        return pixels


def read_pixels(image: TrainingImage) -> tuple[np.ndarray, np.ndarray]:
    """Read photo (uint8 RGB) and labels (int32, -1 for void) of a training image.

    Raises
    ------
    DatasetError
        If one of them is unreadable or their sizes differ.
    """
    rgb = np.array(read_image(image.image))
    labels, void = folder.read_labels(image.mask)
    if rgb.shape[:2] != labels.shape:
        raise DatasetError(f"{image.mask} is {labels.shape}, its photo {rgb.shape[:2]}")
    labels[void] = -1
    return rgb, labels


def spoil_mask(truth: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A mask as an automatic method might have made it, for training on existing masks.

    Parameters
    ----------
    truth : ndarray of bool, shape (H, W)
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of bool, shape (H, W)
        The truth shifted, shrunk, grown, with a part missing, with something foreign, or coarse.
    """
    mask = truth.astype(np.uint8)
    size = max(4, round(float(np.sqrt(mask.sum()))))
    height, width = mask.shape
    for _ in range(int(rng.integers(1, 4))):
        kind = int(rng.integers(5))
        if kind == 0:
            shift = rng.uniform(-0.25, 0.25, 2) * size
            scale = rng.uniform(0.85, 1.15)
            centre = (width / 2, height / 2)
            matrix = cv2.getRotationMatrix2D(centre, float(rng.uniform(-10, 10)), scale)
            matrix[:, 2] += shift
            mask = cv2.warpAffine(mask, matrix, (width, height), flags=cv2.INTER_NEAREST)
        elif kind == 1:
            reach = 2 * int(rng.integers(1, max(2, size // 8))) + 1
            kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
            change = cv2.erode if rng.random() < 0.5 else cv2.dilate
            mask = change(mask, kernel)
        elif kind == 4:
            low = max(2, size // int(rng.integers(4, 12)))
            blurred = cv2.blur(mask.astype(np.float32), (low, low))
            mask = (blurred > rng.uniform(0.3, 0.7)).astype(np.uint8)
        else:
            # A bite out of the object, or something foreign beside it.
            inside = np.argwhere(mask if kind == 2 else cv2.dilate(mask, np.ones((size, size))))
            if len(inside):
                row, column = inside[rng.integers(len(inside))]
                axes = tuple(int(v) for v in rng.uniform(0.15, 0.6, 2) * size + 1)
                angle = float(rng.uniform(0, 180))
                centre = (int(column), int(row))
                cv2.ellipse(mask, centre, axes, angle, 0, 360, int(kind == 3), -1)
    return mask.astype(bool)


def _shares(counts: Sequence[int]) -> np.ndarray:
    shares = np.array(counts, float)
    return shares / shares.sum()
