"""A mask that was carried on takes the place of wrong masks, not of right ones."""

import numpy as np
import pytest

from napari_itis.inference import Predictor
from napari_itis.video.better import propagate_where_better
from napari_itis.video.ranking import FrameScores
from napari_itis.video.synthetic import spoilt_sequence


@pytest.fixture(scope="module")
def sequence():
    frames, _, truth = spoilt_sequence(frames=24, size=(160, 240))
    frames, truth = np.asarray(frames)[:12], (np.asarray(truth) == 1)[:12]
    masks = truth.copy()
    masks[5:7] = np.roll(truth[5:7], 30, 2)
    masks[7] = False
    return Predictor(device="cpu"), frames, masks, truth


@pytest.fixture(scope="module")
def scores(sequence):
    predictor, frames, masks, _ = sequence
    return FrameScores(predictor, frames, masks.__getitem__)


def test_wrong_and_missing_masks_give_way_in_order(sequence, scores):
    predictor, frames, _, truth = sequence
    chosen = list(propagate_where_better(predictor, frames, scores, truth[3], 3, 7))
    assert [choice.step.frame for choice in chosen] == [4, 5, 6, 7]
    assert {5, 6, 7} <= {choice.step.frame for choice in chosen if choice.better}


def test_right_masks_stay_where_what_is_carried_is_wrong(sequence, scores):
    predictor, frames, _, truth = sequence
    wrong = np.roll(truth[1], 30, 1)
    chosen = list(propagate_where_better(predictor, frames, scores, wrong, 1, 4))
    assert chosen
    assert not any(choice.better for choice in chosen[:-1])


def test_scoring_other_masks_leaves_the_scores_as_they_are(scores):
    before = scores.values.copy()
    scores.score(4, {4: np.ones((160, 240), bool)})
    assert np.array_equal(scores.values, before, equal_nan=True)


def test_a_choice_knows_what_the_frame_would_score_with_it(sequence, scores):
    predictor, frames, masks, truth = sequence
    chosen = list(propagate_where_better(predictor, frames, scores, truth[4], 4, 7))
    new = masks.copy()
    new[5:8] = [choice.step.mask for choice in chosen]
    new[4] = truth[4]
    again = FrameScores(predictor, frames, new.__getitem__)
    for choice in chosen[:2]:
        frame = choice.step.frame
        assert choice.better
        assert dict(again.compute([frame]))[frame] == pytest.approx(choice.score, abs=0.05)
    assert np.isnan(chosen[-1].score), "nothing is compared where there is no mask"
