"""What is open in a viewer becomes a data set on which training sees what clicks see."""

import threading
import time

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_itis.clicks import Click
from napari_itis.datasets import read_training_set
from napari_itis.inference import to_rgb8
from napari_itis.plugin.controllers import controller_of
from napari_itis.plugin.viewer_data import ViewerExport, pairs_in

from .conftest import SHAPE, disc

RNG = np.random.default_rng(0)


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def annotate(qapp, viewer, predictor, settle):
    controller = controller_of(viewer, lambda options, notice: predictor)
    controller.attach()

    def click(image, frame, y, x):
        controller.choose_image(image)
        workspace = controller.workspace
        workspace.session.add_click(frame, workspace.label, Click(y, x, True))
        controller.show_written(workspace, frame, workspace.label)
        controller._show(workspace.session.pending())
        settle(controller)
        return workspace

    yield click
    controller.close()
    controller.worker.stop(timeout=5)


def export(qapp, pairs, root, stop_after=None):
    told = []
    one = ViewerExport(pairs, root)
    one.ended.connect(told.append)
    if stop_after is not None:
        one.changed.connect(lambda: one.done >= stop_after and one.stop())
    one.start()
    end = time.monotonic() + 30
    while not told:
        assert time.monotonic() < end
        qapp.processEvents()
        time.sleep(0.002)
    return one, told[0]


def stack(count=5):
    pixels = RNG.integers(0, 60_000, (count, *SHAPE)).astype(np.uint16)
    masks = np.zeros((count, *SHAPE), np.uint8)
    masks[1][disc(20, 30)] = 1
    masks[3][disc(20, 30)] = 255
    masks[3][disc(40, 60)] = 7
    return pixels, masks


def test_training_sees_what_clicks_see(qapp, viewer, tmp_path):
    pixels, masks = stack()
    image = viewer.add_image(pixels, name="cells: z", contrast_limits=(1000, 20_000))
    viewer.add_labels(masks, name="truth")
    (pair,) = pairs_in(viewer)
    assert (pair.image, pair.masks, pair.slices, pair.objects) == ("cells: z", "truth", 2, 3)
    assert not pair.corrected and pairs_in(viewer) == [pair]
    done, message = export(qapp, [pair], tmp_path / "data")
    assert (message, done.done, done.total, done.written) == ("", 5, 5, 2)
    found = read_training_set("folder", tmp_path / "data")
    assert [one.id for one in found] == ["cells-z_1", "cells-z_3"]
    for one, frame in zip(found, (1, 3)):
        photo, labels, void = one.load()
        assert np.array_equal(photo, to_rgb8(pixels[frame], image.contrast_limits))
        assert np.array_equal(labels, masks[frame]) and not void.any()


def test_of_what_was_annotated_only_slices_that_were_worked_on(qapp, viewer, annotate, tmp_path):
    pixels, masks = stack()
    image = viewer.add_image(pixels, name="cells")
    given = viewer.add_labels(masks, name="from elsewhere")
    controller = controller_of(viewer)
    controller.choose_image(image)
    controller.correct(given)
    # Nobody has looked at these masks: they are as they came.
    assert [(pair.masks, pair.corrected) for pair in pairs_in(viewer)] == [
        ("from elsewhere", False)
    ]
    workspace = annotate(image, (3,), 10, 70)
    (pair,) = pairs_in(viewer)
    assert pair.corrected and (pair.slices, pair.objects) == (1, 1)
    done, message = export(qapp, [pair], tmp_path / "data")
    assert (message, done.written) == ("", 1)
    (one,) = read_training_set("folder", tmp_path / "data")
    assert one.id == "cells_3"
    labels = one.labels()[0]
    assert np.array_equal(labels, workspace.session.compose((3,)))
    # The slice's other objects are part of it.
    assert {7, 255} <= set(np.unique(labels).tolist())


