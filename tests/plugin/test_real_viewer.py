"""The main job in a real window, with real mouse and key events."""

import json
import time
from importlib.resources import files

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QScrollArea, QToolButton
from skimage import data

from napari_itis.plugin.key_list import KeyList
from napari_itis.plugin.predictors import MISFIT, make_predictor

from .conftest import FakePredictor
from .real_viewer import CONTROL, RIGHT, SHIFT, Person


def shipped():
    index = files("napari_itis") / "network" / "pretrained" / "weights.json"
    return bool(json.loads(index.read_text("utf-8")))


def photos():
    """Two photos as a (t, y, x) colour stack."""
    stack = np.stack([data.coffee()[:300, 100:500], data.chelsea()[:300, :400]])
    return [(stack, {"rgb": True, "name": "photos"}, "image")]


# One window at a time: two that are drawn in turn upset Mesa when one of them closes.
@pytest.fixture(scope="module", params=["fake", "shipped"])
def person(qapp, request):
    """A viewer with the fake network, and one with the weights that ship."""
    if request.param == "shipped" and not shipped():
        pytest.skip("no weights are shipped yet")
    someone = Person(photos(), FakePredictor if request.param == "fake" else make_predictor)
    yield someone
    someone.close()


faked = pytest.mark.parametrize("person", ["fake"], indirect=True)


def near(layer, y, x):
    return np.abs(layer.data[:, -2:] - (y, x)).max(axis=1).min() < 1.5


def test_a_photo_is_annotated_with_mouse_and_keys(person):
    mask, positive = person.mask, person.positive
    start, session = person.controller.label, person.controller.workspace.session

    # Click: the object is there at the click, and not everywhere.
    person.click(150, 170)
    assert person.wait() == 1
    assert near(positive, 150, 170)
    assert mask[0, 150, 170] == start and 0 < (mask[0] == start).mean() < 0.9
    assert not mask[1].any()

    # The right button takes away, from the positive layer too.
    one = mask[0].copy()
    person.click(150, 176, RIGHT)
    assert person.wait() == 1
    assert len(person.negative.data) == 1 and len(positive.data) == 1
    assert mask[0, 150, 176] != start

    # Undo and redo bring back every pixel and ask the network nothing.
    two = mask[0].copy()
    person.key(Qt.Key.Key_Z, CONTROL)
    assert person.wait() == 0
    assert np.array_equal(mask[0], one) and len(person.negative.data) == 0
    person.key(Qt.Key.Key_Z, CONTROL | SHIFT)
    assert person.wait() == 0
    assert np.array_equal(mask[0], two)
    person.key(Qt.Key.Key_Z, CONTROL)

    # Drag: the mask follows from where the click is now.
    person.key(Qt.Key.Key_3)
    assert positive.mode == "select"
    person.drag((150, 170), (60, 60))
    assert person.wait() == 1
    assert len(positive.data) == 1 and near(positive, 60, 60)
    assert mask[0, 60, 60] == start
    dragged = mask[0].copy()

    # Delete: a second click and its mask go away again.
    person.key(Qt.Key.Key_2)
    person.click(200, 300)
    assert person.wait() == 1
    assert mask[0, 200, 300] == start
    person.key(Qt.Key.Key_3)
    person.click(200, 300)
    person.key(Qt.Key.Key_Delete)
    assert person.wait() <= 1
    assert len(positive.data) == 1
    assert np.array_equal(mask[0], dragged)
    person.key(Qt.Key.Key_Z, CONTROL)
    assert len(positive.data) == 2 and mask[0, 200, 300] == start
    person.key(Qt.Key.Key_Z, CONTROL | SHIFT)
    assert np.array_equal(mask[0], dragged)

    # Next object: its own clicks, and not a pixel of the first one.
    person.key(Qt.Key.Key_N)
    assert person.controller.label == start + 1 and len(positive.data) == 0
    person.click(210, 250)
    assert person.wait() == 1
    assert mask[0, 210, 250] in (start, start + 1)
    assert np.array_equal(mask[0] == start, dragged == start)

    # Slider: the other slice has its own clicks; back again, everything is as it was.
    first = mask[0].copy()
    person.key(Qt.Key.Key_Right)
    assert person.controller.workspace.frame == (1,)
    person.click(150, 200)
    assert person.wait() == 1
    assert mask[1, 150, 200] == start + 1
    assert np.array_equal(mask[0], first)
    person.key(Qt.Key.Key_Left)
    assert person.controller.workspace.frame == (0,)
    assert np.array_equal(mask[0], first)
    assert [len(session.clicks(frame, start + 1)) for frame in [(0,), (1,)]] == [1, 1]


def test_two_quick_clicks_on_different_objects_are_both_right(person):
    person.key(Qt.Key.Key_N)
    labels = []
    for y, x in [(40, 350), (270, 40)]:
        labels.append(person.controller.label)
        person.click(y, x)
        person.key(Qt.Key.Key_N)
    assert person.wait() == 2
    session = person.controller.workspace.session
    for label, (y, x) in zip(labels, [(40, 350), (270, 40)]):
        (click,) = session.clicks((0,), label)
        assert abs(click.y - y) < 1.5 and abs(click.x - x) < 1.5
        record = session.record((0,), label)
        assert record.fresh and click.pixel in record.mask


