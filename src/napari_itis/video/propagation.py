"""Carrying a mask on from frame to frame, until the end of a range or of the object."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_itis.clicks import Click
from napari_itis.clicks.distance import inner_distance
from napari_itis.inference import Predictor, to_rgb8
from napari_itis.video.appearance import Looks, compare, look
from napari_itis.video.flow import move_clicks
from napari_itis.video.motion import Motion, find_shift, motion, shifted

# All evidence is in units of the network's logit. The moved mask says so much, at most, and all of
# it from a distance to its outline on that is a share of the object's size.
_MOTION, _OUTLINE = 6.0, 0.3
# The mask that a frame has already says so many times as much where it can be trusted fully; below
# a trust the object is not looked for there.
_EXISTING, _LEAST_TRUST = 2.0, 0.25
# Looks differ by some 0.2 inside and -0.3 outside: about as strong as the motion at an outline.
_LOOKS, _LOOKS_LIMIT = 20.0, 0.4
# The network is often very sure, and sometimes of the wrong thing.
_NETWORK = 5.0
# What is looked at beyond the mask: half its box on either side, or so many pixels.
_MARGIN, _LEAST_MARGIN = 0.5, 48
_LOST = 0.4
# The object's pixels, moved along, correlate with those of the next frame, 0.9 and more where it is
# still there, and less than this where the scene is another one or something else came before it.
_STILL_THERE, _BLUR = 0.5, 2.0
# It is less sure where less of what was found looks like the object than this share of what did so
# on the first frame.
_ALIKE = 0.2
# What looks and network get wrong where the mask is known is brought to this side of the outline.
_JUST, _FADE = 1.0, 1.0


class Frames(Protocol):
    """The frames of a video: an array (t, H, W, 3), a list, or anything read lazily."""

    def __getitem__(self, index: int, /) -> Any:
        """A frame, uint8 (H, W, 3)."""

    def __len__(self) -> int: ...


Existing = Callable[[int], tuple[NDArray[np.bool_], float]]
"""Gives the mask that a frame has, bool (H, W), and how far it can be trusted, from 0 to 1."""


@dataclass(frozen=True)
class Step:
    """One frame of a propagation.

    Attributes
    ----------
    frame : int
    mask : ndarray of bool, shape (H, W)
        Empty where the object was lost.
    confidence : float
        In [0, 1]: how well the mask agrees with where it moved to and with the network.
    lost : bool
        Whether the object could not be found; it is the last step then.
    """

    frame: int
    mask: NDArray[np.bool_]
    confidence: float
    lost: bool


def propagate(
    predictor: Predictor,
    frames: Frames,
    mask: NDArray[np.bool_],
    start: int,
    stop: int,
    *,
    clicks: Sequence[Click] = (),
    references: Mapping[int, NDArray[np.bool_]] | None = None,
    existing: Existing | None = None,
) -> Iterator[Step]:
    """Carry a mask on from a frame to the next ones, forwards or backwards.

    On each frame the mask moves along by optical flow and meets other opinions: the mask that the
    frame has already, where the place looks like the object did on the first frame, and what the
    network answers, given all this as its existing mask and clicks. What these get wrong on
    frame `start` is held against them on the next ones. Nothing is looked at before it is asked
    for, so that the generator can be paused, and dropped at any time.

    Parameters
    ----------
    predictor : Predictor
        Its own image and what it remembers stay as they are.
    frames : sequence of ndarray of uint8, shape (H, W, 3)
        Read one by one, as they are needed.
    mask : ndarray of bool, shape (H, W)
        The object on frame `start`.
    start, stop : int
        The frame that the mask belongs to, and the last one to carry it to; backwards if that comes
        first.
    clicks : sequence of Click
        Made on frame `start`; they move along as long as they agree with the mask.
    references : mapping of int to ndarray of bool, shape (H, W), optional
        Masks of other frames that can be trusted: what else the object looks like.
    existing : callable, optional
        Gives the masks that the frames have already, that of `start` as it was before it was
        corrected.

    Yields
    ------
    Step
        The frames after `start`, in order, up to `stop` or to the one where the object is lost.

    Raises
    ------
    ValueError
        If a frame is out of range, or the mask is empty or of another size.
    """
    count = len(frames)
    for index in (start, stop, *(references or ())):
        if not 0 <= index < count:
            raise ValueError(f"there is no frame {index}: they are 0 to {count - 1}")
    image = to_rgb8(np.asarray(frames[start]))
    mask = np.asarray(mask, bool)
    if mask.shape != image.shape[:2]:
        raise ValueError(f"the mask is {mask.shape}, frame {start} {image.shape[:2]}: (H, W)")
    if not mask.any():
        raise ValueError(f"the mask of frame {start} is empty: there is nothing to carry on")
    known = [look(predictor, image, mask)]
    for index, reference in (references or {}).items():
        if index != start:
            seen = to_rgb8(np.asarray(frames[index]))
            known.append(look(predictor, seen, np.asarray(reference, bool)))
    given = existing or (lambda _: (np.zeros_like(mask), 0.0))
    track = _Track(predictor, known, image, mask, clicks, *given(start))
    way = 1 if stop > start else -1
    for index in range(start + way, stop + way, way):
        confidence = track.advance(to_rgb8(np.asarray(frames[index])), *given(index))
        lost = confidence < _LOST
        yield Step(index, track.mask & (not lost), confidence, lost)
        if lost:
            return


class _Track:
    """An object on the frame that it has been carried to."""

    def __init__(
        self,
        predictor: Predictor,
        known: Sequence[Looks],
        image: NDArray[np.uint8],
        mask: NDArray[np.bool_],
        clicks: Sequence[Click],
        existing: NDArray[np.bool_],
        trust: float,
    ) -> None:
        self._predictor, self._known = predictor, known
        self._image, self.mask = image, mask
        self._clicks = list(clicks)
        # Where the others are wrong on the very frame that is known, such as at thin parts, they
        # will be wrong on the next ones: as much is held against them there.
        self._objection = np.zeros(mask.shape, np.float32)
        window = self._window(mask, existing, trust)
        prior = _said(mask[window]) + _EXISTING * trust * _said(existing[window])
        evidence = self._evidence(image[window], mask[window])
        self._alike = _ALIKE * _share(evidence > 0, mask[window])
        opinion, _ = self._opinion(image[window], evidence, prior, [])
        wanted = np.where(mask[window], 1, -1)
        self._objection[window] = (
            wanted * np.maximum(0, _JUST - wanted * opinion) * (wanted * opinion < 0)
        )

    def advance(self, image: NDArray[np.uint8], existing: NDArray[np.bool_], trust: float) -> float:
        """Carry the object on to the next frame; how sure that is."""
        shift = find_shift(self._image, image, self.mask)
        window = self._window(self.mask | shifted(self.mask, shift), existing, trust)
        top, left = window[0].start, window[1].start
        went = motion(self._image, image, self.mask, shift, window)
        moved, there = went.move(self.mask.astype(np.float32), window) > 0.5, existing[window]
        objection = _FADE * went.move(self._objection, window)
        if moved.any() and self._correlation(image[window], moved, went, window) < _STILL_THERE:
            return 0.0
        down, right = went.shift
        clicks = [_shifted(click, down - top, right - left) for click in self._clicks]
        clicks = [c for c in move_clicks(clicks, went.backward) if moved[c.pixel] == c.positive]
        prior = _said(moved) + _EXISTING * trust * _said(there) + objection
        near = moved | there if trust > _LEAST_TRUST else moved
        evidence = self._evidence(image[window], near)
        opinion, network = self._opinion(image[window], evidence, prior, clicks)
        found = opinion > 0
        self._image, self.mask = image, np.zeros_like(self.mask)
        self.mask[window] = found
        self._objection = np.zeros_like(self._objection)
        self._objection[window] = objection
        self._clicks = [_shifted(click, top, left) for click in clicks]
        expected = max(_iou(found, moved), trust * _iou(found, there))
        agreement = (expected + _iou(found, network)) / 2
        alike = _share(evidence > 0, found)
        return agreement * (alike / self._alike if alike < self._alike else 1.0)

    def _correlation(
        self,
        image: NDArray[np.uint8],
        moved: NDArray[np.bool_],
        went: Motion,
        window: tuple[slice, slice],
    ) -> float:
        """Of gray values of the frame before, moved along, with a window of the next one."""
        pair = went.move(_gray(self._image), window), _gray(image)
        one, other = (cv2.GaussianBlur(gray, (0, 0), _BLUR)[moved] for gray in pair)
        one, other = one - one.mean(), other - other.mean()
        scale = np.sqrt((one**2).sum() * (other**2).sum())
        return float((one * other).sum() / scale) if scale > 0 else 0.0

    def _window(
        self, mask: NDArray[np.bool_], existing: NDArray[np.bool_], trust: float
    ) -> tuple[slice, slice]:
        return window_around(mask | existing if trust > _LEAST_TRUST else mask)

    def _opinion(
        self,
        image: NDArray[np.uint8],
        evidence: NDArray[np.float32],
        prior: NDArray[np.float32],
        clicks: Sequence[Click],
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Logit of the object, and the network's own mask."""
        expected = prior + _LOOKS * np.clip(evidence, -_LOOKS_LIMIT, _LOOKS_LIMIT)
        found = expected > 0
        if not found.any():
            return expected, found
        posterior = self._predictor.refine(image, found, [*clicks, centre_click(found)]).posterior
        return expected + np.clip(_logit(posterior), -_NETWORK, _NETWORK), posterior > 0.5

    def _evidence(self, image: NDArray[np.uint8], near: NDArray[np.bool_]) -> NDArray[np.float32]:
        """How much each pixel looks like the object; against it where nobody looked."""
        seen = look(self._predictor, image, near)
        evidence = np.full(near.shape, -1, np.float32)
        evidence[seen.region.slices] = seen.region.restore(compare(seen, self._known))
        return evidence


