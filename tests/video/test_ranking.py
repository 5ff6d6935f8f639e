"""Wrong masks of a sequence made by code, found by the weights that ship."""

import numpy as np
import pytest

from napari_itis.inference import Predictor
from napari_itis.video.ranking import FrameScores
from napari_itis.video.synthetic import spoilt_sequence


@pytest.fixture(scope="module")
def sequence():
    frames, masks, truth = map(np.asarray, spoilt_sequence(frames=20, size=(160, 240)))
    masks, truth = masks == 1, truth == 1
    overlap = (masks & truth).sum((1, 2)) / (masks | truth).sum((1, 2))
    return frames, masks, overlap


@pytest.fixture(scope="module")
def ranked(sequence):
    frames, masks, _ = sequence
    scores = FrameScores(Predictor(device="cpu"), frames, masks.__getitem__)
    assert np.isnan(scores.values).all()
    found = dict(scores.compute())
    assert list(found) == list(range(len(frames)))
    return scores


def test_wrong_masks_come_before_right_ones(sequence, ranked):
    _, _, overlap = sequence
    wrong, right = ranked.values[overlap < 0.7], ranked.values[overlap > 0.95]
    assert len(wrong)
    assert len(right)
    assert np.mean(wrong[:, None] > right) > 0.9
    assert ((ranked.values >= 0) & (ranked.values <= 1)).all()


def test_what_has_changed_is_scored_again_and_nothing_else(sequence, ranked):
    ranked.changed([5])
    assert [frame for frame, _ in ranked.compute()] == [4, 5, 6]
    assert list(ranked.compute()) == []


def test_a_score_that_is_known_is_not_computed_again(sequence, ranked):
    known = ranked.values[5]
    ranked.changed([5])
    ranked.took({5: known})
    assert [frame for frame, _ in ranked.compute()] == [4, 6]
    assert ranked.values[5] == known
