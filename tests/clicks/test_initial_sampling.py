"""Initial sampling of training (supplement A), against what the paper's numbers demand."""

import itertools

import numpy as np
import pytest

from napari_itis.clicks import initial_clicks, negative_clicks, positive_clicks

SEEDS = range(25)


def box(shape, rows, columns):
    mask = np.zeros(shape, bool)
    mask[slice(*rows), slice(*columns)] = True
    return mask


def disc(shape, center, radius):
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    return (rows - center[0]) ** 2 + (columns - center[1]) ** 2 <= radius**2


def distance_to(mask, click):
    """Distance from a click to the nearest pixel of `mask`, by brute force."""
    rows, columns = np.nonzero(mask)
    return float(np.sqrt((rows - click.y) ** 2 + (columns - click.x) ** 2).min())


def apart(clicks):
    return [np.hypot(a.y - b.y, a.x - b.x) for a, b in itertools.combinations(clicks, 2)]


class TestPositive:
    @pytest.mark.parametrize("seed", SEEDS)
    def test_inside_off_the_boundary_and_spaced(self, seed):
        truth = box((300, 300), (20, 280), (20, 280))
        clicks = positive_clicks(truth, 5, np.random.default_rng(seed))
        assert len(clicks) == 5
        for click in clicks:
            assert click.positive
            assert truth[int(click.y), int(click.x)]
            assert distance_to(~truth, click) >= 5
        assert min(apart(clicks)) >= 40

    def test_fewer_where_the_object_has_no_room(self):
        # Its inner 20 x 20 px hold one click only: no two of them are 40 px apart.
        truth = box((100, 100), (30, 60), (30, 60))
        for seed in SEEDS:
            assert len(positive_clicks(truth, 5, np.random.default_rng(seed))) == 1

    def test_an_object_too_thin_for_the_margin_is_clicked_anywhere_inside(self):
        truth = box((60, 200), (30, 33), (10, 190))
        columns = set()
        for seed in SEEDS:
            clicks = positive_clicks(truth, 3, np.random.default_rng(seed))
            assert clicks
            assert all(truth[int(c.y), int(c.x)] for c in clicks)
            assert min(apart(clicks), default=40) >= 40
            columns.update(c.x for c in clicks)
        assert len(columns) > 10

    def test_one_pixel_is_enough(self):
        truth = box((9, 9), (4, 5), (6, 7))
        (click,) = positive_clicks(truth, 5, np.random.default_rng(0))
        assert (click.y, click.x, click.positive) == (4, 6, True)

    def test_seeded(self):
        truth = box((300, 300), (20, 280), (20, 280))
        first = positive_clicks(truth, 5, np.random.default_rng(3))
        assert first == positive_clicks(truth, 5, np.random.default_rng(3))
        assert first != positive_clicks(truth, 5, np.random.default_rng(4))


