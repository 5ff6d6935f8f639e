"""What a user may count on while annotating, without a window and without a network."""

import time

import numpy as np
import pytest

from napari_itis.annotation import AnnotationSession, PackedMask, Result
from napari_itis.clicks import Click

from .annotating import SHAPE, answer, click, disc, settle


def test_a_click_asks_for_one_prediction_and_its_result_is_drawn():
    session = AnnotationSession(SHAPE)
    click(session, 1, 20, 20)
    assert session.pending() == [((), 1)]
    assert not session.compose(()).any()
    assert settle(session) == 1
    assert session.compose(()).dtype == np.int32
    assert np.array_equal(session.compose(()) == 1, disc(20, 20, 10))
    assert session.pending() == []
    assert session.request((), 1) is None


def test_a_removed_click_leaves_no_trace():
    session = AnnotationSession(SHAPE)
    click(session, 1, 20, 20)
    settle(session)
    click(session, 1, 20, 50)
    settle(session)
    click(session, 1, 40, 40)
    settle(session)
    session.remove_click((), 1, 1)
    request = session.request((), 1)
    assert request.base is None and request.seen == 0
    assert [(c.y, c.x) for c in request.clicks] == [(20, 20), (40, 40)]
    settle(session)
    assert np.array_equal(session.compose(()) == 1, disc(20, 20, 10) | disc(40, 40, 10))


def test_removing_the_last_click_empties_the_mask_without_a_prediction():
    session = AnnotationSession(SHAPE)
    click(session, 1, 20, 20)
    settle(session)
    session.remove_click((), 1, 0)
    assert session.pending() == []
    assert not session.compose(()).any()
    assert session.objects() == []


def test_a_moved_click_keeps_its_place_in_the_order():
    session = AnnotationSession(SHAPE)
    click(session, 1, 20, 20)
    click(session, 1, 20, 22, positive=False)
    session.move_click((), 1, 0, Click(40, 40, True))
    assert session.clicks((), 1) == (Click(40, 40, True), Click(20, 22, False))


def test_results_for_outdated_clicks_are_dropped():
    session = AnnotationSession(SHAPE)
    click(session, 1, 20, 20)
    late = answer(session.request((), 1))
    click(session, 1, 20, 50)
    assert not session.apply(late)
    assert not session.compose(()).any()
    settle(session)
    assert not session.apply(late)
    assert session.compose(())[20, 50] == 1


def test_undo_and_redo_exchange_masks_without_a_new_prediction():
    session = AnnotationSession(SHAPE)
    click(session, 1, 20, 20)
    settle(session)
    one = session.compose(()).copy()
    click(session, 1, 20, 50)
    settle(session)
    two = session.compose(()).copy()
    assert session.undo().keys == (((), 1),)
    assert np.array_equal(session.compose(()), one)
    session.undo()
    assert not session.compose(()).any() and not session.can_undo and session.undo() is None
    session.redo()
    session.redo()
    assert np.array_equal(session.compose(()), two) and session.redo() is None
    assert session.pending() == []


def test_undo_before_the_result_arrived_asks_again_and_drops_the_late_one():
    session = AnnotationSession(SHAPE)
    click(session, 1, 20, 20)
    first = answer(session.request((), 1))
    click(session, 1, 20, 50)
    second = answer(session.request((), 1))
    session.undo()
    assert not session.apply(second)
    assert session.pending() == [((), 1)]
    assert session.apply(first)
    assert np.array_equal(session.compose(()) == 1, disc(20, 20, 10))


def test_undo_reaches_other_frames_and_says_where():
    session = AnnotationSession(SHAPE, slices=(5,))
    click(session, 1, 20, 20, frame=(0,))
    click(session, 1, 30, 30, frame=(4,))
    settle(session)
    assert session.undo().frames == ((4,),)
    assert session.compose((0,)).any() and not session.compose((4,)).any()
    assert session.frames(1) == [(0,)]


def test_a_new_step_ends_what_can_be_redone():
    session = AnnotationSession(SHAPE)
    click(session, 1, 20, 20)
    session.undo()
    click(session, 1, 40, 40)
    assert session.redo() is None
    assert session.clicks((), 1) == (Click(40, 40, True),)


def test_a_later_object_does_not_take_pixels():
    session = AnnotationSession(SHAPE)
    click(session, 1, 20, 20)
    settle(session)
    click(session, 2, 20, 28)
    settle(session)
    labels = session.compose(())
    assert np.array_equal(labels == 1, disc(20, 20, 10))
    assert np.array_equal(labels == 2, disc(20, 28, 10) & ~disc(20, 20, 10))


def test_going_back_to_an_earlier_object_does_not_take_pixels_either():
    session = AnnotationSession(SHAPE)
    click(session, 1, 20, 20)
    click(session, 2, 20, 50)
    settle(session)
    click(session, 1, 20, 36)
    settle(session)
    labels = session.compose(())
    assert np.array_equal(labels == 2, disc(20, 50, 10))
    assert labels[20, 36] == 1
    # The pixels are free again once object 2 is gone, and taken once more when it comes back.
    session.clear(2)
    assert session.compose(())[20, 45] == 1
    session.undo()
    assert np.array_equal(session.compose(()), labels)


