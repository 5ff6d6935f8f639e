"""An object that goes farther between two frames than it is large is found again."""

import numpy as np
import pytest

from napari_itis.video.motion import find_shift, motion, shifted


@pytest.fixture(scope="module")
def scene():
    """A disc with a pattern on another one that stays."""
    from skimage import data

    background = data.astronaut()[100:260, 50:290]
    rows, columns = np.mgrid[:160, :240]

    def frame(y, x):
        mask = (rows - y) ** 2 + (columns - x) ** 2 < 14**2
        image = background.copy()
        image[mask] = data.coffee()[60:160, 200:300][rows[mask] - y + 50, columns[mask] - x + 50]
        return image, mask

    return frame


@pytest.mark.parametrize("way", [(0, 0), (9, -38), (-20, 30)])
def test_the_shift_of_the_object_not_of_the_scene(scene, way):
    (previous, mask), (image, truth) = scene(80, 120), scene(80 + way[0], 120 + way[1])
    shift = find_shift(previous, image, mask)
    assert np.abs(np.subtract(shift, way)).max() <= 2
    window = slice(0, 160), slice(0, 240)
    moved = motion(previous, image, mask, shift, window).move(mask.astype(np.float32), window) > 0.5
    assert (moved & truth).sum() / (moved | truth).sum() > 0.85


def test_an_object_at_the_rim_and_one_as_large_as_the_frame(scene):
    image, mask = scene(5, 236)
    assert find_shift(image, image, mask) == (0, 0)
    assert find_shift(image, image, np.ones_like(mask)) == (0, 0)
    for shape in ((1, 1), (1, 5000), (5000, 2)):
        line = np.ones(shape, bool)
        assert find_shift(*2 * [np.zeros((*shape, 3), np.uint8)], line) == (0, 0)


def test_a_mask_goes_out_of_the_frame():
    mask = np.zeros((8, 8), bool)
    mask[2, 3] = True
    assert shifted(mask, (3, 1))[5, 4]
    assert not shifted(mask, (7, 0)).any()
