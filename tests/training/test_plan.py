"""Every object has its turn, and the batches do not depend on the number of processes."""

import numpy as np
import pytest

from napari_itis.training import ConfigError, load_config
from napari_itis.training.plan import Plan


def test_batches_are_the_same_for_any_number_of_processes():
    plan = Plan(objects=101, batch_size=8, steps=100, seed=3)
    whole = plan.batches(5, slice(0, 8))
    for processes in (2, 4, 8):
        share = 8 // processes
        lanes = [slice(r * share, (r + 1) * share) for r in range(processes)]
        parts = [plan.batches(5, part) for part in lanes]
        assert np.array_equal(np.concatenate(parts, 1), whole)
        # What a process trains on is its own, in this epoch and in all others.
        for part, lane in zip(parts, lanes, strict=True):
            assert all(plan.owned(number, lane) for number in part.ravel())


def test_an_epoch_visits_objects_once_and_all_of_them_in_the_long_run():
    plan = Plan(objects=30, batch_size=4, steps=100, seed=0)
    epochs = [plan.batches(epoch, slice(0, 4)) for epoch in range(40)]
    for batches in epochs:
        assert batches.shape == (7, 4)
        assert len(np.unique(batches)) == 28
    assert set(np.concatenate(epochs).ravel()) == set(range(30))
    assert not np.array_equal(epochs[0], epochs[1])


def test_length_of_a_training():
    config = load_config("smoke", ["samples=100", "batch_size=8", "samples_per_epoch=20"])
    assert Plan.of(config, 7).steps == 12
    epochs = load_config("smoke", ["epochs=3", "batch_size=8", "samples_per_epoch=0"])
    assert Plan.of(epochs, 50).steps == 18


def test_too_few_objects_are_one_line():
    config = load_config("smoke", ["batch_size=8", "samples_per_epoch=0"])
    with pytest.raises(ConfigError, match="the 7 objects of the data"):
        Plan.of(config, 7)
