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


@dataclass(frozen=True)
class Choice:
    """What a frame is better off with.

    Attributes
    ----------
    step : Step
        What was carried to it.
    better : bool
        Whether that is less suspicious than the mask that is there.
    """

    step: Step
    better: bool


def propagate_where_better(
    predictor: Predictor,
    frames: Frames,
    scores: FrameScores,
    mask: NDArray[np.bool_],
    start: int,
    stop: int,
    *,
    clicks: Sequence[Click] = (),
    references: Mapping[int, NDArray[np.bool_]] | None = None,
) -> Iterator[Choice]:
    """Carry a mask on, and compare it with the masks that are there.

    A mask that was carried far has drifted; the one that is there may have been right all along.

    Parameters
    ----------
    predictor, frames, mask, start, stop, clicks, references
        See `propagate`.
    scores : FrameScores
        Of the masks that are there; on frame `start`, of `mask`. They must not change meanwhile.

    Yields
    ------
    Choice
        For the frames that `propagate` gives, in order, each when the next one is known. Masks
        of lost objects are never better, others always where there is none.
    """
    carried = {start: np.asarray(mask, bool)}
    way = 1 if stop > start else -1
    waiting: Step | None = None
    for step in propagate(
        predictor, frames, mask, start, stop, clicks=clicks, references=references
    ):
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
    for _ in scores.compute([step.frame]):
        pass
    return Choice(step, scores.score(step.frame, carried) < scores.values[step.frame])
