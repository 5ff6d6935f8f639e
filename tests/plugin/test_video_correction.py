"""Correcting a video: marks, propagation, ranking, scores and files, without a window."""

import sys
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
from napari.components import ViewerModel

# Loaded now: what the tests wait for is not torch.
import napari_itis.inference  # noqa: F401
from napari_itis.plugin.readers import METADATA, video_metadata
from napari_itis.plugin.video_correction import Mark

from .conftest import SHAPE, disc

FRAMES = 8
NAMES = tuple(f"{index:05}" for index in range(FRAMES))


def where(frame):
    return disc(25, 15 + 5 * frame)


@pytest.fixture
def masks():
    found = np.zeros((FRAMES, *SHAPE), np.uint8)
    for frame in range(FRAMES):
        found[frame][where(frame)] = 1
    found[5] = 0
    found[5][disc(50, 70, 4)] = 1
    return found


@pytest.fixture
def video(masks, make_correction, settle, monkeypatch):
    """A video whose frame 5 has a wrong mask, with ground truth."""

    gate = threading.Event()
    gate.set()

    def propagate(frames, start, stop):
        way = 1 if stop > start else -1
        for frame in range(start + way, stop + way, way):
            assert gate.wait(10)
            assert frames[frame].shape == (*SHAPE, 3)
            yield SimpleNamespace(frame=frame, mask=where(frame), lost=frame == 7)

    class FrameScores:
        def __init__(self, predictor, frames, masks):
            self.masks = masks

        def compute(self, frames):
            for frame in frames:
                yield frame, float(not np.array_equal(self.masks(frame), where(frame)))

    def propagate_where_better(predictor, frames, scores, mask, start, stop, **options):
        for step in propagate(frames, start, stop):
            same = scores and np.array_equal(scores.masks(step.frame), step.mask)
            yield SimpleNamespace(step=step, better=not same)

    for name, part in (("ranking", FrameScores), ("better", propagate_where_better)):
        fake = SimpleNamespace(**{part.__name__: part})
        monkeypatch.setitem(sys.modules, f"napari_itis.video.{name}", fake)
    truth = np.stack([where(frame) for frame in range(FRAMES)]).astype(np.int32)
    known = {METADATA: video_metadata(NAMES, None, "some method", truth)}
    viewer = ViewerModel()
    viewer.add_image(np.zeros((FRAMES, *SHAPE, 3), np.uint8), rgb=True, metadata=known)
    viewer.add_labels(masks.copy(), name="masks", metadata=known)
    correction = make_correction(viewer)
    correction.gate = gate
    settle(correction.controller)
    return correction


def shown(video, frame):
    return np.asarray(video.controller.workspace.layers.mask.data[frame])


def click(video, frame, y, x):
    video.go_to(frame)
    video.controller.workspace.layers.positive.add([[frame, y, x]])


def test_the_masks_that_came_with_the_video_are_corrected(video, masks):
    assert video.active
    assert video.frames == FRAMES
    assert video.source is video.controller.viewer.layers["masks"]
    assert video.marks().tolist() == [Mark.AUTOMATIC] * FRAMES
    assert np.isnan(video.suspicion).all()


def test_a_click_marks_its_frame_as_corrected_and_a_key_commits_it(video, settle):
    click(video, 5, 25, 40)
    settle(video.controller)
    assert video.marks()[5] == Mark.CORRECTED
    video.commit()
    assert video.marks()[5] == Mark.COMMITTED
    video.commit()
    assert video.marks()[5] == Mark.CORRECTED
    video.go_to(2)
    video.commit()
    assert video.marks()[2] == Mark.COMMITTED
    video.controller.undo()
    assert video.marks()[2] == Mark.AUTOMATIC


def test_a_new_object_is_on_the_frame_it_was_made_on_and_on_no_other(video, settle):
    video.controller.next_object()
    click(video, 2, 50, 60)
    settle(video.controller)
    expected = [Mark.CORRECTED if frame == 2 else Mark.EMPTY for frame in range(FRAMES)]
    assert video.marks().tolist() == expected
    video.next_uncorrected()
    assert video.frame == 2
    video.controller.select_object(1)
    assert video.marks().tolist() == [Mark.AUTOMATIC] * FRAMES


def test_wrong_masks_are_found_and_visited(video, wait):
    video.rank()
    assert video.ranking.total == FRAMES
    wait(lambda: video.ranking is None)
    assert np.flatnonzero(video.marks() == Mark.SUSPICIOUS).tolist() == [5]
    for action in (video.worst, video.next_suspicious, video.previous_suspicious):
        video.go_to(1)
        action()
        assert video.frame == 5
    video.next_uncorrected()
    assert video.frame == 6


def test_the_worst_frame_is_a_suspicious_one_while_the_search_goes_on(video):
    video.go_to(3)
    video.rank()
    video._suspicion.scores[0] = 0.04
    video.worst()
    assert video.frame == 3
    assert video.told == ["Still looking: nothing suspicious so far"]
    video._suspicion.scores[2] = 0.9
    video.worst()
    assert video.frame == 2


def test_a_mask_that_was_corrected_is_ranked_anew(video, wait, settle):
    video.rank()
    wait(lambda: video.ranking is None)
    video.go_to(4)
    video.propagate(1, count=1, overwrite=False)
    wait(lambda: video.propagation is None)
    # It goes by itself and is not shown as a search.
    assert video.ranking is None
    wait(lambda: not np.isnan(video.suspicion[5]))
    assert video.marks()[5] == Mark.AUTOMATIC


