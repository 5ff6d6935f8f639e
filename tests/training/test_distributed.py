"""Two processes train as one does, stop together, and one alone goes on from there."""

import csv
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
import torch

from napari_itis.network.weights import read_tensors
from napari_itis.runs.folder import CHECKPOINT
from napari_itis.training import ConfigError, train
from napari_itis.training.distributed import _fabric

SCRIPT = Path(__file__).parents[2] / "train" / "train.py"


def losses(folder: Path) -> list[float]:
    with (folder / "log.csv").open(newline="") as file:
        return [float(row["loss"]) for row in csv.DictReader(file)]


# Batch norm is frozen: on CPUs each process would normalise its own half of the batch.
def test_two_processes_are_one_and_one_goes_on_alone(tiny, tmp_path):
    settings = [*tiny, "samples=96", "freeze_norm=true", "precision=fp32"]
    train("smoke", settings, output=tmp_path / "one")
    together = tmp_path / "two"
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    command += ["--standalone", str(SCRIPT), "smoke", "--output", str(together)]
    command += [part for setting in settings for part in ("--set", setting)]
    process = subprocess.Popen(
        command, env=os.environ | {"CUDA_VISIBLE_DEVICES": ""}, stderr=subprocess.PIPE, text=True
    )
    # Past the first epoch: the objects are on their second visit.
    for _ in range(2400):
        if (together / "log.csv").exists() and len(losses(together)) >= 8:
            break
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    step = read_tensors(together / CHECKPOINT)[1]["step"]
    assert f"stopped at step {step} of 24" in said
    assert 8 <= step < 24
    assert len(losses(together)) == step
    train("smoke", settings, output=together, resume=True)
    alone = losses(tmp_path / "one")
    assert losses(together)[:6] == pytest.approx(alone[:6], rel=1e-3)
    # A rounding error may move a later click by a pixel.
    assert losses(together) == pytest.approx(alone, rel=2e-2)


def test_one_sample_for_each_process_is_one_line(tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "4")
    with pytest.raises(ConfigError, match=r"one sample for each of 4 processes .* freeze_norm"):
        train("smoke", [*tiny, "device=cpu"], output=tmp_path)


def test_the_others_wait_while_the_first_process_lists_a_large_data_set():
    strategy = _fabric(torch.device("cpu"), 2, 2, bf16=False)._strategy
    assert strategy._timeout >= timedelta(hours=12)


def test_a_batch_that_cannot_be_shared_is_one_line(tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "3")
    with pytest.raises(ConfigError, match=r"batch_size = 4 .* 3 processes: make it a multiple"):
        train("smoke", tiny, output=tmp_path)
