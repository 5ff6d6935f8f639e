"""Propagated masks arrive one by one while the user goes on, and are one step of undo."""

import numpy as np
import pytest

from napari_itis.annotation import AnnotationSession, PackedMask, State
from napari_itis.annotation.tidying import (
    fill_holes,
    grow,
    keep_largest,
    remove_specks,
    shrink,
    smooth,
    tidied,
)

from .annotating import SHAPE, Masks, click, disc, settle, undo_all


@pytest.fixture
def masks():
    return Masks(frames=50)


@pytest.fixture
def session(masks):
    session = AnnotationSession(SHAPE, slices=(masks.frames,))
    session.give_masks(masks, labels=[1, 2])
    return session


def moved(index):
    return disc(10, 10 + index, 6)


def write_all(session, step, indices, label=1, **kwargs):
    return [session.write(step, (i,), label, moved(i), **kwargs) for i in indices]


def test_a_propagation_is_one_step_and_replaces_masks_and_nothing_else(session, masks):
    step = session.begin_step()
    assert write_all(session, step, range(1, 9)) == [True] * 8
    session.end_step(step)
    for index in range(1, 9):
        labels = session.compose((index,))
        assert np.array_equal(labels == 1, moved(index) & (labels != 2))
        assert np.array_equal(labels == 2, masks.image((index,)) == 2)
        assert session.state((index,), 1) is State.AUTOMATIC
    assert session.changed_frames() == [(index,) for index in range(1, 9)]
    assert session.pending() == []
    change = session.undo()
    assert change.frames == tuple((index,) for index in range(1, 9))
    for index in range(1, 9):
        assert np.array_equal(session.compose((index,)), masks.image((index,)))
    assert not session.can_undo and session.changed_frames() == []
    session.redo()
    assert (session.compose((5,)) == 1)[10, 15] and not session.can_redo


def test_clicks_refine_a_propagated_mask(session):
    step = session.begin_step()
    session.write(step, (3,), 1, PackedMask.pack(moved(3)))
    session.end_step(step)
    click(session, 1, 10, 25, frame=(3,))
    assert np.array_equal(session.request((3,), 1).base.unpack(), moved(3))
    settle(session)
    session.remove_click((3,), 1, 0)
    assert np.array_equal(session.compose((3,)) == 1, moved(3))
    assert session.state((3,), 1) is State.AUTOMATIC


@pytest.mark.parametrize("overwrite", [False, True])
def test_what_the_user_made_is_overwritten_only_when_asked(session, overwrite):
    click(session, 1, 20, 35, frame=(2,))
    settle(session)
    session.commit_frames(1, [(3,)])
    session.clear(1, (4,))
    before = [session.compose((index,)).copy() for index in range(6)]
    step = session.begin_step()
    written = write_all(session, step, range(1, 6), overwrite=overwrite)
    session.end_step(step)
    assert written == [True, overwrite, overwrite, overwrite, True]
    for index, done in zip(range(1, 6), written):
        assert np.array_equal(session.compose((index,)), before[index]) is not done
    session.undo()
    for index in range(6):
        assert np.array_equal(session.compose((index,)), before[index])
    assert session.state((2,), 1) is State.CORRECTED
    assert session.state((3,), 1) is State.COMMITTED


def test_what_the_user_does_meanwhile_is_undone_first_and_never_overwritten(session, masks):
    step = session.begin_step()
    write_all(session, step, [1, 2])
    click(session, 1, 20, 45, frame=(4,))
    click(session, 1, 12, 12, frame=(2,))
    settle(session)
    clicked = session.compose((4,)).copy()
    assert write_all(session, step, [2, 3, 4, 5], overwrite=True) == [False, True, False, True]
    session.end_step(step)
    assert np.array_equal(session.compose((4,)), clicked)
    assert session.undo().frames == ((2,),)
    assert np.array_equal(session.compose((2,)) == 1, moved(2))
    assert session.undo().frames == ((4,),)
    assert set(session.undo().frames) == {(1,), (2,), (3,), (5,)}
    for index in range(6):
        assert np.array_equal(session.compose((index,)), masks.image((index,)))
    for _ in range(3):
        session.redo()
    assert np.array_equal(session.compose((4,)), clicked)
    assert np.array_equal(session.compose((5,)) == 1, moved(5))


def test_an_undo_that_reaches_a_running_propagation_ends_it(session, masks):
    step = session.begin_step()
    write_all(session, step, [1, 2])
    assert session.undo().frames == ((1,), (2,))
    assert not step.open
    assert write_all(session, step, [3, 4]) == [False, False]
    session.end_step(step)
    assert session.changed_frames() == []
    session.redo()
    assert session.changed_frames() == [(1,), (2,)] and not session.can_redo


def test_an_undo_before_the_first_mask_ends_the_propagation_and_nothing_else(session):
    click(session, 1, 20, 35, frame=(2,))
    settle(session)
    step = session.begin_step()
    assert session.undo() is None
    assert not step.open and write_all(session, step, [3]) == [False]
    assert session.undo().frames == ((2,),)


def test_a_propagation_that_wrote_nothing_leaves_no_trace(session):
    click(session, 1, 20, 35, frame=(2,))
    settle(session)
    session.undo()
    step = session.begin_step()
    session.redo()
    assert write_all(session, step, [2]) == [False]
    session.end_step(step)
    assert session.undo().frames == ((2,),)
    assert not session.can_undo


def test_a_new_mask_ends_what_can_be_redone(session):
    click(session, 1, 20, 35, frame=(2,))
    session.undo()
    step = session.begin_step()
    assert session.can_redo
    write_all(session, step, [5])
    assert not session.can_redo


