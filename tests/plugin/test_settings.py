"""Preferences of napari: what the user sets there holds at once."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_itis.plugin import predictors, settings
from napari_itis.plugin.predictors import PredictorOptions

from .conftest import SHAPE


@pytest.fixture
def preferences(monkeypatch):
    """The plugin's, in no file of the user."""
    import napari.settings
    from napari.plugins import _initialize_plugins
    from napari.settings._plugin_config_generator import plugin_configuration_generator

    _initialize_plugins()
    found = {
        name: model(config_path=None) for name, model in plugin_configuration_generator().items()
    }
    monkeypatch.setattr(napari.settings, "_PLUGIN_SETTINGS", found)
    return found["napari-itis"]


@pytest.fixture
def controller(preferences, make_controller, settle):
    viewer = ViewerModel()
    image = viewer.add_image(np.zeros((*SHAPE, 3), np.uint8), rgb=True, name="photo")
    controller = make_controller(viewer)
    controller.choose_image(image)
    settle(controller)
    yield controller
    del viewer


def test_the_network_is_run_as_is_set_there(controller, preferences, settle):
    worker = controller.worker
    worker.configure(PredictorOptions(weights="mine.safetensors"))
    preferences.segmentation.device = "cpu"
    preferences.segmentation.zoom_in = False
    preferences.segmentation.threads = 3
    # What was chosen in the dock stays until something else is set.
    assert worker.options == PredictorOptions("mine.safetensors", "cpu", False, 3)
    preferences.segmentation.weights = "itis-lite0"
    assert worker.options.weights == "itis-lite0"
    preferences.segmentation.weights = ""
    assert worker.options.weights is None
    assert settings.preferred_options() == worker.options


def test_a_click_is_as_large_as_is_set_there(controller, preferences):
    layers = controller.workspace.layers
    layers.positive.add((20, 20))
    before = layers.positive.size[0]
    assert layers.positive.canvas_size_limits == (2, 15)
    preferences.display.click_size = 30
    for _, layer in layers.points():
        assert layer.canvas_size_limits == (2, 30)
    assert layers.positive.size[0] == 2 * before
    layers.positive.add((30, 30))
    assert set(layers.positive.size) == {2 * before}
    # Layers that are made later are like that from the beginning.
    viewer = controller.viewer
    other = viewer.add_image(np.zeros(SHAPE), rgb=False, name="other")
    controller.choose_image(other)
    assert controller.workspace.layers.negative.canvas_size_limits == (2, 30)


def test_minutes_between_autosaves_are_those_set_now(preferences):
    assert settings.autosave_minutes() == 1
    preferences.sessions.autosave_minutes = 5
    assert settings.autosave_minutes() == 5


def test_a_closed_dock_listens_no_more(controller, preferences):
    controller.detach()
    before = controller.worker.options
    preferences.segmentation.device = "cpu"
    assert controller.worker.options == before
    controller.attach()
    preferences.segmentation.device = "cuda"
    assert controller.worker.options.device == "cuda"


@pytest.mark.parametrize(("threads", "expected"), [(3, 3), (0, 7)])
def test_the_network_gets_the_threads_that_are_set(monkeypatch, threads, expected):
    said = []
    network = SimpleNamespace(Predictor=lambda *_, **__: "predictor")
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(set_num_threads=said.append))
    monkeypatch.setitem(sys.modules, "napari_itis.inference", network)
    monkeypatch.setattr(predictors, "_cores", lambda: 8)
    made = predictors.make_predictor(PredictorOptions(threads=threads), said.append)
    assert made == "predictor" and said == [expected]
