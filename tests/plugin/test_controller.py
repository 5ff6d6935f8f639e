"""Clicks, brush and scripts on a viewer without a window."""

from types import SimpleNamespace

import numpy as np
import pytest
from napari.components import ViewerModel

from .conftest import SHAPE, disc


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def photo(viewer):
    return viewer.add_image(np.zeros((*SHAPE, 3), np.uint8), rgb=True, name="photo")


@pytest.fixture
def controller(viewer, photo, make_controller, settle):
    controller = make_controller(viewer)
    controller.choose_image(photo)
    settle(controller)
    return controller


def layers(controller):
    own = controller.workspace.layers
    return own.positive, own.negative, own.mask


def test_the_layers_lie_where_the_image_lies(viewer, make_controller):
    image = viewer.add_image(
        np.zeros((5, *SHAPE), np.uint16),
        rgb=False,
        scale=(2, 0.5, 0.25),
        translate=(1, 2, 3),
        rotate=[[1, 0, 0], [0, 0, 1], [0, -1, 0]],
        units=("s", "um", "um"),
        axis_labels=("t", "y", "x"),
    )
    controller = make_controller(viewer)
    controller.choose_image(image)
    for layer in layers(controller):
        assert layer.ndim == 3
        for name in ("scale", "translate", "rotate", "shear"):
            assert np.allclose(getattr(layer, name), getattr(image, name))
        assert layer.units == image.units and layer.axis_labels == image.axis_labels
    assert layers(controller)[2].data.dtype == np.int32
    assert layers(controller)[2].data.shape == (5, *SHAPE)
    image.scale = (2, 1, 1)
    assert np.allclose(layers(controller)[0].scale, (2, 1, 1))
    assert viewer.layers.selection.active is layers(controller)[0]
    assert layers(controller)[0].mode == "add"


@pytest.mark.parametrize("way", ["add", "assign", "negative"])
def test_one_inference_per_change_whatever_caused_it(controller, predictor, settle, way):
    positive, negative, mask = layers(controller)
    if way == "add":
        positive.add((20, 20))
    elif way == "assign":
        positive.data = [[20, 20]]
    else:
        negative.add((20, 20))
    settle(controller)
    assert len(predictor.calls) == 1
    assert np.array_equal(mask.data == 1, disc(20, 20) & (way != "negative"))


def test_dragging_deleting_and_assigning_predict_from_the_remaining_clicks(
    controller, predictor, settle
):
    positive, negative, mask = layers(controller)
    positive.add((20, 20))
    negative.add((20, 24))
    positive.add((40, 60))
    settle(controller)
    predictor.calls.clear()
    # As napari drags: the point is selected, moved in place, and one event says so.
    positive.selected_data = {0}
    with positive.events.data.blocker():
        positive._move([0], (20, 20))
        positive._move([0], (25, 25))
    positive._move([0], (30, 30))
    positive._drag_start = None
    settle(controller)
    assert len(predictor.calls) == 1
    clicks, seen = predictor.calls[0]
    assert seen == 0 and [click.positive for click in clicks] == [True, False, True]
    positive.selected_data = {1}
    positive.remove_selected()
    settle(controller)
    assert len(predictor.calls) == 2
    moved = clicks[0]
    expected = disc(moved.y, moved.x) & ~disc(20, 24, 4)
    assert np.array_equal(mask.data == 1, expected)
    positive.data = np.empty((0, 2))
    settle(controller)
    assert not mask.data.any()


def test_order_of_the_clicks_is_kept_across_both_layers(controller, predictor, settle):
    positive, negative, _ = layers(controller)
    positive.add((20, 20))
    negative.add((20, 24))
    positive.add((20, 26))
    settle(controller)
    assert [click.positive for click in predictor.calls[-1][0]] == [True, False, True]
    controller.undo()
    controller.undo()
    assert len(positive.data) == 1 and len(negative.data) == 0
    controller.redo()
    assert len(positive.data) == 1 and len(negative.data) == 1


def test_points_that_fire_no_event_are_noticed(controller, predictor, settle):
    positive, _, mask = layers(controller)
    positive.add((20, 20))
    settle(controller)
    positive.selected_data = {0}
    positive._copy_data()
    positive._paste_data()
    settle(controller)
    assert len(controller.workspace.session.clicks((), 1)) == 2
    positive.data[0] = (40, 60)
    controller.next_object()
    settle(controller)
    assert mask.data[40, 60] == 1


