"""A few steps of a training, to see how long all of them take and how much they need."""

from __future__ import annotations

import statistics
import tempfile
import time
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path

from napari_itis.evaluation.benchmark import run_benchmark
from napari_itis.inference import Predictor
from napari_itis.network import save_weights
from napari_itis.training.config import UNTRAINED, TrainingConfig
from napari_itis.training.distributed import Processes
from napari_itis.training.held_back import held_back_objects
from napari_itis.training.learner import Learner
from napari_itis.training.listing import Listing
from napari_itis.training.loader import Loader
from napari_itis.training.plan import Plan
from napari_itis.training.resources import peak_memory
from napari_itis.training.sources import Sources

_STEPS = 5
_SECONDS = 20.0
_CLICKS = 3
# Imports, and the look at the data.
_BEGINNING = 20.0
_STATE = 520
_LINE = 500


@dataclass(frozen=True)
class Trial:
    """What a few steps tell of a whole training.

    Attributes
    ----------
    seconds : float
        Of all steps and measurements.
    disk, memory : int
        Bytes that are needed; memory without the cache of images.
    device : str
    """

    seconds: float
    disk: int
    memory: int
    device: str


def try_out(config: TrainingConfig, listing: Listing, plan: Plan) -> Trial:
    """Make a few steps and clicks; nothing is kept.

    Raises
    ------
    ConfigError, DatasetError, WeightsError
        What a training would raise.
    RuntimeError, MemoryError
        If memory runs out.
    """
    config = replace(config, loader_processes=False)
    processes = Processes(config)
    sources = Sources(config, listing)
    learner = Learner(config, processes, plan.steps, False)
    loader = Loader(config, sources, plan, processes.lanes)
    try:
        times = []
        began = time.monotonic()
        for step, batch in enumerate(islice(loader.batches(0), _STEPS)):
            start = time.monotonic()
            learner.step(batch.samples, step, 0)
            times.append(batch.waited + time.monotonic() - start)
            if time.monotonic() - began > _SECONDS and len(times) > 1:
                break
    finally:
        loader.close()
        processes.close()
    # The first one makes what the others find.
    step_seconds = statistics.median(times[1:] or times)
    measuring = _seconds_of_measurements(config, listing, learner, plan)
    return Trial(
        _BEGINNING + plan.steps * step_seconds + measuring,
        _disk(config, learner, plan),
        peak_memory(),
        str(processes.device),
    )


def _seconds_of_measurements(
    config: TrainingConfig, listing: Listing, learner: Learner, plan: Plan
) -> float:
    objects = list(chain.from_iterable(held_back_objects(config, listing)))
    if not (objects and config.validate_every):
        return 0.0
    epochs = -(-plan.steps // plan.steps_per_epoch)
    times = -(-epochs // config.validate_every) + (config.start not in UNTRAINED)
    clicks = min(_CLICKS, config.validation_clicks)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trial.safetensors"
        save_weights(learner.result, path)
        predictor = Predictor(path, config.device)
    began = time.monotonic()
    run_benchmark(predictor, objects[:1], max_clicks=clicks)
    each = (time.monotonic() - began) / clicks * config.validation_clicks
    return times * min(len(objects), config.validation_objects) * each


def _disk(config: TrainingConfig, learner: Learner, plan: Plan) -> int:
    """Twice a checkpoint (the old one stays until the new one is whole), weights and logs."""
    values = sum(parameter.numel() for parameter in learner.network.parameters())
    # Adam keeps two more of each.
    checkpoint = 4 * values * (len(learner.networks) + 2) + _STATE * plan.objects
    return 2 * checkpoint + 3 * 2 * values + _LINE * plan.steps
