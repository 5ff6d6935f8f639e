"""Old and new weights on the same objects: IoU against clicks, with intervals and a verdict."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np

from napari_itis.datasets import DatasetError, ObjectSample
from napari_itis.evaluation.benchmark import run_benchmark
from napari_itis.evaluation.intervals import Bootstrap, Interval
from napari_itis.evaluation.metrics import clicks_to_reach

FIRST_CLICKS = 3
"""The verdict is about the mean IoU over so many first clicks."""
FEWEST_IMAGES = 5
"""Of fewer images nothing is concluded."""
TARGETS = (0.85, 0.90)

Kind = Literal["better", "no clear difference", "worse"]


@dataclass(frozen=True)
class ComparedObject:
    """One object, clicked on with each of the weights.

    Attributes
    ----------
    id : str
    image : str
        What objects that depend on each other share: an image, or a video.
    ious : tuple of tuple of float
        For each of the weights, the IoU after click 1, 2, ...
    """

    id: str
    image: str
    ious: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Verdict:
    """What a comparison says.

    Attributes
    ----------
    kind : {"better", "no clear difference", "worse"}
        Of the new weights.
    line : str
        The same in one line, with figures.
    """

    kind: Kind
    line: str


@dataclass(frozen=True)
class Comparison:
    """Weights on the same objects.

    Attributes
    ----------
    weights : tuple of str
        Names; the first ones are the old ones.
    max_clicks : int
    total : int
        How many objects are to be compared.
    objects : tuple of ComparedObject
        Those that are done.
    skipped : tuple of str
        One line for each object that was left out.
    """

    weights: tuple[str, ...]
    max_clicks: int
    total: int
    objects: tuple[ComparedObject, ...] = ()
    skipped: tuple[str, ...] = ()

    @property
    def done(self) -> int:
        """Objects that were compared or left out; it is over when this is `total`."""
        return len(self.objects) + len(self.skipped)

    @property
    def images(self) -> int:
        """Of how many images the objects are."""
        return len({one.image for one in self.objects})

    @property
    def first_clicks(self) -> int:
        """Over how many first clicks the verdict is."""
        return min(FIRST_CLICKS, self.max_clicks)

    @cached_property
    def ious(self) -> np.ndarray:
        """IoU of every object, float64 (weights, objects, clicks)."""
        shape = (len(self.objects), len(self.weights), self.max_clicks)
        return np.array([one.ious for one in self.objects], float).reshape(shape).swapaxes(0, 1)

    def curve(self, which: int) -> np.ndarray:
        """Mean IoU after each click with its 95 % interval, (3, clicks): mean, low, high."""
        return self._bootstrap.intervals(self.ious[which])

    def difference(self, which: int = 1) -> np.ndarray:
        """As `curve`, of the IoU minus that of the old weights, object by object."""
        return self._bootstrap.intervals(self.ious[which] - self.ious[0])

    def noc(self, which: int, target: float) -> Interval:
        """Mean number of clicks to an IoU, `max_clicks` where it is never reached."""
        return self._bootstrap.interval(self._counts(which, target))

    def noc_difference(self, target: float, which: int = 1) -> Interval:
        """Clicks to an IoU minus those with the old weights: below 0 is better."""
        counts = self._counts(which, target) - self._counts(0, target)
        return self._bootstrap.interval(counts)

    def gain(self, which: int = 1) -> Interval:
        """Mean IoU over the first clicks, minus that of the old weights, object by object."""
        first = self.ious[:, :, : self.first_clicks].mean(axis=2)
        return self._bootstrap.interval(first[which] - first[0])

    def verdict(self, which: int = 1) -> Verdict:
        """Whether weights are better than the old ones: where the interval of `gain` lies."""
        old, new = self.weights[0], self.weights[which]
        if not self.objects:
            return Verdict("no clear difference", "No object has been compared yet")
        gain = self.gain(which)
        before, after = self.ious[[0, which], :, : self.first_clicks].mean(axis=(1, 2))
        over = f"the first {self.first_clicks} clicks" if self.first_clicks > 1 else "one click"
        figures = f"mean IoU over {over} {after:.3f} instead of {before:.3f}"
        if self.images < FEWEST_IMAGES:
            return Verdict(
                "no clear difference",
                f"Too few images to tell {new} from {old} ({self.images}, at least "
                f"{FEWEST_IMAGES} are needed): {figures}",
            )
        where = (
            f"{gain.mean:+.3f}, 95 % interval {gain.low:+.3f} to {gain.high:+.3f}, "
            f"{len(self.objects)} objects of {self.images} images"
        )
        if gain.low > 0:
            return Verdict("better", f"{new} is better than {old}: {figures} ({where})")
        if gain.high < 0:
            return Verdict("worse", f"{new} is worse than {old}: {figures} ({where})")
        line = f"No clear difference between {new} and {old}: {figures} ({where})"
        return Verdict("no clear difference", line)

    def as_dict(self) -> dict[str, Any]:
        """Everything for JSON, with the figures that follow from it under `summary`."""
        return {
            "weights": list(self.weights),
            "max_clicks": self.max_clicks,
            "done": self.done,
            "total": self.total,
            "summary": self._summary() if self.objects else None,
            "skipped": list(self.skipped),
            "objects": [
                {"id": one.id, "image": one.image, "ious": [list(row) for row in one.ious]}
                for one in self.objects
            ],
        }

    @classmethod
    def from_dict(cls, content: Any) -> Comparison:
        """What `as_dict` gave, also of a comparison that is under way.

        Raises
        ------
        ValueError
            If it is something else.
        """
        try:
            objects = tuple(
                ComparedObject(
                    str(one["id"]),
                    str(one["image"]),
                    tuple(tuple(float(value) for value in row) for row in one["ious"]),
                )
                for one in content["objects"]
            )
            comparison = cls(
                tuple(str(name) for name in content["weights"]),
                int(content["max_clicks"]),
                int(content["total"]),
                objects,
                tuple(str(line) for line in content["skipped"]),
            )
            # Every object has a value for each click.
            _ = comparison.ious
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"this is no comparison of weights: {error!r}") from None
        return comparison

    @cached_property
    def _bootstrap(self) -> Bootstrap:
        return Bootstrap([one.image for one in self.objects])

    def _counts(self, which: int, target: float) -> np.ndarray:
        counts = [clicks_to_reach(row.tolist(), target) for row in self.ious[which]]
        return np.array([count or self.max_clicks for count in counts], float)

    def _summary(self) -> dict[str, Any]:
        return {
            "objects": len(self.objects),
            "images": self.images,
            "first_clicks": self.first_clicks,
            "weights": {
                name: {
                    **_rows("mean_iou", self.curve(which)),
                    "noc": {f"{target:.2f}": self.noc(which, target).mean for target in TARGETS},
                }
                for which, name in enumerate(self.weights)
            },
            "differences": {
                name: {
                    "verdict": self.verdict(which).kind,
                    "line": self.verdict(which).line,
                    "gain": self.gain(which).as_dict(),
                    **_rows("iou", self.difference(which)),
                    "noc": {
                        f"{target:.2f}": self.noc_difference(target, which).as_dict()
                        for target in TARGETS
                    },
                }
                for which, name in enumerate(self.weights)
                if which
            },
        }


def compare(
    weights: Sequence[str | PathLike],
    samples: Sequence[tuple[str, ObjectSample]],
    *,
    max_clicks: int = 10,
    device: str = "auto",
    report: Callable[[Comparison], object] | None = None,
) -> Comparison:
    """Let the robot user click on objects with each of the weights, as their users would meet them.

    Parameters
    ----------
    weights : sequence of str or path-like
        Names or files, the old ones first.
    samples : sequence of (str, ObjectSample)
        Each with what it shares with other objects: its image or video.
    max_clicks : int
    device : str
        See `napari_itis.inference.Predictor`.
    report : callable, optional
        Called before the first object and after each with what is known so far.

    Returns
    -------
    Comparison

    Raises
    ------
    WeightsError
        If weights cannot be used.
    DatasetError
        If no object is left to compare.
    ValueError
        If there are fewer than two weights.
    """
    if len(weights) < 2:
        raise ValueError("a comparison needs two weights, the old ones first")
    # Not at the top: a window that only draws comparisons has no need of torch.
    from napari_itis.inference import Predictor

    predictors = [Predictor(one, device) for one in weights]
    comparison = Comparison(short_names(weights), max_clicks, len(samples))
    tell = report or (lambda _: None)
    tell(comparison)
    for image, sample in samples:
        try:
            results = [run_benchmark(one, [sample], max_clicks=max_clicks) for one in predictors]
        except DatasetError as error:
            comparison = replace(comparison, skipped=(*comparison.skipped, str(error)))
        else:
            ious = tuple(result.objects[0].ious for result in results)
            compared = ComparedObject(sample.id, image, ious)
            comparison = replace(comparison, objects=(*comparison.objects, compared))
        tell(comparison)
    if not comparison.objects:
        why = comparison.skipped[0] if comparison.skipped else "there are none"
        raise DatasetError(f"no object is left to compare: {why}")
    return comparison


def spread(
    samples: Sequence[tuple[str, ObjectSample]], limit: int | None
) -> list[tuple[str, ObjectSample]]:
    """The objects to compare, from as many images as there are before one has a second.

    Always the same ones, drawn by their ids: what is compared today can be compared again.
    """
    drawn = sorted(samples, key=lambda pair: zlib.crc32(f"{pair[0]} {pair[1].id}".encode()))
    seen: Counter[str] = Counter()
    turns = []
    for image, sample in drawn:
        turns.append((seen[image], image, sample))
        seen[image] += 1
    turns.sort(key=lambda turn: turn[0])
    return [(image, sample) for _, image, sample in turns][:limit]


def short_names(weights: Sequence[str | PathLike]) -> tuple[str, ...]:
    """Names or files as short as they are told apart."""
    for parts in (1, 2):
        names = ["/".join(Path(one).parts[-parts:]).removesuffix(".safetensors") for one in weights]
        if len(set(names)) == len(names):
            return tuple(names)
    return tuple(f"{one} ({number})" for number, one in enumerate(map(str, weights), 1))


def _rows(name: str, rows: np.ndarray) -> dict[str, list[float]]:
    mean, low, high = rows.tolist()
    return {name: mean, f"{name}_low": low, f"{name}_high": high}
