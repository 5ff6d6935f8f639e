"""The dock for videos, with real mouse, wheel and key events, and nothing behind it."""

import time
from operator import attrgetter
from types import SimpleNamespace

import napari
import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QFileDialog, QPushButton, QToolTip

from napari_itis.plugin.frame_axis import MARKER_HEIGHT
from napari_itis.plugin.frame_marks import Mark
from napari_itis.plugin.frame_strip import WORDS
from napari_itis.plugin.predictors import MISFIT
from napari_itis.plugin.progress import Progress
from napari_itis.plugin.save_button import SaveButton
from napari_itis.plugin.session_bar import SessionButton
from napari_itis.plugin.video_hints import next_step
from napari_itis.plugin.video_widget import VideoWidget

from .fake_video import FakeVideo

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def process():
    for _ in range(3):
        QApplication.processEvents()


@pytest.fixture
def show(qapp):
    """Shows widgets as wide as a dock, and closes them in the end."""
    shown = []

    def show(video, size=(300, 900)):
        widget = VideoWidget(ViewerModel(), video=video)
        widget.resize(*size)
        widget.show()
        process()
        shown.append(widget)
        return widget

    yield show
    for widget in shown:
        widget.close()
        widget.deleteLater()


def click(widget, frame):
    QTest.mouseClick(widget, LEFT, NONE, widget.place_of(frame))


def turn(widget, notches):
    place = QPointF(widget.rect().center())
    event = QWheelEvent(
        place,
        widget.mapToGlobal(place),
        QPoint(),
        QPoint(0, round(-120 * notches)),
        Qt.MouseButton.NoButton,
        NONE,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)


def pixels(widget):
    """What a widget looks like, (H, W, 3) in device pixels."""
    image = widget.grab().toImage().convertToFormat(widget.grab().toImage().Format.Format_RGB32)
    data = np.frombuffer(image.constBits().asstring(image.sizeInBytes()), np.uint8)
    return data.reshape(image.height(), -1, 4)[:, : image.width(), 2::-1].astype(int)


def column(widget, frame):
    ratio = widget.devicePixelRatioF()
    return pixels(widget)[:, int((widget.place_of(frame).x() + 0.5) * ratio)]


# The strip.


@pytest.mark.parametrize("frame", [0, 1, 36, 59])
def test_a_click_on_the_strip_goes_to_that_frame(show, frame):
    video = FakeVideo()
    video.frame = 20
    click(show(video)._strip, frame)
    assert video.calls == [("go_to", frame)]


def test_dragging_along_the_strip_goes_through_the_frames_and_never_beyond_them(show):
    video = FakeVideo()
    strip = show(video)._strip
    QTest.mousePress(strip, LEFT, NONE, strip.place_of(10))
    for frame in (11, 12, 20):
        QTest.mouseMove(strip, strip.place_of(frame))
    QTest.mouseMove(strip, QPoint(2 * strip.width(), 5))
    QTest.mouseRelease(strip, LEFT, NONE, QPoint(2 * strip.width(), 5))
    assert [frame for _, frame in video.calls] == [10, 11, 12, 20, 59]


def test_arrows_and_wheel_go_by_one_frame_once_the_strip_has_the_focus(show):
    video = FakeVideo()
    video.frame = 5
    widget = show(video)
    strip = widget._strip
    turn(strip, 1)
    assert not video.calls
    widget.activateWindow()
    QTest.qWaitForWindowActive(widget)
    strip.setFocus()
    process()
    assert strip.hasFocus()
    QTest.keyClick(strip, Qt.Key.Key_Right)
    QTest.keyClick(strip, Qt.Key.Key_Right)
    QTest.keyClick(strip, Qt.Key.Key_Left)
    turn(strip, 1)
    turn(strip, -1)
    # A touch pad: half a notch does nothing yet.
    turn(strip, 0.5)
    turn(strip, 0.5)
    QTest.keyClick(strip, Qt.Key.Key_End)
    QTest.keyClick(strip, Qt.Key.Key_Right)
    assert [frame for _, frame in video.calls] == [6, 7, 6, 7, 6, 7, 59]


def test_a_frame_is_described_as_it_is(show):
    video = FakeVideo().ranked()
    strip = show(video)._strip
    assert strip.describe(15) == f"Frame 15: suspicious ({video.suspicion[15]:.2f})"
    assert strip.describe(59) == "Frame 59: no mask"


