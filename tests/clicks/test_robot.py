"""Robot users (paper, Sec. 4; supplement B), against clicks worked out by hand."""

import numpy as np
import pytest

from napari_itis.clicks import Click, robot_click


def rng(seed=0):
    return np.random.default_rng(seed)


def click(prediction, truth, void=None, clicks=(), seed=0, robot="largest"):
    return robot_click(prediction, truth, void, clicks, rng(seed), robot=robot)


def empty(height, width):
    return np.zeros((height, width), bool)


class TestLargest:
    def test_first_click_is_the_center_of_the_object(self):
        truth = empty(40, 50)
        truth[10:21, 15:26] = True
        found = click(empty(40, 50), truth)
        assert (found.y, found.x, found.positive) == (15, 20, True)

    def test_negative_where_the_mask_spills_over(self):
        truth = empty(40, 50)
        truth[10:21, 2:9] = True
        prediction = truth.copy()
        prediction[10:21, 30:41] = True
        found = click(prediction, truth)
        assert (found.y, found.x, found.positive) == (15, 35, False)

    def test_nothing_mislabelled(self):
        truth = empty(10, 10)
        truth[2:5, 2:5] = True
        assert click(truth, truth) is None

    def test_only_void_mislabelled(self):
        truth = empty(10, 10)
        truth[2:5, 2:5] = True
        assert click(empty(10, 10), truth, void=truth.copy()) is None

    def test_the_largest_component_by_pixels(self):
        truth = empty(60, 60)
        truth[5:14, 5:14] = True  # 81 pixels, 5 px deep
        truth[30:33, 10:50] = True  # 120 pixels, but only 2 px deep
        found = click(empty(60, 60), truth)
        assert found.y == 31

    def test_components_are_8_connected(self):
        truth = empty(40, 40)
        # Two squares of 25 pixels that touch at a corner: together larger than the lone 36.
        truth[2:7, 2:7] = True
        truth[7:12, 7:12] = True
        truth[25:31, 25:31] = True
        for seed in range(10):
            found = click(empty(40, 40), truth, seed=seed)
            assert found.y < 12
            assert (found.y, found.x) in {(4, 4), (9, 9)}

    def test_the_image_border_counts_as_border(self):
        # An object that fills the image: without the border every pixel would tie.
        truth = np.ones((21, 31), bool)
        for seed in range(10):
            found = click(empty(21, 31), truth, seed=seed)
            assert found.y == 10
            assert 10 <= found.x <= 20

    def test_an_object_at_the_image_border(self):
        truth = empty(30, 30)
        truth[0:11, 10:21] = True
        found = click(empty(30, 30), truth)
        assert (found.y, found.x) == (5, 15)

    def test_keeps_away_from_earlier_clicks_in_the_component(self):
        truth = empty(21, 61)
        truth[5:16, 5:56] = True  # 11 x 51 pixels, middle row 10
        found = click(empty(21, 61), truth, clicks=[Click(10, 30, True)])
        # 6 px deep in the middle row: as far from the border as can be, and no nearer to the click.
        assert found.y == 10
        assert abs(found.x - 30) >= 6
        assert 10 <= found.x <= 50

    def test_an_earlier_click_in_the_center_of_a_square(self):
        truth = empty(41, 41)
        truth[10:31, 10:31] = True  # center (20, 20)
        spots = {
            (found.y, found.x)
            for found in (
                click(empty(41, 41), truth, clicks=[Click(20, 20, True)], seed=seed)
                for seed in range(40)
            )
        }
        # A pixel (dy, dx) off is hypot(dy, dx) from the click and 11 - max(|dy|, |dx|) from
        # the border. With max 5 the border gives 6, and (5, 4) and (5, 5) keep more than that from
        # the click; max 4 reaches 5.66 at (4, 4), max 6 has 5 left: so 6 is the best there is.
        for y, x in spots:
            to_click = np.hypot(y - 20, x - 20)
            to_border = 11 - max(abs(y - 20), abs(x - 20))
            assert min(to_click, to_border) == pytest.approx(6.0, abs=0.01)
        assert len(spots) > 4

    def test_earlier_clicks_elsewhere_do_not_matter(self):
        truth = empty(40, 50)
        truth[10:21, 15:26] = True
        found = click(empty(40, 50), truth, clicks=[Click(10, 40, False), Click(3, 20, False)])
        assert (found.y, found.x) == (15, 20)

    def test_ties_are_broken_at_random_but_seeded(self):
        truth = empty(20, 60)
        truth[5:10, 5:10] = truth[5:10, 40:45] = True
        found = [click(empty(20, 60), truth, seed=seed) for seed in range(30)]
        assert {(c.y, c.x) for c in found} == {(7, 7), (7, 42)}
        assert found == [click(empty(20, 60), truth, seed=seed) for seed in range(30)]

    def test_void_splits_components_and_is_never_clicked(self):
        truth = empty(20, 41)
        truth[5:16, 2:39] = True
        void = empty(20, 41)
        void[:, 10:16] = True
        found = click(empty(20, 41), truth, void=void)
        # Left of the void 8 columns, right of it 23: the right part is larger.
        assert found.x >= 16
        assert found.y == 10
        assert 21 <= found.x <= 33

    def test_a_single_pixel(self):
        truth = empty(5, 5)
        truth[3, 1] = True
        found = click(empty(5, 5), truth)
        assert (found.y, found.x, found.positive) == (3, 1, True)

    def test_a_pixel_that_was_clicked_before_is_no_error(self):
        truth = empty(5, 5)
        truth[3, 1] = True
        found = click(empty(5, 5), truth, clicks=[Click(3, 1, True)])
        assert (found.y, found.x) == (3, 1)


