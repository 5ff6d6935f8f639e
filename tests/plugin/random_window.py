"""A window for random actions: what they may do to it, and what must hold after each."""

import threading
import time
import weakref

import numpy as np
from qtpy.QtCore import QEvent, QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QAbstractButton, QApplication, QPushButton

from napari_itis.annotation.storage import load_session
from napari_itis.plugin.axes import Axes
from napari_itis.plugin.workspace import Workspace

from .conftest import SHAPE, FakePredictor, disc
from .real_viewer import CONTROL, LEFT, NONE, SHIFT
from .session_window import Window
from .window_checks import CheckedWindow, Seen

FRAMES = 3
_IMAGES = ("photo", "stack")


def stack():
    """What the user works on: a stack, a colour photo, and a layer with masks of others."""
    rng = np.random.default_rng(0)
    theirs = np.zeros((FRAMES, *SHAPE), np.uint8)
    theirs[:, 5:25, 40:70], theirs[1:, 30:50, 10:30] = 7, 3
    return [
        (rng.integers(0, 255, (*SHAPE, 3), np.uint8), {"rgb": True, "name": "photo"}, "image"),
        (
            rng.integers(0, 255, (FRAMES, *SHAPE), np.uint8),
            {"rgb": False, "name": "stack", "scale": (3, 1, 1)},
            "image",
        ),
        (theirs, {"name": "theirs", "scale": (3, 1, 1), "visible": False}, "labels"),
    ]


