"""The paper's figures (Sec. 4), on numbers small enough to count by hand."""

import numpy as np
import pytest

from napari_itis.evaluation import clicks_to_reach, failures, iou, noc, noc_whole_set


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

    def test_no_objects(self):
        with pytest.raises(ValueError, match="objects"):
            noc([], 0.9)
