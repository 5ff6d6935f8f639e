import numpy as np

from napari_itis.clicks import Click
from napari_itis.plugin.click_rows import as_data, match, read_point, rows_of

CLICKS = [Click(1, 2, True), Click(3, 4, False), Click(5, 6, True), Click(5, 6, True)]
ROWS = rows_of((7,), CLICKS, True)


def test_rows_hold_one_sign_with_the_slice_in_front():
    assert np.array_equal(as_data(ROWS, 3), [[7, 1, 2], [7, 5, 6], [7, 5, 6]])
    assert as_data([], 3).shape == (0, 3)


def test_nothing_changed():
    assert match(ROWS, as_data(ROWS, 3)) == ROWS


def test_a_moved_point_is_the_one_that_was_there():
    data = as_data(ROWS, 3)
    data[0] = (7, 9, 9)
    assert match(ROWS, data) == ROWS


def test_a_removed_point_is_the_one_that_is_missing():
    found = match(ROWS, as_data(ROWS[1:], 3))
    assert all(one in ROWS[1:] for one in found) and len({id(one) for one in found}) == 2


def test_a_new_point_was_nothing_before():
    data = np.vstack([as_data(ROWS, 3), [7, 9, 9]])
    assert match(ROWS, data) == [*ROWS, None]


def test_other_points_altogether_are_new_ones():
    assert match(ROWS, np.array([[0.0, 8, 8]])) == [None]


def test_points_are_read_where_they_lie():
    assert read_point((6.6, 1.2, 3.4), (10, 10), (8,), True) == ((7,), Click(1.2, 3.4, True))
    assert read_point((8, 1, 3), (10, 10), (8,), True) is None
    assert read_point((7, 1, 9.6), (10, 10), (8,), True) is None
    assert read_point((7, np.nan, 9), (10, 10), (8,), True) is None
