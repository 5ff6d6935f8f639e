"""Correcting masks that exist, of which a video may have ten thousand."""

import tracemalloc

import numpy as np
import pytest

from napari_itis.annotation import AnnotationSession, PackedMask, Result, State, labels_in
from napari_itis.clicks import Click

from .annotating import SHAPE, Masks, click, disc, settle, undo_all


@pytest.fixture
def masks():
    return Masks()


@pytest.fixture
def session(masks):
    session = AnnotationSession(SHAPE, slices=(masks.frames,))
    session.give_masks(masks, labels=[1, 2])
    return session


def test_frames_nobody_has_touched_look_as_their_masks_do(session, masks):
    for index in (0, 77, 9_999):
        labels = session.compose((index,))
        assert labels.dtype == np.int32
        assert np.array_equal(labels, masks.image((index,)))
    assert session.changed_frames() == [] and not session.can_undo


def test_ten_thousand_frames_are_played_through_in_flat_memory(session):
    session.compose((0,))
    tracemalloc.start()
    for index in range(0, 10_000, 5):
        session.compose((index,))
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # 2 000 label images would take 38 MB.
    assert grown < 1_000_000


def test_nothing_is_read_before_it_is_needed(session, masks):
    session.objects(), session.frames(), session.next_label, session.states(1)
    session.changed_frames(), session.pending(), session.snapshot()
    assert masks.reads == []
    session.compose((5,))
    click(session, 1, 20, 20, frame=(5,))
    settle(session)
    session.compose((5,))
    assert masks.reads == [(5,)]


def test_a_click_corrects_the_mask_through_the_network(session, masks):
    before = session.compose((3,)).copy()
    click(session, 1, 20, 35, frame=(3,))
    request = session.request((3,), 1)
    assert np.array_equal(request.base.unpack(), before == 1) and request.seen == 0
    assert np.array_equal(session.compose((3,)), before)
    settle(session)
    after = session.compose((3,))
    assert np.array_equal(after == 1, (before == 1) | disc(20, 35, 10))
    assert np.array_equal(after == 2, before == 2)
    assert session.changed_frames() == [(3,)]
    assert session.is_changed((3,)) and not session.is_changed((4,))


def test_clicks_on_one_object_leave_the_pixels_of_the_others(session):
    click(session, 1, 38, 40, frame=(3,))
    click(session, 7, 45, 28, frame=(3,))
    settle(session)
    labels = session.compose((3,))
    assert (labels[40:50, 30:60] == 2).all()
    assert labels[45, 28] == 7 and labels[38, 40] == 1


@pytest.mark.parametrize("way", ["undo", "by hand"])
def test_taking_everything_back_leaves_the_existing_masks(session, masks, way):
    click(session, 1, 20, 35, frame=(3,))
    settle(session)
    click(session, 1, 22, 20, positive=False, frame=(3,))
    settle(session)
    if way == "undo":
        undo_all(session)
        assert session.records == {}
    else:
        session.remove_click((3,), 1, 1)
        settle(session)
        session.remove_click((3,), 1, 0)
    assert session.pending() == []
    assert np.array_equal(session.compose((3,)), masks.image((3,)))
    assert session.changed_frames() == []
    assert session.state((3,), 1) is State.AUTOMATIC


def test_redo_brings_a_correction_back_without_the_network(session):
    click(session, 1, 20, 35, frame=(3,))
    settle(session)
    after = session.compose((3,)).copy()
    session.undo()
    session.redo()
    assert np.array_equal(session.compose((3,)), after) and session.pending() == []


def test_painting_over_and_erasing_existing_masks(session, masks):
    before = session.compose((3,)).copy()
    painted = before.copy()
    painted[42:46, 25:40] = 1
    session.paint((3,), before, painted)
    assert np.array_equal(session.compose((3,)), painted)
    erased = painted.copy()
    erased[44:, :] = 0
    session.paint((3,), painted, erased)
    assert np.array_equal(session.compose((3,)), erased)
    undo_all(session)
    assert np.array_equal(session.compose((3,)), masks.image((3,)))


