"""What is said before a training starts."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from napari_itis.cli import main
from napari_itis.training import TrainingConfig, load_config
from napari_itis.training.checking import Report, _Findings, check, suggest


def settings(tiny, root, *more):
    return load_config("smoke", [*tiny, *more], [f"mine:{root}"])


def test_a_training_that_can_start_is_measured(tiny, own_shapes, tmp_path):
    told = []
    folder = tmp_path / "run"
    config = settings(tiny, own_shapes, "validate_every=1", "held_back=0.5", "min_area=400")
    report = check(config, folder, lambda *progress: told.append(progress))
    assert report.problems == ()
    assert report.images + report.held_back == 6
    assert report.held_back and report.objects
    assert report.left_out["objects smaller than 400 px"]
    assert 16 <= report.smallest <= report.median <= report.largest <= 48
    assert report.image_sizes == ("96x128", "96x128")
    assert report.samples == 48
    assert report.seconds > 0 and report.device == "cpu"
    assert 10**6 < report.disk_needed < report.disk_free
    assert report.memory_needed > 10**8
    assert ("reading mine", 6, 6) in told
    assert not folder.exists()
    assert Report.from_dict(json.loads(json.dumps(report.as_dict()))) == report


def test_every_problem_is_a_line_with_its_fix(tiny, own_shapes, tmp_path):
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(own_shapes / "masks" / "shapes0.png")
    (own_shapes / "images" / "shapes1.png").write_bytes(b"no photo")
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "checkpoint.safetensors").write_bytes(b"somebody's night")
    report = check(settings(tiny, own_shapes), folder)
    assert len(report.problems) == 3
    assert "shapes0" in report.problems[0] and "skip_bad" in report.problems[0]
    assert "shapes1" in report.problems[1]
    assert "resume it" in report.problems[2]
    assert report.seconds is None
    assert not any("\n" in problem for problem in report.problems)
    report = check(settings(tiny, own_shapes, "skip_bad=true", "validate_every=1"), tmp_path / "b")
    assert report.problems == ()
    assert report.left_out["images that cannot be read"] == 2
    assert any("few" in remark for remark in report.remarks)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"min_area": 100_000}, "nothing to train on"),
        ({"samples_per_epoch": 0, "batch_size": 64}, "batch_size"),
        ({"start": "nowhere.safetensors"}, "nowhere.safetensors"),
    ],
)
def test_settings_that_cannot_work_are_problems(tiny, own_shapes, tmp_path, changes, problem):
    report = check(replace(settings(tiny, own_shapes), **changes), tmp_path / "run")
    assert len(report.problems) == 1
    assert problem in report.problems[0]


def test_remarks_are_words_that_a_user_without_a_config_knows(tmp_path):
    found = _Findings()
    found.compare(TrainingConfig(validate_every=1), tmp_path, Report(images=1))
    few, held = found.remarks
    assert few == "1 image is few: twenty are a good beginning"
    assert "hold back a larger share" in held and "_" not in held


def test_too_little_disk_or_memory_is_a_problem(tiny, own_shapes, tmp_path, monkeypatch):
    monkeypatch.setattr("napari_itis.training.checking.free_disk", lambda _: 1000)
    monkeypatch.setattr("napari_itis.training.checking.free_memory", lambda: 1000)
    report = check(settings(tiny, own_shapes), tmp_path / "run")
    disk, memory = report.problems
    assert "make room" in disk and "lower batch_size" in memory


def test_memory_that_runs_out_in_the_first_steps_is_a_problem(
    tiny, own_shapes, tmp_path, monkeypatch
):
    def fail(*_):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9")

    monkeypatch.setattr("napari_itis.training.learner.Learner.step", fail)
    report = check(settings(tiny, own_shapes), tmp_path / "run")
    assert "lower batch_size" in report.problems[0] and "not enough memory" in report.problems[0]


def test_no_data_and_a_missing_folder_are_problems(tiny, tmp_path):
    config = load_config("smoke", [*tiny, "data=[]"])
    assert any("no training data" in problem for problem in check(config, tmp_path).problems)
    report = check(settings(tiny, tmp_path / "nowhere"), tmp_path / "run")
    assert "nowhere" in report.problems[0]


def test_the_command_prints_and_writes_the_report(tiny, own_shapes, tmp_path, capsys):
    words = [word for setting in tiny for word in ("--set", setting)]
    command = ["train", "smoke", *words, "--data", f"mine:{own_shapes}", "--check"]
    command += ["--output", str(tmp_path / "run"), "--json", str(tmp_path / "check.json")]
    assert main(command) == 0
    assert "about" in capsys.readouterr().out
    written = json.loads((tmp_path / "check.json").read_text("utf-8"))
    assert Report.from_dict(written["report"]).objects
    (own_shapes / "masks" / "shapes0.png").unlink()
    assert main(command) == 2
    said = capsys.readouterr()
    assert "no mask for" in said.out and said.err.count("\n") == 1


@pytest.mark.parametrize("images", [1, 3, 20, 200, 5000])
def test_suggestions_are_settings(images):
    config = load_config("finetune", [f"{k}={json.dumps(v)}" for k, v in suggest(images).items()])
    assert config.samples_per_epoch <= config.samples
    assert config.held_back == 0 or images >= 5
    epochs = config.samples // config.samples_per_epoch
    assert config.validate_every <= epochs
