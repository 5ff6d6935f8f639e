"""Videos that are dropped on napari: what opens, what is left to others, and what is on screen."""

import time

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.utils.notifications import notification_manager
from npe2 import PluginManager
from PIL import Image
from qtpy.QtWidgets import QApplication

from napari_itis.plugin.readers import METADATA, get_reader, read_video
from napari_itis.video.writing import write_masks

SIZE = (40, 60)
COUNT = 8


@pytest.fixture(autouse=True)
def plugins():
    """As napari starts with them."""
    from napari.plugins import _initialize_plugins

    _initialize_plugins()


def picture(index):
    frame = np.zeros((*SIZE, 3), np.uint8)
    frame[..., 0] = 30 * index
    frame[..., 1] = np.arange(SIZE[1])
    return frame


def mask(index, label=1):
    labels = np.zeros(SIZE, np.int32)
    labels[10:25, 5 + index : 20 + index] = label
    return labels


@pytest.fixture
def davis(tmp_path):
    root = tmp_path / "DAVIS"
    names = [f"{index:05d}" for index in range(COUNT)]
    for name in ("bear", "dog"):
        folder = root / "JPEGImages" / "480p" / name
        folder.mkdir(parents=True)
        for index in range(COUNT):
            Image.fromarray(picture(index)).save(folder / f"{index:05d}.png")
        write_masks(root / "Annotations" / "480p" / name, names, lambda i: mask(i, 2), SIZE)
        write_masks(root / "Results" / "osvos" / name, names, mask, SIZE)
    return root


@pytest.fixture
def told():
    """What napari was asked to tell the user."""
    notification_manager.records.clear()
    return lambda: [str(record.message) for record in notification_manager.records]


def open_in(viewer, path):
    return viewer.open(str(path), plugin="napari-itis")


def test_napari_finds_the_reader(davis, tmp_path):
    manager = PluginManager.instance()
    for path in (davis, davis / "JPEGImages" / "480p" / "dog", tmp_path / "a.mp4"):
        commands = [reader.command for reader in manager.iter_compatible_readers([str(path)])]
        assert "napari-itis.read_video" in commands
    for name in ("photo.jpg", "stack.tif", "session.itis"):
        commands = [reader.command for reader in manager.iter_compatible_readers([name])]
        assert "napari-itis.read_video" not in commands


def test_what_is_no_video_is_left_to_others(davis, tmp_path):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "1.txt").write_text("text")
    frame = davis / "JPEGImages" / "480p" / "dog" / "00000.png"
    for path in (tmp_path / "texts", frame, tmp_path / "nowhere", [str(davis), str(davis)]):
        assert get_reader(path) is None
    assert get_reader(str(davis)) is read_video and get_reader([str(davis)]) is read_video


def test_a_davis_root_opens_frames_and_masks(davis, told):
    viewer = ViewerModel()
    frames, masks = open_in(viewer, davis)
    assert frames.name == "bear" and masks.name == "bear: osvos"
    assert frames.rgb and not frames.multiscale and frames.data.shape == (COUNT, *SIZE, 3)
    assert masks.data.shape == (COUNT, *SIZE) and masks.data.dtype == np.int32
    assert tuple(frames.axis_labels) == tuple(masks.axis_labels) == ("t", "y", "x")
    assert viewer.dims.nsteps[0] == COUNT
    assert len(told()) == 1 and "first of 2 sequences" in told()[0] and "dog" in told()[0]


def test_layers_know_their_video(davis):
    frames, masks = open_in(ViewerModel(), davis / "JPEGImages" / "480p" / "dog")
    for layer in (frames, masks):
        known = layer.metadata[METADATA]
        assert known["names"][3] == "00003" and known["method"] == "osvos"
        assert known["source"].name == "dog"
        assert known["truth"] == davis / "Annotations" / "480p" / "dog"


def test_masks_of_several_methods(davis, told):
    names = [f"{index:05d}" for index in range(COUNT)]
    write_masks(davis / "Results" / "sam" / "dog", names, lambda i: mask(i, 3), SIZE)
    _, masks = open_in(ViewerModel(), davis / "JPEGImages" / "480p" / "dog")
    assert masks.name == "dog: osvos" and "sam" in told()[0]
    _, masks = open_in(ViewerModel(), davis / "Results" / "sam" / "dog")
    assert masks.name == "dog: sam" and masks.data.max() == 3 and len(told()) == 1


