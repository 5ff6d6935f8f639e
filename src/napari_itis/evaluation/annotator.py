"""A simulated annotator of a video: which frames are clicked on, and what the clicks gain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_itis.clicks import Click, robot_click
from napari_itis.evaluation.metrics import boundary_f, iou
from napari_itis.inference import Predictor, to_rgb8
from napari_itis.video.better import Choice, propagate_where_better
from napari_itis.video.next_frame import worst_frame
from napari_itis.video.propagation import Frames
from napari_itis.video.ranking import FrameScores

ORDERS = ("even", "ranking")
"""Which frame is looked at next: evenly spaced ones, or the most suspicious one."""

# Corrected frames nearby that say what the object looks like.
_REFERENCES = 4
# Nobody carries a mask on that is far from right; what is there has a say in what comes.
_WORTH_CARRYING = 0.6


@dataclass(frozen=True)
class Spent:
    """Where a video stands after some clicks.

    Attributes
    ----------
    clicks : int
        Spent so far.
    frame : int or None
        The frame that the last one was made on; None before the first.
    region, boundary : float
        Mean J and F of all frames.
    """

    clicks: int
    frame: int | None
    region: float
    boundary: float

    @property
    def both(self) -> float:
        """DAVIS's J&F."""
        return (self.region + self.boundary) / 2


@dataclass
class AnnotationResult:
    """What an annotator made of the masks of one object.

    Attributes
    ----------
    curve : list of Spent
        At the start and after each click; what was carried on from a frame counts from its last
        click on. Shorter than the budget where no frame was left to be corrected.
    masks : list of ndarray of bool, shape (H, W)
    clicks : dict of int to list of Click
        Of each frame that was clicked on.
    """

    curve: list[Spent]
    masks: list[NDArray[np.bool_]]
    clicks: dict[int, list[Click]] = field(default_factory=dict)

    def after(self, clicks: int) -> Spent:
        """Where it stood after so many clicks, or at the end if that came first."""
        return self.curve[min(clicks, len(self.curve) - 1)]

    def gone(self, clicks: int) -> float:
        """Share of the error in J that so many clicks removed; 0 where there was none."""
        start, then = self.curve[0].region, self.after(clicks).region
        return (then - start) / (1 - start) if start < 1 else 0.0

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "curve": [
                {"clicks": s.clicks, "frame": s.frame, "J": s.region, "F": s.boundary}
                for s in self.curve
            ],
            "clicks": {
                str(frame): [[click.y, click.x, click.positive] for click in clicks]
                for frame, clicks in self.clicks.items()
            },
        }


