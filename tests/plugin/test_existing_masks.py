"""Masks that exist: what is corrected, and what must stay as it is."""

import threading
import time

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.utils.notifications import notification_manager

from napari_itis.plugin.hints import next_step
from napari_itis.plugin.readers import METADATA, video_metadata
from napari_itis.video.masks import MaskSequence
from napari_itis.video.writing import write_masks

from .conftest import SHAPE, disc

FRAMES = 6


@pytest.fixture
def masks():
    found = np.zeros((FRAMES, *SHAPE), np.uint8)
    for frame in range(FRAMES):
        found[frame][disc(20, 15 + 5 * frame)] = 1
        found[frame][disc(45, 60)] = 4
    return found


@pytest.fixture
def video(masks):
    viewer = ViewerModel()
    viewer.add_image(np.zeros((FRAMES, *SHAPE, 3), np.uint8), rgb=True, name="video")
    viewer.add_labels(masks.copy(), name="masks")
    return viewer


@pytest.fixture
def correcting(video, make_controller, settle):
    controller = make_controller(video)
    controller.choose_image(video.layers["video"])
    controller.correct(video.layers["masks"])
    settle(controller)
    return controller


def shown(controller, frame):
    return np.asarray(controller.workspace.layers.mask.data[frame])


def test_every_frame_shows_the_existing_masks(correcting, masks):
    assert not correcting.viewer.layers["masks"].visible
    for frame in range(FRAMES):
        assert np.array_equal(shown(correcting, frame), masks[frame])
    assert [info.label for info in correcting.objects()] == [1, 4]
    assert correcting.label == 1
    correcting.undo()
    assert not correcting.can_undo and correcting.viewer.layers["masks"].visible
    assert not any(shown(correcting, frame).any() for frame in range(FRAMES))
    assert correcting.corrected_layer is None and correcting.label == 1
    correcting.redo()
    assert not correcting.viewer.layers["masks"].visible
    for frame in range(FRAMES):
        assert np.array_equal(shown(correcting, frame), masks[frame])


def test_objects_may_have_more_slices_until_all_were_looked_at(correcting):
    session = correcting.workspace.session
    correcting.next_object()
    assert {info.label: info.more for info in correcting.objects()} == {1: True, 4: True, 5: False}
    for frame in range(FRAMES):
        session.compose((frame,))
    assert not any(info.more for info in correcting.objects())


def test_a_click_that_is_deleted_is_gone_from_the_screen(correcting, masks, settle):
    layers, (frame,) = correcting.workspace.layers, correcting.workspace.frame
    layers.positive.add((frame, 20, 30))
    settle(correcting)
    assert not np.array_equal(layers.mask._slice.image.raw, masks[frame])
    layers.positive.selected_data = {0}
    layers.positive.remove_selected()
    settle(correcting)
    assert np.array_equal(layers.mask._slice.image.raw, masks[frame])


@pytest.mark.parametrize("axes", [(), (2, 3)])
def test_any_labels_layer_is_a_start_and_its_ids_are_the_objects(
    axes, make_controller, settle, predictor
):
    viewer = ViewerModel()
    image = viewer.add_image(np.zeros((*axes, *SHAPE)), rgb=False)
    labels = np.zeros((*axes, *SHAPE), np.uint16)
    labels[..., 5:15, 5:15] = 3
    labels[..., 40:50, 60:70] = 300
    theirs = viewer.add_labels(labels.copy(), name="theirs")
    viewer.add_labels(np.zeros((9, 9), int), name="of another size")
    controller = make_controller(viewer)
    controller.choose_image(image)
    settle(controller)
    assert controller.correctable_layers() == [theirs]
    assert "Existing masks" in next_step(controller)
    controller.correct(theirs)
    settle(controller)
    mask, positive = controller.workspace.layers.mask, controller.workspace.layers.positive
    assert np.array_equal(mask.data, labels)
    assert [info.label for info in controller.objects()] == [3, 300] and controller.label == 3
    here = tuple(controller.workspace.frame)
    positive.add((*here, 10, 18))
    settle(controller)
    expected = labels.copy()
    expected[here][disc(10, 18)] = 3
    assert np.array_equal(mask.data, expected)
    controller.next_object()
    assert controller.label == 301
    positive.add((*here, 30, 30))
    settle(controller)
    assert mask.data[(*here, 30, 30)] == 301
    controller.select_object(300)
    controller.delete_object()
    assert not (mask.data == 300).any()
    controller.undo()
    assert np.array_equal(mask.data == 300, labels == 300)
    controller.redo()
    assert not (mask.data == 300).any()
    while controller.can_undo:
        controller.undo()
    assert not mask.data.any() and np.array_equal(theirs.data, labels) and theirs.visible