def test_a_click_outside_the_image_goes_away_and_is_explained(
    controller, predictor, settle, notices
):
    heard = notices(controller)
    positive, _, _ = layers(controller)
    positive.add((-5, 20))
    positive.add((np.nan, 20))
    settle(controller)
    assert len(positive.data) == 0 and not predictor.calls
    assert heard == ["A click outside the image does not count"] * 2
    positive.add((20, 20))
    settle(controller)
    positive.data = [[200, 20]]
    settle(controller)
    assert np.array_equal(positive.data, [[20, 20]])


def test_two_quick_clicks_on_different_objects_are_both_answered(controller, predictor, settle):
    positive, _, mask = layers(controller)
    predictor.gate.clear()
    positive.add((20, 20))
    controller.next_object()
    positive.add((40, 60))
    predictor.gate.set()
    settle(controller)
    assert np.array_equal(mask.data, disc(20, 20) * 1 + disc(40, 60) * 2)
    assert len(predictor.calls) == 2


def test_quick_clicks_on_one_object_do_not_pile_up(controller, predictor, settle):
    positive, _, mask = layers(controller)
    predictor.gate.clear()
    for x in range(10, 70, 5):
        positive.add((30, x))
    predictor.gate.set()
    settle(controller)
    assert len(predictor.calls) <= 2
    assert mask.data[30, 65] == 1 and mask.data[30, 10] == 1


def test_undo_redo_and_clear_go_over_layers_and_masks(controller, predictor, settle):
    positive, negative, mask = layers(controller)
    positive.add((20, 20))
    settle(controller)
    negative.add((20, 20))
    settle(controller)
    assert np.array_equal(mask.data == 1, disc(20, 20) & ~disc(20, 20, 4))
    count = len(predictor.calls)
    controller.undo()
    assert np.array_equal(mask.data == 1, disc(20, 20)) and len(negative.data) == 0
    controller.clear()
    assert not mask.data.any() and len(positive.data) == 0
    controller.undo()
    controller.redo()
    controller.undo()
    controller.redo()
    controller.undo()
    settle(controller)
    assert np.array_equal(mask.data == 1, disc(20, 20)) and len(positive.data) == 1
    assert len(predictor.calls) == count


def test_objects_are_listed_and_gone_back_to_with_their_clicks(controller, settle):
    positive, _, mask = layers(controller)
    positive.add((20, 20))
    positive.add((24, 20))
    controller.next_object()
    positive.add((40, 60))
    settle(controller)
    first, second = controller.objects()
    assert (first.label, first.clicks, first.area) == (1, 2, (mask.data == 1).sum())
    assert (second.label, second.clicks, second.area) == (2, 1, (mask.data == 2).sum())
    assert first.color != second.color
    controller.select_object(1)
    assert np.array_equal(positive.data, [[20, 20], [24, 20]])
    assert mask.selected_label == 1
    positive.add((20, 30))
    settle(controller)
    assert mask.data[20, 34] == 1


def test_an_empty_object_is_not_left_behind(controller, notices, settle):
    heard = notices(controller)
    controller.next_object()
    assert controller.label == 1 and "click on it first" in heard[0]


def test_deleting_an_object_can_be_undone(controller, settle):
    positive, _, mask = layers(controller)
    positive.add((20, 20))
    controller.next_object()
    positive.add((40, 60))
    settle(controller)
    controller.delete_object()
    assert controller.label == 1 and not (mask.data == 2).any() and len(positive.data) == 1
    controller.undo()
    assert controller.label == 2 and np.array_equal(mask.data == 2, disc(40, 60))


def test_objects_meet_without_eating_each_other_unless_allowed(controller, settle, notices):
    heard = notices(controller)
    positive, _, mask = layers(controller)
    positive.add((20, 20))
    settle(controller)
    controller.next_object()
    positive.add((20, 26))
    settle(controller)
    assert np.array_equal(mask.data == 1, disc(20, 20))
    assert any("belongs to object 1" in text for text in heard)
    controller.allow_overwriting(True)
    assert np.array_equal(mask.data == 2, disc(20, 26))
    controller.allow_overwriting(False)
    assert np.array_equal(mask.data == 1, disc(20, 20))


