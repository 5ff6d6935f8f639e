"""Which object is trained in which step, however many processes share the work."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_itis.training.config import ConfigError, TrainingConfig


@dataclass(frozen=True)
class Plan:
    """The order of a training.

    Object `i` belongs to lane ``i % batch_size``, and each batch takes one object of each lane. A
    process owns some lanes, so that an object's clicks never move to another process, and the
    batches are the same for any number of processes.

    Attributes
    ----------
    objects : int
        Objects of an epoch.
    batch_size : int
        Objects of a step, over all processes.
    steps : int
        Steps of the whole training.
    seed : int
    """

    objects: int
    batch_size: int
    steps: int
    seed: int

    @classmethod
    def of(cls, config: TrainingConfig, available: int) -> Plan:
        """The plan of a config where the data hold `available` objects.

        Raises
        ------
        ConfigError
            If there are fewer objects than a batch needs.
        """
        objects = config.samples_per_epoch or available
        if objects < config.batch_size:
            raise ConfigError(
                f"batch_size = {config.batch_size} is more than the {objects} objects of the data: "
                "lower it, or set samples_per_epoch"
            )
        epoch = objects // config.batch_size
        steps = config.epochs * epoch if config.epochs else config.samples // config.batch_size
        return cls(objects, config.batch_size, max(1, steps), config.seed)

    @property
    def steps_per_epoch(self) -> int:
        """Steps of one epoch; what is left over has its turn in another epoch."""
        return self.objects // self.batch_size

    def batches(self, epoch: int, lanes: slice) -> np.ndarray:
        """The objects of an epoch's steps.

        Parameters
        ----------
        epoch : int
        lanes : slice
            Which of the lanes 0..batch_size.

        Returns
        -------
        ndarray of int, shape (steps_per_epoch, number of lanes)
        """
        rng = np.random.default_rng([self.seed, epoch])
        orders = [
            rng.permutation(np.arange(lane, self.objects, self.batch_size))[: self.steps_per_epoch]
            for lane in range(self.batch_size)
        ]
        return np.stack(orders[lanes], axis=1)

    def owned(self, number: int, lanes: slice) -> bool:
        """Whether an object belongs to one of the lanes."""
        return lanes.start <= number % self.batch_size < lanes.stop