def test_a_frame_under_the_mouse_is_described(show):
    video = FakeVideo().ranked()
    strip = show(video)._strip
    end = time.monotonic() + 10
    while time.monotonic() < end:
        # A busy machine hides it again before it is looked at: what moves once may move again.
        QTest.mouseMove(strip, strip.place_of(30))
        QTest.mouseMove(strip, strip.place_of(15))
        process()
        if QToolTip.text() == strip.describe(15):
            break
    assert QToolTip.text() == strip.describe(15)
    assert not video.calls
    QToolTip.hideText()


def test_marks_look_different_also_without_colours(show):
    video = FakeVideo()
    video.frame = 59
    video.shown[: len(Mark)] = list(Mark)
    strip = show(video)._strip
    looks = [column(strip, frame) for frame in range(len(Mark))]
    gray = [look @ (0.299, 0.587, 0.114) for look in looks]
    for at, one in enumerate(gray):
        for other in gray[:at]:
            assert (np.abs(one - other) > 25).sum() >= 3


def test_the_bar_is_as_high_as_the_suspicion(show):
    video = FakeVideo()
    video.frame = 59
    video.suspicion[:4] = (0.0, 0.3, 0.6, 1.0)
    strip = show(video)._strip
    empty = column(strip, 10)
    heights = [int((column(strip, frame) != empty).any(axis=1).sum()) for frame in range(4)]
    assert heights[0] == 0 and np.all(np.diff(heights) > 3)


def test_no_suspicious_frame_gets_lost_among_ten_thousand(show):
    video = FakeVideo(10_000)
    before = show(video)._strip
    video.shown[4711] = Mark.SUSPICIOUS
    video.suspicion[4711] = 0.9
    strip = show(video)._strip
    changed = (column(before, 4711) != column(strip, 4711)).any(axis=1)
    assert changed.sum() > 10
    click(strip, 4700 if strip.axis.span(4700) == strip.axis.span(4711) else 4711)
    assert video.calls == [("go_to", 4711)]


def test_the_frame_on_screen_is_marked(show):
    video = FakeVideo()
    widget = show(video)
    before = pixels(widget._strip)
    video.frame = 40
    video.changed.emit()
    process()
    changed = np.flatnonzero((before != pixels(widget._strip)).any(axis=(0, 2)))
    place = widget._strip.place_of(40).x() * widget.devicePixelRatioF()
    assert np.abs(changed - place).min() < 5
    assert "40" in widget._here.text() and "automatic" in widget._here.text()


def test_the_legend_counts_the_frames(show):
    legend = show(FakeVideo().ranked())._legend
    assert [text.split()[-1] for text in legend._texts()] == ["6", "40", "5", "4", "5"]
    assert [text.rsplit(" ", 1)[0] for text in legend._texts()] == list(WORDS.values())


# The scores.


def scored(frames=60):
    video = FakeVideo(frames)
    video.truth_scores = (np.full(frames, 0.8, np.float32), np.full(frames, 0.6, np.float32))
    return video


def test_scores_are_there_with_ground_truth_only(show):
    assert not show(FakeVideo())._scores.isVisible()
    plot = show(scored())._scores
    assert plot.isVisible()
    assert plot.means == pytest.approx((0.8, 0.6, 0.7))
    assert plot.describe(3) == "Frame 3: J 0.80, F 0.60, J&F 0.70"


def test_a_click_on_the_scores_goes_to_that_frame(show):
    video = scored()
    click(show(video)._scores, 33)
    assert video.calls == [("go_to", 33)]


def test_of_ten_thousand_frames_a_click_means_the_worst(show):
    video = scored(10_000)
    video.truth_scores[0][4711] = 0.1
    plot = show(video)._scores
    click(plot, 4700 if plot.axis.span(4700) == plot.axis.span(4711) else 4711)
    assert video.calls == [("go_to", 4711)]


def test_curves_have_gaps_where_nothing_is_known_and_means_leave_them_out(show):
    video = scored()
    for scores in video.truth_scores:
        scores[20:40] = np.nan
        scores[30] = 0.2
    plot = show(video)._scores
    empty, known, alone = (column(plot, frame).max(axis=1)[30:-8] for frame in (25, 10, 30))
    assert empty.max() < 100
    assert known.max() > 200 and alone.max() > 200
    assert plot.means[0] == pytest.approx((40 * 0.8 + 0.2) / 41, abs=1e-3)


