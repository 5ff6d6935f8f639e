"""A training that is killed goes on as if nothing had happened, bit for bit."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from napari_itis.network.weights import read_tensors
from napari_itis.training import ConfigError, Training, load_config, train
from napari_itis.training.checkpoint import CHECKPOINT

SCRIPT = """
import sys
from napari_itis.training import train
def slow(report):
    print(report.step, flush=True)
    if report.step == int(sys.argv[3]):
        import time; time.sleep(600)
train("smoke", ["threads=1"], ["shapes:" + sys.argv[1]], sys.argv[2], report=slow)
"""


def finish(shapes: Path, output: Path, resume: bool = True) -> dict[str, torch.Tensor]:
    train("smoke", ["threads=1"], [f"shapes:{shapes}"], output, resume=resume)
    tensors, about = read_tensors(output / CHECKPOINT)
    assert about["step"] == 12
    return tensors


@pytest.fixture(scope="module")
def uninterrupted(shapes, tmp_path_factory) -> dict[str, torch.Tensor]:
    return finish(shapes, tmp_path_factory.mktemp("whole"), resume=False)


# 12 steps, 6 an epoch, a checkpoint every 2: killed inside the first epoch past a checkpoint,
# at the border of the epochs, and inside the second.
@pytest.mark.parametrize("killed_at", [3, 6, 9])
def test_killed_training_resumes_bit_for_bit(shapes, tmp_path, uninterrupted, killed_at):
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(shapes), str(tmp_path), str(killed_at)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"CUDA_VISIBLE_DEVICES": ""},
    )
    for line in process.stdout:
        if int(line) == killed_at:
            break
    time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    _, about = read_tensors(tmp_path / CHECKPOINT)
    assert about["step"] == killed_at - killed_at % 2
    resumed = finish(shapes, tmp_path)
    assert resumed.keys() == uninterrupted.keys()
    for name, tensor in uninterrupted.items():
        assert torch.equal(tensor, resumed[name]), name


def test_weights_of_a_training_segment(shapes, tmp_path):
    from napari_itis import Click, Predictor

    path = train("smoke", ["samples=8"], [f"shapes:{shapes}"], tmp_path)
    predictor = Predictor(path, "cpu")
    predictor.set_image(torch.rand(40, 50, 3).numpy())
    mask = predictor.predict([Click(20, 20, True)]).mask
    assert mask.shape == (40, 50)
    assert mask[20, 20]
    assert "data_root" not in str(read_tensors(path)[1]["training"]["data"])
    assert str(shapes) not in str(read_tensors(path)[1])


def test_existing_checkpoint_is_never_overwritten(shapes, tmp_path):
    (tmp_path / CHECKPOINT).write_bytes(b"somebody's night")
    with pytest.raises(ConfigError, match="exists already"):
        train("smoke", [], [f"shapes:{shapes}"], tmp_path)
    assert (tmp_path / CHECKPOINT).read_bytes() == b"somebody's night"


def test_resume_with_other_settings_is_refused(shapes, tmp_path):
    train("smoke", ["samples=8"], [f"shapes:{shapes}"], tmp_path)
    with pytest.raises(ConfigError, match="learning_rate"):
        train(
            "smoke", ["samples=8", "learning_rate=1.0"], [f"shapes:{shapes}"], tmp_path, resume=True
        )


def test_interrupt_leaves_a_checkpoint(shapes, tmp_path):
    def stop(report):
        if report.step == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train("smoke", [], [f"shapes:{shapes}"], tmp_path, report=stop)
    assert read_tensors(tmp_path / CHECKPOINT)[1]["step"] == 3


def test_loss_that_is_no_number_stops(shapes, tmp_path):
    config = load_config("smoke", ["learning_rate=inf"], [f"shapes:{shapes}"])
    training = Training(config, tmp_path)
    with pytest.raises(FloatingPointError, match="loss of step"):
        list(training.run())


def test_nothing_to_resume_is_one_line(shapes, tmp_path):
    with pytest.raises(ConfigError, match="to resume"):
        train("smoke", [], [f"shapes:{shapes}"], tmp_path, resume=True)
