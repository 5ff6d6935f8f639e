"""Of a large image only what the network looks at is read, from the level that suffices."""

from functools import partial

import cv2
import numpy as np
import pytest

from napari_itis.clicks import Click
from napari_itis.inference.image import to_rgb8
from napari_itis.inference.patch import Patch
from napari_itis.inference.picture import ArrayPicture, LazyPicture, Level
from napari_itis.inference.region import Region, around, first_look, whole_image
from napari_itis.inference.view import View


class Counted:
    """Levels of an image, and how many pixels of them were read."""

    def __init__(self, image, factors=(1,)):
        self.read = 0
        self.levels = []
        for factor in factors:
            size = (image.shape[1] // factor, image.shape[0] // factor)
            small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
            self.levels.append(Level(small.shape[:2], partial(self.cut, small)))

    def cut(self, image, box):
        self.read += (box[0].stop - box[0].start) * (box[1].stop - box[1].start)
        return image[box]


def smooth(shape, dtype=np.uint8):
    rng = np.random.default_rng(0)
    image = cv2.resize(rng.random((20, 30)).astype(np.float32), shape[::-1])
    return (image * (255 if dtype == np.uint8 else 4000)).astype(dtype)


@pytest.mark.parametrize("factors", [(1,), (1, 2, 4, 8)])
@pytest.mark.parametrize(
    "region",
    [
        Region(0, 0, 3000, 4200, 200, 280),
        Region(700, 1000, 1500, 2111, 128, 178),
        Region(700, 1000, 760, 1070, 120, 140),
    ],
)
def test_a_region_looks_as_if_the_image_had_been_read(factors, region, monkeypatch):
    monkeypatch.setattr("napari_itis.inference.picture._BAND", 1 << 20)
    image = smooth((3000, 4200), np.uint16)
    counted = Counted(image, factors)
    picture = LazyPicture(counted.levels, (0, 4000))
    seen = picture.look(region)
    expected = ArrayPicture(to_rgb8(image, (0, 4000))).look(region)
    assert seen.shape == expected.shape and seen.dtype == np.uint8
    assert np.abs(seen.astype(int) - expected).max() <= 4
    before = counted.read
    picture.look(region)
    assert counted.read == before
    if len(factors) > 1:
        assert counted.read <= 17 * region.height * region.width


def test_without_limits_a_sample_says_what_is_black_and_white():
    image = smooth((500, 600), np.uint16)
    region = Region(0, 0, 60, 60, 60, 60)
    seen = LazyPicture(Counted(image, (1, 2)).levels).look(region)
    assert abs(int(seen.mean()) - int(to_rgb8(image)[:60, :60].mean())) < 8
    rgb = np.stack([smooth((500, 600))] * 3, -1)
    seen = LazyPicture(Counted(rgb).levels).look(region)
    assert np.array_equal(seen, rgb[:60, :60])


@pytest.mark.parametrize("size", [2400, 3000])
def test_an_image_with_nothing_in_its_middle_is_not_black_and_alpha_is_no_brightness(size):
    image = np.stack([smooth((size, size), np.uint16)] * 4, -1)
    image[..., 3] = 65535
    middle = slice(size // 2 - 400, size // 2 + 400)
    image[middle, middle, :3] = 0
    counted = Counted(image)
    seen = LazyPicture(counted.levels).look(Region(0, 0, 600, 600, 60, 60))
    assert abs(int(seen.mean()) - int(to_rgb8(image)[:600, :600].mean())) < 8
    # Such an image is read in few places, if it is large.
    assert counted.read <= 2 * 2400**2


def test_where_an_object_is_first_looked_for():
    click = [Click(9000, 15000, True)]
    assert first_look((2000, 1500), click[:0], 384, (slice(0, 9), slice(0, 9))) == whole_image(
        (2000, 1500), 384
    )
    assert first_look((3000, 4000), [Click(5, 5, True)], 384) == whole_image((3000, 4000), 384)
    shape = (20_000, 20_000)
    near = first_look(shape, click, 384)
    assert near.shape == (2048, 2048)
    assert near.top < 9000 < near.bottom and near.left < 15000 < near.right
    seen = first_look(shape, click, 384, (slice(8800, 9100), slice(14_800, 15_300)))
    assert (seen.top, seen.bottom) == (8800, 9100) and (seen.left, seen.right) == (14_800, 15_300)
    # All of it on screen: as much as is worth reading.
    everything = (slice(0, 20_000), slice(0, 20_000))
    assert first_look(shape, click, 384, everything) == whole_image(shape, 384)
    assert first_look(shape, click, 384, everything, most=8192).shape == (8192, 8192)


def test_the_logit_of_a_part_is_that_of_the_whole(monkeypatch):
    rng = np.random.default_rng(0)
    values = cv2.resize(rng.normal(0, 5, (8, 9)).astype(np.float32), (90, 80))
    view = View.of(Region(100, 200, 900, 1100, 80, 90), values)
    box = (slice(50, 400), slice(150, 777))
    exact = view.logit(box)
    found = view.object((1000, 1200))
    assert np.array_equal(found.whole(), view.logit((slice(0, 1000), slice(0, 1200))) > 0)
    monkeypatch.setattr("napari_itis.inference.region._MANY", 100)
    assert np.abs(view.logit(box) - exact).max() < 0.1


def test_a_patch_is_the_mask_that_it_was_made_of():
    rng = np.random.default_rng(0)
    mask = np.zeros((60, 80), bool)
    mask[10:30, 20:50] = rng.random((20, 30)) < 0.3
    patch = Patch.of(mask)
    assert np.array_equal(patch.whole(), mask)
    assert all((pixel in patch) == mask[pixel] for pixel in np.ndindex(mask.shape))
    for step in (1, 2, 3, 8):
        for box in ((0, 60, 0, 80), (5, 17, 33, 80), (12, 13, 1, 2)):
            box = slice(*box[:2]), slice(*box[2:])
            middle = slice(step // 2, None, step)
            assert np.array_equal(patch.within(box, step), mask[box][middle, middle])
    other = np.zeros_like(mask)
    other[5:12, 45:70] = True
    assert np.array_equal(patch.union(Patch.of(other)).whole(), mask | other)
    assert not Patch.of(np.zeros((5, 5), bool)).any()
    clicks = [Click(3, 3, True)]
    assert around(mask.shape, patch, clicks, 64) == around(mask.shape, mask, clicks, 64)
    region = whole_image(mask.shape, 40)
    assert np.array_equal(region.resample_mask(patch), region.resample_mask(mask))
