"""`evaluate` as a whole with a method that needs no network: given masks, plots, the report."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image

from napari_itis.cli import main
from napari_itis.clicks import Click
from napari_itis.evaluation.page import Code, Figures, Heading, Table, Text, to_html, to_markdown
from napari_itis.evaluation.pictures import choose, draw
from napari_itis.evaluation.report import file_name
from napari_itis.network import find_weights
from napari_itis.network.files import sha256

SHAPE = (48, 64)
FRAMES = 4


def square(left):
    mask = np.zeros(SHAPE, bool)
    mask[12:36, left : left + 24] = True
    return mask


def save(path, values):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(path)


@pytest.fixture(scope="module")
def davis(tmp_path_factory):
    """Two sequences of one object each, and masks that get worse: the third is worst."""
    root = tmp_path_factory.mktemp("davis")
    rng = np.random.default_rng(0)
    lines = []
    for sequence, left in (("bear", 12), ("cat", 24)):
        for number in range(FRAMES):
            truth = square(left + number)
            colours = np.where(truth[..., None], (200, 60, 50), (60, 90, 160))
            noisy = (colours + rng.normal(0, 6, (*SHAPE, 3))).clip(0, 255).astype(np.uint8)
            photo = f"JPEGImages/480p/{sequence}/{number:05d}.jpg"
            mask = f"Annotations/480p/{sequence}/{number:05d}.png"
            save(root / photo, noisy)
            save(root / mask, truth.astype(np.uint8) * 255)
            lines.append(f"/{photo} /{mask}")
            start = truth.copy()
            start[12 : 12 + (2, 4, 16, 8)[number]] = False
            save(root / f"masks/{sequence}/{number:05d}.png", start.astype(np.uint8) * 255)
    (root / "ImageSets" / "480p").mkdir(parents=True)
    (root / "ImageSets" / "480p" / "val.txt").write_text("\n".join(lines) + "\n")
    return root


@pytest.fixture
def evaluate(davis, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*options, method="geodesic", code=0):
        arguments = ["evaluate", "davis", str(davis), "--max-clicks", "3", "--json", "run.json"]
        arguments += ["--method", method, *map(str, options)]
        assert main(arguments) == code
        return json.loads(Path("run.json").read_text()) if code == 0 else None

    return run


class Page(HTMLParser):
    """The texts and the addresses of a page."""

    def __init__(self, path):
        super().__init__()
        self.texts, self.addresses, self.tags = [], [], set()
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data):
        self.texts.append(data)


class TestGivenMasks:
    def test_worst_frames_alone_are_corrected(self, evaluate, davis, capsys):
        found = evaluate("--initial-masks", davis / "masks", "--worst-frame")
        assert [one["id"] for one in found["per_object"]] == ["bear/00002", "cat/00002"]
        assert found["initial_iou"] == pytest.approx(1 / 3)
        assert all(one["initial_iou"] == pytest.approx(1 / 3) for one in found["per_object"])
        assert found["mean_iou"][0] > 0.8
        assert found["corrections"]["bad"]["frames"] == 2
        assert found["corrections"]["bad"]["mean_gain"] == pytest.approx(
            found["mean_iou"][0] - found["initial_iou"]
        )
        out = " ".join(capsys.readouterr().out.split())
        assert "IoU before / after 1 clicks" in out
        assert "2 frames" in out

    def test_every_nth_frame(self, evaluate, davis):
        found = evaluate("--initial-masks", davis / "masks", "--every", "3")
        ids = [one["id"] for one in found["per_object"]]
        assert ids == ["bear/00000", "bear/00003", "cat/00000", "cat/00003"]
        assert found["corrections"]["good"]["frames"] == 2

    def test_mistakes(self, evaluate, davis, capsys):
        for options, expected in (
            (["--worst-frame"], "--initial-masks"),
            (["--initial-masks", davis / "gone"], "no such folder"),
            (["--weights", "itis-lite0"], "has none"),
            (["--split", "nope"], "nope"),
            (["--target", "0.855"], "two decimals"),
            (["--name", "x"], "--report"),
            (["--report", "file"], "not a folder"),
            (["--json", "file/out.json"], "not a folder"),
            (["--report", "foreign"], "no run of a report"),
        ):
            Path("file").write_text("")
            Path("foreign/runs").mkdir(parents=True, exist_ok=True)
            Path("foreign/runs/notes.json").write_text("[]")
            evaluate(*options, code=2)
            error = capsys.readouterr().err
            assert expected in error
            assert error.count("\n") == 1, error
        evaluate(method="magic", code=2)
        assert "itis, grabcut, graph-cut, random-walker, geodesic" in capsys.readouterr().err


def test_all_robots_and_the_curve_of_targets(evaluate):
    for robot in ("largest", "cluster", "random"):
        found = evaluate("--robot", robot, "--limit", "2")
        assert found["robot"] == robot
        assert len(found["mean_iou"]) == 3
        points = found["iou_against_clicks"]
        assert [point["target"] for point in points][::9] == [0.5, 0.95]
        assert all(0 <= point["clicks"] <= 3 for point in points)


def test_the_plot_of_kitti_is_what_is_reached_against_what_is_spent(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    from napari_itis.evaluation import plots

    drawn = {}
    original = plots.plot_reached
    monkeypatch.setattr(
        plots,
        "plot_reached",
        lambda curves, *a, **k: (drawn.update(curves), original(curves, *a, **k)),
    )
    truth = square(12)
    photo = np.where(truth[..., None], (200, 60, 50), (60, 90, 160)).astype(np.uint8)
    save(tmp_path / "training" / "image_2" / "a.png", photo)
    save(tmp_path / "training" / "instance" / "a.png", truth.astype(np.uint16) * (26 * 256 + 1))
    plot = tmp_path / "kitti.png"
    options = ["--method", "geodesic", "--max-clicks", "2", "--plot", str(plot)]
    assert main(["evaluate", "kitti", str(tmp_path), *options]) == 0
    assert Image.open(plot).size[0] > 300
    assert drawn["geodesic"][0]["target"] == 0.5


class TestReport:
    @pytest.fixture(autouse=True)
    def needs_matplotlib(self):
        pytest.importorskip("matplotlib")

    def test_runs_stand_side_by_side(self, evaluate, tmp_path):
        evaluate("--report", "report", "--limit", "3")
        evaluate("--report", "report", "--limit", "3", "--name", "<b>mine</b>", "--seed", "7")
        evaluate("--report", "report", "--limit", "3", method="grabcut")
        folder = tmp_path / "report"
        page = Page(folder / "index.html")
        texts = " ".join(page.texts)
        assert "davis, limit 3" in texts
        for name in ("geodesic, 3 clicks", "<b>mine</b>", "grabcut, 3 clicks"):
            assert page.texts.count(name) == 3, "a row in each of three tables"
            assert name in re.sub(r"\\(.)", r"\1", (folder / "report.md").read_text("utf-8"))
        assert "b" not in page.tags
        assert "script" not in page.tags
        assert "cv2.grabCut" in texts
        assert "NoC@90" in texts
        assert "napari-itis evaluate davis" in texts
        assert "--seed 7" in texts
        assert "--name '<b>mine</b>'" in texts, "a command that can be typed again"
        assert "bear/00000, IoU" in texts
        for address in page.addresses:
            assert (folder / unquote(address)).is_file(), address
        pictures = {path for path in page.addresses if path.startswith("pictures/")}
        assert len(pictures) == 9
        assert len(list((folder / "runs").glob("*.json"))) == 3
        assert not list(folder.rglob(".*"))

    def test_the_same_run_again_replaces_itself(self, evaluate, tmp_path):
        for _ in range(2):
            evaluate("--report", "report", "--limit", "1")
        assert len(list((tmp_path / "report" / "runs").glob("*.json"))) == 1

    def test_other_objects_get_a_section_of_their_own(self, evaluate, davis, tmp_path):
        evaluate("--report", "report", "--limit", "1")
        masks = ["--initial-masks", davis / "masks", "--worst-frame"]
        evaluate("--report", "report", *masks)
        texts = " ".join(Page(tmp_path / "report" / "index.html").texts)
        assert "davis, limit 1" in texts
        assert "davis, from the masks masks, worst frames" in texts
        assert "2 below 0.60" in texts

    def test_folders_and_names_are_not_taken_for_each_other(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        photo = np.where(square(12)[..., None], (200, 60, 50), (60, 90, 160)).astype(np.uint8)
        for folder in ("nuclei", "cells"):
            save(tmp_path / folder / "images" / "a.png", photo)
            save(tmp_path / folder / "masks" / "a.png", square(12).astype(np.uint8))
        options = ["--method", "geodesic", "--max-clicks", "1", "--report", "report"]
        for folder, name in (("nuclei", "старый"), ("nuclei", "новый"), ("cells", "старый")):
            assert main(["evaluate", "folder", folder, *options, "--name", name]) == 0
        assert len(list((tmp_path / "report" / "runs").glob("*.json"))) == 3
        texts = Page(tmp_path / "report" / "index.html").texts
        assert "folder nuclei" in texts
        assert "folder cells" in texts

    def test_weights_that_are_called_the_same_stay_apart(self, evaluate, tmp_path):
        from safetensors import safe_open
        from safetensors.torch import load_file, save_file

        files = []
        shipped = find_weights()
        with safe_open(shipped, "pt") as file:
            about = file.metadata()
        for folder in ("a", "b"):
            files.append(tmp_path / folder / "best.safetensors")
            files[-1].parent.mkdir()
            save_file(load_file(shipped), files[-1], about | {"of": folder})
        for file in (*files, files[1], files[0]):
            found = evaluate("--report", "report", "--limit", "1", "--weights", file, method="itis")
        assert found["weights_sha256"] == sha256(files[0])
        texts = Page(tmp_path / "report" / "index.html").texts
        for name in ("itis best, 3 clicks", "itis best, 3 clicks (2)"):
            assert texts.count(name) == 3, "a row in each of three tables"
        assert len(list((tmp_path / "report" / "runs").glob("*.json"))) == 2

    def test_names_that_differ_have_files_that_differ(self):
        texts = ["a b", "a-b", "a_b", "a+b", "A b", "a b.", "a, b", "ä b"]
        assert len({file_name(text) for text in texts}) == len(texts)
        assert file_name("davis itis itis-lite0") == "davis_itis_itis-lite0"

    def test_a_file_that_is_no_run(self, evaluate, capsys, tmp_path):
        (tmp_path / "report" / "runs").mkdir(parents=True)
        (tmp_path / "report" / "runs" / "x.json").write_text("[1]")
        evaluate("--report", "report", "--limit", "1", code=2)
        error = capsys.readouterr().err
        assert "x.json is no run" in error
        assert error.count("\n") == 1


class TestPage:
    def test_every_value_is_escaped(self):
        evil = "<i>&\"' | *x* \\"
        blocks = [
            Heading(evil),
            Text(evil),
            Code(evil),
            Table([evil], [[evil]]),
            Figures([("a b&<.png", evil)]),
        ]
        html = to_html(evil, blocks)
        assert "<i>" not in html
        assert html.count("&lt;i&gt;&amp;&quot;&#x27; | *x*") >= 6
        assert 'src="a%20b%26%3C.png"' in html
        markdown = to_markdown(evil, blocks)
        table = [line for line in markdown.splitlines() if line.startswith("| ")]
        assert table[-1] == "| \\<i\\>&\"' \\| \\*x\\* \\\\ |"


class TestPictures:
    @pytest.mark.parametrize(
        ("count", "sizes"),
        [
            (1, (1, 0, 0)),
            (2, (1, 0, 1)),
            (3, (1, 1, 1)),
            (4, (1, 1, 1)),
            (9, (3, 3, 3)),
            (40, (3, 3, 3)),
        ],
    )
    def test_each_object_at_most_once(self, count, sizes):
        ious = np.random.default_rng(1).permutation(count) / count
        chosen = choose(ious)
        assert tuple(len(chosen[kind]) for kind in ("worst", "median", "best")) == sizes
        every = [index for indices in chosen.values() for index in indices]
        assert len(set(every)) == len(every)
        assert ious[chosen["worst"][0]] == ious.min()
        if chosen["best"]:
            assert ious[chosen["best"][0]] == ious.max()
        if count == 40:
            assert np.abs(ious[chosen["median"]] - 0.5).max() < 0.06

    def test_what_is_drawn(self):
        truth = np.zeros((400, 800), bool)
        truth[100:300, 200:600] = True
        mask = np.zeros_like(truth)
        mask[100:300, 200:400] = True
        picture = draw(
            np.full((400, 800, 3), 100, np.uint8), mask, truth, [Click(200, 500, True)], 400
        )
        assert picture.shape == (200, 400, 3)
        assert picture[100, 150].tolist() == [178, 120, 50]
        assert picture[20, 20].tolist() == [100, 100, 100]
        assert picture[100, 250].tolist() == [0, 200, 0]
        assert picture[50, 200].tolist() == [0, 255, 255]