def test_the_marker_leaves_the_means_legible(show):
    video = FakeVideo()
    video.truth_scores = (np.linspace(0.4, 0.9, 60, dtype=np.float32),) * 2
    plot = show(video)._scores
    header = slice(
        round((MARKER_HEIGHT + 3) * plot.devicePixelRatioF()), round(26 * plot.devicePixelRatioF())
    )
    before = pixels(plot)[header]
    for frame in (10, 25, 40):
        plot.show_frame(frame)
        assert np.array_equal(pixels(plot)[header], before)


def test_scores_that_are_not_known_yet_are_no_error(show):
    video = FakeVideo()
    video.truth_scores = (np.full(60, np.nan, np.float32),) * 2
    plot = show(video)._scores
    assert plot.describe(0) == "Frame 0: J –, F –, J&F –"
    plot.grab()


# Buttons.


@pytest.mark.parametrize(
    ("button", "call"),
    [
        ("_frames.worst", ("worst",)),
        ("_frames.next", ("next_suspicious",)),
        ("_frames.previous", ("previous_suspicious",)),
        ("_frames.uncorrected", ("next_uncorrected",)),
        ("_frames.commit", ("commit",)),
        ("_frames.undo", ("undo",)),
        ("_frames.redo", ("redo",)),
        ("_rank", ("rank",)),
    ],
)
def test_buttons_do_what_they_say(show, button, call):
    video = FakeVideo().ranked()
    video.frame = 30
    video.can_undo = video.can_redo = True
    QTest.mouseClick(attrgetter(button)(show(video)), LEFT)
    assert video.calls == [call]


def test_a_committed_frame_is_seen_on_the_button_and_can_be_taken_back(show):
    video = FakeVideo()
    widget = show(video)
    for committed in (True, False):
        QTest.mouseClick(widget._frames.commit, LEFT)
        process()
        assert widget._frames.commit.isChecked() == committed
        assert ("Committed" in widget._frames.commit.text()) == committed
        assert ("committed" in widget._here.text()) == committed


def test_nothing_can_be_done_without_a_video(show):
    widget = show(FakeVideo(0))
    usable = [one.text() for one in widget.findChildren(QPushButton) if one.isEnabled()]
    # What stops hidden work is left, and opening a session, which may bring its video.
    assert set(usable) <= {"Stop", "Session"}
    assert widget.findChild(SessionButton).open.isEnabled()
    assert not widget.findChild(SessionButton).save.isEnabled()
    assert "Open a video" in widget._hint.text()
    click(widget._strip, 0)
    assert not widget.video.calls


def test_what_makes_no_sense_cannot_be_pressed(show):
    video = FakeVideo()
    widget = show(video)
    assert widget._frames.uncorrected.isEnabled() and widget._frames.commit.isEnabled()
    assert not widget._frames.worst.isEnabled() and not widget._frames.next.isEnabled()
    assert not widget._frames.undo.isEnabled() and not widget._frames.redo.isEnabled()
    assert not widget._carry_on.backwards.isEnabled() and widget._carry_on.forwards.isEnabled()
    video.frame = 59
    video.shown[59] = Mark.EMPTY
    video.changed.emit()
    process()
    assert not widget._frames.commit.isEnabled() and not widget._carry_on.backwards.isEnabled()


def test_without_a_network_nothing_is_begun_that_needs_one(show):
    video = FakeVideo()
    video.frame = 30
    video.no_network = "No network: no GPU"
    widget = show(video)
    assert "no GPU" in widget._hint.text()
    needs = (widget._rank, widget._carry_on.forwards, widget._carry_on.backwards)
    assert not any(button.isEnabled() for button in needs)
    assert widget._frames.commit.isEnabled()
    video.no_network = ""
    video.changed.emit()
    process()
    assert all(button.isEnabled() for button in needs)


def test_the_masks_to_correct_are_chosen_from_a_list(show):
    video = FakeVideo()
    video.layers = [SimpleNamespace(name="a method"), SimpleNamespace(name="another")]
    widget = show(video)
    assert widget._masks.currentIndex() == -1
    widget._masks.setFocus()
    QTest.keyClick(widget._masks, Qt.Key.Key_Down)
    QTest.keyClick(widget._masks, Qt.Key.Key_Down)
    process()
    widget._masks.activated.emit(1)
    assert video.calls[-1] == ("start_from", video.layers[1])
    process()
    assert widget._masks.currentText() == "another"
    video.layers = [video.layers[1]]
    video.layers[0].name = "renamed"
    video.changed.emit()
    process()
    assert [widget._masks.itemText(row) for row in range(widget._masks.count())] == ["renamed"]
    assert widget._masks.currentText() == "renamed"


