"""The robot user's loop over a data set: clicks, IoU and time of each object (paper, Sec. 4)."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from napari_itis.clicks import Click, robot_click
from napari_itis.datasets import DatasetError, ObjectSample
from napari_itis.evaluation.metrics import (
    corrections,
    failures,
    iou,
    iou_against_clicks,
    noc,
    noc_whole_set,
)

AIMS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))
"""IoUs to aim at for the curve of what is reached against what is spent (paper, Fig. 6)."""


class Segmenter(Protocol):
    """What a method must offer to be measured; `napari_itis.inference.Predictor` does."""

    def set_image(self, image: NDArray) -> Any:
        """Take the photo, uint8 (H, W, 3), that the next predictions are about."""

    def predict(self, clicks: Sequence[Click], mask: NDArray[np.bool_] | None = None) -> Any:
        """Return an object whose `mask` is bool (H, W)."""


@dataclass(frozen=True)
class ObjectResult:
    """What happened on one object.

    Attributes
    ----------
    id : str
    ious : tuple of float
        After click 1, 2, ..., `max_clicks`; the last value repeats once nothing is mislabelled.
    clicks : tuple of Click
        The clicks that were placed.
    initial_iou : float
        Of the mask that the clicks started from.
    seconds : tuple of float
        Time of each click; the first one includes taking the image.
    """

    id: str
    ious: tuple[float, ...]
    clicks: tuple[Click, ...]
    initial_iou: float
    seconds: tuple[float, ...]


@dataclass
class BenchmarkResult:
    """What happened on a data set.

    Attributes
    ----------
    objects : list of ObjectResult
    skipped : list of str
        One line for each object that was left out, with the reason.
    from_masks : bool
        Whether the clicks corrected given masks.
    """

    objects: list[ObjectResult] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    from_masks: bool = False

    def summary(self, targets: Sequence[float]) -> dict[str, Any]:
        """Figures of the whole set, ready for JSON.

        Parameters
        ----------
        targets : sequence of float
            IoUs to reach, each in (0, 1].

        Returns
        -------
        dict
            Keys `objects`, `noc`, `noc_whole_set` (None where the mean never gets there),
            `failures`, `mean_iou` (after click 1, 2, ...), `initial_iou`, `iou_against_clicks`
            (for the aims `AIMS`), `corrections` (None without given masks),
            `seconds_per_click` (`first`: median over the objects' first clicks, image included;
            `median` and `p95`: over all clicks) and `per_object`.

        Raises
        ------
        ValueError
            If there are no objects.
        """
        if not self.objects:
            raise ValueError("no objects were measured")
        ious = np.array([result.ious for result in self.objects])
        initial = np.array([result.initial_iou for result in self.objects])
        spent = [second for result in self.objects for second in result.seconds]
        first = [result.seconds[0] for result in self.objects if result.seconds]
        return {
            "objects": len(self.objects),
            "noc": {_key(t): noc(ious, t, initial) for t in targets},
            "noc_whole_set": {_key(t): noc_whole_set(ious, t, initial) for t in targets},
            "failures": {_key(t): failures(ious, t, initial) for t in targets},
            "mean_iou": ious.mean(axis=0).tolist(),
            "initial_iou": float(initial.mean()),
            "iou_against_clicks": iou_against_clicks(ious, AIMS, initial),
            "corrections": corrections(ious, initial) if self.from_masks else None,
            "seconds_per_click": {
                "first": float(np.median(first)) if first else None,
                "median": float(np.median(spent)) if spent else None,
                "p95": float(np.percentile(spent, 95)) if spent else None,
            },
            "per_object": [
                {
                    "id": result.id,
                    "initial_iou": result.initial_iou,
                    "ious": list(result.ious),
                    "clicks": [[click.y, click.x, click.positive] for click in result.clicks],
                }
                for result in self.objects
            ],
        }


def click_on_object(
    method: Segmenter,
    sample: ObjectSample,
    *,
    robot: str = "largest",
    max_clicks: int = 20,
    seed: int = 0,
    initial_mask: NDArray[np.bool_] | None = None,
    min_area: int = 0,
) -> ObjectResult | None:
    """Let a robot user segment one object (paper, Sec. 4).

    Parameters
    ----------
    method : Segmenter
        What is measured.
    sample : ObjectSample
        The object.
    robot : {"largest", "cluster", "random"}
        See `napari_itis.clicks.robot_click`.
    max_clicks : int
        Number of clicks.
    seed : int
        Together with the object's id it decides every random choice, so that an object gets the
        same clicks whatever is measured before it.
    initial_mask : ndarray of bool, shape (H, W), optional
        The mask to correct; empty by default.
    min_area : int
        Smaller objects, in pixels, are not measured.

    Returns
    -------
    ObjectResult or None
        None where the object is smaller than `min_area`.

    Raises
    ------
    DatasetError
        If the sample cannot be read or the initial mask has another size.
    """
    image, truth, void = sample.load()
    if initial_mask is not None and initial_mask.shape != truth.shape:
        raise DatasetError(
            f"the initial mask of {sample.id} has shape {initial_mask.shape}, "
            f"its photo {truth.shape}"
        )
    if np.count_nonzero(truth) < min_area:
        return None
    rng = np.random.default_rng([seed, zlib.crc32(sample.id.encode())])
    prediction = np.zeros_like(truth) if initial_mask is None else initial_mask
    initial = iou(prediction, truth, void)
    clicks: list[Click] = []
    ious: list[float] = []
    seconds: list[float] = []
    while len(ious) < max_clicks:
        click = robot_click(prediction, truth, void, clicks, rng, robot=robot)
        if click is None:
            ious += [ious[-1] if ious else initial] * (max_clicks - len(ious))
            break
        clicks.append(click)
        start = time.perf_counter()
        if len(clicks) == 1:
            method.set_image(image)
        prediction = method.predict(clicks, initial_mask).mask
        seconds.append(time.perf_counter() - start)
        ious.append(iou(prediction, truth, void))
    return ObjectResult(sample.id, tuple(ious), tuple(clicks), initial, tuple(seconds))


def run_benchmark(
    method: Segmenter,
    samples: Sequence[ObjectSample],
    *,
    robot: str = "largest",
    max_clicks: int = 20,
    seed: int = 0,
    limit: int | None = None,
    min_area: int = 0,
    skip_bad: bool = False,
    initial_masks: Callable[[ObjectSample], NDArray[np.bool_] | None] | None = None,
    progress: Callable[[Sequence[ObjectSample]], Iterable[ObjectSample]] | None = None,
) -> BenchmarkResult:
    """Let a robot user segment every object of a data set (paper, Sec. 4).

    Parameters
    ----------
    method : Segmenter
        What is measured.
    samples : sequence of ObjectSample
        The data set.
    robot, max_clicks, seed, min_area
        As in `click_on_object`.
    limit : int, optional
        Only the first objects of `samples`.
    skip_bad : bool
        Leave out samples that cannot be read instead of raising.
    initial_masks : callable, optional
        Gives the mask to start from, or None for the empty one.
    progress : callable, optional
        Wraps the samples while they are gone through, as `tqdm` does.

    Returns
    -------
    BenchmarkResult

    Raises
    ------
    DatasetError
        If a sample cannot be read, before the first click where a file is missing; if no object
        is left to measure.
    ValueError
        If `max_clicks` or `limit` is below 1.
    """
    if max_clicks < 1 or (limit is not None and limit < 1):
        raise ValueError(f"at least one click and one object, got {max_clicks} and {limit}")
    samples = list(samples)[:limit]
    if not skip_bad:
        # A missing file is worth knowing now and not after an hour of clicking.
        for sample in samples:
            sample.require_files()
    result = BenchmarkResult(from_masks=initial_masks is not None)
    for sample in progress(samples) if progress else samples:
        try:
            measured = click_on_object(
                method,
                sample,
                robot=robot,
                max_clicks=max_clicks,
                seed=seed,
                initial_mask=initial_masks(sample) if initial_masks else None,
                min_area=min_area,
            )
        except DatasetError as error:
            if not skip_bad:
                raise
            result.skipped.append(str(error))
            continue
        if measured is None:
            result.skipped.append(f"{sample.id} is smaller than {min_area} pixels")
        else:
            result.objects.append(measured)
    if not result.objects:
        raise DatasetError(
            f"no object is left to measure: {result.skipped[0]}"
            if result.skipped
            else "no object is left to measure: the data set is empty"
        )
    return result


def _key(target: float) -> str:
    return f"{target:.2f}"
