"""Scores of a video's masks where there is ground truth, which may have gaps or be of another."""

import numpy as np
import pytest
from napari.components import ViewerModel
from PIL import Image

from napari_itis.plugin.readers import METADATA, video_metadata
from napari_itis.plugin.video_correction import VideoCorrection

from .conftest import SHAPE, disc

FRAMES = 6
NAMES = tuple(f"{index:05}" for index in range(FRAMES))
MASK = disc(20, 20).astype(np.uint8)


@pytest.fixture
def video(make_controller, tmp_path):
    """With the ground truth of a folder; object 1 is right on every frame."""

    def make(*names):
        for name in names:
            Image.fromarray(MASK).save(tmp_path / f"{name}.png")
        known = video_metadata(NAMES, None, "some method", tmp_path)
        viewer = ViewerModel()
        frames = np.zeros((FRAMES, *SHAPE, 3), np.uint8)
        viewer.add_image(frames, rgb=True, metadata={METADATA: known})
        viewer.add_labels(np.stack([MASK] * FRAMES), metadata={METADATA: known})
        correction = VideoCorrection(make_controller(viewer))
        correction.viewer = viewer  # Nothing else holds it.
        correction.told = []
        correction.notice.connect(correction.told.append)
        correction.attach()
        return correction

    return make


def test_a_frame_without_ground_truth_has_no_score(video, wait):
    one = video(NAMES[0], NAMES[5])
    j, f = one.truth_scores
    wait(lambda: j[0] == j[5] == 1)
    assert np.isnan(j).tolist() == np.isnan(f).tolist() == [False, *[True] * 4, False]


def test_ground_truth_of_another_video_is_said_once_and_the_masks_can_be_corrected(
    video, settle, tmp_path
):
    one = video("somebody")
    one.controller.workspace.layers.positive.add([[0, 45, 60]])
    settle(one.controller)
    one.controller.next_object()
    assert one.truth_scores is None and one.marks().size == FRAMES
    (line,) = [line for line in one.told if "ground truth" in line]
    assert line == (
        f"The ground truth is not used: no mask in {tmp_path} belongs to a frame: "
        "expected 00000.png, ..."
    )