@faked
def test_control_and_left_is_a_negative_click(person):
    person.controller.next_object()
    before = len(person.negative.data)
    person.click(100, 100, modifier=CONTROL)
    person.wait()
    assert len(person.negative.data) == before + 1
    person.controller.clear()


@faked
def test_a_stroke_with_the_brush_is_one_undo_step(person):
    person.controller.next_object()
    layer = person.controller.workspace.layers.mask
    before = layer.data[0].copy()
    person.viewer.layers.selection.active = layer
    layer.mode = "paint"
    layer.brush_size = 8
    person.drag((20, 150), (20, 250))
    person.wait()
    assert (layer.data[0, 20, 155:245] == person.controller.label).all()
    person.key(Qt.Key.Key_Z, CONTROL)
    assert np.array_equal(layer.data[0], before)
    person.controller.choose_sign(True)


@faked
def test_an_outline_of_the_brush_counts_when_it_is_closed_and_not_when_it_is_given_up(person):
    """napari 0.9: a right click of the brush begins an outline, which is filled when it closes."""
    controller, layer = person.controller, person.controller.workspace.layers.mask
    session = controller.workspace.session
    controller.next_object()
    person.viewer.layers.selection.active = layer
    layer.mode, layer.brush_size = "paint", 4
    shown = layer.data[0].copy()
    corners = [(100, 100), (100, 160), (160, 160), (160, 100)]

    def outline(*places):
        person.click(*corners[0], RIGHT)
        person.wait()
        for place in places:
            QTest.mouseMove(person.canvas.native, person.place(*place))
            person.process()

    outline(*corners[1:3])
    assert (layer.data[0] != shown).any() and np.array_equal(session.compose((0,)), shown)
    person.key(Qt.Key.Key_Escape)
    person.wait()
    assert np.array_equal(layer.data[0], shown)
    assert np.array_equal(session.compose((0,)), shown)

    # What happens meanwhile is drawn when the stroke has come to its end.
    outline(corners[1])
    controller.next_object()
    controller.undo()
    for place in (*corners[2:], corners[0]):
        QTest.mouseMove(person.canvas.native, person.place(*place))
        person.process()
    person.wait()
    label = controller.workspace.label
    assert layer.data[0, 130, 130] == label
    assert np.array_equal(layer.data[0], session.compose((0,)))
    controller.undo()
    person.wait()
    assert np.array_equal(layer.data[0], shown)
    layer.mode = "pan_zoom"


@faked
def test_the_widget_shows_what_there_is_and_its_buttons_work(person):
    widget, controller = person.widget, person.controller
    controller.next_object()
    person.process()
    table = widget._objects
    rows = table.model().rowCount()
    assert rows == len(controller.objects())
    widget._negative.click()
    assert person.viewer.layers.selection.active is person.negative
    widget._positive.click()
    person.click(250, 350)
    person.wait()
    assert "last click" in widget._status.text() and "CPU · fake" in widget._status.text()
    widget._buttons["next_object"].click()
    person.process()
    assert table.model().rowCount() == rows + 1
    table.selectRow(0)
    assert controller.label == table.label_at(0)
    assert len(person.positive.data) == controller.objects()[0].clicks
    widget._display.buttons["toggle_mask"].click()
    assert not controller.workspace.layers.mask.visible
    person.key(Qt.Key.Key_H)
    assert controller.workspace.layers.mask.visible
    assert person.viewer.layers.selection.active is person.positive
    person.key(Qt.Key.Key_T)
    assert person.viewer.layers.selection.active is person.negative


@faked
def test_no_section_of_the_dock_pushes_the_window_off_a_small_screen(person):
    widget = person.widget
    areas = widget.findChildren(QScrollArea)
    (area,) = (one for one in areas if one.isAncestorOf(widget._sections))
    bar, margins = area.verticalScrollBar().sizeHint().width(), 20
    for part in (widget._view, *widget._view._three):
        part.show()
    assert widget._view.layout().minimumSize().width() + bar + margins <= widget.minimumWidth()
    for title in widget._sections.findChildren(QToolButton, "itisSection"):
        title.click()
        person.process()
        # A laptop's screen, less what napari needs above and below.
        assert widget.minimumSizeHint().height() < 400
        assert area.widget().minimumSizeHint().width() + bar <= widget.minimumWidth()
        assert widget._status.isVisible() and not area.isAncestorOf(widget._status)
        title.setChecked(False)
    widget.refresh()


@faked
def test_long_names_of_images_can_be_read_in_full_in_the_list(person):
    images = person.widget._images
    shown = [images.itemData(row, Qt.ItemDataRole.ToolTipRole) for row in range(images.count())]
    assert shown and shown == [images.itemText(row) for row in range(images.count())]


