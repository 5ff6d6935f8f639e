"""The simulated annotator: which frames it goes to, what a click is, what it leaves alone."""

from types import SimpleNamespace

import numpy as np
import pytest

from napari_itis.evaluation.annotator import Annotator, bisected
from napari_itis.inference import Predictor
from napari_itis.video.synthetic import spoilt_sequence

FRAMES = 8


@pytest.fixture(scope="module")
def sequence():
    frames, masks, truth = map(np.asarray, spoilt_sequence(frames=20, size=(160, 240)))
    return frames[:FRAMES], masks[:FRAMES] == 1, truth[:FRAMES] == 1


class Stub:
    """Answers with what it is told to."""

    def __init__(self, answer):
        self.answer, self.asked = answer, []

    def set_image(self, image):
        self.image = image

    def predict(self, clicks, mask):
        self.asked.append((len(clicks), mask))
        return SimpleNamespace(mask=self.answer(self.image, clicks, mask))


def cheap(answer, sequence, **options):
    frames, masks, truth = sequence
    return Annotator(Stub(answer), frames, masks, truth, order="even", carry_on=False, **options)


def right(sequence):
    frames, _, truth = sequence

    def answer(image, clicks, mask):
        return truth[next(i for i, frame in enumerate(frames) if np.array_equal(frame, image))]

    return answer


def spoilt(sequence, *wrong):
    """The truth, but for some frames that are all wrong."""
    frames, _, truth = sequence
    masks = truth.copy()
    masks[list(wrong)] = np.roll(truth[list(wrong)], 80, 2)
    return frames, masks, truth


@pytest.mark.parametrize("count", [0, 1, 2, 7, 50])
def test_frames_are_spread_evenly_whatever_their_number(count):
    order = bisected(count)
    assert sorted(order) == list(range(count))
    for first in (1, 3, 7):
        if count > 2 * first:
            places = np.sort(order[:first])
            gaps = np.diff([-1, *places, count])
            assert gaps.max() <= 2 * np.ceil(count / (first + 1))


def test_a_frame_that_is_right_costs_no_click(sequence):
    sequence = spoilt(sequence, 1, 6)
    annotator = cheap(right(sequence), sequence)
    curve = [spent.clicks for spent in annotator.spend(50)]
    assert curve[-1] == 2
    assert sorted(annotator.result.clicks) == [1, 6]
    result = annotator.result
    assert result.curve[0].region < 0.8
    assert result.after(50).region == result.after(2).region == 1
    assert result.gone(2) == 1 and result.gone(0) == 0
    assert 0.4 < result.gone(1) < 0.6


def test_the_budget_is_kept_and_so_is_the_number_of_clicks_a_frame(sequence):
    sequence = spoilt(sequence, *range(FRAMES))
    stubborn = cheap(lambda image, clicks, mask: mask, sequence, clicks_per_frame=2)
    assert max(spent.clicks for spent in stubborn.spend(5)) == 5
    assert [len(clicks) for clicks in stubborn.result.clicks.values()] == [2, 2, 1]
    assert [spent.clicks for spent in stubborn.result.curve] == list(range(6))


def test_clicks_that_made_it_worse_are_undone_but_count(sequence):
    sequence = spoilt(sequence, 4)
    annotator = cheap(lambda image, clicks, mask: np.zeros_like(mask), sequence)
    list(annotator.spend(2))
    assert annotator.result.after(2).clicks == 2
    assert np.array_equal(annotator.masks[4], sequence[1][4])


def test_the_mask_before_the_clicks_goes_to_the_network_on_each_of_them(sequence):
    sequence = spoilt(sequence, 4)
    annotator = cheap(lambda image, clicks, mask: mask, sequence, clicks_per_frame=2)
    list(annotator.spend(2))
    asked = annotator._predictor.asked
    assert [count for count, _ in asked] == [1, 2]
    assert all(np.array_equal(mask, sequence[1][4]) for _, mask in asked)


def test_wrong_input_is_one_line(sequence):
    frames, masks, truth = sequence
    with pytest.raises(ValueError, match="8 frames, 7 masks and 8 truths"):
        Annotator(Stub(None), frames, masks[1:], truth)
    with pytest.raises(ValueError, match="unknown order 'worst': choose one of even, ranking"):
        Annotator(Stub(None), frames, masks, truth, order="worst")


def test_the_worst_is_looked_at_first_and_what_is_carried_on_makes_it_better(sequence):
    """With the weights that ship; the truth of frames that were not looked at changes nothing."""
    frames, masks, truth = sequence
    masks = truth.copy()
    masks[4:6] = np.roll(truth[4:6], 25, 2)
    predictor = Predictor(device="cpu")
    annotator = Annotator(predictor, frames, masks, truth, clicks_per_frame=3, content=1)
    list(annotator.spend(3))
    ((first, clicks),) = annotator.result.clicks.items()
    assert first in (4, 5)
    assert annotator.result.gone(3) > 0.5

    blind = np.zeros_like(truth)
    blind[first] = truth[first]
    again = Annotator(predictor, frames, masks, blind, clicks_per_frame=3, content=1)
    list(again.spend(3))
    assert again.result.clicks == {first: clicks}
    assert np.array_equal(again.masks, annotator.masks)
