"""What an object and its surroundings look like, to find it again on other frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_itis.inference import Predictor
from napari_itis.inference.region import Region, around

_SIDE = 256
_CONTEXT = 2.0
_NEAREST = 3
_INSIDE, _OUTSIDE = 0.8, 0.2


@dataclass(frozen=True)
class Looks:
    """What is seen in and around an object on one frame.

    Attributes
    ----------
    region : Region
        Where it was looked at.
    grid : tuple of int
        (h, w) of the places in it.
    features : ndarray of float32, shape (h * w, C)
        One vector of length 1 for each place.
    share : ndarray of float32, shape (h * w,)
        How much of the place belongs to the object.
    """

    region: Region
    grid: tuple[int, int]
    features: NDArray[np.float32]
    share: NDArray[np.float32]

    @property
    def inside(self) -> NDArray[np.float32]:
        """Vectors of the object; of a thin one those that show most of it."""
        return self.features[self.share >= min(_INSIDE, float(self.share.max()) or _INSIDE)]

    @property
    def outside(self) -> NDArray[np.float32]:
        """Vectors of what surrounds it."""
        return self.features[self.share < _OUTSIDE]


def look(predictor: Predictor, image: NDArray[np.uint8], mask: NDArray[np.bool_]) -> Looks:
    """See what an object and its surroundings look like.

    Parameters
    ----------
    predictor : Predictor
        Its network describes what is seen.
    image : ndarray of uint8, shape (H, W, 3)
    mask : ndarray of bool, shape (H, W)
        The object; twice its box is looked at, all of the image if it is empty.

    Returns
    -------
    Looks
    """
    region = around(mask.shape, mask, (), _SIDE, _CONTEXT)
    features = predictor.features(image, region)
    share = region.share(mask, features.shape[:2])
    flat = features.reshape(-1, features.shape[-1])
    return Looks(region, features.shape[:2], flat, share.ravel())


def compare(seen: Looks, known: Sequence[Looks]) -> NDArray[np.float32]:
    """How much more each place looks like the object than like its surroundings.

    Parameters
    ----------
    seen : Looks
        The places.
    known : sequence of Looks
        Where the object is known, taken together.

    Returns
    -------
    ndarray of float32, shape (h, w)
        Difference of two cosines, in [-2, 2] and mostly within 0.5; 0 where nothing is known.
    """
    inside = _likeness(seen.features, [looks.inside for looks in known])
    outside = _likeness(seen.features, [looks.outside for looks in known])
    return (inside - outside).reshape(seen.grid)


def _likeness(
    features: NDArray[np.float32], known: Sequence[NDArray[np.float32]]
) -> NDArray[np.float32]:
    """Mean cosine with the nearest known vectors."""
    vectors = np.concatenate(known) if len(known) else features[:0]
    if not len(vectors):
        return np.zeros(len(features), np.float32)
    cosines = features @ vectors.T
    total, rows = np.zeros(len(features), np.float32), np.arange(len(features))
    count = min(_NEAREST, len(vectors))
    # A few searches for the largest take a fraction of the time of a partition.
    for _ in range(count):
        best = cosines.argmax(1)
        total += cosines[rows, best]
        cosines[rows, best] = -np.inf
    return total / count
