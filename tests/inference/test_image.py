"""What the network sees is what the viewer shows."""

import numpy as np
import pytest

from napari_itis.inference import to_rgb8


def test_8_bit_rgb_passes_unchanged():
    image = np.random.default_rng(0).integers(0, 256, (4, 5, 3), np.uint8)
    assert np.array_equal(to_rgb8(image), image)


def test_alpha_is_left_out():
    assert to_rgb8(np.zeros((4, 5, 4), np.uint8)).shape == (4, 5, 3)


def test_contrast_limits_are_black_and_white():
    image = np.array([[100, 200, 300, 400]], np.uint16)
    assert to_rgb8(image, (200, 300))[0, :, 0].tolist() == [0, 0, 255, 255]


def test_16_bits_use_their_own_range():
    assert to_rgb8(np.array([[1000, 3000]], np.uint16))[0, :, 0].tolist() == [0, 255]


def test_floats_in_the_unit_interval_keep_their_brightness():
    assert to_rgb8(np.array([[0.2, 0.4]]))[0, :, 0].tolist() == [51, 102]


def test_nan_and_infinity_have_a_colour():
    image = np.array([[np.nan, -np.inf, 0.0, 10.0, np.inf]])
    assert to_rgb8(image)[0, :, 0].tolist() == [0, 0, 0, 255, 255]


@pytest.mark.parametrize("shape", [(3,), (2, 3, 2), (2, 3, 4, 3), (0, 4)])
def test_what_is_no_image_plane_is_one_line(shape):
    with pytest.raises(ValueError, match=r"image"):
        to_rgb8(np.zeros(shape))


def test_complex_numbers_are_refused():
    with pytest.raises(ValueError, match="real numbers"):
        to_rgb8(np.zeros((3, 3), complex))
