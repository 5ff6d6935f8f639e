"""What the network saw of an image, the mask after some clicks, and what becomes of both."""

from __future__ import annotations

import hashlib
import math
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np

from napari_itis.clicks import Click
from napari_itis.inference.patch import Box, Patch
from napari_itis.inference.region import Region

MAX_LOGIT = 20.0


@dataclass(frozen=True)
class View:
    """A region and the object's logit there, at the network's size."""

    region: Region
    values: np.ndarray

    @classmethod
    def of(cls, region: Region, logit: np.ndarray) -> View:
        """The view with logits that a sigmoid can take."""
        return cls(region, np.clip(logit, -MAX_LOGIT, MAX_LOGIT))

    def logit(self, box: Box) -> np.ndarray:
        """The logit in a rectangle of the image; beyond the region it is background."""
        logit = np.full([part.stop - part.start for part in box], -MAX_LOGIT, np.float32)
        inner = tuple(
            slice(max(part.start, own.start), min(part.stop, own.stop))
            for part, own in zip(box, self.region.slices)
        )
        if all(part.start < part.stop for part in inner):
            place = tuple(
                slice(part.start - whole.start, part.stop - whole.start)
                for part, whole in zip(inner, box)
            )
            logit[place] = self.region.restore_part(self.values, inner)
        return logit

    def found(self) -> Box:
        """The rectangle of the image beyond which nothing of the object was seen."""
        rows = np.flatnonzero((self.values > 0).any(1))
        columns = np.flatnonzero((self.values > 0).any(0))
        if not rows.size:
            return slice(0, 0), slice(0, 0)
        found = []
        for used, size, part in zip(
            (rows, columns), (self.region.height, self.region.width), self.region.slices
        ):
            # A pixel more on either side: between two of them the logit is interpolated.
            step = (part.stop - part.start) / size
            low = part.start + math.floor((used[0] - 1) * step)
            high = part.start + math.ceil((used[-1] + 2) * step)
            found.append(slice(max(low, part.start), min(high, part.stop)))
        return found[0], found[1]

    def clicked(self, clicks: Sequence[Click]) -> np.ndarray:
        """The parts of what was seen that hold a positive click, bool at the network's size."""
        _, parts = cv2.connectedComponents((self.values > 0).astype(np.uint8), connectivity=8)
        inside = [click for click in self.region.to_region(clicks) if click.positive]
        wanted = {
            int(parts[click.pixel]) for click in inside if click.inside(self.values.shape)
        } - {0}
        return np.isin(parts, list(wanted))

    def object(self, shape: tuple[int, int]) -> Patch:
        """What was taken for the object, in an image of `shape` (H, W)."""
        box = self.found()
        if box[0].start == box[0].stop:
            return Patch.empty(shape)
        return Patch(shape, box[0].start, box[1].start, self.logit(box) > 0).cropped()


@dataclass(frozen=True)
class State:
    """Mask after some clicks, and what the network last saw (None: nothing yet)."""

    mask: Patch
    view: View | None


@dataclass(frozen=True)
class Prediction:
    """What the network makes of the clicks.

    Attributes
    ----------
    state : State
        The mask as a patch, which is all that is needed of it in a large image, and what the
        network last saw.
    posterior : ndarray of float32, shape (H, W)
        Probability of the object; 0 beyond the region that the network looked at.
    mask : ndarray of bool, shape (H, W)
        Posterior > 0.5, changed only where the promise of a click asks for it, and without
        small islands that no click asks for.
    """

    state: State

    @cached_property
    def posterior(self) -> np.ndarray:
        height, width = self.state.mask.shape
        if self.state.view is None:
            return self.mask.astype(np.float32)
        return sigmoid(self.state.view.logit((slice(0, height), slice(0, width))))

    @cached_property
    def mask(self) -> np.ndarray:
        return self.state.mask.whole()


class States:
    """States by what led to them, the least recently used thrown out.

    Parameters
    ----------
    most : int
        How many are kept; a mask takes a bit for a pixel of the object's rectangle.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, tuple[Patch, tuple[int, int], View | None]]
        self._kept = OrderedDict()

    def __contains__(self, key: Hashable) -> bool:
        return key in self._kept

    def clear(self) -> None:
        """Forget all of them."""
        self._kept.clear()

    def keep(self, key: Hashable, state: State) -> None:
        """Remember a state."""
        mask = state.mask
        packed = replace(mask, pixels=np.packbits(mask.pixels))
        self._kept[key] = (packed, mask.pixels.shape, state.view)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def recall(self, key: Hashable) -> State:
        """Give a state that is kept."""
        self._kept.move_to_end(key)
        packed, size, view = self._kept[key]
        pixels = np.unpackbits(packed.pixels, count=size[0] * size[1]).reshape(size).astype(bool)
        return State(replace(packed, pixels=pixels), view)


def sigmoid(logit: np.ndarray) -> np.ndarray:
    """Probability of a logit."""
    return 1 / (1 + np.exp(-logit))


def clicked_parts(mask: Patch, clicks: Sequence[Click]) -> Patch:
    """The connected parts of a mask that hold a positive click; all of it if none does."""
    if not mask.any():
        return mask
    _, parts = cv2.connectedComponents(mask.pixels.astype(np.uint8), connectivity=8)
    found = [click.pixel for click in clicks if click.positive and click.pixel in mask]
    wanted = {int(parts[row - mask.top, column - mask.left]) for row, column in found}
    pixels = np.isin(parts, list(wanted)) if wanted else np.zeros_like(mask.pixels)
    return replace(mask, pixels=pixels).cropped()


def fingerprint(mask: Patch) -> bytes:
    """A few bytes that tell masks apart; the patch must be a cropped one."""
    if not mask.any():
        return b""
    digest = hashlib.blake2b(np.packbits(mask.pixels), digest_size=16)
    digest.update(repr((mask.top, mask.left, mask.pixels.shape)).encode())
    return digest.digest()
