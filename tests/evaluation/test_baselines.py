"""The classical methods: easy pictures, seeds, existing masks."""

import importlib.util

import numpy as np
import pytest
from PIL import Image

from napari_itis.clicks import Click
from napari_itis.datasets import read_dataset
from napari_itis.evaluation import click_on_object, iou
from napari_itis.evaluation.baselines import BASELINES, GrabCutBaseline, make_baseline
from napari_itis.evaluation.seeds import all_seeds, click_seeds, mask_seeds

SHAPE = (90, 120)


def disc(y, x, radius, shape=SHAPE):
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return (rows - y) ** 2 + (columns - x) ** 2 <= radius**2


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """A reddish disc on bluish ground, both a little noisy."""
    root = tmp_path_factory.mktemp("grabcut")
    for folder in ("data_GT", "boundary_GT"):
        (root / folder).mkdir()
    truth = disc(42, 52, 26)
    colours = np.where(truth[..., None], (190, 70, 50), (60, 90, 150))
    noisy = colours + np.random.default_rng(0).normal(0, 8, (*SHAPE, 3))
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(root / "data_GT/a.png")
    Image.fromarray(truth.astype(np.uint8) * 255).save(root / "boundary_GT/a.png")
    (found,) = read_dataset("grabcut", root)
    return found


@pytest.fixture(params=BASELINES)
def method(request):
    if request.param == "graph-cut":
        pytest.importorskip("maxflow")
    return make_baseline(request.param)


@pytest.mark.parametrize("robot", ["largest", "cluster", "random"])
def test_an_easy_object_within_five_clicks(method, sample, robot):
    result = click_on_object(method, sample, robot=robot, max_clicks=5)
    assert max(result.ious) > 0.9


def test_the_same_clicks_give_the_same_mask(method, sample):
    image, _, _ = sample.load()
    clicks = [Click(42, 52, True), Click(5, 105, False)]
    masks = []
    for _ in range(2):
        method.set_image(image)
        method.predict(clicks[:1])
        masks.append(method.predict(clicks).mask)
    assert masks[0].dtype == bool
    assert masks[0].shape == SHAPE
    np.testing.assert_array_equal(masks[0], masks[1])
    assert masks[0][42, 52]
    assert not masks[0][5, 105]


def test_an_existing_mask_is_corrected(method, sample):
    image, truth, _ = sample.load()
    start = truth.copy()
    start[:, 58:] = False
    method.set_image(image)
    found = method.predict([Click(42, 68, True)], start).mask
    assert iou(start, truth) < 0.7
    assert iou(found, truth) > 0.9


def test_a_negative_click_on_what_is_too_much(method, sample):
    image, truth, _ = sample.load()
    start = truth | disc(72, 99, 13)
    method.set_image(image)
    found = method.predict([Click(72, 99, False)], start).mask
    assert iou(found, truth) > iou(start, truth)
    assert not found[72, 99]


def test_nothing_says_object(method, sample):
    method.set_image(sample.image())
    assert not method.predict([Click(5, 5, False)]).mask.any()
    thin = np.zeros(SHAPE, bool)
    thin[10, 10:60] = True
    found = method.predict([Click(10, 10, False)], thin).mask
    assert found.any()
    assert not found[10, 10]


def test_objects_of_a_pixel_at_the_corner(method):
    image = np.zeros((12, 12, 3), np.uint8)
    image[0, 0] = 255
    method.set_image(image)
    clicks = [Click(0, 0, True), Click(0, 1, False), Click(1, 0, False), Click(11, 11, False)]
    for count in range(1, 5):
        assert method.predict(clicks[:count]).mask[0, 0]


def test_what_is_no_image(method):
    with pytest.raises(RuntimeError, match="set_image"):
        method.predict([Click(1, 1, True)])
    with pytest.raises(ValueError, match="uint8 RGB"):
        method.set_image(np.zeros((5, 5)))


def test_every_method_says_its_parameters(method):
    assert method.parameters
    assert "\n" not in method.parameters


def test_an_unknown_name():
    with pytest.raises(ValueError, match=r"expected one of grabcut, graph-cut"):
        make_baseline("magic")


def test_without_pymaxflow(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "maxflow" else find(name)
    )
    with pytest.raises(ImportError, match=r'pip install "napari-itis\[eval\]"'):
        make_baseline("graph-cut")
    assert isinstance(make_baseline("grabcut"), GrabCutBaseline)


class TestSeeds:
    def test_a_click_is_a_disc(self):
        seeds = click_seeds((20, 20), [Click(10, 10, True), Click(0, 0, False)], radius=3)
        np.testing.assert_array_equal(seeds > 0, disc(10, 10, 3, (20, 20)))
        np.testing.assert_array_equal(seeds < 0, disc(0, 0, 3, (20, 20)))

    def test_the_nearest_click_decides(self):
        seeds = click_seeds((9, 20), [Click(4, 5, True), Click(4, 9, False)], radius=5)
        assert (seeds[4, :7] > 0).sum() == 7
        assert seeds[4, 8] == -1
        assert seeds[4, 7] == -1, "equally far: the later click"

    def test_the_border_is_background_until_something_says_so(self):
        seeds = all_seeds((20, 20), [Click(10, 2, True)])
        assert seeds[0, 10] == seeds[19, 19] == -1
        assert seeds[10, 0] == 1
        assert all_seeds((20, 20), [Click(10, 2, True), Click(3, 15, False)])[19, 19] == 0

    def test_a_mask_holds_where_no_click_contradicts_it(self):
        mask = np.zeros((100, 200), bool)
        mask[20:80, 20:80] = True
        seeds = mask_seeds(mask, [])
        assert seeds[50, 50] == 1
        assert seeds[50, 150] == -1
        assert seeds[50, 75] == seeds[50, 84] == 0
        # 15 pixels beyond the outline: what is missing may reach 10 + 3 * 15 pixels around.
        seeds = mask_seeds(mask, [Click(50, 94, True)])
        assert seeds[50, 120] == 0
        assert seeds[50, 94 + 60] == -1
        assert seeds[50, 50] == 1, "the mask's own side stays"
