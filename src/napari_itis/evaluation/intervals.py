"""95 % intervals of means by the bootstrap, where objects of one image depend on each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from scipy import stats

_LEVEL = 0.95
_RESAMPLES = 10_000
_MOST_DRAWS = 5_000_000


@dataclass(frozen=True)
class Interval:
    """A mean and its 95 % interval."""

    mean: float
    low: float
    high: float

    def as_dict(self) -> dict[str, float]:
        """For JSON."""
        return asdict(self)


class Bootstrap:
    """Draws images, each with all its objects, again and again; always the same draws.

    With few images the percentiles are expanded as Student's t is beside the normal distribution
    (Hesterberg: What Teachers Should Know About the Bootstrap, 2015): plain ones are too narrow.

    Parameters
    ----------
    groups : sequence of str
        For each object what it shares with others: its image.
    seed : int
    """

    def __init__(self, groups: Sequence[str], seed: int = 0) -> None:
        names, self._group = np.unique(np.array(groups, object).astype(str), return_inverse=True)
        count = len(names)
        resamples = min(_RESAMPLES, max(1000, _MOST_DRAWS // max(count, 1)))
        rng = np.random.default_rng(seed)
        self._draws = (
            rng.multinomial(count, np.full(count, 1 / count), resamples) if count else None
        )
        self._sizes = np.bincount(self._group, minlength=count)
        tails = np.array([(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
        if count > 1:
            wider = np.sqrt(count / (count - 1)) * stats.t.ppf(tails, count - 1)
            tails = stats.norm.cdf(wider)
        self._tails = tails

    def interval(self, values: np.ndarray) -> Interval:
        """The mean of one value for each object, (objects,)."""
        return Interval(*self.intervals(values[:, None])[:, 0].tolist())

    def intervals(self, values: np.ndarray) -> np.ndarray:
        """Means over objects of several values, (objects, n), as mean, low and high, (3, n)."""
        if self._draws is None:
            return np.full((3, values.shape[1]), np.nan)
        sums = np.zeros((len(self._sizes), values.shape[1]))
        np.add.at(sums, self._group, values)
        means = (self._draws @ sums) / (self._draws @ self._sizes)[:, None]
        low, high = np.quantile(means, self._tails, axis=0)
        return np.stack([values.mean(axis=0), low, high])
