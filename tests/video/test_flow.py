"""Where pixels go between two frames, and what moves along."""

import cv2
import numpy as np
import pytest

from napari_itis.clicks import Click
from napari_itis.video.flow import flow, move_clicks, move_mask, move_values

DOWN, RIGHT = 5, -8


def texture(shape, seed=0):
    """Something to hold on to everywhere, as a photo has it."""
    noise = np.random.default_rng(seed).integers(0, 256, (*shape, 3), np.uint8)
    smooth = cv2.GaussianBlur(noise, (0, 0), 3).astype(np.float32)
    return np.clip((smooth - 128) * 6 + 128, 0, 255).astype(np.uint8)


@pytest.fixture(params=[(120, 160), (720, 960)], ids=["small", "large"])
def frames(request):
    """A frame and the next one; the large one is looked at from farther away."""
    scale = request.param[0] // 120
    large = cv2.resize(texture((120, 160)), request.param[::-1], interpolation=cv2.INTER_CUBIC)
    matrix = np.float32([[1, 0, scale * RIGHT], [0, 1, scale * DOWN]])
    moved = cv2.warpAffine(large, matrix, request.param[::-1], borderMode=cv2.BORDER_WRAP)
    return large, moved, scale


def test_a_shift_is_found_in_rows_and_columns(frames):
    first, second, scale = frames
    found = flow(first, second)
    assert found.shape == (*first.shape[:2], 2)
    assert found.dtype == np.float32
    border = 24 * scale
    middle = found[border:-border, border:-border]
    assert np.abs(np.median(middle, axis=(0, 1)) - (scale * DOWN, scale * RIGHT)).max() < 0.3
    assert np.percentile(np.abs(middle - (scale * DOWN, scale * RIGHT)), 95) < 1


def test_a_mask_moves_along_with_what_it_is_on(frames):
    first, second, scale = frames
    mask = np.zeros(first.shape[:2], bool)
    mask[40 * scale : 80 * scale, 50 * scale : 100 * scale] = True
    moved = move_mask(mask, flow(second, first))
    expected = np.roll(mask, (scale * DOWN, scale * RIGHT), (0, 1))
    assert (moved & expected).sum() / (moved | expected).sum() > 0.97


def test_clicks_move_along_and_keep_their_sign(frames):
    first, second, scale = frames
    clicks = [
        Click(60.0 * scale, 80.0 * scale, True),
        Click(40.0 * scale, 100.0 * scale, False),
    ]
    moved = move_clicks(clicks, flow(second, first))
    assert len(moved) == 2
    for click, new in zip(clicks, moved):
        assert new.positive is click.positive
        assert abs(new.y - click.y - scale * DOWN) < 0.5 * scale
        assert abs(new.x - click.x - scale * RIGHT) < 0.5 * scale


def test_clicks_that_leave_the_frame_are_left_out():
    backward = np.zeros((40, 60, 2), np.float32)
    backward[..., 1] = 8
    clicks = [Click(20.0, 5.0, True), Click(20.0, 30.0, False)]
    assert move_clicks(clicks, backward) == [Click(20.0, 22.0, False)]


def test_nothing_comes_in_from_outside_the_frame():
    backward = np.zeros((10, 12, 2), np.float32)
    backward[..., 0], backward[..., 1] = 3, -4
    values = np.full((10, 12), 2.5, np.float32)
    moved = move_values(values, backward)
    expected = np.zeros_like(values)
    expected[:7, 4:] = 2.5
    assert np.allclose(moved, expected)
    assert np.array_equal(move_mask(values > 0, backward), expected > 0)


def test_values_between_pixels_are_interpolated():
    values = np.tile(np.arange(12, dtype=np.float32), (10, 1))
    backward = np.zeros((10, 12, 2), np.float32)
    backward[..., 1] = 0.5
    assert np.allclose(move_values(values, backward)[:, :11], values[:, :11] + 0.5)


@pytest.mark.parametrize("shape", [(16, 200), (20, 20)])
def test_frames_may_be_small(shape):
    frame = texture(shape)
    found = flow(frame, frame)
    assert found.shape == (*shape, 2)
    assert np.abs(found).max() < 0.5


def test_frames_of_two_sizes_are_refused_in_a_line():
    with pytest.raises(ValueError, match=r"one size .*\(40, 60\) and \(40, 61\)") as error:
        flow(texture((40, 60)), texture((40, 61)))
    assert "\n" not in str(error.value)
