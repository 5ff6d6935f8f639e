"""The paper's figures (Sec. 4), on numbers small enough to count by hand."""

import numpy as np
import pytest

from napari_itis.evaluation import (
    boundary_f,
    clicks_to_reach,
    failures,
    iou,
    iou_against_clicks,
    noc,
    noc_whole_set,
)


def row(*values):
    return np.array([values], bool)


class TestIou:
    def test_counts_pixels(self):
        assert iou(row(1, 1, 1, 0), row(0, 1, 1, 1)) == 0.5

    def test_void_counts_neither_way(self):
        prediction, truth = row(1, 1, 0, 0), row(1, 0, 1, 0)
        assert iou(prediction, truth) == pytest.approx(1 / 3)
        assert iou(prediction, truth, row(0, 1, 0, 0)) == 0.5
        assert iou(prediction, truth, row(0, 1, 1, 0)) == 1.0

    def test_void_inside_both_masks_does_not_count(self):
        assert iou(row(1, 1, 1), row(1, 1, 0), row(1, 0, 0)) == 0.5

    def test_disjoint_and_empty(self):
        assert iou(row(1, 0), row(0, 1)) == 0.0
        assert iou(row(0, 0), row(0, 1)) == 0.0
        assert iou(row(0, 0), row(0, 0)) == 1.0

    def test_masks_of_another_size(self):
        with pytest.raises(ValueError, match=r"\(1, 2\).*\(1, 3\)"):
            iou(row(1, 0), row(1, 0, 0))


def boundary_pixels(mask):
    """Pixels that differ from the one to the right, below, or to the lower right, one by one."""
    height, width = mask.shape
    found = []
    for y in range(height):
        for x in range(width):
            below, right = min(y + 1, height - 1), min(x + 1, width - 1)
            others = mask[below, x], mask[y, right], mask[below, right]
            if any(other != mask[y, x] for other in others):
                found.append((y, x))
    return np.array(found)


def f_by_hand(prediction, truth, reach):
    """F from the distances between all pairs of boundary pixels."""
    found, wanted = boundary_pixels(prediction), boundary_pixels(truth)
    distances = np.hypot(*(found[:, None, :] - wanted[None, :, :]).transpose(2, 0, 1))
    precision = (distances.min(axis=1) <= reach).mean()
    recall = (distances.min(axis=0) <= reach).mean()
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def box(top, left, height, width, shape=(90, 120)):
    mask = np.zeros(shape, bool)
    mask[top : top + height, left : left + width] = True
    return mask


def blob(seed, shape=(60, 80)):
    from scipy.ndimage import gaussian_filter

    noise = gaussian_filter(np.random.default_rng(seed).normal(size=shape), 5)
    return noise > np.quantile(noise, 0.7)


