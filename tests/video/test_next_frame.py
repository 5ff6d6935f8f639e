"""Which frame is shown next."""

import numpy as np
import pytest

from napari_itis.video.next_frame import worst_frame


def test_the_most_suspicious_frame_is_next_and_one_that_is_out_of_question_never():
    scores = np.array([0.1, np.nan, 0.4, 0.9, 0.2])
    assert worst_frame(scores) == 3
    scores[3] = np.nan
    assert worst_frame(scores) == 2
    assert worst_frame(np.full(3, np.nan)) is None
    assert worst_frame(np.empty(0)) is None


@pytest.mark.parametrize("corrected", [{10}, np.array([10]), [40, 10]])
def test_frames_right_beside_a_corrected_one_wait_for_others_as_suspicious(corrected):
    scores = np.full(60, 0.1)
    scores[[9, 11]] = 0.5
    scores[30] = 0.4
    assert worst_frame(scores, corrected) == 30
    # They are not forgotten where the others are right.
    scores[30] = 0.05
    assert worst_frame(scores, corrected) in (9, 11)


def test_it_is_quick_on_long_videos():
    scores = np.random.default_rng(0).random(100_000)
    scores[::10] = np.nan
    assert worst_frame(scores, range(0, 100_000, 10)) is not None
