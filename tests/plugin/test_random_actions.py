"""Random actions in a real window: nothing goes wrong, and nothing is lost.

The suite takes the same 2 000 every time. Others, and more, by hand:

    NAPARI_ITIS_ACTIONS=20000 .venv/bin/python -m pytest tests/plugin/test_random_actions.py -s

says the seed, and in the end how often each action was taken. NAPARI_ITIS_SEED takes the same ones
again; NAPARI_ITIS_SHRINK=1 looks for the shortest list of actions that fails, which takes minutes.

A new action is a method of `RandomUser` with three lines. What it draws must not depend on what
there is in the window: a number means one of those that there are.
"""

import os
import random
from collections import Counter
from functools import wraps

import numpy as np
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog

from napari_itis.plugin.actions import ACTIONS

from .conftest import SHAPE
from .random_window import FRAMES, RandomWindow
from .real_viewer import CONTROL, LEFT, NONE, RIGHT, SHIFT
from .window_checks import Complaints

BY_HAND = "NAPARI_ITIS_ACTIONS" in os.environ
COUNT = int(os.environ.get("NAPARI_ITIS_ACTIONS", "2000"))
SEED = int(os.environ.get("NAPARI_ITIS_SEED", "0" if BY_HAND else "1"))
SHRINK = bool(os.environ.get("NAPARI_ITIS_SHRINK"))
IN_A_ROW = 200
"""So many actions, then the window is put back to its beginning."""

