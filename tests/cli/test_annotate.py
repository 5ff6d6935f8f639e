"""A simulated annotator on the command line: what it prints, what it writes, what it refuses."""

import json

import numpy as np
import pytest
from PIL import Image

from napari_itis.cli import main
from napari_itis.video.synthetic import spoilt_sequence
from napari_itis.video.writing import write_masks

COUNT, SIZE = 6, (120, 180)


@pytest.fixture(scope="module")
def davis(tmp_path_factory):
    """A data set with one sequence, of which two masks are spoilt."""
    root = tmp_path_factory.mktemp("DAVIS")
    frames, _, truth = spoilt_sequence(frames=20, size=SIZE)
    truth = np.asarray(truth)[:COUNT]
    masks = truth.copy()
    masks[3:5] = np.roll(truth[3:5], 60, 2)
    photos = root / "JPEGImages" / "480p" / "cup"
    photos.mkdir(parents=True)
    names = [f"{index:05}" for index in range(COUNT)]
    for name, frame in zip(names, frames, strict=False):
        Image.fromarray(np.asarray(frame)).save(photos / f"{name}.jpg", quality=95)
    write_masks(root / "Annotations" / "480p" / "cup", names, truth.__getitem__, SIZE)
    write_masks(root / "Results" / "moved" / "cup", names, masks.__getitem__, SIZE)
    return root


@pytest.fixture
def run(davis, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    def run(*options, sequence="cup", masks=davis / "Results" / "moved"):
        capsys.readouterr()
        words = ["annotate", davis, sequence, "--initial-masks", masks, "--device", "cpu", *options]
        code = main([str(word) for word in words])
        out, err = capsys.readouterr()
        return code, out, err.strip().splitlines()

    return run


def test_clicks_and_what_they_gain_are_printed_and_written(run, tmp_path):
    code, out, err = run(
        "--budget", 4, "--order", "even", "--no-carry-on", "--json", "a.json", "--output", "masks"
    )
    assert (code, err) == (0, [])
    assert "error gone" in out
    found = json.loads((tmp_path / "a.json").read_text())
    curve = found["curve"]
    assert (found["order"], found["carry_on"], found["frames"]) == ("even", False, COUNT)
    assert [spent["clicks"] for spent in curve] == list(range(len(curve)))
    assert len(curve) <= 5
    assert curve[-1]["J"] > curve[0]["J"]
    assert set(found["clicks"]) <= {"3", "4"}
    written = sorted(path.name for path in (tmp_path / "masks").iterdir())
    assert written == [f"{index:05}.png" for index in range(COUNT)]
    assert set(np.unique(Image.open(tmp_path / "masks" / "00003.png"))) <= {0, 1}


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"options": ["--order", "worst"]}, "--order worst: expected one of even, ranking"),
        ({"sequence": "dog"}, "dog"),
        ({"masks": "nowhere"}, "no such folder: nowhere"),
        ({"options": ["--object", "7"]}, "has no object 7"),
        ({"options": ["--json", "a.txt"]}, "must end with one of .json"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(run, options, line):
    code, _, err = run(*options.pop("options", []), **options)
    assert code == 2
    assert len(err) == 1
    assert line in err[0]


def test_masks_that_are_there_are_replaced_only_when_asked(run, tmp_path):
    (tmp_path / "masks").mkdir()
    mine = tmp_path / "masks" / "00003.png"
    mine.write_bytes(b"mine")
    options = ("--budget", 1, "--no-carry-on", "--output", "masks")
    code, _, (line,) = run(*options)
    assert code == 2 and "00003.png" in line and "overwrite" in line
    assert mine.read_bytes() == b"mine"
    assert run(*options, "--overwrite")[0] == 0
    assert Image.open(mine).mode == "P"


def test_the_masks_to_correct_are_never_written_over(run, davis):
    source = davis / "Results" / "moved" / "cup"
    code, _, err = run("--output", source, "--budget", 1)
    assert code == 2
    assert len(err) == 1
    assert str(source) in err[0]
