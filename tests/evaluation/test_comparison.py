"""Nobody swaps in worse weights unknowingly, and nobody is told what the figures do not show."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from napari_itis.cli import main
from napari_itis.datasets import DatasetError, read_dataset
from napari_itis.evaluation.comparison import (
    ComparedObject,
    Comparison,
    compare,
    short_names,
    spread,
)
from napari_itis.evaluation.intervals import Bootstrap
from napari_itis.network import find_weights


def comparison(old, new, images=None):
    """Of objects whose IoU is the same after each of four clicks."""
    images = images or [f"image{number}" for number in range(len(old))]
    objects = tuple(
        ComparedObject(f"{image}:{number}", image, ((a,) * 4, (b,) * 4))
        for number, (image, a, b) in enumerate(zip(images, old, new))
    )
    return Comparison(("old", "new"), 4, len(objects), objects)


def drawn(seed, count=20, gain=0.0, spread=0.1):
    rng = np.random.default_rng(seed)
    old = rng.uniform(0.5, 0.9, count)
    return old, np.clip(old + gain + rng.normal(0, spread, count), 0, 1)


@pytest.mark.parametrize(
    ("gain", "kind"), [(0.1, "better"), (0.0, "no clear difference"), (-0.1, "worse")]
)
def test_the_verdict_is_where_the_interval_lies(gain, kind):
    result = comparison(*drawn(1, gain=gain, spread=0.05))
    verdict = result.verdict()
    assert verdict.kind == kind
    assert "20 objects of 20 images" in verdict.line and "\n" not in verdict.line
    interval = result.gain()
    assert interval.low < interval.mean < interval.high
    assert result.difference()[:, 0] == pytest.approx([interval.mean, interval.low, interval.high])


def test_the_difference_counts_object_by_object():
    # The objects differ by far more than the weights do.
    old = np.linspace(0.1, 0.9, 12)
    assert comparison(old, old + 0.02).verdict().kind == "better"


def test_objects_of_one_image_are_no_independent_witnesses():
    gains = np.repeat([0.2, -0.15, 0.1, -0.1, 0.15, -0.05], 30)
    old = np.full(len(gains), 0.6)
    alone = comparison(old, old + gains)
    together = comparison(old, old + gains, [f"image{n // 30}" for n in range(len(gains))])
    assert alone.verdict().kind == "better"
    assert together.verdict().kind == "no clear difference"
    assert together.images == 6


def test_of_few_images_nothing_is_concluded():
    verdict = comparison([0.1] * 4, [0.9] * 4).verdict()
    assert verdict.kind == "no clear difference" and "Too few images" in verdict.line
    assert Comparison(("a", "b"), 4, 9).verdict().line == "No object has been compared yet"


def test_intervals_of_few_images_hold_what_they_promise():
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(150):
        interval = Bootstrap([f"{n}" for n in range(6)]).interval(rng.normal(0, 1, 6))
        held += interval.low <= 0 <= interval.high
    # Plain percentiles would hold in 86 % of the cases.
    assert held / 150 > 0.91


def test_intervals_are_the_same_every_time():
    values = drawn(5)
    assert comparison(*values).gain() == comparison(*values).gain()


def test_clicks_to_a_target_and_their_difference():
    result = comparison([0.8] * 6, [0.88] * 6)
    assert result.noc(0, 0.85).mean == 4 and result.noc(1, 0.85).mean == 1
    assert result.noc_difference(0.85).high == -3
    assert result.noc_difference(0.90).mean == 0


def test_json_there_and_back_also_under_way():
    result = comparison(*drawn(2, 7))
    begun = Comparison(("old", "new"), 4, 9, (), ("a.png is missing",))
    for one in (result, begun):
        back = Comparison.from_dict(json.loads(json.dumps(one.as_dict())))
        assert back == one
    content = result.as_dict()
    assert content["done"] == content["total"] == 7
    assert content["summary"]["differences"]["new"]["verdict"] == result.verdict().kind
    for wrong in (None, [], {}, {**content, "objects": [{"id": "a", "image": "b", "ious": [[1]]}]}):
        with pytest.raises(ValueError, match="no comparison"):
            Comparison.from_dict(wrong)


def test_every_image_is_seen_before_one_is_seen_twice():
    samples = [
        (f"image{image}", SimpleNamespace(id=f"image{image}:{label}"))
        for image in range(4)
        for label in range(1, 2 + 5 * image)
    ]
    chosen = spread(samples, 4)
    assert len({image for image, _ in chosen}) == 4
    assert chosen == spread(samples[::-1], 4)
    assert sorted(s.id for _, s in spread(samples, None)) == sorted(s.id for _, s in samples)


def test_names_are_as_short_as_they_are_told_apart():
    assert short_names(["itis-lite0", "runs/a/cells.safetensors"]) == ("itis-lite0", "cells")
    assert short_names(["runs/a/cells.safetensors", "runs/b/cells.safetensors"]) == (
        "a/cells",
        "b/cells",
    )
    assert short_names(["same", "same"]) == ("same (1)", "same (2)")


class Quality:
    """Finds as much of the truth as its weights say."""

    def __init__(self, weights, device):
        self.share = {"bad": 0.3, "good": 0.9}[weights]

    def set_image(self, image):
        pass

    def predict(self, clicks, mask=None):
        found = np.zeros((40, 40), bool)
        found[8:32, 8 : 8 + round(24 * self.share)] = True
        return SimpleNamespace(mask=found)


@pytest.fixture
def squares(tmp_path):
    for folder in ("images", "masks"):
        (tmp_path / "squares" / folder).mkdir(parents=True)
    mask = np.zeros((40, 40), np.uint8)
    mask[8:32, 8:32] = 1
    for number in range(6):
        for folder, pixels in (("images", mask * 200), ("masks", mask)):
            Image.fromarray(pixels).save(tmp_path / "squares" / folder / f"{number}.png")
    return tmp_path / "squares"


def test_both_click_on_the_same_objects_and_partial_results_are_paired(squares, monkeypatch):
    monkeypatch.setattr("napari_itis.inference.Predictor", Quality)
    samples = [(one.id, one) for one in read_dataset("folder", squares)]
    (squares / "images" / "3.png").unlink()
    seen = []
    result = compare(["bad", "good"], samples, max_clicks=2, report=seen.append)
    assert result.verdict().kind == "better"
    assert [one.done for one in seen] == list(range(7)) and result.total == 6
    assert len(result.objects) == 5 and "3.png" in result.skipped[0]
    with pytest.raises(DatasetError, match=r"no object is left.*3\.png"):
        compare(["bad", "good"], samples[3:4])


def test_it_clicks_on_what_users_get(squares):
    samples = [(one.id, one) for one in read_dataset("folder", squares)][:2]
    result = compare(["itis-lite0", find_weights()], samples, max_clicks=1, device="cpu")
    assert (result.ious[0] == result.ious[1]).all() and result.ious.min() > 0.5


def test_worse_weights_are_found_out_on_the_command_line(squares, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("napari_itis.inference.Predictor", Quality)
    monkeypatch.chdir(tmp_path)
    for name in ("good", "bad"):
        (tmp_path / name).touch()
    arguments = ["compare", "good", "bad", "--data", f"folder:{squares}", "--max-clicks", "3"]
    assert main([*arguments, "--json", "compared.json", "--plot", "plot.png"]) == 0
    said = capsys.readouterr().out
    assert "bad is worse than good" in said and "NoC@85" in said
    result = Comparison.from_dict(json.loads((tmp_path / "compared.json").read_text("utf-8")))
    assert result.done == result.total == 6 and result.images == 6
    assert (tmp_path / "plot.png").stat().st_size > 1000


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["itis-lite0"], "two weights"),
        (["itis-lite0", "itis-lite0"], "on which images"),
        (["itis-lite0", "gone", "--run", "."], "no weights 'gone'"),
        (["itis-lite0", "itis-lite0", "--run", "."], "no folder of a training"),
        (["itis-lite0", "itis-lite0", "--data", "cells"], "LAYOUT:ROOT"),
        (["itis-lite0", "itis-lite0", "--data", "what:."], "unknown data set"),
        (["itis-lite0", "itis-lite0", "--run", ".", "--json", "a.txt"], ".json"),
    ],
)
def test_mistakes_get_one_line(arguments, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["compare", *arguments]) == 2
    line = capsys.readouterr().err
    assert said in line and line.count("\n") == 1


def test_a_training_knows_what_it_has_held_back(squares, tmp_path):
    from napari_itis.training import load_config, to_toml
    from napari_itis.training.held_back import held_back_of_run

    def run(held_back):
        folder = tmp_path / f"run{held_back}"
        folder.mkdir()
        overrides = [f"held_back={held_back}", "min_area=10"]
        config = load_config("smoke", overrides, [f"squares:{squares}"])
        (folder / "config.toml").write_text(to_toml(config), "utf-8")
        return folder

    samples = held_back_of_run(run(0.5))
    assert 0 < len(samples) < 6
    image, truth, _ = samples[0][1].load()
    assert image.shape == (40, 40, 3) and truth.sum() == 24 * 24
    assert samples[0][0] == samples[0][1].id.removesuffix(":1")
    with pytest.raises(DatasetError, match="held back no image"):
        held_back_of_run(run(0.0))