def test_what_is_erased_does_not_uncover_an_existing_mask(session, masks):
    session.allow_overwriting(7, True)
    click(session, 7, 45, 45, frame=(3,))
    settle(session)
    before = session.compose((3,)).copy()
    assert before[45, 45] == 7
    erased = before.copy()
    erased[44:47] = 0
    session.paint((3,), before, erased)
    assert np.array_equal(session.compose((3,)), erased)


def test_a_covered_existing_mask_comes_back(session, masks):
    session.allow_overwriting(7, True)
    click(session, 7, 45, 45, frame=(3,))
    settle(session)
    click(session, 1, 20, 20, frame=(3,))
    settle(session)
    session.clear(7)
    assert (session.compose((3,))[40:50, 30:60] == 2).all()


def test_an_existing_object_is_removed_from_one_frame(session, masks):
    session.compose((3,))
    assert session.clear(2, (3,)) == (((3,), 2),)
    assert not (session.compose((3,)) == 2).any() and (session.compose((3,)) == 1).any()
    assert (session.compose((4,)) == 2).any()
    assert session.state((3,), 2) is State.CORRECTED
    assert session.visible_area((3,), 2) == 0 and session.visible_area((4,), 2) == 300
    assert session.clear(2, (3,)) == ()
    assert session.changed_frames() == [(3,)] and (3,) not in session.frames(2)
    session.undo()
    assert np.array_equal(session.compose((3,)), masks.image((3,)))
    session.redo()
    assert not (session.compose((3,)) == 2).any()
    # A click starts anew, not from the mask that was removed.
    click(session, 2, 10, 60, frame=(3,))
    assert session.request((3,), 2).base is None


def test_an_existing_object_is_deleted_everywhere_without_reading_everything(session, masks):
    session.compose((3,))
    click(session, 2, 30, 30, frame=(8,))
    settle(session)
    changed = session.compose((8,)).copy()
    masks.reads.clear()
    keys = session.clear(2)
    assert {frame for frame, _ in keys} >= {(3,), (8,)}
    assert masks.reads == []
    for index in (3, 8, 4_321):
        labels = session.compose((index,))
        assert not (labels == 2).any() and (labels == 1).any()
        assert session.is_changed((index,))
    assert session.objects() == [1] and session.next_label == 3
    assert session.frames(2) == [] and session.state((3,), 2) is None
    change = session.undo()
    assert change.everywhere == (2,) and change.keys
    assert session.objects() == [1, 2]
    assert np.array_equal(session.compose((4_321,)), masks.image((4_321,)))
    assert np.array_equal(session.compose((8,)), changed)
    assert session.redo().everywhere == (2,)
    assert not (session.compose((8,)) == 2).any()


def test_changed_frames_know_of_deleted_objects_where_somebody_has_looked(session):
    session.compose((3,))
    session.learn_masks({(9,): [1], (11,): [2]})
    session.clear(2)
    assert session.changed_frames() == [(3,), (11,)]
    assert session.is_changed((500,)) and not session.is_changed((9,))


def test_a_new_object_never_gets_the_label_of_one_in_a_frame_nobody_has_seen():
    session = AnnotationSession(SHAPE, slices=(10,))
    late = Masks()
    session.give_masks(lambda frame: late(frame) * (100 if frame[0] == 9 else 1), largest=255)
    session.compose((0,))
    assert session.objects() == [1, 2]
    assert session.next_label == 256
    session.learn_masks({(index,): [1, 2] for index in range(9)})
    session.learn_masks({(9,): [100, 200]}, complete=True)
    assert session.objects() == [1, 2, 100, 200]
    assert session.next_label == 201


def test_not_knowing_any_label_is_refused():
    session = AnnotationSession(SHAPE)
    with pytest.raises(ValueError, match="which is the largest"):
        session.give_masks(lambda frame: None)


