"""How far an object is on a frame: automatic, corrected, committed."""

import numpy as np
import pytest

from napari_itis.annotation import AnnotationSession, State

from .annotating import SHAPE, Masks, click, disc, settle, undo_all


@pytest.fixture
def session():
    masks = Masks()
    session = AnnotationSession(SHAPE, slices=(masks.frames,))
    session.give_masks(masks, labels=[1, 2])
    return session


def test_a_mask_is_automatic_until_the_user_touches_it(session):
    assert session.state((0,), 1) is State.AUTOMATIC
    assert session.state((0,), 3) is None
    click(session, 1, 20, 20, frame=(0,))
    assert session.state((0,), 1) is State.CORRECTED
    assert session.state((0,), 2) is State.AUTOMATIC
    settle(session)
    assert session.state((0,), 1) is State.CORRECTED
    session.set_mask((5,), 1, disc(20, 20, 5))
    assert session.state((5,), 1) is State.AUTOMATIC


def test_the_brush_corrects(session):
    before = session.compose((0,)).copy()
    painted = before.copy()
    painted[0:3, 0:3] = 2
    session.paint((0,), before, painted)
    assert session.state((0,), 2) is State.CORRECTED
    assert session.state((0,), 1) is State.AUTOMATIC


@pytest.mark.parametrize("label", [1, 7])
def test_single_frames_are_committed_touched_or_not(session, label):
    click(session, 1, 20, 20, frame=(0,))
    settle(session)
    before = session.compose((4,)).copy()
    keys = session.commit_frames(label, [(0,), (4,), (0,)])
    assert keys == (((0,), label), ((4,), label))
    assert session.state((0,), label) is session.state((4,), label) is State.COMMITTED
    assert np.array_equal(session.compose((4,)), before)
    assert session.changed_frames() == [(0,)]
    assert session.commit_frames(label, [(4,)]) == ()
    change = session.undo()
    assert change.frames == ((0,), (4,))
    assert session.state((4,), label) is (State.AUTOMATIC if label == 1 else None)
    session.redo()
    assert session.state((4,), label) is State.COMMITTED
    session.commit_frames(label, [(4,)], committed=False)
    assert session.state((4,), label) is (State.AUTOMATIC if label == 1 else None)
    undo_all(session)
    assert session.records == {}


def test_a_committed_frame_without_the_object_makes_no_object(session):
    session.commit_frames(7, [(4,)])
    assert session.objects() == [1, 2]
    assert session.frames(7) == []
    assert session.states(7) == {(4,): State.COMMITTED}


def test_a_change_ends_a_commitment(session):
    session.commit_frames(1, [(4,)])
    click(session, 1, 20, 20, frame=(4,))
    assert session.state((4,), 1) is State.CORRECTED
    session.undo()
    assert session.state((4,), 1) is State.COMMITTED


def test_a_commitment_lives_through_the_prediction_under_way(session):
    click(session, 1, 20, 35, frame=(4,))
    session.commit_frames(1, [(4,)])
    settle(session)
    assert session.state((4,), 1) is State.COMMITTED
    assert session.compose((4,))[20, 35] == 1


def test_going_on_to_another_object_commits_what_the_user_has_worked_on(session):
    click(session, 1, 20, 20, frame=(4,))
    session.set_mask((5,), 1, disc(20, 20, 5))
    session.compose((6,))
    session.commit(1)
    assert session.states(1) == {
        (4,): State.COMMITTED,
        (5,): State.AUTOMATIC,
        (6,): State.AUTOMATIC,
    }


def test_names_belong_to_objects_and_can_be_undone(session):
    session.compose((3,))
    session.rename(1, "dog")
    session.rename(1, "dog")
    session.rename(2, "ball")
    assert session.names == {1: "dog", 2: "ball"}
    assert session.undo().keys == (((3,), 2),)
    assert session.names == {1: "dog"}
    session.rename(1, "")
    assert session.names == {}
    session.undo()
    assert session.names == {1: "dog"}
    session.redo()
    assert session.names == {}


def test_clicks_remember_when_they_were_made():
    now = [100.0]
    session = AnnotationSession(SHAPE, clock=lambda: now[0])
    for second, (y, x) in [(100.0, (10, 10)), (101.5, (20, 20)), (103.0, (30, 30))]:
        now[0] = second
        click(session, 1, y, x)
    assert session.record((), 1).made == (100.0, 101.5, 103.0)
    now[0] = 110.0
    session.remove_click((), 1, 1)
    assert session.record((), 1).made == (100.0, 103.0)
    click(session, 1, 10, 10)
    assert session.record((), 1).made == (100.0, 103.0, 110.0)
    session.undo()
    session.undo()
    assert session.record((), 1).made == (100.0, 101.5, 103.0)