def test_a_click_corrects_its_frame_and_no_other(correcting, masks, settle, predictor):
    correcting.viewer.dims.set_point(0, 2)
    correcting.workspace.layers.positive.add([[2, 20, 40]])
    settle(correcting)
    after = shown(correcting, 2)
    assert np.array_equal(after == 1, (masks[2] == 1) | disc(20, 40))
    assert np.array_equal(after == 4, masks[2] == 4)
    for frame in (0, 1, 3, 4, 5):
        assert np.array_equal(shown(correcting, frame), masks[frame])
    correcting.undo()
    settle(correcting)
    assert np.array_equal(shown(correcting, 2), masks[2])
    assert np.array_equal(correcting.viewer.layers["masks"].data, masks)


def test_the_brush_corrects_an_existing_mask_and_a_click_keeps_it(correcting, masks, settle):
    correcting.viewer.dims.set_point(0, 1)
    layer = correcting.workspace.layers.mask
    layer.selected_label = 1
    layer.brush_size = 5
    layer.paint((1, 50, 10), 1)
    settle(correcting)
    assert shown(correcting, 1)[50, 10] == 1
    assert correcting.workspace.layers.rendered.edited == []
    correcting.workspace.layers.positive.add([[1, 20, 40]])
    settle(correcting)
    assert shown(correcting, 1)[50, 10] == 1
    assert shown(correcting, 1)[20, 40] == 1
    correcting.undo()
    correcting.undo()
    settle(correcting)
    assert np.array_equal(shown(correcting, 1), masks[1])


def test_a_new_object_gets_a_label_that_no_frame_has(correcting, settle):
    correcting.workspace.layers.positive.add([[0, 20, 20]])
    settle(correcting)
    correcting.next_object()
    assert correcting.label == 5


def test_an_existing_object_is_deleted_where_the_layer_was_given_an_array(correcting, settle):
    mask = correcting.workspace.layers.mask
    mask.data = np.asarray(mask.data).copy()
    settle(correcting)
    correcting.select_object(4)
    correcting.delete_object()
    settle(correcting)
    assert not any((shown(correcting, frame) == 4).any() for frame in range(FRAMES))


def test_deleting_an_existing_object_is_undone_everywhere(correcting, masks, settle):
    correcting.select_object(4)
    correcting.delete_object()
    settle(correcting)
    assert not (shown(correcting, 3) == 4).any()
    correcting.viewer.dims.set_point(0, 5)
    correcting.undo()
    settle(correcting)
    assert correcting.workspace.frame == (5,)
    for frame in range(FRAMES):
        assert np.array_equal(shown(correcting, frame), masks[frame])


def test_removed_mask_layer_comes_back_with_everything(correcting, masks, settle):
    correcting.workspace.layers.positive.add([[0, 40, 20]])
    settle(correcting)
    before = shown(correcting, 0).copy()
    correcting.viewer.layers.remove(correcting.workspace.layers.mask)
    correcting.restore_layers()
    settle(correcting)
    assert np.array_equal(shown(correcting, 0), before)
    assert np.array_equal(shown(correcting, 4), masks[4])


def test_masks_that_were_opened_with_a_video_are_corrected_at_once(make_controller, settle, qapp):
    viewer = ViewerModel()
    names = tuple(f"{index:05}" for index in range(FRAMES))
    known = {METADATA: video_metadata(names, None, "some method")}
    lazy = MaskSequence(None, names, SHAPE)
    lazy[3, 10:20, 10:20] = 2
    viewer.add_image(np.zeros((FRAMES, *SHAPE, 3), np.uint8), rgb=True, metadata=known)
    controller = make_controller(viewer)
    controller.choose_image(viewer.layers[0])
    viewer.add_labels(lazy, name="lazy", metadata=known)
    settle(controller)
    assert controller.workspace.corrected() is viewer.layers["lazy"]
    assert (shown(controller, 3) == 2).sum() == 100


def test_a_video_that_is_opened_once_more_shows_what_was_corrected_alone(
    make_controller, settle, tmp_path
):
    """Its masks as they had been lay over the corrected ones."""
    viewer = ViewerModel()
    names = tuple(f"{index:05}" for index in range(FRAMES))
    folder = tmp_path / "masks"
    write_masks(folder, names, lambda frame: None, SHAPE)

    def open_video():
        known = {METADATA: video_metadata(names, None, "some method")}
        frames = np.zeros((FRAMES, *SHAPE, 3), np.uint8)
        viewer.add_image(frames, rgb=True, name="video", metadata=known)
        masks = MaskSequence(folder, names, SHAPE)
        return viewer.add_labels(masks, name="method", metadata=known)

    controller = make_controller(viewer)
    open_video()
    controller.choose_any_image()
    controller.workspace.layers.positive.add((3, 20, 20))
    settle(controller)
    viewer.layers.clear()
    again = open_video()
    settle(controller)
    assert shown(controller, 3)[20, 20] and not again.visible
    assert controller.corrected_layer is again


def test_masks_of_another_size_are_refused_in_a_line(video, make_controller):
    other = video.add_labels(np.zeros((FRAMES, 10, 10), np.uint8), name="small")
    controller = make_controller(video)
    controller.choose_image(video.layers["video"])
    told = []
    controller.notice.connect(told.append)
    controller.correct(other)
    assert told == ["small has not the size of the image: choose other masks"]


