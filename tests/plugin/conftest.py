"""A network that answers at once and as expected, and viewers to try the plugin in."""

import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest

from napari_itis.inference import Prediction
from napari_itis.inference.patch import Patch
from napari_itis.inference.view import State
from napari_itis.plugin import settings
from napari_itis.plugin.controller import Controller
from napari_itis.plugin.video_correction import VideoCorrection

SHAPE = (60, 80)


def disc(y, x, radius=8, shape=SHAPE):
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return (rows - y) ** 2 + (columns - x) ** 2 <= radius**2


def answer(clicks, mask):
    """What the fake network makes of a mask and more clicks."""
    mask = mask.copy()
    for click in clicks:
        if click.positive:
            mask |= disc(click.y, click.x, 8, mask.shape)
        else:
            mask &= ~disc(click.y, click.x, 4, mask.shape)
    return mask


class FakePredictor:
    """Discs around positive clicks minus smaller discs around negative ones."""

    def __init__(self, options=None, notice=None):
        self.options = options
        self.notice = notice
        self.device = "cpu"
        self.weights = "fake"
        self.calls = []
        self.images = []
        self.error = None
        self.gate = threading.Event()
        self.gate.set()

    def set_image(self, image, *, contrast_limits=None, key=None):
        assert threading.current_thread() is not threading.main_thread()
        self.images.append((image, contrast_limits, key))

    def predict(self, clicks, mask=None, *, seen=0, screen=None):
        assert threading.current_thread() is not threading.main_thread()
        self.calls.append((tuple(clicks), seen))
        assert self.gate.wait(60)
        if self.error is not None:
            raise self.error
        start = np.zeros(self.images[-1][0].shape[:2], bool) if mask is None else mask.whole()
        return Prediction(State(Patch.of(answer(clicks[seen:], start)), None))


class _Segmentation(SimpleNamespace):
    model_fields = ()


@pytest.fixture
def preferred(tmp_path, monkeypatch):
    """What the user prefers of the network, and an empty data folder."""
    monkeypatch.setenv("NAPARI_ITIS_DATA", str(tmp_path / "data"))
    kept = _Segmentation(device="cpu", weights="", zoom_in=True, threads=0)
    monkeypatch.setattr(settings, "_group", {"segmentation": kept}.get)
    return kept


@pytest.fixture
def predictor():
    return FakePredictor()


@pytest.fixture
def make_controller(qapp, predictor):
    """Makes controllers that use the fake network; each is closed in the end."""
    made = []

    def make(viewer):
        controller = Controller(viewer, lambda options, notice: predictor)
        controller.attach()
        made.append(controller)
        return controller

    yield make
    predictor.gate.set()
    for controller in made:
        controller.close()
        controller.worker.stop(timeout=5)


@pytest.fixture
def settle(qapp):
    """Waits until every change has reached the mask layer."""

    def wait(*controllers, timeout=20.0):
        end = time.monotonic() + timeout
        quiet = 0
        # Several quiet rounds: a deferred look at the layers may want another prediction.
        while quiet < 3:
            assert time.monotonic() < end, "the inference thread does not come to an end"
            qapp.processEvents()
            busy = any(
                controller.worker.waiting or controller.activity.text != "Ready"
                for controller in controllers
            )
            quiet = 0 if busy else quiet + 1
            time.sleep(0.002)
        qapp.processEvents()

    return wait


@pytest.fixture
def make_correction(make_controller):
    """Makes what the video dock works with, of a viewer; it keeps what the user is told."""

    def make(viewer):
        correction = VideoCorrection(make_controller(viewer))
        correction.viewer = viewer  # Nothing else holds it.
        correction.told = []
        correction.notice.connect(correction.told.append)
        correction.attach()
        return correction

    return make


@pytest.fixture
def wait(qapp):
    """Waits until something holds."""

    def until(condition, patience=20):
        end = time.monotonic() + patience
        while not condition():
            assert time.monotonic() < end
            qapp.processEvents()
            time.sleep(0.002)

    return until


@pytest.fixture
def notices():
    """Collects what controllers tell the user."""

    def listen(controller):
        heard = []
        controller.notice.connect(heard.append)
        return heard

    return listen