@faked
def test_every_key_has_a_button_that_says_so(person):
    from qtpy.QtWidgets import QPushButton

    from napari_itis.plugin.actions import ACTIONS

    buttons = person.widget.findChildren(QPushButton)
    tips = {button.toolTip() for button in buttons}
    for action in ACTIONS.values():
        key = f" ({action.readable_key})"
        assert not action.key or any(tip.endswith(key) for tip in tips), action.text
    person.key(Qt.Key.Key_F1)
    (window,) = person.widget.findChildren(KeyList)
    assert window.isVisible() and not window.isModal()
    window.close()


@faked
def test_an_object_is_picked_with_the_mouse_and_tidied_with_a_key(person):
    controller = person.controller
    controller.choose_sign(True)
    for y in (60, 100):
        controller.next_object()
        person.click(y, 100)
        person.wait()
    other, label = controller.label, controller.label - 1
    clicks = [info.clicks for info in controller.objects()]
    person.key(Qt.Key.Key_I)
    person.click(60, 100)
    person.process()
    assert controller.label == label and controller.clicking
    assert [info.clicks for info in controller.objects()] == clicks
    person.key(Qt.Key.Key_J)
    assert controller.label == other
    before = np.count_nonzero(person.mask == other)
    person.key(Qt.Key.Key_0)
    while controller.tidying.busy:
        person.process()
    assert np.count_nonzero(person.mask == other) > before
    person.key(Qt.Key.Key_Z, CONTROL)
    assert np.count_nonzero(person.mask == other) == before


@faked
def test_keys_go_through_the_slices_and_take_the_mask_along(person):
    controller = person.controller
    controller.show_frame((0,))
    controller.next_object()
    controller.choose_sign(True)
    person.click(60, 300)
    person.wait()
    label = controller.label
    person.key(Qt.Key.Key_PageDown, SHIFT)
    assert controller.workspace.frame == (1,)
    assert np.array_equal(person.mask[1] == label, person.mask[0] == label)
    person.key(Qt.Key.Key_PageUp)
    assert controller.workspace.frame == (0,)
    person.key(Qt.Key.Key_PageDown)
    assert controller.workspace.frame == (1,)
    mask = controller.workspace.layers.mask
    before = mask.opacity
    person.key(Qt.Key.Key_Up, SHIFT)
    assert mask.opacity > before
    person.key(Qt.Key.Key_Down, SHIFT)
    person.key(Qt.Key.Key_Z, CONTROL)
    assert not (person.mask[1] == label).any() and mask.opacity == before
    controller.show_frame((0,))


@faked
def test_the_dock_is_closed_and_opened_again(person):
    dock = person.widget.parent()
    while not hasattr(dock, "isFloating"):
        dock = dock.parent()
    keys = dict(person.viewer.keymap)
    for _ in range(2):
        dock.close()
        person.process()
        assert not set(keys) & set(person.viewer.keymap)
        dock.show()
        person.process()
    assert set(person.viewer.keymap) == set(keys)
    person.controller.next_object()
    person.controller.choose_sign(True)
    person.click(120, 330)
    assert person.wait() == 1


@faked
def test_the_widget_made_anew_finds_everything(person):
    from napari_itis.plugin.segment_widget import SegmentWidget

    objects = person.controller.objects()
    person.viewer.window.remove_dock_widget(person.widget)
    person.process()
    person.widget = SegmentWidget(person.viewer)
    person.viewer.window.add_dock_widget(person.widget, name="ITIS again")
    person.process()
    assert person.widget.controller is person.controller
    assert person.controller.objects() == objects
    person.controller.next_object()
    person.click(60, 200)
    assert person.wait() == 1


@faked
def test_three_dimensions_are_said_to_be_no_place_for_clicks(person):
    person.viewer.dims.ndisplay = 3
    person.process()
    assert "2-D" in person.widget._hint.text()
    assert person.positive.mode == "pan_zoom"
    person.viewer.dims.ndisplay = 2
    person.controller.choose_sign(True)
    person.process()
    assert "2-D" not in person.widget._hint.text()


@faked
def test_a_removed_layer_is_offered_again_by_the_widget(person):
    # One layer only: napari 0.9.2 on Mesa crashes, without any plugin too, when a layer is added
    # after several were removed (napari #6472, vispy #1611). All of them: test_controller.py.
    mask = person.mask.copy()
    person.viewer.layers.remove(person.controller.workspace.layers.mask)
    person.process(30)
    assert person.widget._restore.isVisible()
    person.widget._restore.click()
    person.process()
    assert np.array_equal(person.mask, mask)
    assert not person.widget._restore.isVisible()


@faked
def test_a_network_that_is_gone_is_not_said_to_be_used(person):
    widget, worker = person.widget, person.controller.worker
    worker.unusable.emit("no such weights: gone")
    deadline = time.monotonic() + 10
    while "no such weights: gone" not in widget._status.text():
        assert time.monotonic() < deadline
        person.process()
    assert "fake" not in widget._status.text() and "Choose other weights" in widget._hint.text()
    worker.unusable.emit(MISFIT)
    while "start napari again" not in widget._hint.text():
        assert time.monotonic() < deadline
        person.process()
    assert MISFIT in widget._status.text()
    worker.ready.emit("cpu", "fake")
    person.wait()