def _gray(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    return cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY).astype(np.float32)


def _share(part: NDArray[np.bool_], found: NDArray[np.bool_]) -> float:
    """How much of what was found lies in a part; 0 where nothing was."""
    return float(np.count_nonzero(part & found) / max(1, np.count_nonzero(found)))


def _iou(found: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """0 where nothing was found: an object that cannot be seen is lost."""
    if not found.any():
        return 0.0
    return float(np.count_nonzero(found & other) / np.count_nonzero(found | other))


def window_around(mask: NDArray[np.bool_]) -> tuple[slice, slice]:
    """The box of a mask with a margin."""
    window = []
    for axis in (1, 0):
        used = np.flatnonzero(mask.any(axis))
        low, high = int(used[0]), int(used[-1]) + 1
        margin = max(_LEAST_MARGIN, round(_MARGIN * (high - low)))
        window.append(slice(max(0, low - margin), min(mask.shape[1 - axis], high + margin)))
    return window[0], window[1]


def _said(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """What a mask says of each pixel: more, the farther it is from the outline."""
    if not mask.any():
        return np.full(mask.shape, -_MOTION, np.float32)
    # Half a pixel to either side of the outline.
    distance = np.where(mask, inner_distance(mask) - 0.5, 0.5 - inner_distance(~mask))
    scale = _MOTION / (_OUTLINE * np.sqrt(np.count_nonzero(mask)))
    return np.clip(scale * distance, -_MOTION, _MOTION)


def centre_click(mask: NDArray[np.bool_]) -> Click:
    """A positive click as far inside a mask as can be."""
    distance = inner_distance(np.pad(mask, 1))[1:-1, 1:-1]
    row, column = np.unravel_index(int(np.argmax(distance)), mask.shape)
    return Click(float(row), float(column), True)


def _logit(posterior: NDArray[np.float32]) -> NDArray[np.float32]:
    limited = np.clip(posterior, 1e-6, 1 - 1e-6)
    return np.log(limited / (1 - limited))


def _shifted(click: Click, down: int, right: int) -> Click:
    return Click(click.y + down, click.x + right, click.positive)
