"""The module that writes small trees, for tests that are imported without a package."""

import importlib.util
from pathlib import Path

import pytest


def _load():
    spec = importlib.util.spec_from_file_location("trees", Path(__file__).with_name("trees.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def trees():
    return _load()


@pytest.fixture
def same():
    """Compare a sample's masks with what the tree was written from."""
    import numpy as np

    def compare(sample, truth, void=None):
        image, found, found_void = sample.load()
        assert image.shape == (*truth.shape, 3)
        assert found.dtype == found_void.dtype == bool
        np.testing.assert_array_equal(found, truth)
        np.testing.assert_array_equal(
            found_void, np.zeros_like(truth) if void is None else void & ~truth
        )

    return compare