def test_masks_of_a_still_and_of_a_deeper_stack_are_corrected(make_controller, settle):
    for slices in ((), (2, 3)):
        viewer = ViewerModel()
        image = viewer.add_image(np.zeros((*slices, *SHAPE), np.uint8), rgb=False)
        existing = np.zeros((*slices, *SHAPE), np.uint16)
        existing[..., 10:20, 10:30] = 3
        layer = viewer.add_labels(existing)
        controller = make_controller(viewer)
        controller.choose_image(image)
        controller.correct(layer)
        settle(controller)
        mask = controller.workspace.layers.mask
        assert np.array_equal(np.asarray(mask.data), existing)
        first = (0,) * len(slices)
        controller.workspace.layers.positive.add([[*first, 40, 40]])
        settle(controller)
        assert np.asarray(mask.data)[(*first, 40, 40)] == 3
        assert np.array_equal(np.asarray(mask.data)[..., 10:20, 10:30], existing[..., 10:20, 10:30])


def test_masks_that_are_computed_are_not_all_asked_for_while_the_window_waits(
    make_controller, qapp
):
    da = pytest.importorskip("dask.array")
    count, computed, gate = 60, set(), threading.Event()

    def plane(block, block_info=None):
        (frame, *_) = block_info[None]["chunk-location"]
        computed.add(int(frame))
        # Whoever wants all of them now waits for what is done afterwards.
        assert len(computed) < 20 or gate.wait(20)
        block = block.copy()
        block[0][disc(20, 20)] = 3
        if frame == 41:
            block[0][disc(45, 60)] = 7
        return block

    empty = da.zeros((count, *SHAPE), dtype=np.uint8, chunks=(1, *SHAPE))
    layer = empty.map_blocks(plane, dtype=np.uint8, meta=np.zeros((0, 0, 0), np.uint8))
    viewer = ViewerModel()
    viewer.add_image(np.zeros((count, *SHAPE, 3), np.uint8), rgb=True, name="video")
    viewer.add_labels(layer, name="masks")
    controller = make_controller(viewer)
    controller.choose_image(viewer.layers["video"])
    controller.correct(viewer.layers["masks"])
    assert len(computed) < count
    end = time.monotonic() + 20
    gate.set()
    while [info.label for info in controller.objects()] != [3, 7] or len(computed) < count:
        assert time.monotonic() < end, computed
        qapp.processEvents()
        time.sleep(0.002)
    assert controller.label == 3
    controller.next_object()
    assert controller.label == 8


def test_labels_that_are_no_masks_are_refused_in_a_line(video, make_controller, masks):
    """Every click, undo and save failed once they were chosen."""
    controller = make_controller(video)
    told = []
    controller.notice.connect(told.append)
    controller.choose_image(video.layers["video"])
    controller.correct(video.add_labels(masks.astype(np.int64) << 30, name="hashes"))
    (line,) = told
    assert line == "hashes has object 4294967296: numbers up to 2147483647 can be used"
    assert controller.corrected_layer is None


def test_lines_between_the_basins_of_a_watershed_are_background(
    video, make_controller, masks, settle
):
    controller = make_controller(video)
    controller.choose_image(video.layers["video"])
    lines = np.where(masks > 0, masks.astype(int), -1)
    controller.correct(video.add_labels(lines, name="watershed"))
    settle(controller)
    assert [info.label for info in controller.objects()] == [1, 4]
    assert np.array_equal(shown(controller, 2), masks[2])


def test_objects_that_were_there_before_are_said_to_hide_those_of_masks(
    video, make_controller, masks, settle
):
    controller = make_controller(video)
    told = []
    controller.notice.connect(told.append)
    controller.choose_image(video.layers["video"])
    controller.workspace.layers.positive.add((2, 20, 20))
    settle(controller)
    controller.correct(video.layers["masks"])
    assert "object 1 was there before" in told[-1] and "masks" in told[-1]


def test_a_slice_that_cannot_be_read_has_no_masks_and_is_told_once(
    video, masks, make_controller, settle
):
    import dask.array as da

    def block(block_info=None):
        (start, _), *_ = block_info[None]["array-location"]
        if start == 2:
            raise OSError("slice 2 is gone")
        return masks[start : start + 1] - (3 if start == 4 else 0)

    broken = da.map_blocks(block, chunks=((1,) * FRAMES, (SHAPE[0],), (SHAPE[1],)), dtype=np.int64)
    controller = make_controller(video)
    controller.choose_image(video.layers["video"])
    controller.show_frame((0,))
    before = len(notification_manager.records)
    controller.correct(video.add_labels(broken, name="computed"))
    settle(controller)
    for frame in (2, 3, 2):
        controller.show_frame((frame,))
        settle(controller)
    controller.workspace.layers.positive.add((2, 20, 20))
    settle(controller)
    assert shown(controller, 2)[20, 20] and np.array_equal(shown(controller, 3), masks[3])
    told = [record.message for record in notification_manager.records[before:]]
    assert [line for line in told if "slice 2 is gone" in line] == ["computed: slice 2 is gone"]
    controller.undo()
    assert not shown(controller, 2).any()
