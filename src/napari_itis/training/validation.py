"""Clicks of the robot user on held-back objects, during a training and after it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, takewhile, zip_longest
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from safetensors import SafetensorError

from napari_itis.clicks import Click
from napari_itis.datasets import DatasetError
from napari_itis.evaluation.benchmark import run_benchmark
from napari_itis.inference import Prediction, Predictor
from napari_itis.network import ItisNetwork, save_weights
from napari_itis.runs import Reporter
from napari_itis.runs.folder import BEST, NEWEST, strip_path
from napari_itis.training.checkpoint import Progress
from napari_itis.training.config import TrainingConfig
from napari_itis.training.held_back import held_back_objects
from napari_itis.training.listing import Listing
from napari_itis.training.pictures import Look, prediction_strip, write_picture

TARGETS = (0.85, 0.90)
_SHOWN = 6

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Measurement:
    """Figures of a network on held-back objects.

    Attributes
    ----------
    objects : int
    noc_85, noc_90 : float
        Mean number of clicks to that IoU; the largest number where it is never reached.
    iou_1, iou_3, iou_5, iou_10 : float
        Mean IoU after so many clicks, or after as many as there were.
    """

    objects: int
    noc_85: float
    noc_90: float
    iou_1: float
    iou_3: float
    iou_5: float
    iou_10: float

    FIELDS: ClassVar = ("step", "noc_85", "noc_90", "iou_1", "iou_3", "iou_5", "iou_10", "objects")

    def row(self) -> dict[str, float]:
        """The figures by name."""
        return {name: getattr(self, name) for name in self.FIELDS[1:]}

    @property
    def rank(self) -> tuple[float, float]:
        """Lower is better: NoC@90, then minus the mean IoU after the last click."""
        return self.noc_90, -self.iou_10


class Validation:
    """Measures a network that is being trained, as its users would meet it.

    Parameters
    ----------
    config : TrainingConfig
    listing : Listing
    folder : Path
        Where the best weights so far are kept.
    device : torch.device
    """

    def __init__(
        self, config: TrainingConfig, listing: Listing, folder: Path, device: torch.device
    ) -> None:
        self._config, self._folder, self._device = config, folder, device
        # Every source has its turn before one has a second.
        turns = zip_longest(*held_back_objects(config, listing, config.validation_objects))
        objects = [sample for sample in chain.from_iterable(turns) if sample is not None]
        self._seconds = 0.0
        self._objects = objects[: config.validation_objects] if config.validate_every else []

    def due(self, epoch: int, last: bool) -> bool:
        """Whether to measure at the end of an epoch, the first being 0."""
        if not self._objects:
            return False
        return last or (epoch + 1) % self._config.validate_every == 0

    def seconds_to_come(self, epoch: int, epochs: int) -> float:
        """Seconds that the measurements from the end of an epoch on will take."""
        if not self._objects:
            return 0.0
        every = self._config.validate_every
        return self._seconds * (epochs // every - epoch // every + (epochs % every > 0))

    def run(
        self,
        network: ItisNetwork,
        about: Mapping[str, Any],
        progress: Progress,
        reporter: Reporter,
        stopped: Callable[[], bool],
    ) -> Measurement | None:
        """Measure, and keep the rank in `progress` if it is the best one so far; say so meanwhile.

        A measurement that fails costs a line, not the training.
        """
        if not self._objects or stopped():
            return None
        before, began = reporter.status.message, time.monotonic()
        reporter.say(message="clicking on held-back images to see how good the network is")
        try:
            measured = self.measure(network, about, progress.best, progress.step, stopped)
        except (OSError, SafetensorError, DatasetError) as error:
            _log.warning("not measured: %s", error)
            return None
        finally:
            reporter.say(message=before)
        self._seconds = time.monotonic() - began
        if measured is not None and (progress.best is None or measured.rank < progress.best):
            progress.best = measured.rank
        return measured

    def measure(
        self,
        network: ItisNetwork,
        about: Mapping[str, Any],
        best: tuple[float, float] | None,
        step: int,
        stopped: Callable[[], bool] = lambda: False,
    ) -> Measurement | None:
        """Measure a network; where it beats `best`, its weights become the best ones.

        Parameters
        ----------
        network : ItisNetwork
        about : mapping
            What the weights say of their training.
        best : tuple of float or None
            The rank to beat.
        step : int
            Names the picture of the first predictions.
        stopped : callable
            Looked at before each object: whether nobody waits for the figures any more.

        Returns
        -------
        Measurement or None
            None if it was stopped.
        """
        newest = self._folder / NEWEST
        try:
            save_weights(network, newest, training=about)
            clicks = self._config.validation_clicks
            watched = _Watched(Predictor(newest, str(self._device)))
            result = run_benchmark(
                watched,
                self._objects,
                max_clicks=clicks,
                progress=lambda samples: takewhile(lambda _: not stopped(), samples),
            )
            if len(result.objects) < len(self._objects):
                return None
            summary = result.summary(TARGETS)
            mean = [summary["mean_iou"][min(k, clicks) - 1] for k in (1, 3, 5, 10)]
            measured = Measurement(summary["objects"], *summary["noc"].values(), *mean)
            if best is None or measured.rank < best:
                newest.replace(self._folder / BEST)
            write_picture(strip_path(self._folder, step), self._strip(watched))
            return measured
        finally:
            newest.unlink(missing_ok=True)

    def _strip(self, watched: _Watched) -> np.ndarray:
        looks = []
        for sample, (click, mask) in zip(self._objects, watched.first):
            image, truth, void = sample.load()
            looks.append(Look(image, click, mask, truth, void))
        return prediction_strip(looks)


class _Watched:
    """A predictor that keeps the first click and its mask of the first objects."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self.first: list[tuple[Click, np.ndarray]] = []

    def set_image(self, image: np.ndarray) -> None:
        self._predictor.set_image(image)

    def predict(self, clicks: Sequence[Click], mask: np.ndarray | None = None) -> Prediction:
        prediction = self._predictor.predict(clicks, mask)
        if len(clicks) == 1 and len(self.first) < _SHOWN:
            self.first.append((clicks[0], prediction.mask))
        return prediction