def test_each_image_with_its_masks_whatever_their_names(qapp, viewer, annotate, tmp_path):
    photos = [RNG.integers(0, 255, (*SHAPE, 3)).astype(np.uint8) for _ in range(2)]
    first = viewer.add_image(photos[0], name="photo", rgb=True)
    masks = np.zeros(SHAPE, int)
    masks[disc(20, 20)] = 70_000
    viewer.add_labels(masks, name="masks")
    viewer.add_labels(np.zeros((3, 4), int), name="other size")
    second = viewer.add_image(photos[1], name="Photo", rgb=True)
    annotate(second, (), 30, 40)
    pairs = pairs_in(viewer)
    assert [(pair.image, pair.corrected) for pair in pairs] == [
        ("Photo", True),
        (first.name, False),
    ]
    done, message = export(qapp, pairs, tmp_path / "data")
    assert (message, done.written) == ("", 2)
    found = read_training_set("folder", tmp_path / "data")
    assert [one.id for one in found] == ["Photo", "photo-2"]
    assert np.array_equal(found[1].load()[0], photos[0])
    assert np.array_equal(found[1].labels()[0], masks > 0)


def test_nothing_is_read_on_the_main_thread_and_one_slice_at_a_time(qapp, viewer, tmp_path):
    read = []

    class Lazy:
        shape, ndim, dtype = (40, *SHAPE), 3, np.dtype(np.uint8)

        def __getitem__(self, key):
            if isinstance(key, tuple) and len(key) == 1:
                read.append((key[0], threading.current_thread() is threading.main_thread()))
            return np.ones(self.shape, np.uint8)[key]

    viewer.add_image(np.zeros((40, *SHAPE), np.uint8), name="a")
    labels = viewer.add_labels(np.ones((40, *SHAPE), np.uint8), name="b")
    labels._data = Lazy()
    (pair,) = pairs_in(viewer)
    assert (pair.slices, pair.objects, read) == (None, None, [])
    done, message = export(qapp, [pair], tmp_path / "data")
    assert (message, done.written) == ("", 40)
    assert read == [(frame, False) for frame in range(40)]


def test_stopped_there_is_nothing_left(qapp, viewer, tmp_path):
    viewer.add_image(np.zeros((200, *SHAPE), np.uint8), name="a")
    viewer.add_labels(np.ones((200, *SHAPE), np.uint8), name="b")
    done, message = export(qapp, pairs_in(viewer), tmp_path / "data", stop_after=3)
    assert message.startswith("Stopped") and done.written == 0
    assert not (tmp_path / "data").exists()


def test_files_of_others_stay_and_are_named(qapp, viewer, tmp_path):
    pixels, masks = stack()
    viewer.add_image(pixels, name="a")
    viewer.add_labels(masks, name="b")
    (tmp_path / "notes.txt").write_text("mine")
    _, message = export(qapp, pairs_in(viewer), tmp_path)
    assert "has files in it" in message
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_full_disk_is_said_and_nothing_half_stays(qapp, viewer, tmp_path, monkeypatch):
    pixels, masks = stack()
    viewer.add_image(pixels, name="a")
    viewer.add_labels(masks, name="b")
    from napari_itis.plugin import viewer_data

    write, count = viewer_data.write_pair, []

    def full(*arguments):
        count.append(1)
        if len(count) > 1:
            raise OSError(28, "No space left on device")
        return write(*arguments)

    monkeypatch.setattr(viewer_data, "write_pair", full)
    _, message = export(qapp, pairs_in(viewer), tmp_path / "data")
    assert "No space left on device" in message
    assert not (tmp_path / "data").exists()


def test_empty_masks_are_nothing_to_train_on(qapp, viewer, tmp_path):
    viewer.add_image(np.zeros(SHAPE), name="a")
    viewer.add_labels(np.zeros(SHAPE, int), name="b")
    assert pairs_in(viewer) == []
    _, message = export(qapp, [], tmp_path / "data")
    assert "No mask has an object" in message
