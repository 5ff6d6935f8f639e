"""Marks that are followed change by change are those of a look at everything."""

import numpy as np
import pytest

from napari_itis.annotation import AnnotationSession, Result
from napari_itis.clicks import Click
from napari_itis.plugin.frame_marks import FrameMarks, Mark

FRAMES, SHAPE = 6, (8, 10)
NOWHERE = np.zeros(FRAMES, bool)


def box(size):
    mask = np.zeros(SHAPE, bool)
    mask[:size, :size] = True
    return mask


@pytest.fixture
def session():
    session = AnnotationSession(SHAPE, (FRAMES,))
    existing = np.zeros((FRAMES, *SHAPE), np.int32)
    existing[:4, :3, :3] = 1
    existing[2:, 5:, 5:] = 2
    session.give_masks(lambda frame: existing[frame[0]], labels=(1, 2))
    return session


def carry(session, random):
    step = session.begin_step()
    for frame in range(int(random.integers(FRAMES)), FRAMES):
        session.write(
            step, (frame,), 1, box(random.integers(0, 5)), overwrite=random.random() < 0.3
        )
    session.end_step(step)


def click(session, random):
    frame, label = (int(random.integers(FRAMES)),), int(random.integers(1, 3))
    session.add_click(frame, label, Click(*random.integers(0, 8, 2).astype(float), True))
    request = session.request(frame, label)
    if request is not None:
        mask = box(random.integers(0, 6))
        session.apply(Result(frame, label, request.revision, mask))


def paint(session, random):
    frame = (int(random.integers(FRAMES)),)
    before = session.compose(frame)
    after = before.copy()
    after[random.integers(8) :] = random.integers(0, 3)
    session.paint(frame, before, after)


ACTIONS = [
    carry,
    click,
    paint,
    lambda s, random: s.set_mask((int(random.integers(FRAMES)),), 1, box(random.integers(1, 6))),
    lambda s, random: s.clear(1, (int(random.integers(FRAMES)),)),
    lambda s, random: s.clear(1),
    lambda s, random: s.commit_frames(1, [(int(random.integers(FRAMES)),)], random.random() < 0.5),
    lambda s, random: s.commit(1),
    lambda s, random: s.undo(),
    lambda s, random: s.redo(),
]


def masks(session):
    records = session.records.items()
    return {frame: record.mask for ((frame,), label), record in records if label == 1}


@pytest.mark.parametrize("seed", range(8))
def test_whatever_happens_the_marks_are_those_of_a_look_at_everything(session, seed):
    random = np.random.default_rng(seed)
    followed = FrameMarks(session, 1)
    for _ in range(60):
        before = masks(session)
        for _ in range(random.integers(1, 4)):
            ACTIONS[random.integers(len(ACTIONS))](session, random)
        changed, now = followed.update(), masks(session)
        told = set(changed)
        assert told >= {f for f in {*before, *now} if before.get(f) is not now.get(f)}
        assert len(told) == len(changed)
        fresh = FrameMarks(session, 1)
        for existing in (False, True):
            shown = followed.show(existing, NOWHERE, NOWHERE)
            assert np.array_equal(shown, fresh.show(existing, NOWHERE, NOWHERE))
        states = {frame: state for (frame,), state in session.states(1).items()}
        for frame in now:
            expected = Mark[states[frame].name] if frame in states else Mark.EMPTY
            assert shown[frame] == expected
    assert followed.update() == []


def test_frames_that_were_searched_are_known_others_are_believed(session):
    looked_at = np.array([True, True, False, False, False, False])
    present = np.array([True, False, False, False, False, False])
    marks = FrameMarks(session, 1)
    session.commit_frames(1, [(5,)])
    assert marks.update() == []
    expected = [Mark.AUTOMATIC, Mark.EMPTY] + [Mark.AUTOMATIC] * 3 + [Mark.COMMITTED]
    assert marks.show(True, looked_at, present).tolist() == expected


def test_a_change_is_told_once(session):
    marks = FrameMarks(session, 1)
    session.set_mask((3,), 1, box(4))
    session.set_mask((1,), 2, box(4))
    assert marks.update() == [3]
    assert marks.update() == []
    session.undo()
    assert marks.update() == []
    session.undo()
    assert marks.update() == [3]


def test_deleting_an_object_and_taking_it_back_changes_frames_that_nobody_touched(session):
    marks = FrameMarks(session, 1)
    for change in (lambda: session.clear(1), session.undo, session.redo):
        change()
        assert marks.update() == list(range(FRAMES))
        assert marks.update() == []
