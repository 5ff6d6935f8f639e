"""The objects to train on: how fresh ones are drawn, and their pixels."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

import numpy as np

from napari_itis.datasets import DatasetError
from napari_itis.training.config import TrainingConfig
from napari_itis.training.listing import Listing, Pixels, TrainingImage, list_sources


class Sources:
    """The objects of all sources, drawn at random or counted through, with their pixels.

    Parameters
    ----------
    config : TrainingConfig
    listing : Listing, optional
        From `list_sources`, which is called if it is left out.

    Attributes
    ----------
    listing : Listing

    Raises
    ------
    DatasetError
        If a source cannot be used.
    """

    def __init__(self, config: TrainingConfig, listing: Listing | None = None) -> None:
        self.listing = listing or list_sources(config)
        self._images = self.listing.training
        weights = np.array([source.weight for source in config.data], float)
        if weights.sum() <= 0 or weights.min() < 0:
            raise DatasetError("the weights of the data sources must be positive")
        # Cumulative: a draw takes the same time however many images there are.
        self._weights = _cumulative(weights)
        self._shares = [
            _cumulative([min(len(i.labels), source.max_objects_per_image) for i in images])
            for source, images in zip(config.data, self._images, strict=True)
        ]
        self._flat = [(s, i) for s, images in enumerate(self._images) for i in range(len(images))]
        counts = [len(image.labels) for images in self._images for image in images]
        self._ends = np.cumsum(counts)
        self._cache = _PixelCache(int(config.cache_gb * 2**30))

    def __len__(self) -> int:
        """Number of objects."""
        return int(self._ends[-1])

    @property
    def fingerprint(self) -> str:
        """Changes with the images, their order and their objects, not with where they lie."""
        digest = hashlib.sha256()
        for images in self._images:
            for image in images:
                digest.update(f"{image.id}\n".encode())
                digest.update(image.labels.tobytes())
        return digest.hexdigest()

    def draw(self, rng: np.random.Generator) -> tuple[int, int, int]:
        """Draw an object: indices of its source and image, and its label."""
        source = int(np.searchsorted(self._weights, rng.random(), side="right"))
        image = int(np.searchsorted(self._shares[source], rng.random(), side="right"))
        labels = self._images[source][image].labels
        return source, image, int(labels[int(rng.integers(len(labels)))])

    def object_at(self, number: int) -> tuple[int, int, int]:
        """The object of a number below `len`: indices of its source and image, and its label."""
        place = int(np.searchsorted(self._ends, number, side="right"))
        source, image = self._flat[place]
        before = int(self._ends[place - 1]) if place else 0
        return source, image, int(self._images[source][image].labels[number - before])

    def image(self, source: int, image: int) -> TrainingImage:
        """An image by the indices that `draw` gives."""
        return self._images[source][image]

    def pixels(self, source: int, image: int) -> Pixels:
        """Photo and labels of an image, as `TrainingImage.read` gives them, often from memory."""
        return self._cache.get((source, image), self._images[source][image])


class _PixelCache:
    """Decoded images, the least recently used thrown out beyond a budget of bytes.

    By source and number: two sources may have the same name and images of the same name.
    """

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._used = 0
        self._entries: OrderedDict[tuple[int, int], Pixels] = OrderedDict()
        self._lock = Lock()

    def get(self, key: tuple[int, int], image: TrainingImage) -> Pixels:
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
                return self._entries[key]
        pixels = image.read()
        with self._lock:
            if key not in self._entries:
                self._entries[key] = pixels
                self._used += sum(array.nbytes for array in pixels)
            while self._used > self._budget and len(self._entries) > 1:
                _, old = self._entries.popitem(last=False)
                self._used -= sum(array.nbytes for array in old)
        return pixels


def _cumulative(counts: Sequence[float]) -> np.ndarray:
    shares = np.cumsum(np.array(counts, float))
    return shares / shares[-1]