def test_what_the_brush_painted_stays_when_the_next_click_comes(controller, settle):
    positive, _, mask = layers(controller)
    positive.add((20, 20))
    settle(controller)
    mask.brush_size = 6
    mask.paint((50, 50), 1)
    settle(controller)
    mask.paint((20, 20), 0)
    settle(controller)
    assert mask.data[50, 50] == 1 and mask.data[20, 20] == 0
    positive.add((40, 20))
    settle(controller)
    assert mask.data[50, 50] == 1 and mask.data[20, 20] == 0 and mask.data[40, 20] == 1
    controller.undo()
    controller.undo()
    assert mask.data[50, 50] == 1 and mask.data[20, 20] == 1
    controller.undo()
    assert np.array_equal(mask.data == 1, disc(20, 20))


def test_a_result_that_arrives_during_a_stroke_waits_for_its_end(controller, predictor, settle):
    positive, _, mask = layers(controller)
    predictor.gate.clear()
    positive.add((20, 20))
    mask.mode = "paint"
    event = SimpleNamespace(type="mouse_press")
    stroke = controller._events._watch_stroke(mask, event)
    next(stroke)
    mask.data[50, 50] = 1
    predictor.gate.set()
    settle(controller)
    assert mask.data[20, 20] == 0
    event.type = "mouse_release"
    next(stroke, None)
    settle(controller)
    assert np.array_equal(mask.data == 1, disc(20, 20) | disc(50, 50, 0))
    controller.undo()
    assert np.array_equal(mask.data == 1, disc(20, 20))


def test_a_script_may_replace_the_whole_mask(controller, settle, notices):
    heard = notices(controller)
    positive, _, mask = layers(controller)
    theirs = disc(30, 30).astype(np.uint8) * 3
    mask.data = theirs
    settle(controller)
    assert controller.workspace.session.objects() == [3]
    controller.select_object(3)
    positive.add((30, 60))
    settle(controller)
    assert mask.data.dtype == np.int32
    assert np.array_equal(mask.data == 3, disc(30, 30) | disc(30, 60))
    assert theirs[30, 60] == 0
    mask.data = np.zeros((3, 4), np.int32)
    assert np.array_equal(mask.data == 3, disc(30, 30) | disc(30, 60)) and "pixels" in heard[-1]


def test_picking_a_label_goes_to_its_object(controller, settle):
    positive, _, mask = layers(controller)
    positive.add((20, 20))
    controller.next_object()
    positive.add((40, 60))
    settle(controller)
    mask.selected_label = 1
    assert controller.label == 1 and np.array_equal(positive.data, [[20, 20]])


@pytest.mark.parametrize("axes", [(4,), (3, 4)])
def test_clicks_belong_to_their_slice(viewer, make_controller, settle, axes):
    scale = (3.0,) * len(axes) + (0.5, 0.5)
    image = viewer.add_image(np.zeros((*axes, *SHAPE), np.uint8), rgb=False, scale=scale)
    controller = make_controller(viewer)
    controller.choose_image(image)
    positive, _, mask = layers(controller)
    last = tuple(size - 1 for size in axes)
    viewer.dims.current_step = (*last, 0, 0)
    positive.add((*last, 20, 20))
    settle(controller)
    first = (0,) * len(axes)
    viewer.dims.current_step = (*first, 0, 0)
    assert controller.workspace.frame == first
    assert controller.objects()[0].area == 0
    positive.add((*first, 40, 60))
    positive.add((*last, 20, 40))
    settle(controller)
    assert np.array_equal(mask.data[last] == 1, disc(20, 20) | disc(20, 40))
    assert np.array_equal(mask.data[first] == 1, disc(40, 60))
    assert not mask.data[(1, *first[1:])].any()
    assert controller.objects()[0].area == disc(40, 60).sum()
    assert len(controller.objects()[0].frames) == 2
    controller.undo()
    assert controller.workspace.frame == last
    assert viewer.dims.current_step[: len(axes)] == last


def test_a_click_on_a_slice_that_does_not_exist_is_refused(viewer, make_controller, settle):
    image = viewer.add_image(np.zeros((3, *SHAPE)), rgb=False)
    controller = make_controller(viewer)
    controller.choose_image(image)
    positive, _, mask = layers(controller)
    positive.add((3, 20, 20))
    settle(controller)
    assert len(positive.data) == 0 and not mask.data.any()


