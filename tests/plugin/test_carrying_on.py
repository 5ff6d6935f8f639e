"""When a propagation ends, step by step as the inference thread would take it."""

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_itis.annotation import PackedMask
from napari_itis.plugin.carrying_on import Carried
from napari_itis.plugin.video_frames import VideoFrames

from .conftest import SHAPE, disc

FRAMES = 6
MASK = disc(20, 20)


@pytest.fixture
def video(make_correction):
    """Object 1 is on frame 2 and is being carried on; nothing comes by itself."""
    viewer = ViewerModel()
    viewer.add_image(np.zeros((FRAMES, *SHAPE), np.uint8), name="video")
    correction = make_correction(viewer)
    controller = correction.controller
    # The tests take its place.
    controller.worker.stop(timeout=5)
    controller.workspace.session.set_mask((2,), 1, MASK)
    controller.show_written(controller.workspace, (2,), 1)
    correction.go_to(2)
    correction.propagate(1, keep_better=True)
    return correction


@pytest.fixture
def step(video):
    """The inference thread has come to a frame."""
    worker, task = video.controller.worker, video._carrying._task

    def to(frame, better=True):
        worker.stepped.emit(task, Carried(frame, PackedMask.pack(MASK), False, better))

    return to


def frames(video):
    return [frame for (frame,) in video.controller.workspace.session.frames(1)]


@pytest.mark.parametrize("done", [[], [3]])
def test_what_was_taken_back_ends_also_where_the_masks_that_are_there_are_better(video, step, done):
    for frame in done:
        step(frame)
    video.undo()
    step(4, better=False)
    assert video.propagation is None and video.told[-1] == "Taken back"
    assert frames(video) == [2]


def test_an_object_that_is_deleted_while_it_is_carried_on_does_not_come_back(video, step):
    step(3)
    video.controller.delete_object()
    assert video.propagation is None
    assert video.told == ["Object 1 was deleted: it is not carried on any more"]
    step(4)
    assert frames(video) == []
    video.undo()
    assert frames(video) == [2, 3]
    video.undo()
    assert frames(video) == [2]


def test_masks_are_carried_on_and_ranked_on_the_channel_that_is_clicked_on(make_controller):
    pixels = np.zeros((FRAMES, 2, *SHAPE), np.uint8)
    pixels[:, 1] = 200
    viewer = ViewerModel()
    viewer.add_image(pixels, axis_labels=("t", "c", "y", "x"), contrast_limits=(0, 255))
    controller = make_controller(viewer)
    controller.choose_any_image()
    for channel, seen in ((1, 200), (0, 0)):
        viewer.dims.set_point(1, channel)
        assert np.all(VideoFrames(controller.workspace)[3] == seen)


def test_without_its_image_a_video_is_neither_carried_on_nor_searched(video):
    video.cancel()
    video.viewer.layers.remove("video")
    for ask in (lambda: video.propagate(1), video.rank):
        video.told.clear()
        ask()
        assert video.propagation is None and video.ranking is None
        assert video.told == ["The image was removed: open it again to look at its frames"]