def test_undo_restores_every_pixel_where_objects_meet():
    session = AnnotationSession(SHAPE)
    seen = []
    for label, y, x in [(1, 20, 20), (2, 20, 34), (1, 30, 30), (3, 26, 27), (2, 25, 25)]:
        seen.append(session.compose(()).copy())
        click(session, label, y, x)
        settle(session)
    after = session.compose(()).copy()
    for labels in reversed(seen):
        session.undo()
        assert np.array_equal(session.compose(()), labels)
    for _ in seen:
        session.redo()
    assert np.array_equal(session.compose(()), after)


def test_overwriting_is_allowed_per_object_and_loses_nothing():
    session = AnnotationSession(SHAPE)
    click(session, 1, 20, 20)
    settle(session)
    before = session.compose(()).copy()
    session.allow_overwriting(2, True)
    click(session, 2, 20, 28)
    settle(session)
    assert np.array_equal(session.compose(()) == 2, disc(20, 28, 10))
    session.allow_overwriting(2, False)
    assert np.array_equal(session.compose(()) == 1, before == 1)
    session.undo()
    assert session.overwrites(2)
    assert np.array_equal(session.compose(()) == 2, disc(20, 28, 10))


def test_the_brush_is_kept_when_the_next_click_comes():
    session = AnnotationSession(SHAPE)
    click(session, 1, 20, 20)
    settle(session)
    before = session.compose(())
    painted = before.copy()
    painted[40:50, 5:15] = 1
    painted[15:20, 15:20] = 0
    session.paint((), before, painted)
    assert np.array_equal(session.compose(()), painted)
    assert session.pending() == []
    click(session, 1, 20, 60)
    request = session.request((), 1)
    assert request.seen == 1 and np.array_equal(request.base.unpack(), painted == 1)
    # Even a network that ignores the mask it is given leaves the user's strokes alone.
    mask = disc(20, 20, 12) | disc(20, 60, 10)
    session.apply(Result((), 1, request.revision, PackedMask.pack(mask)))
    labels = session.compose(())
    assert (labels[40:50, 5:15] == 1).all() and not labels[15:20, 15:20].any()
    assert labels[20, 60] == 1


def test_a_removed_click_is_gone_from_under_the_brush_too():
    session = AnnotationSession(SHAPE)
    click(session, 1, 20, 20)
    click(session, 1, 20, 50)
    settle(session)
    before = session.compose(())
    painted = before.copy()
    painted[45:50, 5:15] = 1
    session.paint((), before, painted)
    session.remove_click((), 1, 0)
    settle(session)
    expected = disc(20, 50, 10)
    expected[45:50, 5:15] = True
    assert np.array_equal(session.compose(()) == 1, expected)


def test_painting_while_a_prediction_is_on_its_way_loses_neither():
    session = AnnotationSession(SHAPE)
    click(session, 1, 20, 20)
    request = session.request((), 1)
    before = session.compose(())
    painted = before.copy()
    painted[50:55, 50:55] = 1
    session.paint((), before, painted)
    assert session.apply(answer(request))
    assert np.array_equal(session.compose(()) == 1, disc(20, 20, 10) | (painted == 1))


def test_painting_over_another_object_takes_its_pixels_and_is_one_step():
    session = AnnotationSession(SHAPE)
    click(session, 1, 20, 20)
    settle(session)
    before = session.compose(()).copy()
    painted = before.copy()
    painted[18:22, 18:40] = 2
    session.paint((), before, painted)
    assert np.array_equal(session.compose(()), painted)
    assert session.objects() == [1, 2]
    click(session, 1, 20, 35)
    settle(session)
    assert (session.compose(())[18:22, 18:40] == 2).all()
    session.undo()
    session.undo()
    assert np.array_equal(session.compose(()), before)


def test_what_is_erased_is_background_whatever_lies_below():
    session = AnnotationSession(SHAPE)
    click(session, 1, 20, 20)
    settle(session)
    click(session, 2, 20, 28)
    settle(session)
    before = session.compose(()).copy()
    erased = before.copy()
    erased[18:23] = 0
    session.paint((), before, erased)
    assert np.array_equal(session.compose(()), erased)
    session.undo()
    assert np.array_equal(session.compose(()), before)


def test_a_click_against_a_brush_stroke_wins_as_the_newer_statement():
    session = AnnotationSession(SHAPE)
    empty = session.compose(())
    painted = empty.copy()
    painted[5:15, 5:15] = 1
    painted[40:50, 40:50] = 1
    session.paint((), empty, painted)
    click(session, 1, 10, 10, positive=False)
    settle(session, radius=20)
    labels = session.compose(())
    assert labels[10, 10] == 0
    assert (labels[40:50, 40:50] == 1).all()