def test_a_propagation_is_shown_as_it_comes_and_is_one_step_of_undo(video, wait, masks):
    video.go_to(3)
    video.propagate(1)
    wait(lambda: video.propagation is None)
    assert video.frame == 6
    for frame in range(7):
        assert np.array_equal(shown(video, frame) == 1, where(frame))
    assert np.array_equal(shown(video, 7), masks[7])
    assert video.told == ["The object was lost on frame 7: 3 frames done"]
    video.controller.undo()
    for frame in range(FRAMES):
        assert np.array_equal(shown(video, frame), masks[frame])
    assert not video.controller.can_undo
    video.controller.redo()
    assert np.array_equal(shown(video, 5) == 1, where(5))


def test_a_propagation_leaves_the_users_frames_alone(video, wait, settle):
    click(video, 5, 25, 60)
    settle(video.controller)
    before = shown(video, 5).copy()
    video.go_to(3)
    video.propagate(1)
    wait(lambda: video.propagation is None)
    assert np.array_equal(shown(video, 5), before)
    assert video.told[-1] == "1 frame done; the next one is corrected or committed"
    video.go_to(4)
    video.propagate(1)
    assert video.told[-1].startswith("The next frame is corrected or committed")
    video.propagate(1, count=1, overwrite=True)
    wait(lambda: video.propagation is None)
    assert np.array_equal(shown(video, 5) == 1, where(5))
    assert len(video.controller.workspace.layers.positive.data) == 0
    video.controller.undo()
    assert np.array_equal(shown(video, 5), before)
    assert len(video.controller.workspace.layers.positive.data) == 1


def test_masks_that_look_better_are_kept_if_wanted(video, wait, masks):
    video.go_to(3)
    video.propagate(1, keep_better=True)
    wait(lambda: video.propagation is None)
    assert video.told == [
        "The object was lost on frame 7: 3 frames done, 2 of them kept their mask"
    ]
    assert np.array_equal(shown(video, 5) == 1, where(5))
    assert video.marks()[5] == video.marks()[4] == Mark.AUTOMATIC
    video.controller.undo()
    assert np.array_equal(shown(video, 5), masks[5])


def test_backwards_and_paused(video, wait, qapp):
    video.go_to(6)
    video.gate.clear()
    video.propagate(-1)
    video.pause(True)
    video.gate.set()
    assert video.propagation.paused
    for _ in range(20):
        qapp.processEvents()
        time.sleep(0.002)
    assert video.propagation.done <= 1
    video.pause(False)
    wait(lambda: video.propagation is None)
    assert video.told[-1] == "6 frames done"
    assert video.frame == 0


def test_cancelled_propagation_keeps_what_it_did(video, wait, masks, qapp):
    video.go_to(4)
    video.gate.clear()
    video.propagate(1)
    video.cancel()
    video.gate.set()
    assert video.propagation is None
    assert video.told[-1] == "Stopped after 0 frames"
    for _ in range(20):
        qapp.processEvents()
        time.sleep(0.002)
    assert np.array_equal(shown(video, 5), masks[5])
    assert not video.controller.can_undo


def test_undo_in_the_middle_takes_back_and_ends_it(video, wait, masks):
    video.go_to(0)
    video.propagate(1)
    wait(lambda: video.propagation is None or video.propagation.done >= 1)
    video.controller.undo()
    wait(lambda: video.propagation is None)
    for frame in range(FRAMES):
        assert np.array_equal(shown(video, frame), masks[frame])


def test_nothing_is_told_of_masks_that_were_deleted_until_they_are_taken_back(video, wait):
    def settled():
        idle = not video._suspicion.running and video._scores._running is None
        return idle and not np.isnan(video.truth_scores[0]).any()

    video.rank()
    wait(settled)
    video.controller.delete_object()
    assert (video.marks() == Mark.EMPTY).all() and np.isnan(video.suspicion).all()
    wait(settled)
    assert (video.marks() == Mark.EMPTY).all() and np.isnan(video.suspicion).all()
    assert not video.truth_scores[0].any()
    before = video.frame
    video.worst()
    assert video.frame == before
    video.undo()
    expected = np.where(np.arange(FRAMES) == 5, Mark.SUSPICIOUS, Mark.AUTOMATIC)
    assert set(video.marks().tolist()) == {Mark.AUTOMATIC}
    wait(settled)
    assert video.marks().tolist() == expected.tolist()
    assert np.allclose(video.truth_scores[0], np.arange(FRAMES) != 5)


def test_scores_follow_the_corrections(video, wait, settle):
    j, f = video.truth_scores
    wait(lambda: not np.isnan(video.truth_scores[0]).any())
    assert np.allclose(np.delete(j, 5), 1)
    assert np.allclose(np.delete(f, 5), 1)
    assert j[5] == 0
    video.go_to(4)
    video.propagate(1, count=1)
    wait(lambda: video.truth_scores[0][5] == 1)


def test_two_docks_share_a_controller(video):
    other = object()
    video.controller.attach(other)
    video.controller.detach()
    video.detach()
    click(video, 1, 50, 10)
    assert video.controller.clicks_here == 1
    video.controller.detach(other)
    video.controller.workspace.layers.positive.add([[1, 50, 20]])
    assert video.controller.clicks_here == 1


def test_a_network_that_cannot_be_loaded_is_told(video, wait):
    told = []
    video.changed.connect(lambda: told.append(video.no_network))
    assert not video.no_network
    video.controller.worker.unusable.emit("this machine has no cuda device")
    wait(lambda: told)
    assert told[-1] == "No network: this machine has no cuda device"
