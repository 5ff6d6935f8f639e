"""Encodings, against values worked out by hand from the paper (Sec. 3, 4.2 and 4.3)."""

import math

import numpy as np
import pytest

from napari_itis.clicks import Click, distance_map, gaussian_map, mask_distance_map


def at(y, x):
    return Click(y, x, True)


class TestGaussian:
    def test_peak_is_one_at_the_click(self):
        channel = gaussian_map([at(30, 40)], (80, 100))
        assert channel.shape == (80, 100)
        assert channel.dtype == np.float32
        assert channel[30, 40] == 1.0
        assert np.count_nonzero(channel == 1.0) == 1

    @pytest.mark.parametrize(
        ("dy", "dx", "value"),
        [
            (0, 1, 0.99501248),  # exp(-1 / 200)
            (0, 10, 0.60653066),  # exp(-100 / 200)
            (3, 4, 0.88249690),  # exp(-25 / 200)
            (-6, 8, 0.60653066),
            (12, -16, 0.13533528),  # distance 20: exp(-400 / 200)
            (20, 0, 0.13533528),
        ],
    )
    def test_falls_as_a_gaussian_of_sigma_10(self, dy, dx, value):
        channel = gaussian_map([at(50, 50)], (101, 101))
        assert channel[50 + dy, 50 + dx] == pytest.approx(value, abs=1e-6)

    def test_is_zero_beyond_20_pixels_and_not_a_floor(self):
        channel = gaussian_map([at(50, 50)], (101, 101))
        rows, columns = np.mgrid[:101, :101]
        squared = (rows - 50) ** 2 + (columns - 50) ** 2
        assert np.all(channel[squared > 400] == 0)
        assert np.all(channel[squared <= 400] > 0.135)

    def test_overlap_takes_the_maximum_not_the_sum(self):
        both = gaussian_map([at(50, 40), at(50, 60)], (101, 101))
        # In the middle both are 10 px away.
        assert both[50, 50] == pytest.approx(0.60653066, abs=1e-6)
        # 5 px from one and 15 px from the other: the nearer one counts.
        assert both[50, 45] == pytest.approx(math.exp(-25 / 200), abs=1e-6)

    def test_no_click_is_all_zero(self):
        assert not gaussian_map([], (20, 30)).any()

    @pytest.mark.parametrize("corner", [(0, 0), (0, 29), (19, 0), (19, 29)])
    def test_a_click_in_the_corner_is_cut_at_the_border(self, corner):
        channel = gaussian_map([at(*corner)], (20, 30))
        assert channel[corner] == 1.0
        rows, columns = np.mgrid[:20, :30]
        squared = (rows - corner[0]) ** 2 + (columns - corner[1]) ** 2
        expected = np.where(squared <= 400, np.exp(-squared / 200), 0)
        np.testing.assert_allclose(channel, expected, atol=1e-6)

    def test_an_image_smaller_than_the_stamp(self):
        channel = gaussian_map([at(2, 1)], (4, 3))
        assert channel[2, 1] == 1.0
        assert channel[0, 0] == pytest.approx(math.exp(-5 / 200), abs=1e-6)

    def test_the_same_click_twice_changes_nothing(self):
        one, two = gaussian_map([at(9, 9)], (30, 30)), gaussian_map([at(9, 9)] * 2, (30, 30))
        np.testing.assert_array_equal(one, two)


class TestDistance:
    def test_is_one_everywhere_without_clicks(self):
        channel = distance_map([], (12, 15))
        assert channel.dtype == np.float32
        np.testing.assert_array_equal(channel, np.ones((12, 15)))

    def test_is_the_distance_over_255(self):
        channel = distance_map([at(0, 0)], (40, 300))
        assert channel[0, 0] == 0
        assert channel[30, 40] == pytest.approx(50 / 255, abs=1e-4)
        assert channel[0, 254] == pytest.approx(254 / 255, abs=1e-4)

    def test_is_clipped_at_255_pixels(self):
        channel = distance_map([at(0, 0)], (10, 400))
        assert np.all(channel[:, 256:] == 1.0)
        assert channel.max() == 1.0

    def test_the_nearest_click_counts(self):
        channel = distance_map([at(5, 0), at(5, 100)], (11, 101))
        assert channel[5, 90] == pytest.approx(10 / 255, abs=1e-4)
        assert channel[5, 20] == pytest.approx(20 / 255, abs=1e-4)


class TestMaskDistance:
    def test_an_empty_mask_is_one_everywhere(self):
        channel = mask_distance_map(np.zeros((9, 14), bool))
        assert channel.dtype == np.float32
        np.testing.assert_array_equal(channel, np.ones((9, 14)))

    def test_a_full_mask_is_zero_everywhere(self):
        assert not mask_distance_map(np.ones((9, 14), bool)).any()

    def test_zero_inside_and_distance_over_128_outside(self):
        mask = np.zeros((60, 200), bool)
        mask[20:30, 10:20] = True
        channel = mask_distance_map(mask)
        assert not channel[mask].any()
        # The distance to the mask: the pixel beside it is 1 away.
        assert channel[25, 20] == pytest.approx(1 / 128, abs=1e-5)
        # From (32, 23) to the nearest mask pixel (29, 19): 3 and 4, so 5.
        assert channel[32, 23] == pytest.approx(5 / 128, abs=1e-4)
        assert channel[25, 19 + 64] == pytest.approx(0.5, abs=1e-4)

    def test_is_clipped_at_128_pixels(self):
        mask = np.zeros((5, 400), bool)
        mask[:, 0] = True
        channel = mask_distance_map(mask)
        assert channel[2, 127] == pytest.approx(127 / 128, abs=1e-4)
        assert np.all(channel[:, 128:] == 1.0)
