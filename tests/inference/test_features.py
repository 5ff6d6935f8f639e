"""Features of an encoder: places that look alike have vectors that point the same way."""

import numpy as np
import pytest
import torch

from napari_itis.inference.engine import TorchEngine
from napari_itis.inference.features import describe
from napari_itis.network import ItisConfig, ItisNetwork


def levels(*channels):
    random = torch.Generator().manual_seed(0)
    sizes = [(32, 48), (16, 24), (8, 12), (4, 6), (4, 6)]
    return [torch.randn(1, c, *s, generator=random) for c, s in zip(channels, sizes)]


def test_vectors_have_length_one_on_the_grid_of_the_third_level():
    vectors = describe(levels(4, 6, 8, 10, 12))
    assert vectors.shape == (8, 12, 6 + 8 + 10 + 12)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=-1), 1, atol=1e-5)


def test_wide_levels_are_projected_the_same_way_every_time():
    wide = describe(levels(4, 6, 8, 1000, 2048))
    assert wide.shape[2] == 6 + 8 + 320 + 320
    assert np.array_equal(wide, describe(levels(4, 6, 8, 1000, 2048)))


def test_a_flat_level_says_nothing_instead_of_nan():
    flat = [torch.ones_like(level) for level in levels(4, 6, 8, 10, 12)]
    assert np.isfinite(describe(flat)).all()


@pytest.mark.parametrize("size", [(64, 96), (50, 70)])
def test_like_places_have_like_features(size):
    torch.manual_seed(0)
    engine = TorchEngine(ItisNetwork(ItisConfig()).eval(), torch.device("cpu"))
    channels = np.zeros((6, *size), np.float32)
    channels[:3, :, : size[1] // 2] = 0.8
    features = engine.features(channels)
    assert features.shape[:2] == (-(-size[0] // 8), -(-size[1] // 8))
    left, also_left, right = features[3, 1], features[4, 1], features[3, -2]
    assert left @ also_left > left @ right