def test_long_names_of_masks_can_be_read_in_full_in_the_list(show):
    video = FakeVideo()
    video.layers = [SimpleNamespace(name="a very long name of a layer that somebody has made")]
    widget = show(video)
    tip = widget._masks.itemData(0, Qt.ItemDataRole.ToolTipRole)
    assert tip == video.layers[0].name


def test_looking_for_wrong_masks_can_be_stopped(show):
    video = FakeVideo()
    video.ranking = Progress(12, 60, False, "Looking for wrong masks")
    widget = show(video)
    assert widget._ranking.isVisible() and not widget._rank.isVisible()
    assert (widget._ranking.bar.value(), widget._ranking.bar.maximum()) == (12, 60)
    QTest.mouseClick(widget._ranking.findChild(QPushButton), LEFT)
    assert video.calls == [("stop_ranking",)]
    video.ranking = None
    video.changed.emit()
    process()
    assert widget._rank.isVisible() and not widget._ranking.isVisible()


# Carrying on.


def test_a_mask_is_carried_on_over_the_range_that_was_set(show):
    video = FakeVideo()
    video.frame = 30
    box = show(video)._carry_on
    assert box._range.text() == "to the end"
    QTest.mouseClick(box.forwards, LEFT)
    box._range.setValue(20)
    box._overwrite.click()
    box._keep_better.click()
    QTest.mouseClick(box.backwards, LEFT)
    assert video.calls == [
        ("propagate", 1, None, False, True),
        ("propagate", -1, 20, True, False),
    ]


def test_a_propagation_is_paused_goes_on_and_is_cancelled(show):
    video = FakeVideo()
    video.frame = 30
    widget = show(video)
    box = widget._carry_on
    assert not box._progress.isVisible()
    for paused in (False, True):
        video.propagation = Progress(3, 29, paused, "Carrying object 1 on")
        video.changed.emit()
        process()
        assert box._progress.isVisible() and box._progress.bar.value() == 3
        assert box._progress.text.text() == "Carrying object 1 on"
        assert not box.forwards.isEnabled()
        assert box.pause.text() == ("Go on" if paused else "Pause")
        QTest.mouseClick(box.pause, LEFT)
    QTest.mouseClick(box.cancel, LEFT)
    assert video.calls == [("pause", True), ("pause", False), ("cancel",)]
    video.propagation = None
    video.changed.emit()
    process()
    assert not box._progress.isVisible() and box.forwards.isEnabled()


# Saving.


def act(button, text):
    (action,) = [one for one in button.menu().actions() if text in one.text() and one.isVisible()]
    action.trigger()


def test_masks_are_saved_to_the_suggested_folder(show, tmp_path):
    video = FakeVideo()
    video.folder = tmp_path / "itis" / "dog"
    act(show(video)._save, "itis/dog")
    assert video.calls == [("save", tmp_path / "itis" / "dog", False)]


def test_another_folder_is_asked_for_and_replaced_only_if_told_so(qapp, tmp_path, monkeypatch):
    asked = []
    button = SaveButton()
    button.asked.connect(lambda *arguments: asked.append(arguments))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    act(button, "another folder")
    act(button, "Replace")
    act(button, "another folder")
    act(button, "another folder")
    assert asked == [(tmp_path, False), (tmp_path, True), (tmp_path, False)]
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "")
    act(button, "another folder")
    assert len(asked) == 3


@pytest.mark.parametrize(
    ("named", "path", "overwrite"),
    [("masks.tif", "masks.tif", True), ("masks", "masks.tif", False), ("a.b", "a.b.tif", False)],
)
def test_a_tiff_gets_its_suffix_and_replaces_what_the_dialog_has_asked_about(
    qapp, tmp_path, monkeypatch, named, path, overwrite
):
    asked = []
    button = SaveButton()
    button.asked.connect(lambda *arguments: asked.append(arguments))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / named), ""))
    act(button, "TIFF")
    assert asked == [(tmp_path / path, overwrite)]


def test_saving_shows_how_far_it_is_and_can_be_stopped(show):
    video = FakeVideo()
    video.saving = Progress(30, 60, False, "Saving masks")
    widget = show(video)
    assert widget._saving.isVisible() and not widget._save.isEnabled()
    QTest.mouseClick(widget._saving.findChild(QPushButton), LEFT)
    assert video.calls == [("stop_saving",)]