class TestBoundary:
    # The diagonal of 90 x 120 pixels is 150, so that 0.008 of it are 1.2: two pixels.
    TRUTH = box(20, 30, 40, 50)

    @pytest.mark.parametrize(("down", "right"), [(0, 0), (2, 0), (2, 2), (3, 0), (0, 7), (9, 9)])
    def test_shifted_squares(self, down, right):
        moved = box(20 + down, 30 + right, 40, 50)
        assert boundary_f(moved, self.TRUTH) == pytest.approx(
            f_by_hand(moved, self.TRUTH, 2), abs=1e-3
        )

    def test_squares_that_can_be_counted(self):
        assert boundary_f(self.TRUTH, self.TRUTH) == 1.0
        # Two pixels off in one direction still count as met all around, ...
        assert boundary_f(box(22, 30, 40, 50), self.TRUTH) == 1.0
        # ... and far away nothing does.
        assert boundary_f(box(0, 0, 5, 5), self.TRUTH) == 0.0
        # Three to the right: the columns are missed, the rows lie on one another.
        moved = box(20, 33, 40, 50)
        assert 0.5 < boundary_f(moved, self.TRUTH) < 0.6

    @pytest.mark.parametrize("seed", range(3))
    def test_shapes_without_straight_lines(self, seed):
        prediction, truth = blob(seed), blob(seed) ^ (blob(seed + 10) & blob(seed + 20))
        assert boundary_f(prediction, truth) == pytest.approx(
            f_by_hand(prediction, truth, 1), abs=1e-3
        )
        assert boundary_f(prediction, truth, tolerance=3) == pytest.approx(
            f_by_hand(prediction, truth, 3), abs=1e-3
        )

    def test_masks_that_reach_the_image_border(self):
        prediction, truth = box(0, 0, 40, 60), box(0, 0, 45, 60)
        assert boundary_f(prediction, truth) == pytest.approx(
            f_by_hand(prediction, truth, 2), abs=1e-3
        )

    def test_void_is_background_in_both(self):
        void = box(20, 30, 40, 10)
        half = self.TRUTH & ~box(20, 30, 40, 5)
        assert boundary_f(half, self.TRUTH) < 0.9
        assert boundary_f(half, self.TRUTH, void) == 1.0
        assert boundary_f(half, self.TRUTH, void) == boundary_f(half & ~void, self.TRUTH & ~void)

    def test_without_a_boundary(self):
        nothing = np.zeros_like(self.TRUTH)
        assert boundary_f(nothing, nothing) == 1.0
        assert boundary_f(~nothing, nothing) == 1.0
        assert boundary_f(self.TRUTH, nothing) == 0.0
        assert boundary_f(nothing, self.TRUTH) == 0.0

    def test_masks_of_another_size(self):
        with pytest.raises(ValueError, match="one size"):
            boundary_f(self.TRUTH, self.TRUTH[:-1])


class TestClicks:
    IOUS = ((0.5, 0.8, 0.9), (0.9, 0.7, 0.9), (0.1, 0.2, 0.3))

    def test_first_time_the_target_is_reached(self):
        assert clicks_to_reach((0.5, 0.85, 0.7), 0.85) == 2
        assert clicks_to_reach((0.5, 0.6), 0.85) is None

    def test_an_initial_mask_that_is_good_enough_needs_no_click(self):
        assert clicks_to_reach((0.5, 0.9), 0.85, initial=0.86) == 0

    def test_noc_counts_all_clicks_where_the_target_is_never_reached(self):
        # 3, 1 and never (so 3) clicks.
        assert noc(self.IOUS, 0.9) == pytest.approx(7 / 3)
        # 2, 1 and never.
        assert noc(self.IOUS, 0.8) == pytest.approx(2.0)

    def test_failures(self):
        assert failures(self.IOUS, 0.9) == 1
        assert failures(self.IOUS, 0.95) == 3
        assert failures(self.IOUS, 0.1) == 0

    def test_whole_set_gives_every_object_the_same_clicks(self):
        # Means: 0.5, 0.567, 0.7.
        assert noc_whole_set(self.IOUS, 0.5) == 1
        assert noc_whole_set(self.IOUS, 0.55) == 2
        assert noc_whole_set(self.IOUS, 0.7 - 1e-9) == 3
        assert noc_whole_set(self.IOUS, 0.71) is None

    def test_from_existing_masks(self):
        assert noc(self.IOUS, 0.9, initial=(0.95, 0.0, 0.0)) == pytest.approx(4 / 3)
        assert failures(self.IOUS, 0.9, initial=(0.95, 0.0, 0.95)) == 0

    def test_what_is_reached_as_the_target_is_varied(self):
        low, high = iou_against_clicks(self.IOUS, [0.5, 0.9])
        # 1, 1 and never (so 3) clicks, and the IoUs 0.5, 0.9 and 0.3.
        assert low == pytest.approx({"target": 0.5, "clicks": 5 / 3, "iou": 1.7 / 3})
        # 3, 1 and 3 clicks: 0.9, 0.9 and 0.3.
        assert high == pytest.approx({"target": 0.9, "clicks": 7 / 3, "iou": 0.7})

    def test_a_target_that_the_given_masks_reach_costs_nothing(self):
        (point,) = iou_against_clicks(self.IOUS, [0.6], initial=(0.7, 0.0, 0.65))
        assert point == pytest.approx({"target": 0.6, "clicks": 1 / 3, "iou": 2.25 / 3})

    def test_no_objects(self):
        with pytest.raises(ValueError, match="objects"):
            noc([], 0.9)