def test_frames_of_an_object_are_those_where_it_was_seen_or_changed(session):
    session.compose((4,))
    click(session, 2, 5, 5, frame=(9,))
    click(session, 3, 5, 5, frame=(2,))
    assert session.frames(2) == [(2,), (4,), (9,)]
    assert session.frames(3) == [(2,)]
    assert session.frames() == [(2,), (4,), (9,)]
    assert session.clicked_frames(2) == [(9,)]
    assert session.states(2) == {
        (2,): State.AUTOMATIC,
        (4,): State.AUTOMATIC,
        (9,): State.CORRECTED,
    }


def test_a_frame_without_masks_is_empty():
    session = AnnotationSession(SHAPE, slices=(4,))
    masks = Masks()
    session.give_masks(lambda frame: masks(frame) if frame[0] % 2 else None, labels=[1, 2])
    assert not session.compose((0,)).any() and session.compose((1,)).any()
    assert session.state((0,), 1) is None and session.record((0,), 1) is None
    click(session, 1, 20, 20, frame=(0,))
    assert session.request((0,), 1).base is None


def test_the_record_of_an_untouched_object_says_what_is_there(session):
    record = session.record((3,), 2)
    assert record.area == 300 and record.clicks == () and record.state is State.AUTOMATIC
    assert session.records == {}


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((3, 3), np.uint8), r"frame \(2,\) have \(3, 3\), the image \(60, 80\)"),
        (np.zeros(SHAPE), "frame .* float64: labels are integers"),
        (np.full(SHAPE, -1), "between 0 and"),
        (np.full(SHAPE, 2**31), "between 0 and"),
    ],
)
def test_what_is_no_label_image_is_refused_in_one_line(image, message):
    session = AnnotationSession(SHAPE, slices=(5,))
    session.give_masks(lambda frame: image, labels=[1])
    with pytest.raises(ValueError, match=message):
        session.compose((2,))


def test_masks_that_are_overwritten_can_be_kept_for_undo(session, masks):
    original = masks.image((3,))
    click(session, 1, 20, 35, frame=(3,))
    settle(session)
    session.keep_masks([(3,)])
    # The file is overwritten with what was corrected.
    corrected = session.compose((3,)).copy()
    masks.image = lambda frame: corrected
    for index in range(10, 20):
        session.compose((index,))
    session.undo()
    assert np.array_equal(session.compose((3,)), original)


def test_a_snapshot_stays_as_it_was_and_reads_for_itself(session, masks):
    click(session, 1, 20, 35, frame=(3,))
    settle(session)
    before = session.compose((3,)).copy()
    snapshot = session.snapshot()
    session.clear(1)
    session.clear(2)
    assert np.array_equal(snapshot.compose((3,)), before)
    assert np.array_equal(snapshot.compose((50,)), masks.image((50,)))
    assert snapshot.changed_frames() == [(3,)]
    restored = AnnotationSession.restore(snapshot)
    assert np.array_equal(restored.compose((3,)), before) and not restored.can_undo
    assert restored.records == snapshot.records


def test_many_existing_objects_cost_a_click_little():
    rows, columns = np.indices((1000, 1000)) // 25
    labels = (rows * 40 + columns + 1).astype(np.int32)
    session = AnnotationSession((1000, 1000))
    session.give_masks(lambda frame: labels, labels=range(1, 1601))
    session.add_click((), 5, Click(3, 110, True))
    assert list(session.records) == [((), 5)]
    record = session.record((), 5)
    assert record.area == 625
    mask = record.mask.unpack()
    mask[:40, 90:140] = True
    request = session.request((), 5)
    session.apply(Result(request.frame, request.object, request.revision, PackedMask.pack(mask)))
    # The neighbours keep every pixel.
    assert np.array_equal(session.compose(()), labels)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.uint16, np.int32, np.uint64])
def test_labels_of_an_image(dtype):
    image = np.zeros((4, 5), dtype)
    assert labels_in(image) == ()
    image[1, 2] = 1
    assert labels_in(image) == (1,)


def test_labels_of_an_image_may_be_large():
    image = np.array([[0, 70_000], [3, 3]], np.int32)
    assert labels_in(image) == (3, 70_000)
