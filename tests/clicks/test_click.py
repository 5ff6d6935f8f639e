"""A click and the one place where it is rounded."""

import pytest

from napari_itis.clicks import Click, distance_map, gaussian_map


@pytest.mark.parametrize(
    ("y", "x", "pixel"), [(2, 3, (2, 3)), (2.4, 3.6, (2, 4)), (-0.4, 0.49, (0, 0))]
)
def test_a_click_between_pixels_belongs_to_the_nearest(y, x, pixel):
    assert gaussian_map([Click(y, x, True)], (6, 6))[pixel] == 1.0
    assert distance_map([Click(y, x, True)], (6, 6))[pixel] == 0.0


def test_clicks_compare_by_value_and_do_not_change():
    click = Click(1.5, 2.5, False)
    assert click == Click(1.5, 2.5, False)
    assert click != Click(1.5, 2.5, True)
    with pytest.raises(AttributeError):
        click.y = 3
