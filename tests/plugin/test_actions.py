"""What keys and buttons do: tidy, show and hide, pick, go from slice to slice."""

import time

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.utils.key_bindings import coerce_keybinding

from napari_itis.annotation import State
from napari_itis.plugin.actions import ACTIONS
from napari_itis.plugin.hints import next_step
from napari_itis.plugin.key_list import key_rows

from .conftest import SHAPE, disc


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def controller(viewer, make_controller, settle):
    image = viewer.add_image(np.zeros((6, *SHAPE)), rgb=False, name="stack")
    controller = make_controller(viewer)
    controller.choose_image(image)
    settle(controller)
    viewer.dims.set_point(0, 0)
    return controller


@pytest.fixture
def finish(controller, settle):
    """Wait until everything is done, tidying too."""

    def wait():
        end = time.monotonic() + 20
        while controller.tidying.busy and time.monotonic() < end:
            settle(controller)
        settle(controller)

    return wait


@pytest.fixture
def do(controller, finish):
    """Press a key, and wait until everything is done."""

    def press(name):
        key = coerce_keybinding(ACTIONS[name].key)
        controller.viewer.keymap[key](controller.viewer)
        finish()

    return press


def layers(controller):
    own = controller.workspace.layers
    return own.positive, own.negative, own.mask


def test_every_key_is_used_once_and_says_what_it_does():
    keys = [action.key for action in ACTIONS.values() if action.key]
    video = [".", ",", "W", "U", "K", "Shift-Right", "Shift-Left", "G", "Q", "F1"]
    assert len({*keys, *video}) == len(keys) + len(video)
    listed = [row for rows in key_rows().values() for row in rows]
    for action in ACTIONS.values():
        assert action.tip and action.text
        assert not action.key or (action.readable_key, action.tip) in listed


def test_tidying_is_shown_undone_and_said_where_there_is_nothing_to_tidy(
    controller, do, settle, notices
):
    positive, negative, mask = layers(controller)
    heard = notices(controller)
    do("fill_holes")
    assert "no mask here" in heard[-1]
    positive.add((0, 20, 20))
    negative.add((0, 20, 20.4))
    settle(controller)
    before = mask.data[0].copy()
    assert not before[20, 20]
    do("fill_holes")
    assert np.array_equal(mask.data[0] == 1, disc(20, 20))
    do("fill_holes")
    assert "no holes" in heard[-1]
    do("grow")
    assert mask.data[0][20, 29]
    do("undo")
    do("undo")
    assert np.array_equal(mask.data[0], before)


def test_a_mask_that_is_being_predicted_is_tidied_once_it_is_there(
    controller, predictor, do, finish, qapp
):
    positive, negative, mask = layers(controller)
    predictor.gate.clear()
    positive.add((0, 20, 20))
    negative.add((0, 20, 20.4))
    for _ in range(3):
        controller.tidying.tidy("grow")
    controller.tidying.tidy("fill_holes")
    qapp.processEvents()
    assert controller.tidying.busy and not mask.data.any()
    predictor.gate.set()
    finish()
    do("undo")
    do("redo")
    assert mask.data[0][20, 20] and mask.data[0][20, 31] and not mask.data[0][20, 32]
    controller.tidying.tidy("grow")
    do("undo")
    assert not controller.tidying.busy and not mask.data[0][20, 20]


def test_a_mask_that_cannot_be_predicted_is_not_waited_for(controller, qapp):
    told = []
    controller.notice.connect(told.append)
    controller.viewer.layers.remove(controller.image)
    layers(controller)[0].add((0, 20, 20))
    controller.tidying.tidy("grow")
    qapp.processEvents()
    assert not controller.tidying.busy
    assert told[-1] == "Not tidied: the mask waits for a prediction"


def test_a_prediction_that_fails_holds_up_no_other_mask(controller, predictor, finish, qapp):
    told = []
    controller.notice.connect(told.append)
    ring = disc(40, 40, 9) & ~disc(40, 40, 2)
    session = controller.workspace.session
    session.set_mask((0,), 2, ring)
    controller.show_written(controller.workspace, (0,), 2)
    predictor.error = OSError("the disk is gone")
    layers(controller)[0].add((0, 20, 20))
    finish()
    controller.tidying.tidy("grow")
    controller.select_object(2)
    controller.tidying.tidy("fill_holes")
    finish()
    assert "Not tidied: the mask waits for a prediction" in told
    assert session.record((0,), 2).mask.area == np.count_nonzero(disc(40, 40, 9))


def test_specks_are_as_large_as_the_user_says(controller, do, settle):
    positive, _, mask = layers(controller)
    positive.add((0, 20, 20))
    settle(controller)
    mask.data[0, 50:53, 70:73] = 1
    mask.events.paint(value=[])
    settle(controller)
    controller.tidying.speck = 8
    do("remove_specks")
    assert mask.data[0, 51, 71]
    controller.tidying.speck = 9
    do("remove_specks")
    assert not mask.data[0, 51, 71] and mask.data[0, 20, 20]