class TestOthers:
    @pytest.mark.parametrize("robot", ["cluster", "random"])
    def test_the_click_is_mislabelled_and_has_the_right_sign(self, robot):
        truth, prediction = empty(50, 50), empty(50, 50)
        truth[5:20, 5:20] = True
        prediction[10:40, 10:40] = True
        void = empty(50, 50)
        void[:, 35:] = True
        for seed in range(40):
            found = click(prediction, truth, void=void, seed=seed, robot=robot)
            y, x = int(found.y), int(found.x)
            assert prediction[y, x] != truth[y, x]
            assert not void[y, x]
            assert found.positive == truth[y, x]

    @pytest.mark.parametrize("robot", ["largest", "cluster", "random"])
    def test_none_when_nothing_is_mislabelled(self, robot):
        truth = np.ones((8, 8), bool)
        assert click(truth, truth, robot=robot) is None

    def test_cluster_draws_components_by_their_size(self):
        truth = empty(30, 60)
        truth[5:14, 5:14] = True  # 81 pixels
        truth[20:23, 40:49] = True  # 27 pixels: a quarter of all
        small = sum(
            click(empty(30, 60), truth, seed=seed, robot="cluster").x >= 40 for seed in range(400)
        )
        assert 65 <= small <= 135

    def test_cluster_clicks_at_the_center(self):
        truth = empty(30, 60)
        truth[5:14, 5:14] = True
        found = click(empty(30, 60), truth, robot="cluster")
        assert (found.y, found.x) == (9, 9)

    def test_random_reaches_every_mislabelled_pixel(self):
        truth = empty(12, 12)
        truth[4:7, 4:7] = True
        spots = {
            (found.y, found.x)
            for found in (click(empty(12, 12), truth, seed=s, robot="random") for s in range(200))
        }
        assert spots == {(y, x) for y in (4, 5, 6) for x in (4, 5, 6)}

    def test_unknown_robot(self):
        with pytest.raises(ValueError, match="lazy"):
            click(empty(3, 3), np.ones((3, 3), bool), robot="lazy")
