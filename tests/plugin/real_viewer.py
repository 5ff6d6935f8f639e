"""A napari window that is used as a person uses it: with mouse and keys on the canvas."""

import time

from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_itis.plugin.demo import open_window

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
NONE = Qt.KeyboardModifier.NoModifier


class Counting:
    """A predictor that counts what it is asked for."""

    def __init__(self, predictor):
        self._predictor = predictor
        self.calls = 0

    def predict(self, *args, **kwargs):
        self.calls += 1
        return self._predictor.predict(*args, **kwargs)

    def __getattr__(self, name):
        return getattr(self._predictor, name)


class Person:
    """Mouse and keys of a viewer with the plugin docked; positions are (y, x) of the image."""

    def __init__(self, layers, make_predictor, **options):
        self.predictor = None
        self._counted = 0

        def factory(options, notice):
            self.predictor = Counting(make_predictor(options, notice))
            return self.predictor

        self.viewer, self.controller = open_window(layers, factory, **options)
        self.canvas = self.viewer.window._qt_viewer.canvas
        self.widget = next(
            dock.inner_widget()
            for name, dock in self.viewer.window._wrapped_dock_widgets.items()
            if "ITIS" in name
        )
        self.wait()
        self.viewer.reset_view()
        self.process()

    @property
    def mask(self):
        return self.controller.workspace.layers.mask.data

    @property
    def positive(self):
        return self.controller.workspace.layers.positive

    @property
    def negative(self):
        return self.controller.workspace.layers.negative

    def process(self, rounds=5):
        for _ in range(rounds):
            QApplication.processEvents()
            time.sleep(0.005)

    def wait(self, patience=60.0):
        """Until nothing is left to predict; returns the number of predictions since the last."""
        end = time.monotonic() + patience
        quiet = 0
        while quiet < 5:
            assert time.monotonic() < end, self.controller.activity.text
            QApplication.processEvents()
            time.sleep(0.005)
            quiet = quiet + 1 if self.controller.activity.text == "Ready" else 0
        calls, self._counted = self.predictor.calls - self._counted, self.predictor.calls
        return calls

    def place(self, y, x):
        view = self.canvas.view
        world = self.controller.workspace.layers.mask.data_to_world(
            (*self.controller.workspace.frame, y, x)
        )
        mapped = (view.transform * view.scene.transform).map([world[-1], world[-2], 0, 1])
        return QPoint(round(mapped[0] / mapped[3]), round(mapped[1] / mapped[3]))

    def click(self, y, x, button=LEFT, modifier=NONE):
        QTest.mouseMove(self.canvas.native, self.place(y, x))
        QTest.mouseClick(self.canvas.native, button, modifier, self.place(y, x))

    def drag(self, start, stop, steps=6):
        native = self.canvas.native
        QTest.mouseMove(native, self.place(*start))
        QTest.mousePress(native, LEFT, NONE, self.place(*start))
        for step in range(1, steps + 1):
            y, x = (a + (b - a) * step / steps for a, b in zip(start, stop))
            QTest.mouseMove(native, self.place(y, x))
            self.process(1)
        QTest.mouseRelease(native, LEFT, NONE, self.place(*stop))

    def key(self, key, modifier=NONE):
        QTest.keyClick(self.canvas.native, key, modifier)
        self.process(1)

    def close(self):
        self.viewer.close()
        self.controller.worker.stop(timeout=20)
        self.process()
