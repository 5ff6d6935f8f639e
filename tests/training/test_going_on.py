"""A training that goes on from weights: measured before it, and mixed with what it began with."""

import numpy as np
import pytest
import torch
from PIL import Image

from napari_itis.network import WeightsError
from napari_itis.network.weights import read_tensors
from napari_itis.runs import prediction_strips, read_curves
from napari_itis.training import TrainingStopped, train
from napari_itis.training.log import _Table


@pytest.fixture(scope="module")
def begun(tiny, tmp_path_factory):
    """Weights of two steps."""
    return train("smoke", [*tiny, "samples=8"], output=tmp_path_factory.mktemp("begun"))


def test_old_and_new_weights_are_mixed_after_an_interruption_too(tiny, begun, tmp_path):
    settings = [*tiny, "samples=16"]
    alone = train("smoke", [*settings, f"start={begun}"], output=tmp_path / "alone")
    settings += ["keep_start=0.25"]
    mixed = train("smoke", [*settings, f"start={begun}"], output=tmp_path / "mixed")
    old, new, both = (read_tensors(path)[0] for path in (begun, alone, mixed))
    for name, value in both.items():
        expected = 0.25 * old[name].float() + 0.75 * new[name].float()
        torch.testing.assert_close(value.float(), expected, rtol=0.01, atol=2e-3)
    assert any(not torch.equal(both[name], new[name]) for name in both)

    def stop(report):
        if report.step == 1:
            raise KeyboardInterrupt

    # The weights it began with may be gone by the time it goes on.
    copy = tmp_path / begun.name
    copy.write_bytes(begun.read_bytes())
    settings += [f"start={copy}"]
    with pytest.raises(TrainingStopped):
        train("smoke", settings, output=tmp_path / "resumed", report=stop)
    copy.unlink()
    own = tmp_path / "resumed" / "config.toml"
    resumed = read_tensors(train(own, output=tmp_path / "resumed", resume=True))[0]
    assert all(torch.equal(value, resumed[name]) for name, value in both.items())
    with pytest.raises(WeightsError, match="no weights"):
        train(own, output=tmp_path / "anew")


def test_it_is_measured_before_the_first_step(tiny, begun, own_shapes, tmp_path):
    settings = [*tiny, f"start={begun}", "samples=8", "samples_per_epoch=8", "validate_every=1"]
    settings += ["held_back=0.6", "validation_clicks=2"]
    train("smoke", settings, [f"mine:{own_shapes}"], tmp_path / "run")
    curves = read_curves(tmp_path / "run")
    assert curves.validation_step.tolist() == [0, 2]
    assert np.all(curves.validation["iou_1"] >= 0)
    first, last = prediction_strips(tmp_path / "run")
    assert (first.stem, last.stem) == ("00000000", "00000002")
    picture = np.asarray(Image.open(first))
    tile = picture.shape[1] // 3
    assert picture.shape[:2] == (curves.validation["objects"][0] * tile, 3 * tile)
    # The truth is the same in both, the click too.
    assert np.array_equal(picture[:, 2 * tile :], np.asarray(Image.open(last))[:, 2 * tile :])


def test_weights_from_nothing_are_not_measured_before_they_learn(tiny, own_shapes, tmp_path):
    settings = [*tiny, "samples=8", "samples_per_epoch=8", "validate_every=1", "held_back=0.6"]
    train("smoke", settings, [f"mine:{own_shapes}"], tmp_path / "run")
    assert read_curves(tmp_path / "run").validation_step.tolist() == [2]


def test_the_rows_so_far_are_on_the_disk_before_a_resumed_training_takes_a_step(tmp_path):
    path = tmp_path / "log.csv"
    before = _Table(path, ("step", "loss"), 0)
    for step in (1, 2, 3):
        before.add({"step": step, "loss": 0.5})
    before.close()
    # Not closed: this one is killed.
    _again = _Table(path, ("step", "loss"), 2)
    assert path.read_text().split() == ["step,loss", "1,0.5", "2,0.5"]
