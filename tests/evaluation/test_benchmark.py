"""The robot user's loop, on a method whose answers are known."""

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from napari_itis.clicks import Click
from napari_itis.datasets import DatasetError, read_dataset
from napari_itis.evaluation import click_on_object, run_benchmark


class Painter:
    """Knows the object's four quadrants; every click gets its quadrant right."""

    def __init__(self):
        self.calls = []

    def set_image(self, image):
        assert image.shape == (40, 40, 3)
        self.images = getattr(self, "images", 0) + 1

    def predict(self, clicks, mask=None):
        self.calls.append(tuple(clicks))
        out = np.zeros((40, 40), bool) if mask is None else mask.copy()
        for click in clicks:
            rows = slice(8, 20) if click.y < 20 else slice(20, 32)
            columns = slice(8, 20) if click.x < 20 else slice(20, 32)
            out[rows, columns] = click.positive
        return SimpleNamespace(mask=out)


class Nothing:
    def set_image(self, image):
        pass

    def predict(self, clicks, mask=None):
        return SimpleNamespace(mask=np.zeros((40, 40), bool))


@pytest.fixture
def samples(tmp_path):
    """Two squares of 24 x 24 pixels and a speck of 4."""
    for folder in ("data_GT", "boundary_GT"):
        (tmp_path / folder).mkdir()
    for name in ("a", "b", "speck"):
        Image.fromarray(np.full((40, 40, 3), 99, np.uint8)).save(tmp_path / f"data_GT/{name}.jpg")
        mask = np.zeros((40, 40), np.uint8)
        mask[8:32, 8:32] = 255
        if name == "speck":
            mask[:] = 0
            mask[2:4, 2:4] = 255
        Image.fromarray(mask).save(tmp_path / f"boundary_GT/{name}.png")
    return read_dataset("grabcut", tmp_path)


def test_one_click_at_a_time_until_nothing_is_wrong(samples):
    method = Painter()
    result = click_on_object(method, samples[0], max_clicks=6)
    assert result.id == "a"
    assert result.initial_iou == 0.0
    # Each click wins a quarter; then nothing is mislabelled and the IoU stays.
    assert result.ious == (0.25, 0.5, 0.75, 1.0, 1.0, 1.0)
    assert len(result.clicks) == len(result.seconds) == 4
    assert method.images == 1
    assert [len(clicks) for clicks in method.calls] == [1, 2, 3, 4]
    assert method.calls[-1] == result.clicks
    assert all(isinstance(click, Click) and click.positive for click in result.clicks)


def test_a_given_mask_is_where_it_starts(samples):
    mask = np.zeros((40, 40), bool)
    mask[8:32, 8:32] = True
    mask[20:32, 20:32] = False
    result = click_on_object(Painter(), samples[0], max_clicks=3, initial_mask=mask)
    assert result.initial_iou == 0.75
    assert result.ious == (1.0, 1.0, 1.0)
    (click,) = result.clicks
    assert click.positive
    assert click.y >= 20
    assert click.x >= 20


def test_a_perfect_mask_needs_no_click(samples):
    truth = samples[0].masks()[0]
    result = click_on_object(Painter(), samples[0], max_clicks=3, initial_mask=truth)
    assert result.clicks == ()
    assert result.ious == (1.0, 1.0, 1.0)


def test_an_initial_mask_of_another_size(samples):
    with pytest.raises(DatasetError, match="initial mask of a"):
        click_on_object(Painter(), samples[0], initial_mask=np.zeros((4, 4), bool))


def test_summary(samples):
    figures = run_benchmark(Painter(), samples[:2], max_clicks=5).summary([0.5, 0.9])
    assert figures["objects"] == 2
    assert figures["noc"] == {"0.50": 2.0, "0.90": 4.0}
    assert figures["noc_whole_set"] == {"0.50": 2, "0.90": 4}
    assert figures["failures"] == {"0.50": 0, "0.90": 0}
    assert figures["mean_iou"] == [0.25, 0.5, 0.75, 1.0, 1.0]
    assert figures["initial_iou"] == 0.0
    times = figures["seconds_per_click"]
    assert 0 < times["median"] <= times["p95"]
    assert times["first"] > 0
    first = figures["per_object"][0]
    assert first["id"] == "a"
    assert len(first["ious"]) == 5
    y, x, positive = first["clicks"][0]
    assert 8 <= y < 32
    assert 8 <= x < 32
    assert positive is True


def test_a_method_that_never_gets_there(samples):
    figures = run_benchmark(Nothing(), samples[:1], max_clicks=3).summary([0.85])
    assert figures["noc"] == {"0.85": 3.0}
    assert figures["noc_whole_set"] == {"0.85": None}
    assert figures["failures"] == {"0.85": 1}


def test_clicks_of_an_object_do_not_depend_on_what_ran_before(samples):
    def clicks(chosen, seed):
        result = run_benchmark(Painter(), chosen, robot="random", max_clicks=4, seed=seed)
        return {measured.id: measured.clicks for measured in result.objects}

    assert clicks(samples[:2], 0)["b"] == clicks(samples[1:2], 0)["b"]
    assert clicks(samples[:2], 0)["b"] != clicks(samples[:2], 1)["b"]
    assert clicks(samples[:2], 0)["a"] != clicks(samples[:2], 0)["b"]


def test_limit_and_small_objects(samples):
    assert [o.id for o in run_benchmark(Painter(), samples, limit=1).objects] == ["a"]
    result = run_benchmark(Painter(), samples, min_area=5)
    assert [o.id for o in result.objects] == ["a", "b"]
    assert result.skipped == ["speck is smaller than 5 pixels"]
    assert len(run_benchmark(Painter(), samples, min_area=4).objects) == 3


def test_nothing_left(samples):
    with pytest.raises(DatasetError, match="no object is left"):
        run_benchmark(Painter(), samples, min_area=5000)


def test_a_missing_file_is_known_before_the_first_click(samples):
    samples[1].mask_path.unlink()
    method = Painter()
    with pytest.raises(DatasetError, match=r"expected .*b\.png"):
        run_benchmark(method, samples)
    assert method.calls == []


def test_skip_bad_goes_on_without_them(samples):
    samples[0].image_path.write_text("broken")
    result = run_benchmark(Painter(), samples[:2], skip_bad=True)
    assert [o.id for o in result.objects] == ["b"]
    assert "a.jpg" in result.skipped[0]
    with pytest.raises(DatasetError, match=r"a\.jpg"):
        run_benchmark(Painter(), samples[:2])


@pytest.mark.parametrize("options", [{"max_clicks": 0}, {"limit": 0}])
def test_no_clicks_or_no_objects_asked_for(samples, options):
    with pytest.raises(ValueError, match="at least one"):
        run_benchmark(Painter(), samples, **options)


def test_void_is_not_clicked_and_does_not_count(tmp_path):
    for folder in ("data_GT", "boundary_GT"):
        (tmp_path / folder).mkdir()
    Image.fromarray(np.full((40, 40, 3), 99, np.uint8)).save(tmp_path / "data_GT/a.jpg")
    mask = np.zeros((40, 40), np.uint8)
    mask[8:32, 8:20] = 255
    mask[8:32, 20:32] = 128
    Image.fromarray(mask).save(tmp_path / "boundary_GT/a.png")
    (sample,) = read_dataset("grabcut", tmp_path)
    result = click_on_object(Painter(), sample, max_clicks=4)
    assert result.ious == (0.5, 1.0, 1.0, 1.0)
    assert all(click.x < 20 for click in result.clicks)