ROWS = st.integers(0, SHAPE[0] // 4 - 1).map(lambda n: 4 * n + 1)
COLUMNS = st.integers(0, SHAPE[1] // 4 - 1).map(lambda n: 4 * n + 2)
PLACES = st.tuples(ROWS, COLUMNS)
SOME = st.integers(0, 9)
WAYS = st.sampled_from([(LEFT, NONE), (RIGHT, NONE), (LEFT, CONTROL)])

taken = Counter()
windows = []
"""One for the whole run, or until it fails."""
given = []


def action(at_most=6, **drawn):
    """An action of the user; once it was taken so often in a row, something usual instead."""

    def decorate(function):
        @wraps(function)
        def act(self, **values):
            self.sound = False
            name = function.__name__
            self.actions.append(f"{name} {values}")
            if self.taken[name] < at_most:
                function(self, **values)
            else:
                name = self.window.do_something_usual(self.taken.total())
                self.actions[-1] = name
            self.taken[name] += 1
            self.window.settle()

        return rule(**drawn)(act)

    return decorate


class RandomUser(RuleBasedStateMachine):
    """Somebody who does anything at any time."""

    def __init__(self):
        super().__init__()
        self.taken = Counter()
        self.actions = []
        self.sound = False
        if not windows:
            windows.append(RandomWindow(*given))
        self.window = windows[0]
        self.window.reset()

    def teardown(self):
        taken.update(self.taken)
        if BY_HAND:
            print(taken.total(), flush=True)
        if self.sound:
            self.window.undo_and_redo_everything()
            self.window.check()
        else:
            # Here, as the same actions in another window may do no harm.
            print("It went wrong after:", *self.actions, sep="\n  ", flush=True)
            # Whatever is wrong in it must not reach the next row of actions.
            windows.pop().leave()

    @property
    def controller(self):
        """What the dock's buttons lead to: it must be open for that."""
        self.window.dock.show()
        return self.window.controller

    @property
    def viewer(self):
        return self.window.viewer

    @property
    def session(self):
        return self.window.workspace.session

    @property
    def mask(self):
        return self.window.mask_layer

    @invariant()
    def all_is_well(self):
        self.window.check()
        self.sound = True

    # Clicks.

    @action(
        at_most=IN_A_ROW,
        place=PLACES,
        way=WAYS,
    )
    def click(self, place, way):
        self.window.mouse(*place, *way)

    @action(at_most=IN_A_ROW, place=PLACES, positive=st.booleans())
    def click_for_sure(self, place, positive):
        self.controller.choose_sign(positive)
        self.window.mouse(*place)

    @action(at_most=IN_A_ROW, number=SOME, positive=st.booleans(), place=PLACES)
    def drag_a_click(self, number, positive, place):
        self.window.drag_click(positive, number, place)

    @action(at_most=IN_A_ROW, number=SOME, positive=st.booleans())
    def delete_a_click(self, number, positive):
        layer = self.window.select_click(positive, number)
        if layer is not None:
            self.window.key(Qt.Key.Key_Delete)

    @action(positive=st.booleans(), places=st.lists(PLACES, max_size=3), frame=SOME)
    def assign_clicks(self, positive, places, frame):
        layer = self.window.points(positive)
        if layer is not None:
            frames = [frame % FRAMES][: layer.ndim - 2]
            layer.data = np.array([(*frames, *place) for place in places]).reshape(-1, layer.ndim)
            # napari goes on selecting points that are gone, and fails at its own key for that.
            layer.selected_data = set()

    @action(places=st.lists(PLACES, min_size=1, max_size=3))
    def outside(self, places):
        layer = self.window.points(True)
        if layer is not None:
            layer.add([*[0] * (layer.ndim - 2), -5, places[0][1]])

    # Brush.

    @action(
        at_most=IN_A_ROW,
        mode=st.sampled_from(["paint", "erase"]),
        start=PLACES,
        stop=PLACES,
        size=st.sampled_from([1, 4, 10, 30]),
    )
    def stroke(self, mode, start, stop, size):
        if self.window.take_brush(mode):
            self.mask.brush_size = size
            self.window.drag(start, stop)

    @action(place=PLACES)
    def fill(self, place):
        if self.window.take_brush("fill"):
            self.window.mouse(*place)

    @action(edit=st.sampled_from([2, 3]), keep=st.booleans(), near=st.booleans())
    def choose_how_the_brush_works(self, edit, keep, near):
        mask = self.mask
        if mask is not None:
            mask.n_edit_dimensions = min(edit, mask.ndim)
            mask.preserve_labels, mask.contiguous = keep, near

    @action(label=st.integers(0, 4))
    def choose_a_label_to_paint_with(self, label):
        if self.mask is not None:
            self.mask.selected_label = label

    @action(at_most=3, label=st.integers(0, 3), place=PLACES)
    def assign_masks(self, label, place):
        if self.mask is not None:
            data = np.array(self.mask.data)
            data[..., place[0] :, place[1] :][..., :9, :9] = label
            self.mask.data = data

    # Back and forth.

    @action(at_most=IN_A_ROW, steps=st.integers(1, 4))
    def undo(self, steps):
        for _ in range(steps):
            self.window.key(Qt.Key.Key_Z, CONTROL)

    @action(at_most=IN_A_ROW, steps=st.integers(1, 4))
    def redo(self, steps):
        for _ in range(steps):
            self.window.key(Qt.Key.Key_Z, CONTROL | SHIFT)

    @action(at_most=1)
    def undo_and_redo_everything(self):
        self.window.undo_and_redo_everything()

    # Objects and slices.

    @action(frame=SOME)
    def go_to_a_slice(self, frame):
        self.viewer.dims.set_current_step(0, frame % FRAMES)

    @action(key=st.sampled_from([Qt.Key.Key_Left, Qt.Key.Key_Right]))
    def next_slice(self, key):
        self.window.key(key)

    @action(at_most=IN_A_ROW)
    def next_object(self):
        self.window.key(Qt.Key.Key_N)

    @action(number=SOME)
    def choose_an_object(self, number):
        known = self.session.objects()
        if known:
            self.controller.select_object(known[number % len(known)])

    @action()
    def delete_the_object(self):
        self.controller.delete_object()

    @action()
    def clear(self):
        self.controller.clear()

    @action(allowed=st.booleans())
    def cover_others(self, allowed):
        self.controller.allow_overwriting(allowed)

    @action()
    def accept(self):
        self.controller.commit_frame()

    @action(number=SOME, name=st.sampled_from(["", "cell", "nucleus"]))
    def name_an_object(self, number, name):
        known = self.session.objects()
        if known:
            self.controller.rename_object(known[number % len(known)], name)

    @action(at_most=IN_A_ROW, name=st.sampled_from(sorted(ACTIONS)))
    def do_what_has_a_key(self, name):
        ACTIONS[name].run(self.controller)

    @action(place=PLACES)
    def pick(self, place):
        self.controller.picking.toggle()
        self.window.mouse(*place)

    @action(places=st.lists(PLACES, min_size=1, max_size=3), overwrite=st.booleans())
    def carry_on(self, places, overwrite):
        self.window.carry_on(places, overwrite)

    # Buttons and keys.

    @action(at_most=IN_A_ROW, number=st.integers(0, 30))
    def press_a_button(self, number):
        self.window.press(number)

    @action(at_most=IN_A_ROW, key=st.sampled_from("ABCDEFGHIJKLMOPQRSTUVWXYZ1234567[]=-"))
    def press_a_key(self, key):
        self.window.key(Qt.Key(ord(key)))

    # Layers.

    @action(number=SOME)
    def activate_a_layer(self, number):
        self.viewer.layers.selection.active = self.window.layer(number)

    @action(number=SOME, visible=st.booleans(), opacity=st.sampled_from([0.1, 0.5, 1.0]))
    def show_or_hide_a_layer(self, number, visible, opacity):
        layer = self.window.layer(number)
        layer.visible, layer.opacity = visible, opacity

    @action(number=SOME, name=st.sampled_from(["mine", "positive", "mask", "stack"]))
    def rename_a_layer(self, number, name):
        self.window.layer(number).name = name

    @action(number=SOME, place=SOME)
    def move_a_layer(self, number, place):
        layers = self.viewer.layers
        layers.move(number % len(layers), place % len(layers))

    @action(at_most=2, number=SOME)
    def remove_a_layer(self, number):
        own = [layer for _, layer in self.window.workspace.layers]
        if own:
            self.window.remove(own[number % len(own)])

    @action(at_most=2)
    def show_the_layers_again(self):
        self.window.look()
        self.controller.restore_layers()

    @action(at_most=2)
    def put_a_removed_layer_back(self):
        self.window.put_back()

    @action(at_most=1)
    def remove_the_image(self):
        image = self.window.controller.image
        if image is not None:
            self.window.remove(image)

    @action(at_most=2)
    def open_the_image_again(self):
        self.window.open_image_again()

    @action(at_most=3, scale=st.sampled_from([0.5, 1, 2]), angle=st.sampled_from([0, 30, 90]))
    def transform_the_image(self, scale, angle):
        image = self.window.controller.image
        if image is not None:
            self.window.transform(image, scale, angle)

    @action(photo=st.booleans())
    def choose_an_image(self, photo):
        image = self.window.images["photo" if photo else "stack"]
        if image in self.viewer.layers:
            self.controller.choose_image(image)

    @action(at_most=2)
    def get_new_pixels(self):
        image = self.window.controller.image
        if image is not None:
            image.data = 255 - image.data

    @action(at_most=1)
    def correct_masks_of_others(self):
        self.window.correct()

    # The window.

    @action(at_most=3, opened=st.booleans())
    def open_or_close_the_dock(self, opened):
        self.window.dock.show() if opened else self.window.dock.close()

    @action(at_most=2, displayed=st.sampled_from([2, 3]))
    def change_the_display(self, displayed):
        self.viewer.dims.ndisplay = displayed

    @action(at_most=2)
    def roll(self):
        self.window.roll()

    @action()
    def look(self):
        self.window.look()

    @action(slow=st.booleans())
    def the_network_is_slow(self, slow):
        self.window.gate.clear() if slow else self.window.gate.set()

    # Files.

    @action(at_most=4, number=st.integers(0, 1))
    def save(self, number):
        self.window.save_and_read(number)

    @action(at_most=3, number=st.integers(0, 1))
    def load(self, number):
        self.window.load(number)

    @action(at_most=3)
    def autosave(self):
        self.window.files.autosaving.save()


def test_random_actions(qapp, tmp_path, monkeypatch):
    from napari.plugins import _initialize_plugins

    _initialize_plugins()
    monkeypatch.setenv("NAPARI_ITIS_DATA", str(tmp_path / "data"))
    for dialog in ("getSaveFileName", "getOpenFileName", "getExistingDirectory"):
        monkeypatch.setattr(QFileDialog, dialog, lambda *_, **__: ("", ""))
    complaints = Complaints()
    given[:] = [tmp_path, complaints]
    number = SEED or random.randrange(2**32)
    print(f"\nNAPARI_ITIS_SEED={number}")
    try:
        with complaints.listening():
            # Hypothesis ends some rows early.
            while (missing := COUNT - taken.total()) > 0:
                seed(number)(RandomUser)
                number += 1
                run_state_machine_as_test(
                    RandomUser,
                    settings=settings(
                        max_examples=-(-missing // IN_A_ROW),
                        stateful_step_count=IN_A_ROW,
                        phases=[Phase.generate, *([Phase.shrink] if SHRINK else [])],
                        suppress_health_check=list(HealthCheck),
                        deadline=None,
                        database=None,
                        print_blob=False,
                    ),
                )
    finally:
        while windows:
            windows.pop().leave()
        print(f"{taken.total()} actions:", dict(taken.most_common()))
