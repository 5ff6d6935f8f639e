"""Holes, parts, specks and outlines of a mask, and what the session keeps of tidying it."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from napari_itis.annotation import AnnotationSession, PackedMask, Result, State
from napari_itis.annotation.metadata import ImageFacts, SessionMetadata
from napari_itis.annotation.storage import load_session, save_session
from napari_itis.annotation.tidying import (
    fill_holes,
    grow,
    keep_largest,
    remove_specks,
    shrink,
    smooth,
    tidied,
)

from .annotating import SHAPE, click, disc, settle, undo_all

OPERATIONS = (fill_holes, keep_largest, remove_specks, smooth, grow, shrink)


def drawn(*rows):
    return np.array([[pixel == "#" for pixel in row] for row in rows])


def test_enclosed_background_is_filled_and_bays_are_not():
    mask = drawn(
        ".......",
        ".#####.",
        ".#.#.#.",
        ".###.#.",
        ".......",
    )
    filled = fill_holes(mask)
    assert filled[2, 2] and not filled[2, 4] and filled.sum() == mask.sum() + 1
    # Open at the border of the image, or only a corner away from outside: no hole, and a hole.
    assert not fill_holes(drawn("#.#", "###"))[0, 1]
    assert fill_holes(drawn(".#.", "#.#", ".#."))[1, 1]


def test_the_largest_part_is_kept_and_corners_connect():
    mask = drawn("##...#", "..#...", "....##")
    assert np.array_equal(keep_largest(mask), drawn("##....", "..#...", "......"))


def test_specks_go_up_to_the_size_that_is_said_but_never_the_object():
    mask = drawn("###..#", "###...", "....##")
    assert np.array_equal(remove_specks(mask, 1), drawn("###...", "###...", "....##"))
    assert np.array_equal(remove_specks(mask, 5), drawn("###...", "###...", "......"))
    assert np.array_equal(remove_specks(mask, 100), drawn("###...", "###...", "......"))


def test_a_smooth_outline_has_no_teeth_and_stays_at_the_border_of_the_image():
    mask = np.zeros(SHAPE, bool)
    mask[:30, :40] = True
    toothed = mask.copy()
    toothed[30, 5:35:5] = True
    assert np.array_equal(smooth(toothed)[:, :30], mask[:, :30])
    assert (smooth(mask) ^ mask).sum() < 10 and smooth(mask)[0].sum() == 40
    thin = np.zeros(SHAPE, bool)
    thin[10] = True
    assert np.array_equal(smooth(thin), thin)


def test_an_outline_moves_by_a_pixel_and_never_makes_an_object_vanish():
    mask = disc(20, 20, 8)
    assert np.array_equal(mask & grow(mask), mask) and grow(mask)[20, 29]
    assert not shrink(mask)[20, 28] and shrink(mask)[20, 27]
    assert shrink(np.ones(SHAPE, bool)).all()
    dot = disc(20, 20, 0)
    assert np.array_equal(shrink(dot), dot)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_packed_mask_is_tidied_as_a_whole_one(operation):
    generator = np.random.default_rng(3)
    for _ in range(20):
        mask = np.zeros(SHAPE, bool)
        top, left = generator.integers(0, 30), generator.integers(0, 40)
        mask[top : top + 30, left : left + 40] = generator.random((30, 40)) < 0.6
        packed = tidied(PackedMask.pack(mask), operation)
        assert np.array_equal(packed.unpack(), operation(mask))
    empty, full = PackedMask.empty(SHAPE), PackedMask.pack(np.ones(SHAPE, bool))
    assert tidied(empty, operation) is empty and tidied(full, operation) is full


def clicked(holes=((20, 20),)):
    """A session with a disc that has holes."""
    session = AnnotationSession(SHAPE)
    click(session, 1, 20, 20)
    mask = disc(20, 20, 12)
    for hole in holes:
        mask &= ~disc(*hole, 2)
    revision = session.request((), 1).revision
    session.apply(Result((), 1, revision, PackedMask.pack(mask)))
    return session


def fill(session, frame=(), label=1):
    return session.tidy(label, {frame: tidied(session.record(frame, label).mask, fill_holes)})


def test_a_tidied_mask_is_what_the_next_click_starts_from_and_one_step_of_undo():
    session = clicked()
    before = session.compose(()).copy()
    assert fill(session) == (((), 1),)
    assert np.array_equal(session.compose(()) == 1, disc(20, 20, 12))
    assert fill(session) == ()
    click(session, 1, 20, 60)
    request = session.request((), 1)
    assert request.seen == 1 and np.array_equal(request.base.unpack(), disc(20, 20, 12))
    settle(session)
    assert session.compose(())[20, 20] == 1
    session.undo()
    session.undo()
    assert np.array_equal(session.compose(()), before)
    session.redo()
    assert np.array_equal(session.compose(()) == 1, disc(20, 20, 12))
    undo_all(session)
    assert not session.compose(()).any()


def test_tidying_takes_back_the_strokes_that_it_contradicts_and_no_others():
    session = clicked(holes=())
    before = session.compose(())
    painted = before.copy()
    painted[50:53, 70:73] = 1
    painted[19:22, 19:22] = 0
    painted[30:33, 20] = 0
    session.paint((), before, painted)
    fill(session)
    session.tidy(1, {(): tidied(session.record((), 1).mask, keep_largest)})
    assert not session.compose(())[51, 71]
    click(session, 1, 40, 40)
    revision = session.request((), 1).revision
    # A network that takes everything: only the bay is still forced out.
    session.apply(Result((), 1, revision, PackedMask.pack(np.ones(SHAPE, bool))))
    labels = session.compose(())
    assert labels[20, 20] == labels[51, 71] == 1 and not labels[30:33, 20].any()


def test_a_mask_that_waits_for_a_prediction_is_not_tidied():
    session = clicked()
    click(session, 1, 22, 22)
    assert fill(session) == ()
    session.undo()
    assert fill(session)


def test_a_tidied_existing_mask_counts_as_corrected_and_is_saved(tmp_path):
    ring = disc(20, 20, 12) & ~disc(20, 20, 4)
    session = AnnotationSession(SHAPE, slices=(3,))
    session.give_masks(lambda frame: ring.astype(np.uint8) * 5, labels=[5])
    fill(session, (1,), 5)
    assert session.state((1,), 5) is State.CORRECTED
    assert session.state((0,), 5) is State.AUTOMATIC
    step = session.begin_step()
    assert not session.write(step, (1,), 5, ring)
    # A click that has come and gone leaves the tidied mask.
    click(session, 5, 20, 60, frame=(1,))
    settle(session)
    session.remove_click((1,), 5, 0)
    assert np.array_equal(session.compose((1,)) == 5, disc(20, 20, 12))
    path = tmp_path / "rings.itis"
    save_session(path, session, SessionMetadata(ImageFacts("rings", SHAPE, (3,))))
    loaded, _ = load_session(path)
    assert loaded.records == session.records and loaded.state((1,), 5) is State.CORRECTED


def test_files_of_the_first_version_are_still_read(tmp_path):
    session = clicked()
    save_session(tmp_path / "new.itis", session, SessionMetadata(ImageFacts("photo", SHAPE)))
    new = zipfile.ZipFile(tmp_path / "new.itis")
    with new, zipfile.ZipFile(tmp_path / "old.itis", "w") as old:
        for name in new.namelist():
            data = new.read(name)
            if name == "session.json":
                assert b'"version": 2' in data
                data = data.replace(b'"version": 2', b'"version": 1')
            old.writestr(name, data)
    loaded, _ = load_session(Path(tmp_path / "old.itis"))
    assert loaded.records == session.records