def test_an_existing_mask_is_where_the_clicks_start_from():
    session = AnnotationSession(SHAPE)
    click(session, 1, 50, 70)
    session.set_mask((), 1, disc(20, 20, 8))
    assert session.clicks((), 1) == () and session.pending() == []
    assert np.array_equal(session.compose(()) == 1, disc(20, 20, 8))
    click(session, 1, 20, 40)
    assert np.array_equal(session.request((), 1).base.unpack(), disc(20, 20, 8))
    settle(session)
    session.remove_click((), 1, 0)
    assert np.array_equal(session.compose(()) == 1, disc(20, 20, 8))
    session.undo()
    session.undo()
    session.undo()
    assert session.clicks((), 1) == (Click(50, 70, True),)


def test_clear_takes_one_frame_or_all_and_can_be_undone():
    session = AnnotationSession(SHAPE, slices=(3,))
    for index in range(3):
        click(session, 1, 20, 20, frame=(index,))
    settle(session)
    session.clear(1, (1,))
    assert session.frames(1) == [(0,), (2,)]
    session.clear(1)
    assert session.objects() == []
    session.undo()
    session.undo()
    assert session.frames(1) == [(0,), (1,), (2,)]
    assert session.compose((1,)).any()


def test_next_label_is_never_one_in_use():
    session = AnnotationSession(SHAPE)
    assert session.next_label == 1
    click(session, 7, 20, 20)
    assert session.next_label == 8


def test_commit_holds_until_the_object_is_changed():
    session = AnnotationSession(SHAPE)
    click(session, 1, 20, 20)
    settle(session)
    session.commit(1)
    assert session.record((), 1).committed
    click(session, 1, 30, 30)
    assert not session.record((), 1).committed


def test_several_clicks_set_at_once_are_one_step_and_one_prediction():
    session = AnnotationSession(SHAPE)
    session.set_clicks(1, {(): [Click(20, 20, True), Click(20, 50, True)]})
    assert settle(session) == 1
    assert session.set_clicks(1, {(): [Click(20, 20, True), Click(20, 50, True)]}) == ()
    session.undo()
    assert session.clicks((), 1) == () and not session.can_undo


def test_a_new_object_has_not_the_name_of_a_deleted_one():
    session = AnnotationSession(SHAPE)
    click(session, 1, 20, 20)
    session.rename(1, "old cell")
    session.allow_overwriting(1, True)
    session.clear(1)
    assert session.next_label == 1 and not session.names and not session.overwrites(1)
    session.undo()
    assert session.names == {1: "old cell"} and session.overwrites(1)
    assert session.clicks((), 1)
    session.redo()
    click(session, 1, 40, 40)
    assert not session.names


def test_every_change_is_counted_and_nothing_else():
    session = AnnotationSession(SHAPE, slices=(5,))
    empty = session.compose((0,))
    painted = np.where(disc(50, 70, 3), 2, 0)
    seen = [session.changes]
    for change in (
        lambda: click(session, 1, 20, 20, frame=(0,)),
        lambda: settle(session),
        lambda: session.commit(1),
        lambda: session.paint((0,), empty, painted),
        lambda: session.rename(2, "dog"),
        lambda: session.allow_overwriting(2, True),
        lambda: session.commit_frames(2, [(3,)]),
        lambda: session.set_mask((4,), 2, disc(20, 20, 5)),
        lambda: session.clear(2, (4,)),
        session.undo,
        session.redo,
    ):
        change()
        seen.append(session.changes)
        session.compose((0,)), session.snapshot(), session.pending(), session.clear(9)
        assert session.changes == seen[-1]
    assert len(set(seen)) == len(seen)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s: s.add_click((0,), 1, Click(60, 3, True)), "outside the image of 60 x 80"),
        (lambda s: s.add_click((0,), 1, Click(-0.6, 3, True)), "outside the image"),
        (lambda s: s.add_click((9,), 1, Click(3, 3, True)), "outside the stack"),
        (lambda s: s.add_click((), 1, Click(3, 3, True)), "outside the stack"),
        (lambda s: s.add_click((0,), 0, Click(3, 3, True)), "label from 1"),
        (lambda s: s.remove_click((0,), 1, 0), "no click number 0"),
        (lambda s: s.set_mask((0,), 1, np.zeros((3, 3), bool)), r"\(60, 80\)"),
    ],
)
def test_what_lies_outside_is_refused_in_one_line(call, message):
    session = AnnotationSession(SHAPE, slices=(5,))
    with pytest.raises(ValueError, match=message) as error:
        call(session)
    assert "\n" not in str(error.value)
    assert not session.can_undo and session.objects() == []


def test_a_long_video_takes_little_memory():
    session = AnnotationSession((480, 854), slices=(1000,))
    mask = disc(240, 400, 150, (480, 854))
    for index in range(0, 1000, 10):
        session.set_mask((index,), 1, mask)
    held = sum(len(session.record((index,), 1).mask.bits) for index in range(0, 1000, 10))
    assert held < 100 * 10_000


def test_composing_is_fast_enough_for_the_main_thread():
    session = AnnotationSession((480, 854))
    for label in range(1, 21):
        session.set_mask((), label, disc(24 * label, 40 * label, 90, (480, 854)))
    started = time.process_time()
    session.add_click((), 1, Click(240, 400, True))
    session.compose(())
    assert time.process_time() - started < 0.05