def test_the_brush_through_the_stack_is_one_step(viewer, make_controller, settle):
    image = viewer.add_image(np.zeros((5, *SHAPE)), rgb=False)
    controller = make_controller(viewer)
    controller.choose_image(image)
    mask = layers(controller)[2]
    mask.n_edit_dimensions = 3
    mask.brush_size = 5
    mask.paint((2, 20, 20), 1)
    settle(controller)
    assert len(controller.workspace.session.frames(1)) > 1
    controller.undo()
    assert not mask.data.any()


@pytest.mark.parametrize("name", ["positive", "negative", "mask"])
def test_a_removed_layer_loses_nothing(viewer, controller, settle, notices, name):
    heard = notices(controller)
    positive, negative, _ = layers(controller)
    positive.add((20, 20))
    negative.add((20, 24))
    settle(controller)
    before = layers(controller)[2].data.copy()
    viewer.layers.remove(getattr(controller.workspace.layers, name))
    assert controller.missing_layers and name in heard[-1]
    controller.changed.emit()
    controller.objects()
    controller.restore_layers()
    assert not controller.missing_layers
    positive, negative, mask = layers(controller)
    assert np.array_equal(positive.data, [[20, 20]])
    assert np.array_equal(negative.data, [[20, 24]])
    assert np.array_equal(mask.data, before)
    positive.add((40, 60))
    settle(controller)
    assert mask.data[40, 60] == 1
    order = [viewer.layers.index(layer) for layer in (mask, negative, positive)]
    assert order == sorted(order)


def test_clicks_go_on_while_the_mask_layer_is_away(viewer, controller, settle):
    positive, _, mask = layers(controller)
    viewer.layers.remove(mask)
    positive.add((20, 20))
    settle(controller)
    controller.next_object()
    assert np.array_equal(layers(controller)[2].data == 1, disc(20, 20)) or (
        controller.missing_layers
    )
    controller.restore_layers()
    assert np.array_equal(layers(controller)[2].data == 1, disc(20, 20))


def test_a_layer_that_is_put_back_is_used_again(viewer, controller, settle):
    positive, _, _ = layers(controller)
    viewer.layers.remove(positive)
    viewer.layers.append(positive)
    assert not controller.missing_layers
    positive.add((20, 20))
    settle(controller)
    assert layers(controller)[2].data[20, 20] == 1


def test_names_and_order_of_the_layers_do_not_matter(viewer, controller, settle):
    positive, _, mask = layers(controller)
    positive.name, mask.name = "mask", "something"
    viewer.layers.move(viewer.layers.index(positive), 0)
    positive.add((20, 20))
    settle(controller)
    assert mask.data[20, 20] == 1


def test_another_image_has_its_own_objects_and_the_first_ones_come_back(
    viewer, controller, photo, settle
):
    positive, _, mask = layers(controller)
    positive.add((20, 20))
    settle(controller)
    other = viewer.add_image(np.zeros((30, 40), np.uint16), rgb=False, name="other")
    controller.choose_image(other)
    assert controller.objects()[0].clicks == 0
    assert not positive.visible and not mask.visible
    layers(controller)[0].add((10, 10))
    settle(controller)
    assert layers(controller)[2].data.shape == (30, 40)
    controller.choose_image(photo)
    assert layers(controller) == (positive, controller.workspace.layers.negative, mask)
    assert positive.visible and mask.visible
    assert controller.objects()[0].clicks == 1
    positive.add((40, 60))
    settle(controller)
    assert np.array_equal(mask.data == 1, disc(20, 20) | disc(40, 60))


def test_an_image_that_is_removed_and_opened_again_keeps_its_objects(
    viewer, controller, photo, settle, notices
):
    heard = notices(controller)
    layers(controller)[0].add((20, 20))
    settle(controller)
    viewer.layers.remove(photo)
    assert controller.image is None and "image was removed" in heard[-1]
    layers(controller)[0].add((40, 60))
    settle(controller)
    again = viewer.add_image(np.zeros((*SHAPE, 3), np.uint8), rgb=True, name="photo")
    settle(controller)
    assert controller.image is again
    assert viewer.layers.index(again) == 0  # below what was clicked on it
    assert np.array_equal(layers(controller)[2].data == 1, disc(20, 20) | disc(40, 60))


