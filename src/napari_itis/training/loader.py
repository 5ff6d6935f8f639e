"""Samples prepared ahead of the steps, and the click states that they go on from."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import torch

from napari_itis.training.config import TrainingConfig
from napari_itis.training.listing import Listing
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
    """Draws clicks, cuts crops and computes distances while the network is at work.

    In threads, or in processes where a GPU asks for more samples than one Python interpreter can
    prepare; the samples are the same.

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
        workers = max(1, config.loaders)
        self._threads = ThreadPoolExecutor(workers, "itis-loader")
        self._workers: Executor = self._threads
        if config.loader_processes:
            self._workers = ProcessPoolExecutor(
                workers,
                multiprocessing.get_context("spawn"),
                _start_worker,
                (replace(config, cache_gb=config.cache_gb / workers), sources.listing),
            )

    def close(self) -> None:
        """End the threads and processes."""
        self._workers.shutdown(cancel_futures=True)
        self._threads.shutdown(cancel_futures=True)

    def batches(self, epoch: int, done: int = 0) -> Iterator[Batch]:
        """An epoch's batches after the first `done`; nothing is looked at beyond its end.

        An object is visited once per epoch, so nothing that is prepared ahead can depend on a step
        that is still to come.
        """
        self.settle()
        remaining = iter(self._plan.batches(epoch, self._lanes)[done:].tolist())
        waiting: deque[tuple[list[int], list[Callable[[], TrainingSample]]]] = deque()

        def submit() -> None:
            numbers = next(remaining, None)
            if numbers is not None:
                waiting.append((numbers, [self._visit(epoch, number) for number in numbers]))

        for _ in range(_AHEAD):
            submit()
        while waiting:
            numbers, visits = waiting.popleft()
            began = time.monotonic()
            samples = [result() for result in visits]
            waited = time.monotonic() - began
            submit()
            yield Batch(numbers, samples, waited)

    def keep(self, batch: Batch, predicted: np.ndarray) -> None:
        """Keep a step's predictions, bool (N, crop, crop), for the objects' next visits."""
        for number, sample, mask in zip(batch.numbers, batch.samples, predicted, strict=True):
            self._keeping.append(self._threads.submit(self._pack, number, sample, mask))

    def settle(self) -> dict[int, bytes]:
        """The states once everything that is to be kept is kept."""
        for future in self._keeping:
            future.result()
        self._keeping.clear()
        return self.states

    def name(self, state: ObjectState) -> str:
        """An object by its image and label, for messages."""
        return f"{self._sources.image(state.source, state.image).id}:{state.label}"

    def _visit(self, epoch: int, number: int) -> Callable[[], TrainingSample]:
        """Begin to prepare a sample; what is returned waits for it."""
        visit = (epoch, number, self.states.get(number))
        if self._workers is self._threads:
            return self._threads.submit(_prepare, self._config, self._sources, *visit).result
        future = self._workers.submit(_prepare_in_worker, *visit)
        return lambda: _received(future.result())

    def _pack(self, number: int, sample: TrainingSample, mask: np.ndarray) -> None:
        self.states[number] = sample.visited(mask).to_bytes()


def _prepare(
    config: TrainingConfig, sources: Sources, epoch: int, number: int, packed: bytes | None
) -> TrainingSample:
    rng = np.random.default_rng([config.seed, epoch, number])
    state = None if packed is None else ObjectState.from_bytes(packed)
    return next_sample(state, sources, config, rng, number)


_in_worker: tuple[TrainingConfig, Sources]


def _start_worker(config: TrainingConfig, listing: Listing) -> None:
    global _in_worker
    # Ctrl-C reaches every process of a terminal: when to stop is the parent's to say, which needs
    # its samples until its step is done.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    _in_worker = (config, Sources(config, listing))


def _end_with_parent() -> None:
    """A parent that was killed tells nobody, and its workers would wait for samples for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _prepare_in_worker(epoch: int, number: int, packed: bytes | None) -> dict[str, Any]:
    """A sample as plain arrays: torch would send each tensor as an open file."""
    sample = _prepare(*_in_worker, epoch, number, packed)
    arrays = {name: getattr(sample, name).numpy() for name in ("channels", "truth", "valid")}
    # The step's prediction takes the place of the mask.
    return arrays | {"state": replace(sample.state, mask=None), "flips": sample.flips}


def _received(sent: dict[str, Any]) -> TrainingSample:
    arrays = ("channels", "truth", "valid")
    return TrainingSample(**sent | {name: torch.from_numpy(sent[name]) for name in arrays})