class RandomWindow(CheckedWindow, Window):
    """A window with the fake network, which can be put back to its beginning."""

    def __init__(self, folder, complaints):
        self.gate = threading.Event()
        self.gate.set()

        def make(options, notice):
            predictor = FakePredictor(options, notice)
            predictor.gate = self.gate
            return predictor

        super().__init__(stack(), make)
        self.folder = folder
        self.files.ask = lambda question: self.asked.append(question) or True
        self.complaints = complaints
        self.starts = weakref.WeakKeyDictionary()
        self.saved = {}
        self.images = {layer.name: layer for layer in self.viewer.layers if layer.name in _IMAGES}
        self.theirs = self.viewer.layers["theirs"]
        self.dock = self.widget.parent()
        while not hasattr(self.dock, "isFloating"):
            self.dock = self.dock.parent()
        window = self.viewer.window._qt_window
        window.resize(800, 600)
        self.process()
        # To be drawn takes most of the time: only :meth:`look` does it.
        window.setUpdatesEnabled(False)
        # A press makes vispy draw for itself, to see what was hit: always the view. Mesa crashes in
        # that where layers went since the last picture.
        self.canvas._scene_canvas.visual_at = lambda _: self.canvas.view

    def reset(self):
        """As after opening it, but for the order of the layers."""
        self.gate.set()
        viewer, controller = self.viewer, self.controller
        self.dock.show()
        self.settle()
        viewer.dims.ndisplay = 2
        viewer.dims.order = tuple(range(viewer.dims.ndim))
        viewer.dims.set_current_step(tuple(range(viewer.dims.ndim)), (0,) * viewer.dims.ndim)
        for layer in (*self.images.values(), self.theirs):
            if layer not in viewer.layers:
                viewer.layers.insert(0, layer)
                self.look()
        for layer in list(viewer.layers):
            known = any(known.layers.role(layer) for known in controller.workspaces)
            if layer not in self.images.values() and layer is not self.theirs and not known:
                self.remove(layer)
        for (data, options, _), name in zip(stack(), (*_IMAGES, "theirs")):
            layer = self.images.get(name, self.theirs)
            scale = options.get("scale", np.ones(layer.ndim))
            if not np.array_equal(layer.data, data):
                layer.data = data
            if not np.array_equal(layer.scale, scale):
                layer.scale = scale
            if not np.array_equal(layer.rotate, np.eye(layer.ndim)):
                layer.rotate = np.eye(layer.ndim)
            layer.name, layer.visible, layer.opacity = name, name != "theirs", 1
        for image in self.images.values():
            controller.choose_image(image, Axes.of(image))
            workspace = Workspace(image)
            controller.go_on_with(workspace, workspace.draw())
            controller.restore_layers()
            for role, layer in workspace.layers:
                layer.name, layer.visible, layer.mode = role, True, "pan_zoom"
                layer.opacity = 0.5 if role == "mask" else 1
            mask = workspace.layers.mask
            mask.n_edit_dimensions, mask.preserve_labels, mask.contiguous = 2, False, True
            mask.brush_size, mask.contour, mask.selected_label = 10, 0, 1
            controller.show_frame((0,) * len(workspace.session.slices))
        controller.choose_sign(True)
        viewer.reset_view()
        self.saved.clear()
        self.told.clear()
        self.settle()

    # What a user does.

    def place(self, y, x):
        """Where a pixel of the slice that is annotated lies on the canvas."""
        workspace, dims = self.workspace, self.viewer.dims
        layer = self.controller.image or next((own for _, own in workspace.layers), None)
        layer = layer if layer is not None else self.viewer.layers[0]
        point = workspace.axes.join((*workspace.frame, y, x), workspace.channel)
        world = np.zeros(dims.ndim)
        world[dims.ndim - layer.ndim :] = layer.data_to_world((*point, 0, 0)[: layer.ndim])
        view = self.canvas.view
        row, column = dims.displayed[-2:]
        mapped = (view.transform * view.scene.transform).map([world[column], world[row], 0, 1])
        return QPoint(round(mapped[0] / mapped[3]), round(mapped[1] / mapped[3]))

    @property
    def workspace(self):
        return self.controller.workspace

    def drag(self, start, stop, steps=2):
        native = self.canvas.native
        QTest.mouseMove(native, self.place(*start))
        QTest.mousePress(native, LEFT, NONE, self.place(*start))
        for step in range(1, steps + 1):
            y, x = (a + (b - a) * step / steps for a, b in zip(start, stop))
            QTest.mouseMove(native, self.place(y, x))
            QApplication.processEvents()
        QTest.mouseRelease(native, LEFT, NONE, self.place(*stop))

    def key(self, key, modifier=NONE):
        QTest.keyClick(self.canvas.native, key, modifier)

    def do_something_usual(self, number):
        """What most of the work is; returns its name."""
        y, x = 7 * number % SHAPE[0], 11 * number % SHAPE[1]
        kind = number % 6
        if kind < 3 and self.points(kind < 2) is not None:
            self.viewer.layers.selection.active = self.points(kind < 2)
            self.points(kind < 2).mode = "add"
            self.mouse(y, x)
            return "usual click"
        if kind == 3 and self.take_brush("paint"):
            self.drag((y, x), (y // 2, x // 2))
            return "usual stroke"
        self.key(Qt.Key.Key_Z, CONTROL if kind < 5 else CONTROL | SHIFT)
        return "usual undo" if kind < 5 else "usual redo"

    def press(self, number):
        """Press one of the buttons of the dock that can be pressed."""
        buttons = [
            button
            for button in self.widget.findChildren(QAbstractButton)
            if button.isVisible() and button.isEnabled() and not _opens_something(button)
        ]
        if buttons:
            buttons[number % len(buttons)].click()

    def mouse(self, y, x, button=LEFT, modifier=NONE):
        QTest.mouseMove(self.canvas.native, self.place(y, x))
        QTest.mouseClick(self.canvas.native, button, modifier, self.place(y, x))

    @property
    def mask_layer(self):
        return self._if_there(self.workspace.layers.mask)

    def points(self, positive):
        layers = self.workspace.layers
        return self._if_there(layers.positive if positive else layers.negative)

    def _if_there(self, layer):
        """A layer; None where it was removed, which nobody has noticed while the dock is closed."""
        return layer if layer is not None and layer in self.viewer.layers else None

    def select_click(self, positive, number):
        """Select one of the clicks of the slice; the layer, if there is one in it."""
        layer = self.points(positive)
        axes, frame = self.workspace.axes, self.workspace.frame
        points = [] if layer is None else layer.data
        here = [at for at, point in enumerate(points) if axes.split(point)[:-2] == frame]
        if not here:
            return None
        self.viewer.layers.selection.active = layer
        layer.mode = "select"
        layer.selected_data = {here[number % len(here)]}
        return layer

    def drag_click(self, positive, number, place):
        layer = self.select_click(positive, number)
        if layer is not None:
            (index,) = layer.selected_data
            self.drag(self.workspace.axes.split(layer.data[index])[-2:], place)

    def take_brush(self, mode):
        """Whether there is a mask layer to paint in; it is the active one then."""
        mask = self.mask_layer
        if mask is None or self.viewer.dims.ndisplay == 3:
            return False
        self.viewer.layers.selection.active = mask
        mask.mode = mode
        return True

    def give_up_outline(self):
        """What Escape does to an outline that a right click of the brush has begun."""
        for workspace in self.controller.workspaces:
            mask = workspace.layers.mask
            if mask is not None and mask._overlays["brush_stroke"].active:
                mask._overlays["brush_stroke"].abort(mask)

    def layer(self, number):
        return self.viewer.layers[number % len(self.viewer.layers)]

    def put_back(self):
        """Put a layer into the viewer that was removed: "undo" of scripts."""
        removed = self.workspace.layers._removed
        gone = [layer for layer in removed.values() if layer not in self.viewer.layers]
        for layer in gone[:1]:
            self.look()
            self.viewer.layers.append(layer)
            self.look()

    def open_image_again(self):
        for name, image in self.images.items():
            if image not in self.viewer.layers:
                self.look()
                again = self.viewer.add_image(
                    image.data, rgb=image.rgb, name=image.name, scale=image.scale
                )
                self.images[name] = again
                self.look()

    def transform(self, image, scale, angle):
        if angle and not self.controller.flat:
            return
        image.scale = (*image.scale[:-2], scale, scale)
        rotate = np.eye(image.ndim)
        cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
        rotate[-2:, -2:] = [[cos, -sin], [sin, cos]]
        image.rotate = rotate
        self.viewer.reset_view()

    def roll(self):
        """Another axis on the slider; napari wants no layer at an angle to it."""
        for image in self.images.values():
            image.rotate = np.eye(image.ndim)
        self.viewer.dims.roll()

    def carry_on(self, places, overwrite):
        """What carrying masks on does, without the network: a disc on each slice."""
        workspace = self.workspace
        session, label = workspace.session, workspace.label
        step = session.begin_step()
        for frame, place in zip(np.ndindex(*session.slices), places):
            if session.write(
                step, frame, label, disc(*place, shape=session.shape), overwrite=overwrite
            ):
                self.controller.show_written(workspace, frame, label)
        session.end_step(step)
        self.controller.changed.emit()

    def correct(self):
        if self.workspace.source.slices != (FRAMES,) or self.theirs not in self.viewer.layers:
            return
        self.controller.correct(self.theirs)

    def undo_and_redo_everything(self, answered=True):
        """Back to the beginning and to the end again, on every image."""
        if answered:
            self.gate.set()
            self.settle()
        for workspace in self.controller.workspaces:
            session = workspace.session
            end, keys, steps = Seen(session), set(), 0
            while (change := session.undo()) is not None:
                keys.update(change.keys)
                steps += 1
            self._show(workspace, keys)
            Seen(session).assert_is(Seen(self.starts[workspace]))
            for _ in range(steps):
                session.redo()
            self._show(workspace, keys)
            Seen(session).assert_is(end)

    def _show(self, workspace, keys):
        """What the controller does after each step; once for all of them."""
        if workspace is self.workspace:
            self.controller._show(keys)
            self.settle()
            self.check()
        else:
            with self.controller._events.writing():
                for frame, _ in keys:
                    workspace.write_mask(frame)

    def save_and_read(self, number):
        """Save the session: what is in the file is what there is."""
        path = self.folder / f"{number}.itis"
        # What was clicked while the dock was closed is asked for now, and not yet answered.
        self.controller.take_over()
        self.settle()
        self.files.save(path)
        self.settle()
        session = self.workspace.session
        read, metadata = load_session(path)
        assert (
            dict(read.records) == dict(session.records) and metadata.label == self.workspace.label
        )
        read._existing = session.snapshot()._existing
        Seen(read).assert_is(Seen(session))
        assert not self.files.unsaved
        done = not session.pending()
        self.saved[number] = (self.workspace.name, Seen(session) if done else None)

    def load(self, number):
        """Open a session that was saved: it is as it was."""
        path = self.folder / f"{number}.itis"
        if number not in self.saved:
            return
        name, seen = self.saved[number]
        self.gate.set()
        self.settle()
        # napari tells two layers of a name apart by a number.
        there = any(layer is self.images.get(name) for layer in self.viewer.layers)
        self.files.open(path)
        self.settle()
        if there and seen is not None:
            Seen(self.workspace.session).assert_is(seen)

    def look(self):
        """Draw the window."""
        window = self.viewer.window._qt_window
        window.setUpdatesEnabled(True)
        for _ in range(2):
            QApplication.processEvents()
        window.setUpdatesEnabled(False)

    def remove(self, layer):
        """Remove a layer; drawn, as Mesa crashes when several go between two pictures."""
        if layer in self.viewer.layers:
            self.look()
            self.viewer.layers.remove(layer)
            self.look()

    # What must hold.

    def settle(self, patience=60.0):
        """Until nothing is left to do, but for what a slow network keeps back."""
        self.give_up_outline()
        end, quiet = time.monotonic() + patience, 0
        while quiet < 2:
            assert time.monotonic() < end, self.controller.activity.text
            QApplication.processEvents()
            QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
            controller, waited_for = self.controller, bool(self.files.busy)
            if self.gate.is_set():
                # What is answered may still be on its way to the main thread.
                waited_for |= bool(controller._asked) or controller.tidying.busy
                waited_for |= controller.activity.text != "Ready"
            quiet = 0 if waited_for else quiet + 1
            if waited_for:
                time.sleep(0.001)


def _opens_something(button):
    return isinstance(button, QPushButton) and button.menu() is not None
