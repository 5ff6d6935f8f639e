"""Several objects of one video, carried on together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_itis.inference import Predictor
from napari_itis.video.better import propagate_where_better
from napari_itis.video.propagation import Frames, Step
from napari_itis.video.ranking import FrameScores


@dataclass(frozen=True)
class ObjectsStep:
    """One frame of a propagation of several objects.

    Attributes
    ----------
    frame : int
    labels : ndarray of int32, shape (H, W)
        0 is background.
    lost : tuple of int
        Objects that could not be found on this frame and are not looked for any further.
    """

    frame: int
    labels: NDArray[np.int32]
    lost: tuple[int, ...]


def propagate_objects(
    predictor: Predictor,
    frames: Frames,
    masks: Mapping[int, NDArray[np.bool_]],
    start: int,
    stop: int,
    there: Callable[[int], NDArray[np.int32]] | None = None,
) -> Iterator[ObjectsStep]:
    """Carry the masks of several objects on; `propagate_where_better` does so for each of them.

    Where two objects claim a pixel, the smaller one has it: it would miss the pixel more, and what
    is in front of another object most often is the smaller one.

    Parameters
    ----------
    predictor, frames, start, stop
        See `propagate`.
    masks : mapping of int to ndarray of bool, shape (H, W)
        Each object's on frame `start`.
    there : callable, optional
        Gives the labels that a frame has already, int32 (H, W): they have a say, and stay where
        they look better.

    Yields
    ------
    ObjectsStep
        The frames after `start`, in order, up to `stop` or to the one where the last object is
        lost.

    Raises
    ------
    ValueError
        As `propagate` does.
    """

    def track(label: int, mask: NDArray[np.bool_]) -> Iterator[Step]:
        def present(frame: int) -> NDArray[np.bool_]:
            return mask if frame == start else there(frame) == label

        scores = None if there is None else FrameScores(predictor, frames, present)
        for choice in propagate_where_better(predictor, frames, scores, mask, start, stop):
            stays = not (choice.better or choice.step.lost)
            yield replace(choice.step, mask=present(choice.step.frame)) if stays else choice.step

    tracks = {label: track(label, mask) for label, mask in masks.items()}
    way = 1 if stop > start else -1
    for frame in range(start + way, stop + way, way):
        steps = {label: next(track) for label, track in tracks.items()}
        lost = tuple(label for label, step in steps.items() if step.lost)
        yield ObjectsStep(frame, _composed(steps), lost)
        for label in lost:
            del tracks[label]
        if not tracks:
            return


def _composed(steps: Mapping[int, Step]) -> NDArray[np.int32]:
    areas = {label: np.count_nonzero(step.mask) for label, step in steps.items()}
    labels = np.zeros(next(iter(steps.values())).mask.shape, np.int32)
    for label in sorted(steps, key=areas.__getitem__, reverse=True):
        labels[steps[label].mask] = label
    return labels