def test_a_lost_object_empties_the_frame_and_stays_automatic(session, masks):
    step = session.begin_step()
    nothing = np.zeros(SHAPE, bool)
    assert session.write(step, (5,), 1, nothing)
    assert session.write(step, (5,), 8, nothing)
    session.end_step(step)
    assert not (session.compose((5,)) == 1).any()
    assert session.state((5,), 1) is None and session.changed_frames() == [(5,)]
    assert 8 not in session.objects()
    again = session.begin_step()
    assert write_all(session, again, [5]) == [True]
    session.undo()
    session.undo()
    assert np.array_equal(session.compose((5,)), masks.image((5,)))


def test_two_propagations_at_once_keep_apart(session, masks):
    first, second = session.begin_step(), session.begin_step()
    for index in range(1, 6):
        write_all(session, first, [index], label=1)
        assert session.write(second, (index,), 2, disc(45, 10 + index, 5))
    assert not session.write(first, (3,), 2, moved(3))
    session.end_step(first)
    session.end_step(second)
    session.undo()
    assert np.array_equal(session.compose((3,)) == 2, masks.image((3,)) == 2)
    assert np.array_equal(session.compose((3,)) == 1, moved(3))
    session.undo()
    assert np.array_equal(session.compose((3,)), masks.image((3,)))


def test_a_mask_of_another_size_is_refused(session):
    step = session.begin_step()
    with pytest.raises(ValueError, match=r"\(3, 3\), the image \(60, 80\)"):
        session.write(step, (5,), 1, np.ones((3, 3), bool))
    with pytest.raises(ValueError, match="outside the stack"):
        session.write(step, (50,), 1, np.ones(SHAPE, bool))


TIDYING = (fill_holes, keep_largest, remove_specks, smooth, grow, shrink)


def random_action(session, rng, step):
    """Something a user or a propagation may do; returns what was changed."""
    frame, label = (int(rng.integers(4)),), int(rng.integers(1, 4))
    y, x = (int(v) for v in rng.integers((0, 0), SHAPE))
    action = rng.integers(12)
    if action == 9:
        masks = {}
        for there in session.frames(label):
            operation = TIDYING[rng.integers(len(TIDYING))]
            record = session.record(there, label)
            if record is not None and record.mask is not None:
                masks[there] = tidied(record.mask, operation)
        return session.tidy(label, masks)
    if action == 10:
        return session.accept(label)
    if action == 11:
        before = session.names
        session.rename(label, str(rng.integers(3)))
        return session.names != before
    if action < 3:
        click(session, label, y, x, positive=bool(rng.random() < 0.7), frame=frame)
        return [frame]
    if action == 3:
        before = session.compose(frame).copy()
        after = before.copy()
        after[y : y + 9, x : x + 9] = label if rng.random() < 0.6 else 0
        changed = session.paint(frame, before, after)
        # A stroke is on screen as it was painted.
        assert np.array_equal(session.compose(frame), after)
        return changed
    if action == 4:
        return session.clear(label, frame if rng.random() < 0.7 else None)
    if action == 5:
        before = session.compose(frame).copy()
        changed = session.commit_frames(label, [frame], bool(rng.random() < 0.7))
        assert np.array_equal(session.compose(frame), before)
        return changed
    if action == 6:
        return session.allow_overwriting(label, bool(rng.random() < 0.5))
    if action == 7:
        session.set_mask(frame, label, disc(y, x, 9))
        return [frame]
    overwrite = bool(rng.integers(2))
    return step and session.write(step, frame, label, disc(y, x, 9), overwrite=overwrite)


def drawn(session):
    return np.stack([session.compose((index,)) for index in range(4)])


def levels(session, go):
    """What is drawn before and after each undo, or redo."""
    found = [drawn(session)]
    while go() is not None:
        found.append(drawn(session))
    return found


def test_every_step_back_shows_what_was_there_before(masks):
    rng = np.random.default_rng(0)
    for _ in range(8):
        session = AnnotationSession(SHAPE, slices=(4,))
        session.give_masks(masks, labels=[1, 2])
        start = drawn(session)
        for _ in range(30):
            before = drawn(session)
            step = session.begin_step()
            changed = random_action(session, rng, step)
            session.end_step(step)
            settle(session)
            after = drawn(session)
            if changed:
                session.undo()
                assert np.array_equal(drawn(session), before)
                session.redo()
                assert np.array_equal(drawn(session), after)
        back = levels(session, session.undo)
        assert session.pending() == [] and session.changed_frames() == []
        assert np.array_equal(back[-1], start)
        forth = levels(session, session.redo)
        assert all(np.array_equal(a, b) for a, b in zip(back, reversed(forth), strict=True))


def test_whatever_happens_at_the_same_time_all_can_be_undone(masks):
    """Late answers, undo and redo at any time, and a propagation that runs all along."""
    rng = np.random.default_rng(1)
    for _ in range(12):
        session = AnnotationSession(SHAPE, slices=(4,))
        session.give_masks(masks, labels=[1, 2])
        start = drawn(session)
        step = session.begin_step()
        for _ in range(40):
            chance = rng.random()
            if chance < 0.7:
                random_action(session, rng, step)
            elif chance < 0.8:
                session.undo()
            elif chance < 0.85:
                session.redo()
            elif chance < 0.9:
                session.end_step(step)
                step = session.begin_step()
            else:
                settle(session)
        session.end_step(step)
        while session.can_redo:
            session.redo()
        settle(session)
        end = drawn(session)
        undo_all(session)
        assert session.pending() == [] and session.changed_frames() == []
        assert np.array_equal(drawn(session), start)
        while session.can_redo:
            session.redo()
        settle(session)
        assert np.array_equal(drawn(session), end)