def test_an_image_of_other_pixels_gets_objects_of_its_own(viewer, controller, photo, settle):
    """Arrays that a script adds one after the other are all called "Image"."""
    layers(controller)[0].add((20, 20))
    settle(controller)
    first = controller.workspace
    viewer.layers.clear()
    other = viewer.add_image(np.full((*SHAPE, 3), 9, np.uint8), rgb=True, name="photo")
    settle(controller)
    assert controller.image is other and controller.workspace is not first
    assert [info.clicks for info in controller.objects()] == [0]
    assert first in controller.workspaces and first.session.clicks((), 1)


def test_an_image_that_came_while_the_dock_was_closed_is_annotated(viewer, controller, settle):
    """A video dock, which has no list of images, stayed with one that was gone."""
    controller.detach()
    viewer.layers.clear()
    other = viewer.add_image(np.zeros((30, 30, 3), np.uint8), rgb=True, name="other")
    controller.attach()
    settle(controller)
    assert controller.image is other and controller.clicking


def test_an_image_that_is_chosen_is_to_be_seen(viewer, controller, photo, settle):
    """Clicks went to an image below another one, unseen."""
    other = viewer.add_image(np.zeros((*SHAPE, 3), np.uint8), rgb=True, name="other")
    controller.choose_image(other)
    controller.choose_image(photo)
    places = [viewer.layers.index(layer) for layer in (other, photo, *layers(controller))]
    assert places[0] < places[1] < min(places[2:])
    light = viewer.add_image(np.zeros(SHAPE), rgb=False, name="light", blending="additive")
    controller.choose_image(light)
    controller.choose_image(photo)
    assert viewer.layers.index(light) > viewer.layers.index(photo)


def test_a_renamed_image_that_gets_new_pixels_keeps_its_objects(controller, photo, settle, notices):
    heard = notices(controller)
    layers(controller)[0].add((20, 20))
    settle(controller)
    photo.name = "filtered"
    photo.data = photo.data + 1
    settle(controller)
    assert heard[-1] == "filtered has new pixels: its objects stay as they are"
    assert [info.clicks for info in controller.objects()] == [1] and controller.can_undo


def test_objects_of_an_image_that_gets_another_size_wait_for_the_old_one(
    viewer, controller, photo, settle, notices
):
    heard = notices(controller)
    layers(controller)[0].add((20, 20))
    settle(controller)
    first, whole = controller.workspace, photo.data
    photo.data = whole[:40]
    settle(controller)
    assert "another size" in heard[-1] and controller.workspace.session.shape == (40, SHAPE[1])
    assert [info.clicks for info in controller.objects()] == [0]
    assert first in controller.workspaces
    layers(controller)[0].add((10, 10))
    settle(controller)
    photo.data = whole
    settle(controller)
    assert controller.workspace is first and controller.can_undo
    assert np.array_equal(layers(controller)[2].data == 1, disc(20, 20))


def test_everything_removed_at_once_is_no_error(viewer, controller, settle):
    layers(controller)[0].add((20, 20))
    viewer.layers.clear()
    settle(controller)
    controller.undo()
    controller.next_object()
    controller.choose_sign(False)
    controller.clear()


def test_detached_nothing_reacts_and_attached_again_nothing_is_lost(
    viewer, controller, predictor, settle
):
    positive, _, mask = layers(controller)
    positive.add((20, 20))
    settle(controller)
    for _ in range(3):
        controller.detach()
        controller.detach()
        controller.attach()
        controller.attach()
    predictor.calls.clear()
    positive.add((40, 60))
    settle(controller)
    assert len(predictor.calls) == 1
    controller.detach()
    positive.add((40, 20))
    mask.data[55, 5] = 1
    assert len(predictor.calls) == 1
    controller.attach()
    settle(controller)
    assert len(predictor.calls) == 2
    assert mask.data[40, 20] == 1 and mask.data[55, 5] == 1
    viewer.layers.remove(positive)
    controller.detach()
    controller.attach()
    assert len(layers(controller)[0].data) == 3


