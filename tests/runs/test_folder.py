"""The files of a training, read while they are being written."""

import json
import os
import platform
import subprocess
import sys
import time

import numpy as np
import pytest

from napari_itis import runs
from napari_itis.runs import Run, RunError, hold
from napari_itis.runs.folder import STATUS, STOP, Status, write_status
from napari_itis.runs.identity import _began, this_process


def test_curves_leave_out_what_is_half_written(tmp_path):
    (tmp_path / "log.csv").write_text(
        "step,epoch,loss,iou\n1,0,0.5,0.25\n2,0,x,0.5\n3,0,0.25\n4,0,0.25,0.75\n5,0,0.1", "utf-8"
    )
    (tmp_path / "validation.csv").write_text("step,noc_90,iou_1\n0,4.5,0.3\n4,3", "utf-8")
    curves = runs.read_curves(tmp_path)
    assert curves.step.tolist() == [1, 4]
    assert curves.loss.tolist() == [0.5, 0.25]
    assert curves.iou.tolist() == [0.25, 0.75]
    assert curves.validation_step.tolist() == [0]
    assert curves.validation["iou_1"].tolist() == [0.3]


def test_curves_of_a_folder_without_files_are_empty(tmp_path):
    curves = runs.read_curves(tmp_path)
    assert len(curves.step) == len(curves.loss) == len(curves.validation_step) == 0


def test_long_curves_are_thinned_out_by_means(tmp_path):
    rows = [f"{step},{step % 2},0.5" for step in range(1, 10_001)]
    (tmp_path / "log.csv").write_text("step,loss,iou\n" + "\n".join(rows) + "\n", "utf-8")
    curves = runs.read_curves(tmp_path, most=100)
    assert len(curves.step) == 100
    assert np.allclose(curves.loss, 0.5)
    assert np.all(np.diff(curves.step) > 0)


def test_output_is_its_end_even_if_it_is_long(tmp_path):
    (tmp_path / "output.txt").write_text("".join(f"line {n}\n" for n in range(100_000)), "utf-8")
    assert runs.read_output(tmp_path, lines=2) == "line 99998\nline 99999"


def test_another_process_with_the_same_number_is_not_the_training(tmp_path):
    write_status(tmp_path, Status("running", step=3, steps=9, pid=os.getpid(), started=time.time()))
    run = Run(tmp_path)
    assert not run.alive
    status = run.status()
    assert status.state == "failed"
    assert "without a word" in status.message and "no checkpoint yet" in status.message
    run.kill()


@pytest.mark.parametrize(
    ("of_another", "where"),
    [
        ({"host": "elsewhere"}, "elsewhere"),
        ({"began": "1"}, platform.node()),
        ({"host": "", "began": ""}, "another computer"),
    ],
)
def test_a_process_that_may_not_be_the_training_is_never_ended(tmp_path, of_another, where):
    other = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        known = this_process() | {"pid": other.pid, "began": _began(other.pid)} | of_another
        write_status(tmp_path, Status("starting", **known))
        with hold(tmp_path):
            Run(tmp_path).stop()
            assert (tmp_path / STOP).exists()
            with pytest.raises(RunError, match=rf"runs on {where}, .* asked to stop"):
                Run(tmp_path).kill()
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_status_of_an_earlier_version_is_read(tmp_path):
    write_status(tmp_path, Status("running", step=3))
    values = json.loads((tmp_path / STATUS).read_text("utf-8"))
    del values["host"], values["began"]
    (tmp_path / STATUS).write_text(json.dumps(values), "utf-8")
    assert runs.read_status(tmp_path) == Status("running", step=3)


def test_a_status_that_is_no_status_is_none(tmp_path):
    assert runs.read_status(tmp_path) is None
    for text in ("", "[]", "{", json.dumps({"state": "running"})):
        (tmp_path / STATUS).write_text(text, "utf-8")
        assert runs.read_status(tmp_path) is None
    assert Run(tmp_path).status().state == "failed"


def test_folders_for_new_trainings_never_exist_yet(tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_ITIS_DATA", str(tmp_path))
    folder = runs.new_folder("../my cells")
    assert folder.parent == tmp_path / "trainings"
    folder.mkdir(parents=True)
    assert runs.new_folder("../my cells") != folder


def test_watching_a_training_imports_no_torch():
    code = (
        "import sys; from napari_itis import runs; runs.known_runs(); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr
