"""Samples prepared ahead of the steps, and the click states that they go on from."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from napari_itis.training.config import TrainingConfig
from napari_itis.training.plan import Plan
from napari_itis.training.samples import TrainingSample, next_sample
from napari_itis.training.sources import Sources
from napari_itis.training.state import ObjectState

_AHEAD = 4


@dataclass(frozen=True)
class Batch:
    """This process's part of a step.

    Attributes
    ----------
    numbers : list of int
        The objects.
    samples : list of TrainingSample
    waited : float
        Seconds that the step had to wait for it.
    """

    numbers: list[int]
    samples: list[TrainingSample]
    waited: float


class Loader:
    """Threads that draw clicks, cut crops and compute distances while the network is at work.

    Parameters
    ----------
    config : TrainingConfig
    sources : Sources
    plan : Plan
    lanes : slice
        The lanes of this process.

    Attributes
    ----------
    states : dict of int to bytes
        Packed states of the objects that were visited.
    """

    def __init__(
        self, config: TrainingConfig, sources: Sources, plan: Plan, lanes: slice = slice(None)
    ) -> None:
        self._config, self._sources, self._plan, self._lanes = config, sources, plan, lanes
        self.states: dict[int, bytes] = {}
        self._keeping: list[Future[None]] = []
        self._pool = ThreadPoolExecutor(max(1, config.loaders), "itis-loader")

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(cancel_futures=True)

    def batches(self, epoch: int, done: int = 0) -> Iterator[Batch]:
        """An epoch's batches after the first `done`; nothing is looked at beyond its end.

        An object is visited once per epoch, so nothing that is prepared ahead can depend on a step
        that is still to come.
        """
        self.settle()
        remaining = iter(self._plan.batches(epoch, self._lanes)[done:].tolist())
        waiting: deque[tuple[list[int], list[Future[TrainingSample]]]] = deque()

        def submit() -> None:
            numbers = next(remaining, None)
            if numbers is not None:
                futures = [self._pool.submit(self._visit, epoch, number) for number in numbers]
                waiting.append((numbers, futures))

        for _ in range(_AHEAD):
            submit()
        while waiting:
            numbers, futures = waiting.popleft()
            began = time.monotonic()
            samples = [future.result() for future in futures]
            waited = time.monotonic() - began
            submit()
            yield Batch(numbers, samples, waited)

    def keep(self, batch: Batch, predicted: np.ndarray) -> None:
        """Keep a step's predictions, bool (N, crop, crop), for the objects' next visits."""
        for number, sample, mask in zip(batch.numbers, batch.samples, predicted, strict=True):
            self._keeping.append(self._pool.submit(self._pack, number, sample, mask))

    def settle(self) -> dict[int, bytes]:
        """The states once everything that is to be kept is kept."""
        for future in self._keeping:
            future.result()
        self._keeping.clear()
        return self.states

    def name(self, state: ObjectState) -> str:
        """An object by its image and label, for messages."""
        return f"{self._sources.image(state.source, state.image).id}:{state.label}"

    def _visit(self, epoch: int, number: int) -> TrainingSample:
        rng = np.random.default_rng([self._config.seed, epoch, number])
        packed = self.states.get(number)
        state = None if packed is None else ObjectState.from_bytes(packed)
        return next_sample(state, self._sources, self._config, rng, number)

    def _pack(self, number: int, sample: TrainingSample, mask: np.ndarray) -> None:
        self.states[number] = sample.visited(mask).to_bytes()
