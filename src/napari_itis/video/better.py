"""Carrying a mask on where that makes the masks better, which is told without any truth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_itis.clicks import Click
from napari_itis.inference import Predictor
from napari_itis.video.propagation import Frames, Step, propagate
from napari_itis.video.ranking import NEIGHBOURS, FrameScores

# Masks with such a score cannot be trusted at all.
_UNTRUSTED = 0.5


@dataclass(frozen=True)
class Choice:
    """What a frame is better off with.

    Attributes
    ----------
    step : Step
        What was carried to it.
    better : bool
        Whether that is less suspicious than the mask that is there.
    score : float
        How suspicious the frame is with it, were the frames beside it to take theirs too; NaN
        where that was not computed.
    """

    step: Step
    better: bool
    score: float = float("nan")


def propagate_where_better(
    predictor: Predictor,
    frames: Frames,
    scores: FrameScores | None,
    mask: NDArray[np.bool_],
    start: int,
    stop: int,
    *,
    before: NDArray[np.bool_] | None = None,
    clicks: Sequence[Click] = (),
    references: Mapping[int, NDArray[np.bool_]] | None = None,
) -> Iterator[Choice]:
    """Carry a mask on together with the masks that are there, and compare it with them.

    A mask that was carried far has drifted; the one that is there may have been right all along. So
    it has a say in what is carried, as far as it can be trusted, and stays where it looks better.

    Parameters
    ----------
    predictor, frames, mask, start, stop, clicks, references
        See `propagate`.
    scores : FrameScores or None
        Of the masks that are there; on frame `start`, of `mask`. They must not change meanwhile.
        Without any, what is there has no say, and all that is carried is better.
    before : ndarray of bool, shape (H, W), optional
        What was there on frame `start` before it was corrected: such mistakes are corrected on the
        other frames too.

    Yields
    ------
    Choice
        For the frames that `propagate` gives, in order, each when the next one is known. Masks
        of lost objects are never better, others always where there is none.
    """
    options = {"clicks": clicks, "references": references}
    if scores is None:
        for step in propagate(predictor, frames, mask, start, stop, **options):
            yield Choice(step, not step.lost)
        return

    carried = {start: np.asarray(mask, bool)}
    way = 1 if stop > start else -1

    def existing(frame: int) -> tuple[NDArray[np.bool_], float]:
        if frame != start:
            return scores.mask(frame), _trust(scores, frame)
        if before is None:
            return np.zeros_like(carried[start]), 0.0
        # The score of this frame is that of the corrected mask.
        return np.asarray(before, bool), _trust(scores, start + way)

    waiting: Step | None = None
    for step in propagate(predictor, frames, mask, start, stop, existing=existing, **options):
        if not step.lost:
            carried[step.frame] = step.mask
            # A long video has more masks than there is memory.
            carried.pop(step.frame - way * (NEIGHBOURS + 2), None)
        if waiting is not None:
            yield _compared(scores, waiting, carried)
        waiting = step
    if waiting is not None:
        yield _compared(scores, waiting, carried)


def _compared(scores: FrameScores, step: Step, carried: dict[int, NDArray[np.bool_]]) -> Choice:
    if step.lost:
        return Choice(step, False)
    if not scores.has_mask(step.frame):
        return Choice(step, True)
    score = scores.score(step.frame, carried)
    return Choice(step, score < _score(scores, step.frame), score)


def _trust(scores: FrameScores, frame: int) -> float:
    """How far the mask that is there can be trusted."""
    if not scores.has_mask(frame):
        return 0.0
    return max(0.0, 1 - _score(scores, frame) / _UNTRUSTED)


def _score(scores: FrameScores, frame: int) -> float:
    for _ in scores.compute([frame]):
        pass
    return float(scores.values[frame])
