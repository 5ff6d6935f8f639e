"""Label images in tiles say what plain ones say."""

import numpy as np
import pytest

from napari_itis.annotation import AnnotationSession, Result
from napari_itis.annotation.exports.export import Export
from napari_itis.annotation.packed import PackedMask, difference, pack_part, union
from napari_itis.annotation.summary import visible_areas
from napari_itis.annotation.tiles import TiledLabels
from napari_itis.clicks import Click

SHAPE = (1500, 2100)


@pytest.fixture
def drawn():
    """A tiled label image with three objects, and the plain one."""
    tiled, plain = TiledLabels(SHAPE), np.zeros(SHAPE, np.int32)
    rng = np.random.default_rng(0)
    boxes = [(0, 40, 0, 30), (500, 530, 1000, 1100), (300, 1400, 600, 2100)]
    for label, (top, bottom, left, right) in enumerate(boxes, 1):
        where = rng.random((bottom - top, right - left)) < 0.5
        tiled.paint((slice(top, bottom), slice(left, right)), where, label)
        plain[top:bottom, left:right][where] = label
    return tiled, plain


@pytest.mark.parametrize("step", [1, 2, 7, 64, 700])
@pytest.mark.parametrize("box", [(0, 1500, 0, 2100), (505, 1201, 13, 1700), (1499, 1500, 0, 1)])
def test_any_part_of_it_is_that_of_the_plain_image(drawn, box, step):
    tiled, plain = drawn
    key = slice(box[0], box[1], step), slice(box[2], box[3], step)
    assert np.array_equal(tiled[key], plain[key])
    assert tiled[box[0], box[2]] == plain[box[0], box[2]]


def test_what_differs_is_found(drawn):
    tiled, plain = drawn
    assert np.array_equal(np.asarray(tiled), plain)
    assert tiled.has(3) and not tiled.has(4)
    other = TiledLabels(SHAPE)
    other.paint((slice(0, 1500), slice(0, 2100)), plain > 0, 1)
    differs = np.argwhere(plain > 1)
    rows, columns = tiled.changed_box(other)
    assert (rows.start, columns.start) == tuple(differs.min(0))
    assert (rows.stop, columns.stop) == tuple(differs.max(0) + 1)
    assert tiled.changed_box(tiled) is None
    again = TiledLabels.of(plain)
    assert again.changed_box(tiled) is None
    assert tiled.equals(plain)
    plain[700, 10] += 1
    assert not tiled.equals(plain)


def test_objects_of_a_huge_plane_are_those_of_a_small_one():
    sessions = {150_000: AnnotationSession((200_000, 200_000)), 50: AnnotationSession((1100, 100))}

    def same():
        huge, small = (
            session.drawing(())[950:1100, x - 50 : x + 50] for x, session in sessions.items()
        )
        areas = [[s.visible_area((), label) for label in (1, 2)] for s in sessions.values()]
        counted = [visible_areas(session, ()) for session in sessions.values()]
        (first, one), (second, other) = (
            (x, Export(session, "image").instances(())) for x, session in sessions.items()
        )
        for mine, theirs in zip(one, other, strict=True):
            assert mine.label == theirs.label and mine.box[0] == theirs.box[0]
            assert mine.box[1].start - first == theirs.box[1].start - second
            assert np.array_equal(mine.mask, theirs.mask)
        return np.array_equal(huge, small) and areas[0] == areas[1] and counted[0] == counted[1]

    for label, at in ((1, 1000), (2, 1010), (1, 1030)):
        for x, session in sessions.items():
            session.add_click((), label, Click(at, x, True))
            request = session.request((), label)
            box = (slice(at - 20, at + 20), slice(x - 20, x + 20))
            mask = pack_part(session.shape, box, np.ones((40, 40), bool))
            assert session.apply(Result((), label, request.revision, mask))
        assert same()
    for step in ("undo", "undo", "redo"):
        for session in sessions.values():
            getattr(session, step)()
        assert same()
    assert sessions[50].drawing(()).any()


def test_masks_are_joined_and_cut_within_their_boxes():
    rng = np.random.default_rng(0)
    for _ in range(20):
        first, second = np.zeros((2, 30, 40), bool)
        for mask in (first, second):
            top, left = rng.integers(0, 20, 2)
            mask[top : top + 9, left : left + 12] = rng.random((9, 12)) < 0.6
        packed = PackedMask.pack(first), PackedMask.pack(second)
        for other in (second, packed[1]):
            assert np.array_equal(union(packed[0], other).unpack(), first | second)
            left = difference(packed[0], other)
            found = np.zeros_like(first) if left is None else left.unpack()
            assert np.array_equal(found, first & ~second)
