"""From masks in a real window to a click with weights that were trained on them."""

import time

import numpy as np
import pytest
from qtpy.QtWidgets import QApplication

from napari_itis.plugin.demo import open_window, place, wait
from napari_itis.plugin.train_widget import TrainWidget
from napari_itis.plugin.training_controller import TrainingController
from napari_itis.plugin.trainings import training_of

# As small as it can be: a narrow network that learns from nothing.
SETTINGS = {
    "name": "discs",
    "start": "random",
    "samples": 96,
    "samples_per_epoch": 32,
    "batch_size": 4,
    "crop": 64,
    "held_back": 0.2,
    "min_scale": 0.3,
    "validate_every": 1,
    "validation_objects": 1,
    "validation_clicks": 1,
    "checkpoint_steps": 4,
    "threads": 1,
    "loaders": 1,
    "device": "cpu",
    "network.head_width": 16,
    "network.working_size": 64,
}


def discs():
    """Six slices with a bright disc on each."""
    rows, columns = np.mgrid[:72, :72]
    middles = [(30, 30), (40, 36), (25, 44), (44, 28), (36, 36), (30, 46)]
    masks = np.stack([np.hypot(rows - y, columns - x) < 14 for y, x in middles])
    return np.where(masks, 200, 60).astype(np.uint8), masks.astype(np.int32)


def until(condition, timeout=300.0):
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, "it does not come"
        QApplication.processEvents()
        time.sleep(0.01)
    QApplication.processEvents()


@pytest.fixture
def window():
    images, masks = discs()
    layers = [
        (images, {"name": "discs", "rgb": False}, "image"),
        (masks, {"name": "discs masks"}, "labels"),
    ]
    viewer, controller = open_window(layers)
    dock = TrainWidget(viewer)
    viewer.window.add_dock_widget(dock, name="ITIS training", area="right")
    QApplication.processEvents()
    training = training_of(viewer)
    yield viewer, controller, dock, training
    for run in training.backend.known_runs():
        run.kill()
    viewer.close()
    controller.worker.stop(timeout=20)


def test_from_masks_to_a_click_with_weights_of_ones_own(window):
    _viewer, controller, dock, training = window
    said = []
    training.notice.connect(said.append)
    training.setup.look_at_viewer()
    QApplication.processEvents()
    dock.setup_page.data.viewer.click()
    training.setup.set_keys(SETTINGS)
    until(lambda: dock.begin.isEnabled())
    dock.begin.click()
    until(lambda: training.run is not None or said)
    assert not said
    assert len(list((training.run.folder / "data" / "masks").iterdir())) == 6
    until(lambda: training.status.step >= 4 or training.status.ended)
    assert training.state == "running", training.status.message

    # Another window finds it, and may stop it.
    other = TrainingController(_viewer, training.backend)
    other.attach(None)
    until(lambda: other.view is not None)
    assert other.run.folder == training.run.folder
    other.stop()
    until(lambda: training.state == "stopped")
    other.close()
    QApplication.processEvents()
    assert training.status.checkpoint_step >= 4 and dock.resume.isVisible()

    dock.resume.click()
    until(lambda: training.state == "done" or training.state == "failed")
    assert training.state == "done", training.status.message
    # A stop at the very end of an epoch comes before its measurement.
    measured = training.curves.validation_step
    assert len(measured) >= 2 and measured[-1] == training.status.steps
    until(lambda: dock.run_page.result.use.isVisible())
    dock.run_page.result.use.click()
    until(lambda: any("Segmentation uses" in line for line in said))

    place(controller, 0, 30, 30, True)
    wait(controller)
    assert controller.activity.weights == "discs"
    assert controller.workspace.layers.mask.data[0, 30, 30] == controller.label
