"""The region around an object holds its whole mask and all clicks."""

import numpy as np
import pytest

from napari_itis.clicks import Click
from napari_itis.inference.region import MAX_MAGNIFICATION, around, whole_image


def test_region_holds_mask_and_clicks_with_context():
    mask = np.zeros((500, 700), bool)
    mask[200:260, 300:400] = True
    region = around(mask.shape, mask, [Click(150, 350, False)], 384)
    assert region.top < 150
    assert region.bottom > 270
    assert region.left < 290
    assert region.right > 410


def test_small_objects_are_never_magnified_beyond_four():
    mask = np.zeros((500, 700), bool)
    mask[250, 350] = True
    region = around(mask.shape, mask, [Click(250, 350, True)], 384)
    assert region.scale <= MAX_MAGNIFICATION + 0.05


@pytest.mark.parametrize("shape", [(1, 1), (5, 400), (400, 3), (16, 16), (30, 31)])
def test_any_shape_has_a_region_inside_it(shape):
    click = Click(shape[0] - 1, shape[1] - 1, True)
    for region in (around(shape, None, [click], 384), whole_image(shape, 384)):
        assert 0 <= region.top < region.bottom <= shape[0]
        assert 0 <= region.left < region.right <= shape[1]
        assert min(region.height, region.width) >= 16


def test_clicks_keep_their_place_when_resampled():
    region = whole_image((96, 192), 384)
    (click,) = region.to_region([Click(10, 20, True)])
    assert click == Click(20.5, 40.5, True)
    mask = np.zeros((96, 192), bool)
    mask[10, 20] = True
    assert region.resample_mask(mask)[click.pixel]


@pytest.mark.parametrize("shape", [(1, 1), (100, 140), (333, 500), (854, 480), (5000, 4000)])
def test_the_network_sees_whole_strides(shape):
    click = Click(shape[0] // 2, shape[1] // 3, True)
    for region in (around(shape, None, [click], 384), whole_image(shape, 384)):
        for seen in (region, region.halved()):
            assert seen.height % 16 == 0 < seen.height
            assert seen.width % 16 == 0 < seen.width


def test_without_a_working_size_an_image_keeps_its_own():
    region = whole_image((100, 141), None)
    assert (region.height, region.width) == (100, 141)


def test_mask_comes_back_where_it_was():
    mask = np.zeros((90, 120), bool)
    mask[30:60, 40:80] = True
    region = around(mask.shape, mask, [], 384)
    back = region.restore(region.resample_mask(mask).astype(np.float32) - 0.5) > 0
    assert np.array_equal(back, mask[region.slices])


def test_touching_is_about_the_regions_sides_not_the_images():
    mask = np.zeros((400, 400), bool)
    mask[200:210, 200:210] = True
    region = around(mask.shape, mask, [], 128)
    inner = np.zeros(region.shape, bool)
    assert not region.touches(inner, mask.shape)
    inner[0, 3] = True
    assert region.touches(inner, mask.shape)
    assert not whole_image((400, 400), 128).touches(np.ones((4, 4), bool), (400, 400))
