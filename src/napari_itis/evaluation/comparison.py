"""Old and new weights on the same objects: IoU against clicks, with intervals and a verdict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from napari_itis.datasets import ObjectSample

FIRST_CLICKS = 3
"""The verdict is about the mean IoU over so many first clicks."""

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
class Interval:
    """A mean and its 95 % interval."""

    mean: float
    low: float
    high: float


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
        raise NotImplementedError

    def ious(self) -> np.ndarray:
        """IoU of every object, float64 (weights, objects, clicks)."""
        raise NotImplementedError

    def curve(self, which: int) -> np.ndarray:
        """Mean IoU after each click with its 95 % interval: (3, clicks): mean, low, high."""
        raise NotImplementedError

    def noc(self, which: int, target: float) -> Interval:
        """Mean number of clicks to an IoU, with its interval."""
        raise NotImplementedError

    def gain(self, which: int = 1) -> Interval:
        """Mean IoU over the first clicks, minus that of the old weights, object by object."""
        raise NotImplementedError

    def verdict(self, which: int = 1) -> Verdict:
        """Whether weights are better than the old ones."""
        raise NotImplementedError

    def as_dict(self) -> dict[str, Any]:
        """Everything for JSON, with the figures that follow from it under `summary`."""
        raise NotImplementedError

    @classmethod
    def from_dict(cls, content: Any) -> Comparison:
        """What `as_dict` gave, also of a comparison that is under way.

        Raises
        ------
        ValueError
            If it is something else.
        """
        raise NotImplementedError


def compare(
    weights: Sequence[str],
    samples: Sequence[tuple[str, ObjectSample]],
    *,
    max_clicks: int = 10,
    device: str = "auto",
    report: Callable[[Comparison], object] | None = None,
) -> Comparison:
    """Let the robot user click on objects with each of the weights, as their users would meet them.

    Parameters
    ----------
    weights : sequence of str
        Names or files, the old ones first.
    samples : sequence of (str, ObjectSample)
        Each with what it shares with other objects: its image or video.
    max_clicks : int
    device : str
        See `napari_itis.inference.Predictor`.
    report : callable, optional
        Called after every object with what is known so far.

    Returns
    -------
    Comparison

    Raises
    ------
    WeightsError
        If weights cannot be used.
    DatasetError
        If no object is left to compare.
    """
    raise NotImplementedError
