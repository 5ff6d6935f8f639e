import numpy as np
import pytest

from napari_itis.annotation import PackedMask


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 1.0])
def test_a_packed_mask_comes_back_as_it_was(share):
    mask = np.random.default_rng(0).random((37, 53)) < share
    packed = PackedMask.pack(mask)
    assert np.array_equal(packed.unpack(), mask)
    assert packed.area == mask.sum()
    for pixel in [(0, 0), (36, 52), (5, 40)]:
        assert (pixel in packed) == mask[pixel]


def test_drawing_touches_only_the_mask():
    mask = np.zeros((6, 7), bool)
    mask[2, 3] = mask[4, 5] = True
    labels = np.full((6, 7), 9, np.int32)
    PackedMask.pack(mask).draw(labels, 4)
    assert np.array_equal(labels, np.where(mask, 4, 9))


def test_a_stack_is_no_mask():
    with pytest.raises(ValueError, match="two axes"):
        PackedMask.pack(np.zeros((2, 3, 4), bool))