# What is said.


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"shown": Mark.EMPTY, "layers": 1}, "Choose the masks to correct"),
        ({"shown": Mark.EMPTY}, "Click on the object"),
        ({}, "Look for wrong masks"),
        ({"ranking": Progress(1, 60, False, "")}, "Looking for wrong masks"),
        ({"ranked": True, "frame": 15}, "may be wrong"),
        ({"ranked": True, "frame": 41}, "Carry it on"),
        ({"ranked": True, "frame": 1}, "5 frames look wrong. Go to the worst"),
        ({"propagation": Progress(1, 60, False, "")}, "Watch the masks"),
        ({"propagation": Progress(1, 60, True, "")}, "Go on"),
        ({"suspicion": 0.1}, "save the masks"),
        ({"no_network": "No network: no GPU", "frame": 41, "ranked": True}, "No network: no GPU. "),
        ({"no_network": f"No network: {MISFIT}"}, "from one place. Then start napari again"),
    ],
)
def test_the_hint_says_what_to_do_next(qapp, state, words):
    video = FakeVideo()
    if state.pop("ranked", False):
        video.ranked()
    video.layers = [SimpleNamespace(name="masks")] * state.pop("layers", 0)
    video.shown[:] = state.pop("shown", video.shown)
    video.suspicion[:] = state.pop("suspicion", video.suspicion)
    for name, value in state.items():
        setattr(video, name, value)
    assert words in next_step(video, video.marks(), video.suspicion)


def test_notices_are_shown_without_blocking(show):
    video = FakeVideo()
    widget = show(video)
    assert not widget._notice.isVisible()
    video.notice.emit("It stops at frame 45: that one was corrected")
    assert widget._notice.isVisible() and "frame 45" in widget._notice.text()


# Quick and out of the way.


def test_many_changes_at_once_are_shown_once_and_none_while_hidden(show, monkeypatch):
    video = FakeVideo()
    asked = []
    monkeypatch.setattr(video, "marks", lambda: asked.append(1) or video.shown.copy())
    widget = show(video)
    asked.clear()
    for video.frame in range(50):
        video.changed.emit()
    process()
    assert len(asked) == 1 and "49" in widget._here.text()
    widget.hide()
    assert not video.attached
    video.frame = 7
    video.changed.emit()
    process()
    assert len(asked) == 1
    widget.show()
    assert video.attached and "<b>7</b>" in widget._here.text()


def test_frames_are_drawn_anew_only_where_they_have_changed(show, monkeypatch):
    video = FakeVideo().ranked()
    widget = show(video)
    # On a busy machine it may not have been drawn yet.
    widget._strip.grab()
    drawn = []
    render = type(widget._strip).render_frames
    monkeypatch.setattr(
        type(widget._strip),
        "render_frames",
        lambda self, *arguments: drawn.append(1) or render(self, *arguments),
    )
    for video.frame in range(10):
        video.changed.emit()
        process()
    assert not drawn
    video.shown[3] = Mark.CORRECTED
    video.changed.emit()
    end = time.monotonic() + 10
    while not drawn and time.monotonic() < end:
        process()
    assert len(drawn) == 1


# In napari.


@pytest.fixture(scope="module")
def window(qapp):
    """A napari window with the dock in it, closed again when it is done with."""
    viewer = napari.Viewer()
    # What is not drawn takes no time: it is about keys and widgets here.
    viewer.add_image(np.zeros((60, 20, 30), np.uint8), name="video", visible=False)
    video = FakeVideo().ranked()
    video.frame = 30
    widget = VideoWidget(viewer, video=video)
    dock = viewer.window.add_dock_widget(widget, name="ITIS video correction", area="right")
    process()
    yield SimpleNamespace(viewer=viewer, video=video, widget=widget, dock=dock)
    viewer.close()
    process()


SHIFT = Qt.KeyboardModifier.ShiftModifier
KEYS = [
    (Qt.Key.Key_Period, NONE),
    (Qt.Key.Key_Comma, NONE),
    (Qt.Key.Key_W, NONE),
    (Qt.Key.Key_U, NONE),
    (Qt.Key.Key_K, NONE),
    (Qt.Key.Key_Right, SHIFT),
    (Qt.Key.Key_Left, SHIFT),
]


