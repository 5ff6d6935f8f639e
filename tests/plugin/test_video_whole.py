"""A video in a real window, from the folder to the saved masks, by the weights that ship."""

import threading
import time

import napari
import numpy as np
import pytest
from PIL import Image
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication

# Loaded now: what the test waits for is not torch.
import napari_itis.inference  # noqa: F401
from napari_itis.plugin.controllers import controller_of, video_correction_of
from napari_itis.plugin.predictors import make_predictor
from napari_itis.plugin.video_correction import Mark
from napari_itis.video.palette import davis_palette
from napari_itis.video.synthetic import spoilt_sequence
from napari_itis.video.writing import write_masks

from .real_viewer import CONTROL, RIGHT, Counting, Person

COUNT, SIZE = 10, (160, 240)
NAMES = [f"{index:05}" for index in range(COUNT)]
PATIENCE = 120


class Annotator(Person):
    """Someone at a window with the dock for videos alone."""

    def __init__(self, path):
        def factory(options, notice):
            self.predictor = Counting(make_predictor(options, notice))
            return self.predictor

        self.predictor = None
        self._counted = 0
        self.viewer = napari.Viewer()
        self.controller = controller_of(self.viewer, factory)
        self.viewer.open(path, plugin="napari-itis")
        name = "ITIS video correction"
        self.dock, self.widget = self.viewer.window.add_plugin_dock_widget("napari-itis", name)
        self.video = video_correction_of(self.viewer)
        self.told = []
        self.video.notice.connect(self.told.append)
        self.canvas = self.viewer.window._qt_viewer.canvas
        self.until(lambda: self.predictor is not None)
        self.wait()
        self.viewer.reset_view()
        self.process()

    def until(self, condition):
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, (self.controller.activity.text, self.told)
            QApplication.processEvents()
            time.sleep(0.002)
        self.process(2)

    def shown(self, frame):
        return np.array(self.mask[frame])

    def everything(self):
        return np.stack([self.shown(frame) for frame in range(COUNT)])

    def play(self, frames):
        """Play over some frames, and stop."""
        player = self.viewer.window._qt_viewer.dims
        seen = set()
        player.play(axis=0, fps=30)

        def enough():
            seen.add(self.viewer.dims.current_step[0])
            return len(seen) >= frames

        self.until(enough)
        player.stop()
        self.until(lambda: not player.is_playing)
        # A frame that the player had asked for may come after it has stopped.
        self.process()

    def close(self):
        self.viewer.close()
        self.until(lambda: not any(t.name == "itis-inference" for t in threading.enumerate()))


@pytest.fixture(scope="module")
def sequence():
    frames, masks, truth = spoilt_sequence(frames=4 * COUNT, size=SIZE)
    return frames[:COUNT], masks[:COUNT], truth[:COUNT]


@pytest.fixture
def root(tmp_path, sequence):
    """A DAVIS root with one sequence, and masks of some method."""
    frames, masks, _ = sequence
    folder = tmp_path / "DAVIS/JPEGImages/480p/cup"
    folder.mkdir(parents=True)
    for name, frame in zip(NAMES, frames):
        Image.fromarray(frame).save(folder / f"{name}.jpg", quality=95)
    write_masks(tmp_path / "DAVIS/Results/spoilt/cup", NAMES, masks.__getitem__, SIZE)
    return tmp_path / "DAVIS"


def files(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_from_the_folder_to_the_saved_masks_and_back(qapp, root, sequence):
    _, masks, truth = sequence
    sources = files(root / "Results/spoilt/cup")
    frames = root / "JPEGImages/480p/cup"

    # Open: the masks of the method are there to be corrected.
    someone = Annotator(frames)
    video, viewer = someone.video, someone.viewer
    assert np.array_equal(someone.everything(), masks)
    assert video.source.name == "cup: spoilt"

    # Play, and stop.
    someone.play(3)
    assert np.array_equal(someone.everything(), masks)

    # Click on two frames: the one where something is missing, and the one with too much.
    viewer.dims.set_current_step(0, 2)
    someone.process()
    inside = np.argwhere(truth[2] == 1)
    y, x = inside[len(inside) // 2]
    someone.click(y, x)
    someone.wait()
    first = someone.shown(2)
    assert first[y, x] == 1
    viewer.dims.set_current_step(0, 5)
    someone.process()
    y, x = np.argwhere(masks[5] == 1)[0]
    someone.click(y, x, RIGHT)
    someone.wait()
    second = someone.shown(5)
    assert second[y, x] == 0
    assert masks[5][y, x] == 1
    corrected = [Mark.CORRECTED if frame in (2, 5) else Mark.AUTOMATIC for frame in range(COUNT)]
    assert video.marks().tolist() == corrected
    before = someone.everything()
    untouched = [frame for frame in range(COUNT) if frame not in (2, 5)]
    assert np.array_equal(before[untouched], masks[untouched])

    # Carry the mask on: up to the corrected frame, which stays. Undo takes back all of it.
    viewer.dims.set_current_step(0, 2)
    someone.process()
    video.propagate(1)
    someone.until(lambda: video.propagation is None)
    carried = someone.everything()
    assert someone.told[-1] == "2 frames done; the next one is corrected or committed"
    for frame in (3, 4):
        assert (carried[frame] != before[frame]).any()
    assert np.array_equal(carried[[0, 1, 2, *range(5, COUNT)]], before[[0, 1, 2, *range(5, COUNT)]])
    someone.key(Qt.Key.Key_Z, CONTROL)
    assert np.array_equal(someone.everything(), before)

    # And cancelled on the way: what is done stays, nothing comes after.
    viewer.dims.set_current_step(0, 5)
    someone.process()
    video.propagate(1)
    someone.until(lambda: video.propagation is None or video.propagation.done >= 1)
    assert video.propagation is not None
    someone.key(Qt.Key.Key_Q)
    assert video.propagation is None
    done = int(someone.told[-1].removeprefix("Stopped after ").split()[0])
    assert 1 <= done < COUNT - 6
    someone.until(lambda: not someone.controller.worker._tasks)
    after = someone.everything()
    assert np.array_equal(after[:6], before[:6])
    assert np.array_equal(after[6 + done :], before[6 + done :])
    assert all((after[frame] != before[frame]).any() for frame in range(6, 6 + done))

    # Save to where the menu offers to; the method's own masks stay as they were.
    someone.widget._save._here.trigger()
    someone.until(lambda: video.saving is None)
    folder = root / "Results/napari-itis/cup"
    assert someone.told[-1] == f"Saved to {folder}: {COUNT} frames written"
    assert files(root / "Results/spoilt/cup") == sources
    assert [path.name for path in sorted(folder.iterdir())] == [f"{name}.png" for name in NAMES]
    for frame, name in enumerate(NAMES):
        with Image.open(folder / f"{name}.png") as image:
            assert image.mode == "P"
            assert image.size == SIZE[::-1]
            assert image.getpalette("RGB") == davis_palette().ravel().tolist()
            indices = np.asarray(image)
        assert indices.dtype == np.uint8
        assert np.array_equal(indices, after[frame])
    someone.close()

    # Open again: everything is there, and can be corrected further.
    other = Annotator(frames)
    assert other.video.source.name == "cup: napari-itis"
    assert np.array_equal(other.everything(), after)
    other.viewer.dims.set_current_step(0, 0)
    other.process()
    other.click(*np.argwhere(after[0] == 1)[0], RIGHT)
    other.wait()
    assert other.video.marks()[0] == Mark.CORRECTED
    assert np.array_equal(other.everything()[1:], after[1:])
    other.close()