class TestNegative:
    truth = disc((300, 300), (150, 150), 50)

    @pytest.mark.parametrize("seed", SEEDS)
    def test_s1_lies_in_a_band_of_40_px_off_the_margin_and_spaced(self, seed):
        clicks = negative_clicks(self.truth, 10, np.random.default_rng(seed), strategy="s1")
        assert 1 <= len(clicks) <= 10
        for click in clicks:
            assert not click.positive
            assert 5 <= distance_to(self.truth, click) <= 40
        assert min(apart(clicks), default=40) >= 40

    @pytest.mark.parametrize("seed", SEEDS)
    def test_s2_clicks_every_other_object_and_nothing_else(self, seed):
        others = np.zeros((300, 300), np.int32)
        others[5:45, 5:45] = 2
        others[250:290, 200:290] = 7
        clicks = negative_clicks(
            self.truth, 2, np.random.default_rng(seed), strategy="s2", others=others
        )
        hit = [others[int(click.y), int(click.x)] for click in clicks]
        assert set(hit) == {2, 7}
        assert not any(click.positive for click in clicks)
        assert max(hit.count(2), hit.count(7)) <= 2

    def test_s2_without_other_objects_gives_nothing(self):
        rng = np.random.default_rng(0)
        others = np.zeros((300, 300), np.int32)
        assert negative_clicks(self.truth, 5, rng, strategy="s2", others=others) == []

    @pytest.mark.parametrize("seed", SEEDS)
    def test_s3_covers_the_band_around_the_object(self, seed):
        clicks = negative_clicks(self.truth, 10, np.random.default_rng(seed), strategy="s3")
        assert len(clicks) == 10
        for click in clicks:
            assert not click.positive
            assert 0 < distance_to(self.truth, click) <= 40
        # Ten clicks that cover a ring leave no third of it empty.
        angles = np.sort([np.arctan2(click.y - 150, click.x - 150) for click in clicks])
        gaps = np.diff(np.append(angles, angles[0] + 2 * np.pi))
        assert gaps.max() < 2 * np.pi / 3

    def test_s3_puts_the_second_click_opposite_the_first(self):
        first, second = negative_clicks(self.truth, 2, np.random.default_rng(1), strategy="s3")
        # In the middle of the band nothing is farther from a border than 20 px, so every point
        # of the middle circle that is at least as far from the first click ties.
        assert np.hypot(first.y - second.y, first.x - second.x) >= 15
        assert 15 <= distance_to(self.truth, second) <= 30

    @pytest.mark.parametrize("strategy", ["s1", "s3"])
    def test_void_is_never_clicked(self, strategy):
        void = np.zeros((300, 300), bool)
        void[:, 150:] = True
        for seed in SEEDS:
            clicks = negative_clicks(
                self.truth & ~void, 10, np.random.default_rng(seed), strategy=strategy, void=void
            )
            assert clicks
            assert all(click.x < 150 for click in clicks)

    def test_an_object_that_fills_the_image_leaves_no_room(self):
        truth = np.ones((50, 50), bool)
        for strategy in ("s1", "s2", "s3"):
            rng = np.random.default_rng(0)
            assert negative_clicks(truth, 5, rng, strategy=strategy) == []

    def test_no_clicks_asked_for(self):
        for strategy in ("s1", "s2", "s3"):
            assert negative_clicks(self.truth, 0, np.random.default_rng(0), strategy) == []

    def test_unknown_strategy(self):
        with pytest.raises(ValueError, match="s4"):
            negative_clicks(self.truth, 5, np.random.default_rng(0), strategy="s4")


class TestInitial:
    truth = box((400, 400), (60, 340), (60, 340))

    def test_one_to_five_positive_and_at_most_ten_negative(self):
        counts = set()
        for seed in range(100):
            clicks = initial_clicks(self.truth, np.random.default_rng(seed))
            positive = [click for click in clicks if click.positive]
            assert all(self.truth[int(c.y), int(c.x)] == c.positive for c in clicks)
            assert 1 <= len(positive) <= 5
            assert len(clicks) - len(positive) <= 10
            counts.add(len(positive))
        assert counts == {1, 2, 3, 4, 5}

    def test_sometimes_there_is_no_negative_click(self):
        lone = [
            all(c.positive for c in initial_clicks(self.truth, np.random.default_rng(seed)))
            for seed in range(100)
        ]
        assert any(lone)
        assert not all(lone)

    def test_the_lone_click_is_the_robot_users_first(self):
        # A square of 280 px: the pixels farthest from its border are the middle four.
        clicks = initial_clicks(self.truth, np.random.default_rng(0), lone=1.0)
        assert len(clicks) == 1
        assert clicks[0].positive
        assert clicks[0].y in (199, 200)
        assert clicks[0].x in (199, 200)

    def test_lone_is_a_probability(self):
        truth = box((200, 200), (50, 150), (50, 150))
        center = 0
        for seed in range(200):
            clicks = initial_clicks(truth, np.random.default_rng(seed), lone=0.5)
            center += len(clicks) == 1 and clicks[0].y in (99, 100) and clicks[0].x in (99, 100)
        assert 70 <= center <= 130