def test_objects_are_gone_through_and_their_slice_is_shown(controller, do, settle, viewer):
    positive, _, _ = layers(controller)
    positive.add((0, 20, 20))
    do("next_object")
    positive.add((4, 20, 60))
    settle(controller)
    assert controller.workspace.frame == (0,)
    do("earlier_object")
    assert (controller.label, controller.workspace.frame) == (1, (0,))
    do("later_object")
    assert (controller.label, controller.workspace.frame) == (2, (4,))
    do("later_object")
    assert (controller.label, controller.workspace.frame) == (1, (0,))
    do("next_slice")
    assert controller.workspace.frame == (4,)
    do("previous_slice")
    assert controller.workspace.frame == (0,)


def test_a_mask_is_copied_to_the_next_slice_as_what_its_clicks_start_from(
    controller, do, settle, predictor, notices
):
    positive, _, mask = layers(controller)
    heard = notices(controller)
    do("copy_to_next")
    assert "no mask here to copy" in heard[-1]
    positive.add((0, 20, 20))
    settle(controller)
    do("copy_to_next")
    session = controller.workspace.session
    assert controller.workspace.frame == (1,) and session.state((1,), 1) is State.AUTOMATIC
    assert np.array_equal(mask.data[1], mask.data[0]) and not len(session.clicks((1,), 1))
    positive.add((1, 20, 30))
    settle(controller)
    assert np.array_equal(mask.data[1] == 1, disc(20, 20) | disc(20, 30))
    # What the user has corrected is not copied over.
    do("copy_to_previous")
    assert controller.workspace.frame == (0,) and "corrected here already" in heard[-1]
    assert np.array_equal(mask.data[0] == 1, disc(20, 20))
    do("undo")
    assert controller.workspace.frame == (1,)
    do("undo")
    assert not mask.data[1].any()


def test_there_is_no_slice_beyond_the_last(controller, do, settle, notices, viewer):
    positive, _, _ = layers(controller)
    heard = notices(controller)
    viewer.dims.set_point(0, 5)
    positive.add((5, 20, 20))
    settle(controller)
    do("copy_to_next")
    assert "no slice beside" in heard[-1]
    do("next_slice")
    assert "No slice after" in heard[-1]


def test_dots_whose_layer_was_hidden_are_shown_again(controller, do, settle):
    """napari keeps the view of a hidden layer, with dots that are gone by now."""
    positive, _, _ = layers(controller)
    positive.data = [(0, 20, 20), (0, 20, 30), (0, 20, 40)]
    settle(controller)
    positive.visible = False
    do("undo")
    assert len(positive.data) < 3
    do("toggle_points")
    do("toggle_points")
    assert positive.visible and positive.opacity == 1


def test_clicks_are_hidden_and_clicking_goes_on(controller, do, settle):
    positive, negative, mask = layers(controller)
    positive.add((0, 20, 20))
    do("toggle_points")
    assert positive.opacity == negative.opacity == 0 and not controller.display.clicks_shown
    assert positive.mode == "add"
    do("toggle_points")
    assert positive.opacity == negative.opacity == 1 and controller.display.clicks_shown
    do("toggle_mask")
    assert not mask.visible
    do("toggle_mask")
    do("toggle_contour")
    assert mask.contour and controller.display.outlines_only
    do("toggle_contour")
    assert not mask.contour
    for name, expected in (("more_opaque", 1.0), ("less_opaque", 0.1)):
        for _ in range(12):
            do(name)
        assert mask.opacity == pytest.approx(expected)


def pick_at(mask, label):
    """What napari's own pick mode does on a click on an object."""
    mask.selected_label = label
    for callback in list(mask.mouse_drag_callbacks):
        if callback.__name__ == "_watch":
            list(callback(mask, None))


def test_an_object_is_picked_in_the_image(controller, do, settle, viewer, notices):
    positive, negative, mask = layers(controller)
    heard = notices(controller)
    positive.add((0, 20, 20))
    do("next_object")
    positive.add((0, 20, 60))
    settle(controller)
    controller.choose_sign(False)
    mask.visible = False
    do("pick")
    assert controller.picking.active and mask.mode == "pick" and mask.visible
    assert "Click on an object" in next_step(controller)
    pick_at(mask, 1)
    assert controller.label == 1 and not controller.picking.active and not mask.visible
    assert viewer.layers.selection.active is negative and negative.mode == "add"
    do("pick")
    pick_at(mask, 0)
    assert controller.label == 1 and "no object" in heard[-1] and mask.selected_label == 1
    do("pick")
    do("pick")
    assert not controller.picking.active and negative.mode == "add"
    do("pick")
    controller.choose_sign(True)
    assert not controller.picking.active
    do("pick")
    assert controller.picking.active


def test_keys_are_there_only_while_a_dock_is_open(controller, viewer):
    assert {coerce_keybinding(a.key) for a in ACTIONS.values() if a.key} <= set(viewer.keymap)
    controller.detach()
    assert not viewer.keymap


def test_an_object_is_named_and_that_can_be_undone(controller, do, settle):
    positive, _, _ = layers(controller)
    positive.add((0, 20, 20))
    settle(controller)
    controller.rename_object(1, "cell")
    assert controller.objects()[0].title == "1 · cell"
    do("undo")
    assert controller.objects()[0].title == "1"
    do("redo")
    assert controller.objects()[0].name == "cell"