class Annotator:
    """Somebody who corrects the masks of one object, with the truth in mind.

    The truth decides where clicks are made, when a frame is right, and that clicks that made it
    worse are undone (they count all the same), as a person's eye would; which frame is looked at
    next, and which masks are better than those that were there, is decided without it.

    Parameters
    ----------
    predictor : Predictor
    frames : sequence of ndarray of uint8, shape (H, W, 3)
    masks, truths : sequence of ndarray of bool, shape (H, W)
        To begin with, and as they should be.
    order : {"ranking", "even"}
        Which frame is looked at next.
    carry_on : bool
        Whether a corrected mask is carried on to the frames around.
    clicks_per_frame : int
        At most, on each visit.
    content : float
        A frame whose mask has this IoU is left as it is.
    seed : int
        Decides between places that are equally wrong.

    Raises
    ------
    ValueError
        If there are not as many masks and truths as frames, or the order is unknown.
    """

    def __init__(
        self,
        predictor: Predictor,
        frames: Frames,
        masks: Sequence[NDArray[np.bool_]],
        truths: Sequence[NDArray[np.bool_]],
        *,
        order: str = "ranking",
        carry_on: bool = True,
        clicks_per_frame: int = 2,
        content: float = 0.95,
        seed: int = 0,
    ) -> None:
        if not len(frames) == len(masks) == len(truths):
            raise ValueError(
                f"{len(frames)} frames, {len(masks)} masks and {len(truths)} truths: "
                "expected as many of each"
            )
        if order not in ORDERS:
            raise ValueError(f"unknown order {order!r}: choose one of {', '.join(ORDERS)}")
        self._predictor, self._frames, self._truths = predictor, frames, truths
        self.masks = [np.asarray(mask, bool) for mask in masks]
        self._carry_on, self._content = carry_on, content
        self._clicks_per_frame = clicks_per_frame
        self._rng = np.random.default_rng(seed)
        self._scores = FrameScores(predictor, frames, self.masks.__getitem__)
        self._ranked = order == "ranking"
        self._left = bisected(len(frames))
        # The corrected frame that a mask comes from; none for those that were there before.
        self._origin: list[int | None] = [None] * len(frames)
        self._quality = np.array([self._measure(frame) for frame in range(len(frames))])
        self.result = AnnotationResult([], self.masks)
        self._note(0, None)

    def spend(self, budget: int) -> Iterator[Spent]:
        """Click until the budget is spent or every frame was looked at.

        Parameters
        ----------
        budget : int
            Clicks on all frames together.

        Yields
        ------
        Spent
            After each click.
        """
        spent = 0
        while self._left and spent < budget:
            frame = self._next()
            before = self.masks[frame]
            for click in self._correct(frame, min(self._clicks_per_frame, budget - spent)):
                self.result.clicks.setdefault(frame, []).append(click)
                spent += 1
                yield self._note(spent, frame)
            if frame in self.result.clicks:
                if self._carry_on and self._quality[frame, 0] >= _WORTH_CARRYING:
                    self._carry(frame, before)
                self.result.curve.pop()
                yield self._note(spent, frame)

    def _next(self) -> int:
        """Take the frame to look at next."""
        frame = self._left[0]
        if self._ranked:
            for _ in self._scores.compute(self._left):
                pass
            scores = np.full(len(self.masks), np.nan)
            scores[self._left] = self._scores.values[self._left]
            worst = worst_frame(scores, self.result.clicks if self._carry_on else ())
            frame = frame if worst is None else worst
        self._left.remove(frame)
        return frame

    def _correct(self, frame: int, clicks: int) -> Iterator[Click]:
        before, made = self.masks[frame], list[Click]()
        if self._quality[frame, 0] >= self._content:
            return
        best = self._quality[frame, 0], before
        self._predictor.set_image(to_rgb8(np.asarray(self._frames[frame])))
        while len(made) < clicks and self._quality[frame, 0] < self._content:
            click = robot_click(self.masks[frame], self._truths[frame], None, made, self._rng)
            if click is None:
                break
            made.append(click)
            self._set(frame, self._predictor.predict(made, before).mask, frame)
            best = max(best, (self._quality[frame, 0], self.masks[frame]), key=itemgetter(0))
            yield click
        self._set(frame, best[1], frame)

    def _carry(self, frame: int, before: NDArray[np.bool_]) -> None:
        """Carry a corrected mask on to the frames that are nearer to it than to any other one."""
        if not self.masks[frame].any():
            return
        corrected = [other for other in self.result.clicks if other != frame]
        nearest = sorted(corrected, key=lambda other: abs(other - frame))[:_REFERENCES]
        references = {other: self.masks[other] for other in nearest if self.masks[other].any()}
        better: dict[int, Choice] = {}
        for stop in (self._farthest(frame, 1), self._farthest(frame, -1)):
            for choice in propagate_where_better(
                self._predictor,
                self._frames,
                self._scores,
                self.masks[frame],
                frame,
                stop,
                before=before,
                clicks=self.result.clicks[frame],
                references=references,
            ):
                if choice.better:
                    better[choice.step.frame] = choice
        for other, choice in better.items():
            self._set(other, choice.step.mask, frame)
        # As they were scored, together with the frames beside them.
        known = {frame, *better}
        self._scores.took({f: c.score for f, c in better.items() if {f - 1, f + 1} <= known})

    def _farthest(self, frame: int, way: int) -> int:
        last = frame
        while 0 <= last + way < len(self.masks):
            origin = self._origin[last + way]
            if origin is not None and abs(origin - last - way) <= abs(frame - last - way):
                break
            last += way
        return last

    def _set(self, frame: int, mask: NDArray[np.bool_], origin: int) -> None:
        self.masks[frame], self._origin[frame] = mask, origin
        self._quality[frame] = self._measure(frame)
        self._scores.changed([frame])

    def _measure(self, frame: int) -> tuple[float, float]:
        mask, truth = self.masks[frame], np.asarray(self._truths[frame], bool)
        return iou(mask, truth), boundary_f(mask, truth)

    def _note(self, clicks: int, frame: int | None) -> Spent:
        region, boundary = self._quality.mean(0)
        spent = Spent(clicks, frame, float(region), float(boundary))
        self.result.curve.append(spent)
        return spent


def bisected(count: int) -> list[int]:
    """Order frames so that the first ones of any number are spread evenly.

    Parameters
    ----------
    count : int

    Returns
    -------
    list of int
        All numbers below `count`: the middle one, then those of the halves, of the quarters, ...
    """
    order: list[int] = []
    spans = [(0, count)]
    while spans:
        halves = []
        for low, high in spans:
            if low < high:
                middle = (low + high) // 2
                order.append(middle)
                halves += [(low, middle), (middle + 1, high)]
        spans = halves
    return order