@pytest.fixture
def stacked(viewer, make_controller, settle):
    """The controller of a stack of three slices, with an object on the first one."""
    stack = viewer.add_image(np.zeros((3, *SHAPE), np.uint8), rgb=False, name="stack")
    controller = make_controller(viewer)
    controller.choose_image(stack)
    viewer.dims.set_current_step(0, 0)
    layers(controller)[0].add((0, 20, 20))
    settle(controller)
    return controller


def test_what_is_painted_on_several_slices_while_the_dock_is_closed_counts(viewer, stacked, settle):
    mask = layers(stacked)[2]
    stacked.detach()
    mask.selected_label = 1
    for frame in range(3):
        viewer.dims.set_current_step(0, frame)
        mask.paint((frame, 50, 60), 1)
    stacked.attach()
    settle(stacked)
    session = stacked.workspace.session
    for frame in range(3):
        assert session.compose((frame,))[50, 60] == 1
        assert np.array_equal(mask.data[frame], session.compose((frame,)))


def test_a_stroke_in_another_view_counts_on_every_slice_that_it_crosses(viewer, stacked, settle):
    mask = layers(stacked)[2]
    viewer.dims.order = (1, 0, 2)
    mask.selected_label, mask.n_edit_dimensions = 1, 2
    mask.paint((1, 50, 60), 1)
    settle(stacked)
    for frame in range(3):
        drawn = stacked.workspace.session.compose((frame,))
        assert drawn[50, 60] == 1 and drawn[48, 60] == 0
        assert np.array_equal(mask.data[frame], drawn)


def test_naparis_own_undo_reaches_no_stroke_from_before_the_dock_was_closed(
    viewer, stacked, settle
):
    mask = layers(stacked)[2]
    mask.paint((0, 50, 60), 1)
    settle(stacked)
    stacked.detach()
    viewer.dims.set_current_step(0, 1)
    mask.undo()
    stacked.attach()
    settle(stacked)
    assert stacked.workspace.session.compose((0,))[50, 60] == 1
    assert np.array_equal(mask.data[0], stacked.workspace.session.compose((0,)))


def test_masks_given_to_the_layer_while_the_dock_is_closed_count_on_every_slice(stacked, settle):
    mask = layers(stacked)[2]
    stacked.detach()
    theirs = np.zeros_like(mask.data)
    theirs[1, 5:9, 5:9] = 2
    mask.data = theirs
    stacked.attach()
    settle(stacked)
    assert np.array_equal(stacked.workspace.session.compose((1,)), theirs[1])
    assert np.array_equal(mask.data, theirs)
    mask.paint((1, 50, 60), 1)
    assert theirs[1, 50, 60] == 0


def test_the_slice_on_screen_is_annotated_after_the_image_was_moved(viewer, stacked):
    viewer.dims.set_point(0, 2)
    assert stacked.workspace.frame == (2,)
    stacked.image.scale = (2, 1, 1)
    assert stacked.workspace.frame == (1,)
    stacked.image.translate = (2, 0, 0)
    assert stacked.workspace.frame == (0,)


@pytest.mark.parametrize("place", [0.4, 0.5, 0.6, 1.5])
def test_between_two_slices_the_one_on_screen_is_annotated(viewer, stacked, place):
    viewer.dims.set_point(0, place)
    mask = layers(stacked)[2]
    mask.data[stacked.workspace.frame] = 7
    mask.refresh()
    assert (mask._slice.image.raw == 7).all()


def test_the_layers_follow_an_image_that_was_moved_while_the_dock_was_closed(stacked):
    image = stacked.image
    stacked.detach()
    image.scale = (3, 2, 2)
    stacked.attach()
    for layer in layers(stacked):
        assert np.allclose(layer.scale, (3, 2, 2))


def test_keys_are_put_back(viewer, photo, make_controller):
    from napari.utils.key_bindings import coerce_keybinding

    def theirs(_viewer):
        pass

    viewer.bind_key("N", theirs)
    before = dict(viewer.keymap)
    controller = make_controller(viewer)
    assert viewer.keymap[coerce_keybinding("N")] is not theirs
    controller.detach()
    assert viewer.keymap == before
    controller.attach()
    controller.close()
    assert viewer.keymap == before