def test_masks_that_do_not_fit_do_not_keep_frames_from_opening(davis, told):
    folder = davis / "Results" / "osvos" / "dog"
    for index, path in enumerate(sorted(folder.iterdir())):
        path.rename(folder / f"{'abcdefgh'[index]}.png")
    (frames,) = open_in(ViewerModel(), folder)
    assert frames.name == "dog" and len(told()) == 1 and str(folder) in told()[0]


def test_a_folder_of_frames_alone(davis, tmp_path, told):
    folder = davis / "JPEGImages" / "480p" / "dog"
    folder.rename(tmp_path / "clip")
    (frames,) = open_in(ViewerModel(), tmp_path / "clip")
    assert frames.name == "clip" and told() == []


def test_a_movie(tmp_path):
    av = pytest.importorskip("av")
    with av.open(str(tmp_path / "clip.avi"), "w") as container:
        stream = container.add_stream("mjpeg", rate=10)
        stream.width, stream.height, stream.pix_fmt = SIZE[1], SIZE[0], "yuvj420p"
        for index in range(COUNT):
            frame = av.VideoFrame.from_ndarray(picture(index), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    (frames,) = open_in(ViewerModel(), tmp_path / "clip.avi")
    assert frames.data.shape == (COUNT, *SIZE, 3)
    assert np.abs(frames.data[5].astype(int) - picture(5)).mean() < 5


def test_broken_files_are_told_and_not_raised(davis, told):
    folder = davis / "JPEGImages" / "480p" / "dog"
    for index in range(2, 7):
        (folder / f"{index:05d}.png").write_bytes(b"broken")
    viewer = ViewerModel()
    frames, _ = open_in(viewer, folder)
    for index in range(COUNT):
        viewer.dims.set_current_step(0, index)
        frames.refresh()
    end = time.monotonic() + 10
    while len(frames.data.problems) < 5:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert len(frames.data.problems) == 5 and len(told()) == 4
    assert sum("0000" in line for line in told()) == 3 and "layer.data.problems" in told()[-1]


def test_nothing_to_open_is_one_line(davis):
    for path in (davis / "JPEGImages" / "480p" / "dog").iterdir():
        path.write_bytes(b"broken")
    with pytest.raises(ValueError, match=r"00000\.png"):
        read_video(davis / "JPEGImages" / "480p" / "dog")


class TestRealViewer:
    @pytest.fixture
    def viewer(self, qapp):
        import napari

        viewer = napari.Viewer()
        yield viewer
        viewer.close()

    def test_play_scrub_and_paint(self, davis, viewer):
        frames, masks = open_in(viewer, davis / "JPEGImages" / "480p" / "dog")
        for index in [*range(COUNT), 5, 2, 7, 0, 3]:
            viewer.dims.set_current_step(0, index)
            QApplication.processEvents()
            assert np.array_equal(frames._slice.image.raw, picture(index))
            assert np.array_equal(masks._slice.image.raw, mask(index))

        viewer.window._qt_viewer.dims.play(axis=0, fps=30)
        seen, end = set(), time.monotonic() + 20
        while len(seen) < COUNT // 2 and time.monotonic() < end:
            QApplication.processEvents()
            index = viewer.dims.current_step[0]
            seen.add(index)
            # Whatever is drawn belongs to the frame that counts.
            assert np.array_equal(frames._slice.image.raw, picture(index))
            assert np.array_equal(masks._slice.image.raw, mask(index))
        viewer.window._qt_viewer.dims.stop()
        # A frame that the player had asked for is still in the queue.
        QApplication.processEvents()
        assert len(seen) >= COUNT // 2

        viewer.dims.set_current_step(0, 4)
        QApplication.processEvents()
        masks.brush_size = 6
        masks.paint((4, 32, 50), 3)
        assert masks.data[4, 32, 50] == 3 and masks._slice.image.raw[32, 50] == 3
        assert masks.data.edited == [4]
        masks.fill((4, 32, 50), 5)
        assert masks.data[4, 32, 50] == 5
        masks.data_setitem((np.array([4, 4]), np.array([0, 1]), np.array([0, 0])), 6)
        assert (masks.data[4, :2, 0] == 6).all()
        viewer.dims.set_current_step(0, 1)
        viewer.dims.set_current_step(0, 4)
        QApplication.processEvents()
        assert masks._slice.image.raw[32, 50] == 5
        for _ in range(3):
            masks.undo()
        assert np.array_equal(masks.data[4], mask(4))
        masks.redo()
        assert masks.data[4, 32, 50] == 3
        untouched = [index for index in range(COUNT) if index != 4]
        assert all(np.array_equal(masks.data[index], mask(index)) for index in untouched)
        assert viewer.layers[0] is frames and frames.thumbnail.any()
