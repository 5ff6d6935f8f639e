"""One undo for everything, as deep as the memory for it allows."""

import numpy as np

from napari_itis.annotation import AnnotationSession, PackedMask, State
from napari_itis.annotation.history import History

from .annotating import SHAPE, Masks, click, disc, settle, undo_all


def test_accepting_an_object_is_a_step_that_leads_back_to_it():
    session = AnnotationSession(SHAPE, slices=(3,))
    click(session, 1, 20, 20, frame=(0,))
    click(session, 1, 20, 30, frame=(2,))
    settle(session)
    assert session.accept(1) == (((0,), 1), ((2,), 1))
    assert session.accept(1) == ()
    assert session.state((0,), 1) is session.state((2,), 1) is State.COMMITTED
    assert session.undo().objects == (1,)
    assert session.state((0,), 1) is session.state((2,), 1) is State.CORRECTED
    session.redo()
    assert session.state((2,), 1) is State.COMMITTED
    undo_all(session)
    assert session.records == {}


def test_masks_that_were_imported_go_again_and_come_back():
    first, second = Masks(frames=5), Masks(frames=5)
    second.image = lambda frame: np.full(SHAPE, 9, np.uint8)
    session = AnnotationSession(SHAPE, slices=(5,))
    session.give_masks(first, labels=[1, 2], source="first")
    assert not session.can_undo
    click(session, 1, 20, 60, frame=(1,))
    settle(session)
    clicked = session.compose((1,)).copy()
    session.give_masks(second, labels=[9], source="second", undoable=True)
    assert session.objects() == [1, 9] and session.next_label == 10
    assert session.compose((3,)).min() == 9
    change = session.undo()
    assert change.masks and change.keys and session.masks_source == "first"
    assert np.array_equal(session.compose((1,)), clicked) and session.objects() == [1, 2]
    assert np.array_equal(session.compose((3,)), first.image((3,)))
    assert session.redo().masks and session.masks_source == "second"
    undo_all(session)
    assert np.array_equal(session.compose((1,)), first.image((1,)))
    assert session.snapshot().masks_source == "first"


def test_steps_take_no_more_memory_than_they_may_and_the_last_one_stays():
    noise = np.random.default_rng(0).random((40, *SHAPE)) < 0.5
    session = AnnotationSession(SHAPE)
    session._history = History(memory=20_000)
    for mask in noise:
        session.set_mask((), 1, mask)
    steps = 0
    while session.can_undo:
        session.undo()
        steps += 1
    # About 600 bytes a mask and some hundred around it.
    assert 5 < steps < 20
    assert np.array_equal(session.compose(()) == 1, noise[40 - steps - 1])
    session._history = History(memory=10)
    session.set_mask((), 1, noise[0])
    session.set_mask((), 1, noise[1])
    assert session.undo() and not session.can_undo
    assert np.array_equal(session.compose(()) == 1, noise[0])


def test_what_is_counted_goes_with_the_steps_that_had_it():
    session = AnnotationSession(SHAPE, slices=(4,))
    history = session._history
    for _ in range(3):
        for index in range(4):
            click(session, 1, 20, 20 + index, frame=(index,))
            settle(session)
        step = session.begin_step()
        session.write(step, (3,), 2, PackedMask.pack(disc(40, 40, 5)))
        click(session, 3, 10, 10, frame=(0,))
        session.end_step(step)
        session.clear(1)
        undo_all(session)
    assert history._taken == 0 and not history._holders and not history._counted
    session.rename(1, "one")
    click(session, 1, 20, 20, frame=(0,))
    assert len(history._uncounted) <= 2


def test_thousands_of_steps_are_kept_where_they_are_small():
    session = AnnotationSession((480, 854))
    for index in range(3000):
        session.rename(1, str(index))
    steps = 0
    while session.can_undo:
        session.undo()
        steps += 1
    assert steps == 3000
