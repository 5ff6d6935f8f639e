"""Which frames to look at: how likely a mask is wrong, told without any truth."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_itis.inference import Predictor, to_rgb8
from napari_itis.video.appearance import Looks, compare, look
from napari_itis.video.flow import flow, move_mask
from napari_itis.video.propagation import Frames, centre_click, window_around

Masks = Callable[[int], NDArray[np.bool_]]
"""Gives the mask of a frame, bool (H, W)."""

# Frames that the looks are compared with: so many, the nearest ones of every so many-th.
_ANCHORS, _SPACING = 12, 10
_KEPT = 48
NEIGHBOURS = 6
"""What is usual is so among this many frames on either side; masks farther away do not count."""
# Parts thinner than this share of the object's size are ragged.
_THIN = 0.05
# Where there is no mask nothing can be told.
_ABSENT = 0.5
_NO_OTHERS: Mapping[int, NDArray[np.bool_]] = {}


@dataclass(frozen=True)
class Symptoms:
    """What speaks against the mask of a frame, each from 0 (nothing) to 1.

    Attributes
    ----------
    motion : float
        How far it is from where a neighbour's mask moves to by optical flow; of the neighbour that
        fits better.
    jump : float
        The same of the one that fits worse.
    network : float
        How far the network goes away from it, shown the mask and a click inside it.
    looks : float
        How far it is from what looks like the object on other frames.
    size : float
        How far its area is from what is usual on the frames around.
    shape : float
        How much of it is ragged: thin parts, specks and holes.
    """

    motion: float
    jump: float
    network: float
    looks: float
    size: float
    shape: float


class FrameScores:
    """Scores of the frames of a video by how likely their mask is wrong.

    Scores are computed one at a time and again where masks change, so that they can be had in the
    background.

    Parameters
    ----------
    predictor : Predictor
        Its own image and what it remembers stay as they are.
    frames : sequence of ndarray of uint8, shape (H, W, 3)
    masks : callable
        Takes the number of a frame and gives its mask, bool (H, W); asked whenever one is needed.

    Attributes
    ----------
    values : ndarray of float, shape (len(frames),)
        In [0, 1], the higher the more suspicious; NaN where not computed yet.
    """

    def __init__(self, predictor: Predictor, frames: Frames, masks: Masks) -> None:
        self._predictor, self._frames, self._masks = predictor, frames, masks
        self.values = np.full(len(frames), np.nan)
        self._areas = np.full(len(frames), -1)
        self._spacing = max(1, min(_SPACING, len(frames) // _ANCHORS))
        self._looks: OrderedDict[int, Looks] = OrderedDict()
        self._trust: dict[int, float] = {}

    def changed(self, frames: Iterable[int]) -> None:
        """Say that masks changed; what depends on them is computed again.

        Parameters
        ----------
        frames : iterable of int
        """
        for frame in frames:
            near = slice(max(0, frame - 1), frame + 2)
            self.values[near] = np.nan
            self._areas[frame] = -1
            self._looks.pop(frame, None)
            self._trust.clear()

    def took(self, scores: Mapping[int, float]) -> None:
        """Say what `score` gave for masks that frames have now, so that it is not computed again.

        Parameters
        ----------
        scores : mapping of int to float
            Of frames; after `changed`.
        """
        for frame, score in scores.items():
            self.values[frame] = score

    def compute(self, frames: Iterable[int] | None = None) -> Iterator[tuple[int, float]]:
        """Compute what is missing.

        Parameters
        ----------
        frames : iterable of int, optional
            In this order; all of them, from the first, by default.

        Yields
        ------
        frame : int
        score : float
        """
        for frame in range(len(self.values)) if frames is None else frames:
            if np.isnan(self.values[frame]):
                self.values[frame] = self.score(frame)
                yield frame, float(self.values[frame])

    def symptoms(
        self, frame: int, instead: Mapping[int, NDArray[np.bool_]] = _NO_OTHERS
    ) -> Symptoms:
        """What speaks against the mask of a frame, which must not be empty; see `score`."""
        image, mask = self._image(frame), self.mask(frame, instead)
        fits = [
            self._moved_fit(image, mask, other, self.mask(other, instead))
            for other in self._beside(frame)
        ]
        refined = self._predictor.refine(image, mask, [centre_click(mask)]).mask
        seen = look(self._predictor, image, mask) if frame in instead else self._look(frame)
        usual = self._usual_area(frame, instead)
        return Symptoms(
            motion=1 - max(fits, default=1.0),
            jump=1 - min(fits, default=1.0),
            network=1 - _iou(mask, refined),
            looks=self._unlike(frame, seen),
            size=min(1.0, abs(float(np.log2(np.count_nonzero(mask) / usual))) / 2),
            shape=_raggedness(mask),
        )

    def score(self, frame: int, instead: Mapping[int, NDArray[np.bool_]] = _NO_OTHERS) -> float:
        """Score a frame as it would be with other masks; nothing is kept.

        Parameters
        ----------
        frame : int
        instead : mapping of int to ndarray of bool, shape (H, W), optional
            Masks of this frame and others that are to stand for those that are there.

        Returns
        -------
        float
            In [0, 1].
        """
        if not self._area(frame, instead):
            return _ABSENT
        return float(np.mean(astuple(self.symptoms(frame, instead))))

    def has_mask(self, frame: int) -> bool:
        """Whether the mask of a frame is not empty."""
        return self._area(frame) > 0

    def mask(
        self, frame: int, instead: Mapping[int, NDArray[np.bool_]] = _NO_OTHERS
    ) -> NDArray[np.bool_]:
        """The mask of a frame, bool (H, W); see `score`."""
        if frame in instead:
            return instead[frame]
        mask = np.asarray(self._masks(frame), bool)
        self._areas[frame] = np.count_nonzero(mask)
        return mask

    def _image(self, frame: int) -> NDArray[np.uint8]:
        return to_rgb8(np.asarray(self._frames[frame]))

    def _area(self, frame: int, instead: Mapping[int, NDArray[np.bool_]] = _NO_OTHERS) -> int:
        if frame in instead:
            return int(np.count_nonzero(instead[frame]))
        if self._areas[frame] < 0:
            self.mask(frame)
        return int(self._areas[frame])

    def _beside(self, frame: int) -> list[int]:
        return [f for f in (frame - 1, frame + 1) if 0 <= f < len(self.values)]

    def _usual_area(self, frame: int, instead: Mapping[int, NDArray[np.bool_]]) -> float:
        low, high = max(0, frame - NEIGHBOURS), frame + NEIGHBOURS + 1
        areas = [self._area(f, instead) for f in range(low, min(high, len(self.values)))]
        return float(np.median([area for area in areas if area]))

    def _moved_fit(
        self,
        image: NDArray[np.uint8],
        mask: NDArray[np.bool_],
        other: int,
        neighbour: NDArray[np.bool_],
    ) -> float:
        """IoU of a mask with that of another frame moved to it."""
        if not neighbour.any():
            return 0.0
        window = window_around(mask | neighbour)
        backward = flow(image[window], self._image(other)[window])
        return _iou(mask[window], move_mask(neighbour[window], backward))

    def _unlike(self, frame: int, seen: Looks) -> float:
        """How far a mask is from what looks like the object on most of the anchors."""
        anchors = [a for a in self._anchors(frame) if self._trusted(a) > 0.5]
        return 1 - _agreement(seen, [self._look(a) for a in anchors])

    def _trusted(self, anchor: int) -> float:
        """How well an anchor's mask agrees with the others."""
        if anchor not in self._trust:
            others = [self._look(a) for a in self._anchors(anchor)]
            self._trust[anchor] = _agreement(self._look(anchor), others)
        return self._trust[anchor]

    def _anchors(self, frame: int) -> list[int]:
        """The frames nearby that a frame's looks are compared with."""
        offset = self._spacing // 2
        anchors = range(offset, len(self.values), self._spacing)
        near = sorted((a for a in anchors if a != frame), key=lambda a: abs(a - frame))
        return [a for a in near[: 2 * _ANCHORS] if self._area(a)][:_ANCHORS]

    def _look(self, frame: int) -> Looks:
        if frame not in self._looks:
            self._looks[frame] = look(self._predictor, self._image(frame), self.mask(frame))
            while len(self._looks) > _KEPT:
                self._looks.popitem(last=False)
        self._looks.move_to_end(frame)
        return self._looks[frame]


def _agreement(seen: Looks, known: list[Looks]) -> float:
    """IoU of a mask, on the grid of its looks, with what looks like the object elsewhere."""
    if not known:
        return 1.0
    evidence = np.median([compare(seen, [looks]) for looks in known], axis=0).ravel()
    like = (evidence > 0).astype(np.float32)
    return float(np.minimum(like, seen.share).sum() / np.maximum(like, seen.share).sum())


def _iou(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    union = np.count_nonzero(first | second)
    return np.count_nonzero(first & second) / union if union else 1.0


def _raggedness(mask: NDArray[np.bool_]) -> float:
    """Share of a mask that thin parts, specks and holes are."""
    mask = mask[window_around(mask)].astype(np.uint8)
    radius = max(1, round(_THIN / 2 * np.sqrt(mask.sum())))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    smooth = cv2.morphologyEx(
        cv2.morphologyEx(mask, cv2.MORPH_OPEN, kernel), cv2.MORPH_CLOSE, kernel
    )
    return min(1.0, float(np.count_nonzero(mask != smooth) / mask.sum()))
