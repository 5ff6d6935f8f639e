"""The video made by code: always the same, with masks that are wrong where it says so."""

import numpy as np
import pytest

from napari_itis.video.synthetic import FAULTS, spoil, spoilt_frames, spoilt_sequence

SIZE = (120, 180)


@pytest.fixture(scope="module", params=[0, 5])
def made(request):
    return (*spoilt_sequence(30, SIZE, request.param), spoilt_frames(30, request.param))


def overlap(a, b):
    return (a & b).sum() / max(1, (a | b).sum())


def test_it_is_a_video_with_masks(made):
    frames, masks, truth, _ = made
    assert frames.shape == (30, *SIZE, 3) and frames.dtype == np.uint8
    assert masks.shape == truth.shape == (30, *SIZE)
    assert masks.dtype == truth.dtype == np.int32
    assert set(np.unique(truth)) == set(np.unique(masks)) == {0, 1}


def test_masks_are_wrong_where_it_says_so(made):
    _, masks, truth, faults = made
    assert set(faults.values()) == set(FAULTS) and 0.15 < len(faults) / 30 < 0.6
    for index in range(30):
        quality = overlap(masks[index], truth[index])
        assert quality < 0.9 if index in faults else quality > 0.95, (index, faults.get(index))


def test_the_object_is_always_in_sight_and_moves(made):
    frames, _, truth, _ = made
    assert (truth.sum(axis=(1, 2)) > 0.01 * np.prod(SIZE)).all()
    centres = np.array([np.mean(np.nonzero(mask), axis=1) for mask in truth])
    steps = np.hypot(*np.diff(centres, axis=0).T)
    assert 1 < steps.mean() < 15
    # The object differs from what it is held before.
    for frame, mask in zip(frames.astype(float), truth.astype(bool)):
        assert np.abs(frame[mask].mean(axis=0) - frame[~mask].mean(axis=0)).max() > 10


def test_it_is_the_same_each_time_and_another_with_another_seed():
    one, again, other = (spoilt_sequence(3, (60, 90), seed) for seed in (2, 2, 3))
    assert all(np.array_equal(a, b) for a, b in zip(one, again))
    assert not np.array_equal(one[2], other[2])


def test_an_unknown_fault_is_one_line():
    with pytest.raises(ValueError, match="expected one of shifted"):
        spoil(np.ones((9, 9), np.int32), "ugly", np.random.default_rng(0))
