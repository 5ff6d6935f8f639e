"""What the network saw of an image, the mask after some clicks, and what becomes of both."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from napari_itis.clicks import Click
from napari_itis.inference.region import Region

MAX_LOGIT = 20.0


@dataclass(frozen=True)
class Prediction:
    """What the network makes of the clicks.

    Attributes
    ----------
    posterior : ndarray of float32, shape (H, W)
        Probability of the object; 0 beyond the region that the network looked at.
    mask : ndarray of bool, shape (H, W)
        Posterior > 0.5, changed only where the promise of a click asks for it, and without
        small islands that no click asks for.
    """

    posterior: np.ndarray
    mask: np.ndarray


@dataclass(frozen=True)
class View:
    """A region and the object's logit there, at the network's size."""

    region: Region
    values: np.ndarray

    @classmethod
    def of(cls, region: Region, logit: np.ndarray) -> View:
        """The view with logits that a sigmoid can take."""
        return cls(region, np.clip(logit, -MAX_LOGIT, MAX_LOGIT))

    def logit(self, shape: tuple[int, int]) -> np.ndarray:
        """The logit over the whole image; beyond the region it is background."""
        logit = np.full(shape, -MAX_LOGIT, np.float32)
        logit[self.region.slices] = self.region.restore(self.values)
        return logit


@dataclass(frozen=True)
class State:
    """Mask after some clicks, and what the network last saw (None: nothing yet)."""

    mask: np.ndarray
    view: View | None

    def posterior(self) -> np.ndarray:
        """Probability of the object, float32 (H, W)."""
        if self.view is None:
            return self.mask.astype(np.float32)
        return sigmoid(self.view.logit(self.mask.shape))


class States:
    """States by what led to them, the least recently used thrown out.

    Parameters
    ----------
    most : int
        How many are kept; a mask takes a bit a pixel.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, tuple[np.ndarray, View | None]] = OrderedDict()

    def __contains__(self, key: Hashable) -> bool:
        return key in self._kept

    def clear(self) -> None:
        """Forget all of them."""
        self._kept.clear()

    def keep(self, key: Hashable, state: State) -> None:
        """Remember a state."""
        self._kept[key] = (np.packbits(state.mask), state.view)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def recall(self, key: Hashable, shape: tuple[int, int]) -> State:
        """Give a state that is kept, its mask of `shape` (H, W)."""
        self._kept.move_to_end(key)
        packed, view = self._kept[key]
        mask = np.unpackbits(packed, count=shape[0] * shape[1]).reshape(shape).astype(bool)
        return State(mask, view)


def sigmoid(logit: np.ndarray) -> np.ndarray:
    """Probability of a logit."""
    return 1 / (1 + np.exp(-logit))


def clicked_parts(mask: np.ndarray, clicks: Sequence[Click]) -> np.ndarray:
    """The connected parts of a mask that hold a positive click; all of it if none does."""
    _, parts = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    wanted = {int(parts[click.pixel]) for click in clicks if click.positive} - {0}
    return np.isin(parts, list(wanted)) if wanted else np.zeros_like(mask)


def fingerprint(mask: np.ndarray) -> bytes:
    """A few bytes that tell masks apart."""
    return hashlib.blake2b(np.packbits(mask), digest_size=16).digest() if mask.any() else b""