def press(window, key, modifier=NONE):
    QTest.keyClick(window.viewer.window._qt_viewer.canvas.native, key, modifier)
    process()


@pytest.mark.parametrize("layer", ["image", "points", "labels"])
def test_keys_on_the_canvas_do_what_the_buttons_do(window, layer):
    viewer, video = window.viewer, window.video
    if layer == "points":
        # As while clicking.
        viewer.add_points(ndim=3, visible=False).mode = "add"
    elif layer == "labels":
        viewer.add_labels(np.zeros((60, 20, 30), np.uint8), visible=False).mode = "paint"
    video.calls.clear()
    step = viewer.dims.current_step[0]
    for key in KEYS:
        press(window, *key)
    video.propagation = Progress(1, 29, False, "Carrying on")
    video.changed.emit()
    process()
    press(window, Qt.Key.Key_G)
    press(window, Qt.Key.Key_Q)
    video.propagation = None
    video.changed.emit()
    process()
    assert video.calls == [
        ("next_suspicious",),
        ("previous_suspicious",),
        ("worst",),
        ("next_uncorrected",),
        ("commit",),
        ("propagate", 1, None, False, True),
        ("propagate", -1, None, False, True),
        ("pause", True),
        ("cancel",),
    ]
    # The viewer's own arrows go by one frame, as ever.
    assert viewer.dims.current_step[0] == step
    press(window, Qt.Key.Key_Right)
    assert viewer.dims.current_step[0] == step + 1


def test_keys_are_given_back_while_the_dock_is_closed(window):
    viewer, video = window.viewer, window.video
    seen = []
    bound = set(viewer.keymap)
    window.dock.close()
    process()
    assert not video.attached and not bound & set(viewer.keymap)
    viewer.bind_key("W", lambda _viewer: seen.append("other"))
    video.calls.clear()
    press(window, Qt.Key.Key_W)
    assert seen == ["other"] and not video.calls
    window.dock.show()
    process()
    press(window, Qt.Key.Key_W)
    assert video.attached and seen == ["other"] and video.calls == [("worst",)]
    window.dock.close()
    process()
    press(window, Qt.Key.Key_W)
    assert seen == ["other", "other"]
    window.dock.show()
    process()


def test_no_key_of_napari_or_of_the_other_dock_is_taken(window):
    from napari.layers import Image, Labels, Points
    from napari.utils.key_bindings import coerce_keybinding
    from napari.utils.shortcuts import default_shortcuts

    ours = {coerce_keybinding(key) for key in window.widget._by_key()}
    others = {coerce_keybinding(key) for key in ("N", "T", "H", "Control-Z", "Control-Shift-Z")}
    for keymap in (ViewerModel, Image, Labels, Points):
        others |= {coerce_keybinding(key) for key in keymap.class_keymap}
    for keys in default_shortcuts.values():
        others |= {coerce_keybinding(key) for key in keys}
    assert len(ours) == 9 and not ours & others


def test_every_key_is_named_on_its_button(window):
    names = {"Shift-Right": "Shift+→", "Shift-Left": "Shift+←"}
    for key, button in window.widget._by_key().items():
        assert button.toolTip().endswith(f"({names.get(key, key)})")


def test_a_click_on_a_button_leaves_the_arrows_to_napari(window):
    canvas = window.viewer.window._qt_viewer.canvas.native
    canvas.setFocus()
    QTest.mouseClick(window.widget._frames.worst, LEFT)
    assert QApplication.focusWidget() is canvas or not window.widget._frames.worst.hasFocus()


def test_everything_fits_a_narrow_dock_also_with_its_scroll_bar(window):
    video, widget = window.video, window.widget
    before = dict(vars(video))
    video.truth_scores = (np.zeros(60, np.float32),) * 2
    video.propagation = Progress(1234, 10_000, True, "Carrying object 12 on")
    video.saving = video.ranking = Progress(1234, 10_000, False, "Saving masks")
    video.layers = [SimpleNamespace(name="a very long name of a layer that somebody has made")]
    video.source = video.layers[0]
    video.changed.emit()
    process()
    inner = widget._strip.parentWidget()
    area = inner.parentWidget().parentWidget()
    needed = inner.minimumSizeHint().width() + area.verticalScrollBar().sizeHint().width()
    assert needed <= widget.minimumWidth() <= 300
    # A laptop's screen, less what napari needs above and below.
    assert widget.minimumSizeHint().height() < 400
    vars(video).update(before)
    video.changed.emit()
    process()
