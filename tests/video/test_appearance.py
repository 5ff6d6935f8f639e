"""What looks like an object and what does not."""

import numpy as np
import pytest

from napari_itis.inference.region import around
from napari_itis.video.appearance import Looks, compare


def looks(features, share):
    features = np.asarray(features, np.float32)
    mask = np.zeros((32, 32), bool)
    mask[8:24, 8:24] = True
    return Looks(around(mask.shape, mask, (), 32, 2.0), (1, len(features)), features, share)


@pytest.mark.parametrize("places", [1, 2, 3, 40])
def test_a_place_is_compared_with_the_three_nearest_ones(places):
    rng = np.random.default_rng(0)
    inside, outside, seen = (rng.standard_normal((n, 8)) for n in (places, 20, 5))
    share = np.repeat(np.float32([1, 0]), [places, 20])
    known = looks(np.concatenate([inside, outside]), share)
    found = compare(looks(seen, np.zeros(5, np.float32)), [known])

    def nearest(vectors):
        return np.sort(seen @ vectors.T, axis=1)[:, -3:].mean(1)

    assert np.allclose(found[0], nearest(inside) - nearest(outside), atol=1e-5)


def test_without_anything_known_nothing_is_told():
    seen = looks(np.ones((4, 8)), np.zeros(4, np.float32))
    assert not compare(seen, []).any()
