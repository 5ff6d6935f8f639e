"""The shortest real training: does it learn, measure and report as it should?"""

import csv
import time

from napari_itis.runs import prediction_strips
from napari_itis.runs.folder import BEST, LOCK
from napari_itis.training import train
from napari_itis.training.log import TENSORBOARD


def test_smoke_segments_held_back_shapes(tmp_path):
    reports = []
    began = time.process_time()
    path = train("smoke", output=tmp_path, report=reports.append)
    seconds = time.process_time() - began
    # Mean IoU after at most three clicks of the robot user, through the users' own Predictor.
    assert reports[-1].measured.iou_3 >= 0.9
    # Two minutes of a machine with two cores, which other work may share just now.
    assert seconds < 2 * 120
    assert path == tmp_path / "smoke.safetensors"
    with (tmp_path / "validation.csv").open(newline="") as file:
        measured = list(csv.DictReader(file))
    assert [int(row["step"]) for row in measured] == [r.step for r in reports if r.measured]
    best = min(measured, key=lambda row: float(row["noc_90"]))
    assert float(best["noc_90"]) < float(measured[0]["noc_90"])
    assert (tmp_path / BEST).is_file()
    assert {file.name for file in tmp_path.iterdir()} - {LOCK} == {
        "best.safetensors",
        "checkpoint.safetensors",
        "config.toml",
        "log.csv",
        "predictions",
        "smoke.safetensors",
        "status.json",
        TENSORBOARD,
        "validation.csv",
    }
    assert len(prediction_strips(tmp_path)) == len(measured)
    events = b"".join(file.read_bytes() for file in (tmp_path / TENSORBOARD).iterdir())
    for name in (b"train/loss", b"train/iou", b"held back/noc_90", b"samples"):
        assert name in events
