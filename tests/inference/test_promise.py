"""The promise of a click changes the neighbourhood that follows the posterior, never a disc."""

import numpy as np

from napari_itis.clicks import Click
from napari_itis.inference.promise import drop_islands, keep_elsewhere, keep_promise


def test_change_stays_in_the_part_that_looks_alike():
    logit = np.full((60, 60), -8.0, np.float32)
    logit[20:26, 10:50] = -1.0  # a bar the network was unsure about
    mask = keep_promise(logit > 0, logit, [Click(22, 30, True)], reach=12)
    assert mask[22, 30]
    assert mask[20:26, 25:35].all()
    assert not mask[:20].any()
    assert not mask[26:].any()
    assert not mask[:, :18].any()  # beyond the reach


def test_negative_click_takes_out_its_part_only():
    logit = np.full((40, 40), 8.0, np.float32)
    logit[10:14, 10:14] = 0.5
    mask = keep_promise(logit > 0, logit, [Click(12, 12, False)], reach=10)
    assert not mask[10:14, 10:14].any()
    assert mask.sum() == 40 * 40 - 16


def test_neighbouring_clicks_of_both_signs_are_both_kept():
    logit = np.full((30, 30), 3.0, np.float32)
    clicks = [Click(15, 15, True), Click(15, 16, False)]
    mask = keep_promise(logit > 0, logit, clicks, reach=10)
    assert mask[15, 15]
    assert not mask[15, 16]


def test_later_click_on_the_same_pixel_wins():
    logit = np.full((9, 9), -3.0, np.float32)
    clicks = [Click(4, 4, False), Click(4, 4, True)]
    assert keep_promise(logit > 0, logit, clicks, reach=2)[4, 4]


def test_kept_promise_changes_nothing():
    logit = np.full((9, 9), -3.0, np.float32)
    logit[4, 4] = 3.0
    mask = logit > 0
    assert keep_promise(mask, logit, [Click(4, 4, True)], reach=5) is mask


def test_small_islands_go_unless_clicked_or_there_before():
    mask = np.zeros((40, 40), bool)
    mask[5:25, 5:25] = True
    mask[30:33, 5:8] = mask[30:33, 20:23] = mask[30:33, 30:33] = True
    mask[2:12, 30:38] = True  # no speck: a fifth of the object
    existing = np.zeros_like(mask)
    existing[31, 31] = True
    kept = drop_islands(mask, [Click(10, 10, True), Click(31, 21, True)], existing)
    assert not kept[30:33, 5:8].any()
    kept[30:33, 5:8] = True
    assert np.array_equal(kept, mask)


def test_a_click_on_a_given_mask_changes_its_own_place_alone():
    before = np.zeros((80, 80), bool)
    before[20:60, 20:60] = True
    before[20:30, 50:60] = False  # missing: what the click is about
    after = np.zeros((80, 80), bool)
    after[20:60, 22:60] = True  # the network also takes a strip off the far side
    after[70:75, 5:10] = True  # and finds something elsewhere
    mask = keep_elsewhere(before, after, Click(25, 55, True))
    expected = before.copy()
    expected[20:30, 50:60] = True
    assert np.array_equal(mask, expected)


def test_a_click_inside_a_part_of_a_mask_leaves_its_other_parts():
    """All nuclei may be one object: a click into one of them wiped out the others."""
    before = np.zeros((60, 60), bool)
    before[5:15, 5:15] = before[5:15, 30:40] = before[40:50, 5:15] = True
    after = np.zeros((60, 60), bool)
    after[4:16, 4:18] = True
    mask = keep_elsewhere(before, after, Click(10, 10, True))
    expected = before | after
    assert np.array_equal(mask, expected)
    after[4:16, 4:35] = True  # the network runs over into the next one, and stops half way
    mask = keep_elsewhere(before, after, Click(10, 10, True))
    assert np.array_equal(mask, before | after)


def test_what_a_negative_click_takes_away_leaves_the_rest():
    before = np.zeros((60, 60), bool)
    before[10:50, 10:30] = True
    before[30:40, 30:50] = True  # wrong: what the click is about
    after = np.zeros((60, 60), bool)
    after[12:45, 10:30] = True
    mask = keep_elsewhere(before, after, Click(35, 42, False))
    assert not mask[30:40, 31:50].any()
    assert mask[10:20, 10:20].all()


def test_a_click_near_the_outline_changes_little_of_an_existing_mask():
    before = np.zeros((200, 200), bool)
    before[20:180, 20:100] = True
    after = np.zeros((200, 200), bool)
    after[20:180, 20:180] = True  # the network takes in a second object altogether
    near = keep_elsewhere(before, after, Click(100, 104, True))
    assert near[100, 104]
    assert not near[:, 135:].any()
    far = keep_elsewhere(before, after, Click(100, 140, True))
    assert np.array_equal(far, after)


def test_nothing_there_before_means_nothing_to_keep():
    after = np.zeros((20, 20), bool)
    after[3:17, 3:17] = True
    assert keep_elsewhere(np.zeros((20, 20), bool), after, Click(10, 10, True)) is after


def test_a_click_that_confirms_may_change_all_of_the_part_it_lies_in():
    before = np.zeros((20, 20), bool)
    before[5:15, 5:15] = True
    after = np.zeros((20, 20), bool)
    after[3:17, 3:17] = True
    assert np.array_equal(keep_elsewhere(before, after, Click(10, 10, True)), after)