def test_keys_are_free_of_naparis_own(viewer, controller):
    from napari.utils.action_manager import action_manager
    from napari.utils.shortcuts import default_shortcuts

    assert action_manager
    taken = {
        str(binding)
        for name, bindings in default_shortcuts.items()
        for binding in bindings
        if not any(shape in name for shape in ("shapes", "add_", "vertex"))
    }
    assert not {str(key) for key in viewer.keymap} & taken


def test_two_viewers_are_independent(viewer, controller, make_controller, settle):
    other = ViewerModel()
    image = other.add_image(np.zeros(SHAPE), rgb=False)
    second = make_controller(other)
    second.choose_image(image)
    layers(controller)[0].add((20, 20))
    layers(second)[0].add((40, 60))
    settle(controller, second)
    assert np.array_equal(layers(controller)[2].data == 1, disc(20, 20))
    assert np.array_equal(layers(second)[2].data == 1, disc(40, 60))
    second.undo()
    assert layers(controller)[2].data.any() and not layers(second)[2].data.any()


def test_the_network_sees_the_contrast_of_the_layer(viewer, make_controller, predictor, settle):
    image = viewer.add_image(
        np.arange(4800, dtype=np.uint16).reshape(SHAPE), rgb=False, contrast_limits=(100, 900)
    )
    controller = make_controller(viewer)
    controller.choose_image(image)
    layers(controller)[0].add((20, 20))
    settle(controller)
    assert predictor.images[-1][1] == (100, 900)
    image.contrast_limits = (0, 4000)
    layers(controller)[0].add((40, 20))
    settle(controller)
    assert predictor.images[-1][1] == (0, 4000)
    assert predictor.images[0][2] != predictor.images[-1][2]


def test_lazy_and_multiscale_images_are_read_in_the_thread(
    viewer, make_controller, predictor, settle
):
    dask = pytest.importorskip("dask.array")
    import threading

    readers = set()

    def block(part):
        readers.add(threading.current_thread() is threading.main_thread())
        return part

    pyramid = [np.zeros((60, 80), np.uint8), np.zeros((30, 40), np.uint8)]
    image = viewer.add_image(pyramid, multiscale=True, rgb=False)
    controller = make_controller(viewer)
    controller.choose_image(image)
    layers(controller)[0].add((59, 79))
    settle(controller)
    assert layers(controller)[2].data[59, 79] == 1
    lazy = dask.from_array(np.zeros((3, *SHAPE)), chunks=(1, *SHAPE)).map_blocks(block)
    stack = viewer.add_image(lazy, rgb=False, contrast_limits=(0, 1))
    controller.choose_image(stack)
    readers.clear()
    layers(controller)[0].add((2, 20, 20))
    settle(controller)
    assert readers == {False}
    assert layers(controller)[2].data[2, 20, 20] == 1


def test_a_failed_prediction_is_told_and_the_next_click_works(
    controller, predictor, settle, notices
):
    heard = notices(controller)
    predictor.error = RuntimeError("out of luck\nand a long traceback")
    layers(controller)[0].add((20, 20))
    settle(controller)
    assert heard == ["Object 1 could not be predicted: out of luck"]
    predictor.error = None
    layers(controller)[0].add((40, 60))
    settle(controller)
    assert np.array_equal(layers(controller)[2].data == 1, disc(20, 20) | disc(40, 60))


def test_new_pixels_in_the_same_layer_are_seen(controller, photo, predictor, settle):
    layers(controller)[0].add((20, 20))
    settle(controller)
    photo.data = np.ones((*SHAPE, 3), np.uint8)
    layers(controller)[0].add((40, 20))
    settle(controller)
    assert predictor.images[-1][0].all()
    photo.data = np.ones((30, 40, 3), np.uint8)
    settle(controller)
    assert layers(controller)[2].data.shape == (30, 40)


@pytest.mark.parametrize("role", ["positive", "negative", "mask"])
def test_file_save_works_on_every_layer(controller, settle, tmp_path, role):
    from napari.plugins import _initialize_plugins

    _initialize_plugins()
    layers(controller)[0].add((20, 20))
    layers(controller)[1].add((40, 40))
    settle(controller)
    layer = getattr(controller.workspace.layers, role)
    path = tmp_path / ("layer.tif" if role == "mask" else "layer.csv")
    assert layer.save(str(path))
    assert path.exists()
