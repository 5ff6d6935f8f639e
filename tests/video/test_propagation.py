"""A mask carried on over a sequence made by code, by the weights that ship."""

import numpy as np
import pytest
from skimage import data

from napari_itis.inference import Predictor
from napari_itis.video.propagation import propagate
from napari_itis.video.synthetic import spoilt_sequence


@pytest.fixture(scope="module")
def predictor():
    return Predictor(device="cpu")


@pytest.fixture(scope="module")
def sequence():
    frames, _, truth = spoilt_sequence(frames=24, size=(240, 360))
    return np.asarray(frames), np.asarray(truth) == 1


class Watched:
    """Frames that remember which of them were read."""

    def __init__(self, frames):
        self.frames, self.read = frames, []

    def __len__(self):
        return len(self.frames)

    def __getitem__(self, index):
        self.read.append(index)
        return self.frames[index]


def iou(one, two):
    return (one & two).sum() / (one | two).sum()


@pytest.mark.parametrize(("start", "stop"), [(2, 6), (17, 13)])
def test_the_object_is_followed_forwards_and_backwards(predictor, sequence, start, stop):
    frames, truth = sequence
    steps = list(propagate(predictor, frames, truth[start], start, stop))
    way = 1 if stop > start else -1
    assert [step.frame for step in steps] == list(range(start + way, stop + way, way))
    assert not any(step.lost for step in steps)
    assert np.mean([iou(step.mask, truth[step.frame]) for step in steps]) > 0.8


def test_no_frame_is_read_before_it_is_asked_for(predictor, sequence):
    frames, truth = sequence
    watched = Watched(frames)
    steps = propagate(predictor, watched, truth[2], 2, 8)
    next(steps)
    assert set(watched.read) == {2, 3}
    steps.close()


@pytest.mark.parametrize("instead", ["noise", "black", "another photo"])
def test_an_object_that_has_gone_is_lost(predictor, sequence, instead):
    frames, truth = sequence
    gone = frames.copy()
    if instead == "noise":
        gone[4:] = np.random.default_rng(0).integers(0, 255, frames[0].shape, np.uint8)
    else:
        gone[4:] = 0 if instead == "black" else data.rocket()[100:340, 100:460]
    *_, last = propagate(predictor, gone, truth[2], 2, 8)
    assert last.lost
    assert last.frame < 8
    assert not last.mask.any()


def test_mistakes_are_told_in_a_line(predictor, sequence):
    frames, truth = sequence
    for mask, start, stop, expected in (
        (np.zeros_like(truth[0]), 0, 3, "empty"),
        (truth[0], 0, 99, "no frame 99"),
        (truth[0][:50], 0, 3, "the mask is"),
    ):
        with pytest.raises(ValueError, match=expected) as error:
            next(propagate(predictor, frames, mask, start, stop))
        assert "\n" not in str(error.value)


def test_masks_that_can_be_trusted_bring_a_wrong_one_back(predictor, sequence):
    frames, truth = sequence
    half = truth[2].copy()
    half[:, : int(np.nonzero(half)[1].mean())] = False
    alone, helped = (
        list(propagate(predictor, frames, half, 2, 4, existing=existing))[-1].mask
        for existing in (None, lambda frame: (truth[frame], 0.9 * (frame != 2)))
    )
    assert iou(helped, truth[4]) > max(0.85, iou(alone, truth[4]) + 0.1)


def test_what_was_corrected_is_corrected_on_the_next_frames_too(predictor, sequence):
    frames, truth = sequence
    spoilt = truth.copy()
    for mask in spoilt:
        columns = np.nonzero(mask)[1]
        mask[:, : int(columns.min() + 0.25 * np.ptp(columns))] = False
    steps = list(
        propagate(predictor, frames, truth[2], 2, 4, existing=lambda frame: (spoilt[frame], 0.8))
    )
    assert iou(steps[-1].mask, truth[4]) > iou(spoilt[4], truth[4]) + 0.1
