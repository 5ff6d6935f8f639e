"""The plugin as napari finds it: manifest, sample data, preferences, life of the thread."""

import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from npe2 import PluginManifest

from napari_itis.plugin import sample_data
from napari_itis.plugin.settings import DEVICES, preferred_options


@pytest.fixture(scope="module")
def manifest():
    return PluginManifest.from_distribution("napari-itis")


def test_opening_the_widget_loads_torch_in_the_thread_only():
    code = (
        "import sys, napari_itis.plugin.segment_widget, napari_itis.plugin.sample_data; "
        "import napari_itis.plugin.video_widget; "
        "assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_manifest_offers_what_the_plugin_has(manifest):
    assert manifest.display_name == "ITIS" and manifest.icon and manifest.categories
    contributions = manifest.contributions
    names = [widget.display_name for widget in contributions.widgets]
    assert names == ["ITIS segmentation", "ITIS video correction", "ITIS training"]
    assert contributions.menus["napari/layers/segment"]
    settings = contributions.configurations["segmentation"].properties
    assert tuple(settings["device"].enum) == DEVICES
    assert set(settings) == {"device", "weights", "zoom_in", "threads"}


def test_every_sample_opens_without_a_network(manifest):
    from napari.components import ViewerModel

    for sample in manifest.contributions.sample_data:
        function = getattr(sample_data, sample.command.rsplit("sample_")[-1])
        viewer = ViewerModel()
        image, *masks = [
            getattr(viewer, f"add_{kind}")(data, **options) for data, options, kind in function()
        ]
        deep = sample.key in ("coins", "nuclei")
        assert image.data.dtype == (np.uint16 if deep else np.uint8)
        assert image.rgb == (sample.key not in ("coins", "nuclei", "pan"))
        assert [layer.data.shape for layer in masks] == (
            [image.data.shape[:3]] if sample.key == "video" else []
        )


def test_preferences_are_read_and_their_absence_is_no_error(monkeypatch):
    import napari.settings

    options = preferred_options()
    assert options.device == "auto" and options.weights is None and options.zoom_in

    def broken(_name):
        raise KeyError("no such plugin")

    monkeypatch.setattr(napari.settings, "get_plugin_settings", broken)
    assert preferred_options() == options


def test_napari_docks_the_widget_and_closing_the_window_ends_the_thread(qapp, monkeypatch):
    import gc

    import napari
    from napari.plugins import _initialize_plugins

    from napari_itis.plugin import controllers

    from .conftest import FakePredictor

    def threads():
        return [one for one in threading.enumerate() if one.name == "itis-inference"]

    before = len(threads())
    _initialize_plugins()
    viewer = napari.Viewer()
    controllers.controller_of(viewer, lambda options, notice: FakePredictor())
    viewer.open_sample("napari-itis", "cat")
    _, widget = viewer.window.add_plugin_dock_widget("napari-itis", "ITIS segmentation")
    qapp.processEvents()
    controller = widget.controller
    assert controller.image is viewer.layers["cat"]
    assert len(threads()) == before + 1
    viewer.close()
    del viewer, widget
    for _ in range(200):
        qapp.processEvents()
        gc.collect()
        if len(threads()) == before:
            break
        time.sleep(0.01)
    assert len(threads()) == before
    assert not controller.worker.waiting
