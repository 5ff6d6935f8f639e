"""What proposes frames and masks never looks at the ground truth, by the weights that ship."""

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_itis.inference import Predictor
from napari_itis.plugin.controller import Controller
from napari_itis.plugin.readers import METADATA, mask_options, video_metadata
from napari_itis.plugin.video_correction import VideoCorrection
from napari_itis.video.synthetic import spoilt_sequence

FRAMES = 5


@pytest.fixture(scope="module")
def predictor():
    return Predictor(device="cpu")


@pytest.fixture(scope="module")
def sequence():
    """The part of a video in which its masks become wrong."""
    frames, masks, truth = spoilt_sequence(frames=24, size=(120, 180))
    first = max(0, int(np.flatnonzero((masks != truth).mean((1, 2)) > 0.02)[0]) - 2)
    return tuple(part[first : first + FRAMES] for part in (frames, masks, truth))


@pytest.fixture
def worked_on(wait, predictor, sequence):
    """Ranks a video with a ground truth, corrects the first frame, carries on; gives all of it."""

    def work(truth):
        frames, masks, _ = sequence
        names = tuple(f"{index:05}" for index in range(FRAMES))
        known = video_metadata(names, None, "spoilt", truth)
        viewer = ViewerModel()
        viewer.add_image(frames, rgb=True, metadata={METADATA: known})
        viewer.add_labels(masks.copy(), **mask_options("spoilt", known))
        controller = Controller(viewer, lambda options, notice: predictor)
        video = VideoCorrection(controller)
        video.attach()
        video.rank()
        wait(lambda: video.ranking is None, patience=120)
        suspicion = video.suspicion.copy()
        assert not np.isnan(suspicion).any()
        video.worst()
        worst = video.frame
        video.go_to(0)
        controller.workspace.layers.positive.add([[0, *np.argwhere(masks[0]).mean(0)]])
        wait(
            lambda: not controller.workspace.session.pending() and not controller.worker.waiting,
            patience=120,
        )
        video.propagate(1, count=2)
        wait(lambda: video.propagation is None, patience=120)
        wait(lambda: not np.isnan(video.truth_scores[0]).any(), patience=120)
        scores = video.truth_scores[0].copy()
        drawn = np.array(controller.workspace.layers.mask.data[:])
        controller.close()
        controller.worker.stop(timeout=20)
        return suspicion, worst, drawn, scores

    return work


def test_with_a_wrong_ground_truth_the_same_frames_and_masks_are_proposed(worked_on, sequence):
    _, masks, truth = sequence
    wrong = np.roll(truth[::-1], 40, axis=2)
    suspicion, worst, drawn, scores = worked_on(truth)
    assert (drawn != masks).any()
    other_suspicion, other_worst, other_drawn, other_scores = worked_on(wrong)
    assert np.array_equal(other_suspicion, suspicion)
    assert other_worst == worst
    assert np.array_equal(other_drawn, drawn)
    # It was there to be seen: the scores are about it.
    assert not np.allclose(other_scores, scores)
