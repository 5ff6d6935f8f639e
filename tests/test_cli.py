"""The command line as a user meets it: what it writes, what it says, what it returns."""

import errno
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_itis.cli import main
from napari_itis.inference import to_rgb8


class FakePredictor:
    """Answers with a square of 11 x 11 pixels around each click; remembers how it was made."""

    made = None

    def __init__(self, weights=None, device="auto", *, on_notice=None, **options):
        if weights == "nowhere":
            raise ValueError("no weights 'nowhere'")
        self.weights, self.device = weights or "shipped", device
        self.options = options
        self.seen = []
        type(self).made = self

    def set_image(self, image):
        self.image = image

    def predict(self, clicks, mask=None):
        self.seen.append((list(clicks), mask))
        out = np.zeros(self.image.shape[:2], bool) if mask is None else mask.copy()
        for click in clicks:
            y, x = round(click.y), round(click.x)
            out[max(y - 5, 0) : y + 6, max(x - 5, 0) : x + 6] = click.positive
        return SimpleNamespace(mask=out, posterior=out.astype(np.float32))


@pytest.fixture(autouse=True)
def predictor(monkeypatch, tmp_path):
    module = ModuleType("napari_itis.inference")
    module.Predictor, module.to_rgb8 = FakePredictor, to_rgb8
    monkeypatch.setitem(sys.modules, "napari_itis.inference", module)
    monkeypatch.chdir(tmp_path)
    FakePredictor.made = None
    return FakePredictor


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    Image.fromarray(np.full((60, 80, 3), 120, np.uint8)).save(path)
    return path


@pytest.fixture
def grabcut(tmp_path):
    root = tmp_path / "GrabCut"
    for folder in ("data_GT", "boundary_GT"):
        (root / folder).mkdir(parents=True)
    for name in ("a", "b", "c"):
        Image.fromarray(np.full((60, 80, 3), 120, np.uint8)).save(root / f"data_GT/{name}.jpg")
        mask = np.zeros((60, 80), np.uint8)
        mask[20:31, 30:41] = 255
        Image.fromarray(mask).save(root / f"boundary_GT/{name}.png")
    return root


@pytest.fixture
def fails(capsys):
    """Run a command that must fail with exit code 2 and one line; give that line."""

    def run(*arguments, code=2):
        capsys.readouterr()
        assert main([str(argument) for argument in arguments]) == code
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("napari-itis: ")
        assert err.count("\n") == 1, err
        return err

    return run


def figures(path):
    return json.loads(Path(path).read_text())


def pixels(path):
    return np.asarray(Image.open(path))


class TestSegment:
    def test_writes_mask_and_overlay_and_says_what_is_in_them(self, photo, capsys):
        clicks = ["--positive", "30,40", "--negative", "30,44"]
        outputs = ["--output", "m.png", "--overlay", "o.png"]
        assert main(["segment", str(photo), *clicks, *outputs]) == 0
        mask = pixels("m.png")
        assert mask.dtype == np.uint8
        assert mask.shape == (60, 80)
        assert set(np.unique(mask)) == {0, 255}
        assert mask[30, 36] == 255
        assert mask[30, 44] == 0
        overlay = pixels("o.png")
        assert overlay.shape == (60, 80, 3)
        red, green = overlay[30, 44].astype(int), overlay[30, 40].astype(int)
        assert red[0] > 2 * red[1]
        assert green[1] > 2 * green[0]
        assert overlay[5, 5].tolist() == [120, 120, 120]
        out = capsys.readouterr().out
        assert "m.png" in out
        assert "255 object" in out
        assert "44 object pixels" in out

    def test_clicks_are_y_x_and_positive_ones_come_first(self, photo, predictor):
        assert main(["segment", str(photo), "--negative", "1,2", "--positive", "3.5,70"]) == 0
        ((clicks, mask),) = predictor.made.seen
        assert [(c.y, c.x, c.positive) for c in clicks] == [(3.5, 70, True), (1, 2, False)]
        assert mask is None

    def test_mask_is_named_after_the_image_by_default(self, photo, tmp_path):
        assert main(["segment", str(photo), "--positive", "3,4"]) == 0
        assert (tmp_path / "photo-mask.png").is_file()

    def test_an_existing_mask_is_what_the_clicks_correct(self, photo, predictor):
        old = np.zeros((60, 80), np.uint8)
        old[10:20, 10:20] = 7
        Image.fromarray(old).save("old.png")
        assert main(["segment", str(photo), "--mask", "old.png", "--negative", "19,19"]) == 0
        np.testing.assert_array_equal(predictor.made.seen[0][1], old > 0)
        assert pixels("photo-mask.png")[10, 10] == 255
        assert pixels("photo-mask.png")[15, 15] == 0

    def test_options_reach_the_predictor(self, photo, predictor):
        assert main(["segment", str(photo), "--positive", "3,4", "--no-promise", "--paper"]) == 0
        assert predictor.made.options == {"paper": True, "zoom_in": True, "promise": False}
        options = ["--no-zoom-in", "--weights", "w", "--device", "cpu"]
        assert main(["segment", str(photo), "--positive", "3,4", *options]) == 0
        assert predictor.made.options == {"paper": False, "zoom_in": False, "promise": True}
        assert (predictor.made.weights, predictor.made.device) == ("w", "cpu")

    @pytest.mark.parametrize(
        ("name", "image"),
        [
            ("gray.png", np.full((20, 30), 9, np.uint8)),
            ("rgba.png", np.full((20, 30, 4), 9, np.uint8)),
            ("deep.png", np.arange(600, dtype=np.uint16).reshape(20, 30) * 100),
            ("deep.tif", np.arange(600, dtype=np.uint16).reshape(20, 30) * 100),
            ("float.tif", np.linspace(-1, 1, 600, dtype=np.float32).reshape(20, 30)),
        ],
    )
    def test_images_of_every_kind(self, name, image, predictor):
        if name.endswith("tif"):
            tifffile.imwrite(name, image)
        else:
            Image.fromarray(image).save(name)
        assert main(["segment", name, "--positive", "9,9", "--overlay", "o.png"]) == 0
        np.testing.assert_array_equal(predictor.made.image, image)
        assert pixels("o.png").shape == (20, 30, 3)

    def test_tiff_masks(self, photo):
        assert main(["segment", str(photo), "--positive", "9,9", "--output", "sub/m.tif"]) == 0
        mask = tifffile.imread("sub/m.tif")
        assert mask.dtype == np.uint8
        assert mask[9, 9] == 255

    @pytest.mark.parametrize("click", ["60,5", "5,80", "-1,5", "5,-0.6", "1000,1000"])
    def test_clicks_outside_are_refused_with_the_size(self, photo, fails, click, predictor):
        line = fails("segment", photo, "--positive", "3,3", "--negative", click)
        assert click in line
        assert "60 rows and 80 columns" in line
        assert predictor.made is None

    @pytest.mark.parametrize("click", ["60", "1,2,3", "a,b", "", "nan,1", "inf,2"])
    def test_clicks_that_are_none(self, photo, fails, click):
        assert "Y,X" in fails("segment", photo, "--positive", click)

    def test_no_click(self, photo, fails):
        assert "--positive Y,X" in fails("segment", photo)

    def test_an_unknown_extension(self, photo, fails, predictor):
        line = fails("segment", photo, "--positive", "3,4", "--output", "mask.jpg")
        assert "mask.jpg" in line
        assert ".png" in line
        assert "mask" in fails("segment", photo, "--positive", "3,4", "--overlay", "mask.xyz")
        assert predictor.made is None

    def test_the_image_is_never_overwritten(self, photo, fails):
        before = photo.read_bytes()
        fails("segment", photo, "--positive", "3,4", "--output", photo)
        fails("segment", photo, "--positive", "3,4", "--overlay", photo)
        assert photo.read_bytes() == before

    def test_missing_and_broken_images(self, fails, tmp_path):
        assert "no such image file: gone.png" in fails("segment", "gone.png", "--positive", "3,4")
        (tmp_path / "bad.png").write_text("bad")
        assert "bad.png" in fails("segment", "bad.png", "--positive", "3,4")

    def test_a_mask_of_another_size(self, photo, fails):
        Image.fromarray(np.zeros((60, 81), np.uint8)).save("old.png")
        line = fails("segment", photo, "--positive", "3,4", "--mask", "old.png")
        assert "old.png" in line
        assert "60 rows and 81 columns" in line

    def test_unknown_weights_and_devices(self, photo, fails):
        assert "nowhere" in fails("segment", photo, "--positive", "3,4", "--weights", "nowhere")
        line = fails("segment", photo, "--positive", "3,4", "--device", "tpu")
        assert "auto, cpu, cuda, mps" in line

    def test_nothing_is_left_behind_when_writing_fails(self, photo, fails, tmp_path):
        (tmp_path / "file").write_text("in the way")
        fails("segment", photo, "--positive", "3,4", "--output", "file/m.png")
        assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "photo.png"]


class TestEvaluate:
    def test_json_has_every_figure(self, grabcut, capsys):
        assert main(["evaluate", "grabcut", str(grabcut), "--json", "out/g.json"]) == 0
        found = figures("out/g.json")
        keys = """
            dataset method weights robot paper max_clicks objects noc noc_whole_set failures
            mean_iou initial_iou seconds_per_click per_object
        """
        for key in keys.split():
            assert key in found
        assert found["dataset"] == "grabcut"
        assert found["objects"] == 3
        assert found["noc"] == {"0.85": 1.0, "0.90": 1.0}
        assert found["failures"] == {"0.85": 0, "0.90": 0}
        assert found["mean_iou"] == [1.0] * 20
        assert set(found["seconds_per_click"]) == {"first", "median", "p95"}
        assert [entry["id"] for entry in found["per_object"]] == ["a", "b", "c"]
        assert found["per_object"][0]["clicks"] == [[25, 35, True]]
        assert "NoC@85" in capsys.readouterr().out

    def test_options(self, grabcut, predictor):
        options = "--limit 2 --max-clicks 3 --target 0.9 --no-promise --no-zoom-in --seed 4"
        options += " --robot cluster --skip-bad --json g.json"
        assert main(["evaluate", "grabcut", str(grabcut), *options.split()]) == 0
        found = figures("g.json")
        assert found["objects"] == 2
        assert found["noc"] == {"0.90": 1.0}
        assert found["max_clicks"] == 3
        assert found["robot"] == "cluster"
        assert predictor.made.options == {"paper": False, "zoom_in": False, "promise": False}

    def test_initial_masks(self, grabcut, predictor, tmp_path, fails):
        (tmp_path / "start").mkdir()
        for name in ("a", "b"):
            mask = np.zeros((60, 80), np.uint8)
            mask[20:31, 30:37] = 255
            Image.fromarray(mask).save(tmp_path / "start" / f"{name}.png")
        arguments = ["evaluate", "grabcut", str(grabcut), "--json", "g.json"]
        arguments += ["--initial-masks", "start"]
        assert main([*arguments, "--limit", "2"]) == 0
        assert figures("g.json")["initial_iou"] == pytest.approx(7 / 11)
        assert "c.png" in fails(*arguments)

    def test_plot(self, grabcut):
        pytest.importorskip("matplotlib")
        assert main(["evaluate", "grabcut", str(grabcut), "--plot", "p.png"]) == 0
        assert min(pixels("p.png").shape[:2]) > 300

    def test_mistakes(self, grabcut, tmp_path, fails):
        assert "grabcut, berkeley" in fails("evaluate", "pascal", grabcut)
        assert "no such folder" in fails("evaluate", "grabcut", tmp_path / "gone")
        assert "images/" in fails("evaluate", "berkeley", grabcut)
        assert "largest" in fails("evaluate", "grabcut", grabcut, "--robot", "lazy")
        assert "itis" in fails("evaluate", "grabcut", grabcut, "--method", "magic")
        assert "0.90" in fails("evaluate", "grabcut", grabcut, "--target", "90")
        assert "--max-clicks" in fails("evaluate", "grabcut", grabcut, "--max-clicks", "0")
        assert ".json" in fails("evaluate", "grabcut", grabcut, "--json", "g.txt")
        assert "500" in fails("evaluate", "grabcut", grabcut, "--min-area", "500")

    def test_skip_bad(self, grabcut, fails, capsys):
        (grabcut / "data_GT" / "a.jpg").write_text("broken")
        arguments = ["evaluate", "grabcut", str(grabcut), "--json", "g.json"]
        assert main([*arguments, "--skip-bad"]) == 0
        assert "a.jpg" in capsys.readouterr().err
        assert figures("g.json")["objects"] == 2
        assert main(arguments) == 2


class TestTheRest:
    def test_datasets_check(self, grabcut, capsys, fails):
        assert main(["datasets", "check", "grabcut", str(grabcut)]) == 0
        assert "3 objects on 3 photos" in capsys.readouterr().out
        (grabcut / "boundary_GT" / "b.png").unlink()
        assert main(["datasets", "check", "grabcut", str(grabcut)]) == 2
        out, err = capsys.readouterr()
        assert "b.png" in out
        assert "2 objects on 2 photos are fine" in err

    def test_train_is_training_train(self, monkeypatch, tmp_path, capsys):
        from napari_itis import training

        seen = []

        def train(config, **options):
            seen.append((config, options["output"], options["resume"]))
            return Path("run/a.safetensors")

        # Not looked up first: that would import torch.
        monkeypatch.setitem(vars(training), "train", train)
        arguments = ["--set", "epochs=2", "--set", "ema=0.5", "--data", "folder:x", "--resume"]
        assert main(["train", "smoke", *arguments, "--output", str(tmp_path / "run")]) == 0
        (config, output, resume), *more = seen
        assert (config.name, config.epochs, config.ema) == ("smoke", 2, 0.5)
        assert [source.name for source in config.data] == ["folder"]
        assert (output, resume, more) == (tmp_path / "run", True, [])
        assert "wrote run/a.safetensors" in capsys.readouterr().out
        assert main(["train", "smoke", "--json", str(tmp_path / "a.json")]) == 2
        assert "--check" in capsys.readouterr().err

    def test_weights_list_info_verify(self, capsys, fails, tmp_path):
        pytest.importorskip("torch")
        assert main(["weights", "list"]) == 0
        for name in capsys.readouterr().out.split():
            assert main(["weights", "verify", name]) == 0
            assert main(["weights", "info", name]) == 0
            assert "sha256" in json.loads(capsys.readouterr().out.partition("\n")[2])
        assert "gone.safetensors" in fails("weights", "info", "gone.safetensors")
        (tmp_path / "bad.safetensors").write_text("not weights at all")
        assert "bad.safetensors" in fails("weights", "verify", "bad.safetensors")

    def test_own_weights_are_known_by_name(self, capsys, fails, tmp_path, monkeypatch):
        pytest.importorskip("torch")
        from napari_itis.network import find_weights

        monkeypatch.setenv("NAPARI_ITIS_DATA", str(tmp_path / "data"))
        mine = tmp_path / "mine.safetensors"
        mine.write_bytes(find_weights().read_bytes())
        assert main(["weights", "add", str(mine), "--name", "cells"]) == 0
        assert main(["weights", "rename", "cells", "my cells"]) == 0
        assert main(["weights", "info", "my cells"]) == 0
        assert main(["weights", "export", "my cells", str(tmp_path / "sent")]) == 0
        assert (tmp_path / "sent.safetensors").read_bytes() == mine.read_bytes()
        assert main(["weights", "delete", "my cells"]) == 0
        assert "my cells" in fails("weights", "verify", "my cells")
        assert main(["weights", "restore", "my cells"]) == 0
        capsys.readouterr()
        assert main(["weights", "list"]) == 0
        assert "my cells\tyour own\n" in capsys.readouterr().out
        mine.write_bytes(mine.read_bytes()[:-9])
        assert "mine.safetensors is truncated" in fails("weights", "add", str(mine))

    def test_unknown_commands_and_options(self, fails):
        assert "bogus" in fails("bogus")
        assert "--bogus" in fails("segment", "a.png", "--bogus")
        assert "IMAGE" in fails("segment")

    def test_help_and_version(self, capsys):
        assert main([]) == 0
        assert "segment" in capsys.readouterr().out
        assert main(["--version"]) == 0
        assert capsys.readouterr().out.startswith("napari-itis 0.")
        assert main(["evaluate", "--help"]) == 0

    def test_a_fault_of_ours_is_exit_code_1(self, photo, fails, predictor, monkeypatch):
        def broken(self, clicks, mask=None):
            raise RuntimeError("first line\nsecond line")

        monkeypatch.setattr(predictor, "predict", broken)
        line = fails("segment", photo, "--positive", "3,4", code=1)
        assert "internal error, RuntimeError: first line second line" in line

    @pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
    def test_a_full_disk_is_no_fault_of_ours(self, photo, fails, predictor, monkeypatch, number):
        def full(self, clicks, mask=None):
            raise OSError(number, "No space left")

        monkeypatch.setattr(predictor, "predict", full)
        assert "No space left: make room" in fails("segment", photo, "--positive", "3,4")

    def test_interrupted(self, photo, fails, predictor, monkeypatch):
        def stopped(self, clicks, mask=None):
            raise KeyboardInterrupt

        monkeypatch.setattr(predictor, "predict", stopped)
        assert "interrupted" in fails("segment", photo, "--positive", "3,4", code=130)

    def test_demo_without_a_display(self, fails, monkeypatch):
        pytest.importorskip("napari")
        monkeypatch.setattr(sys, "platform", "linux")
        monkeypatch.delenv("DISPLAY", raising=False)
        monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
        assert "--screenshot" in fails("demo")
        monkeypatch.setenv("PATH", "")
        assert "Xvfb" in fails("demo", "--screenshot", "d.png")
        assert ".png" in fails("demo", "--screenshot", "d.gif")


def test_wrong_input_never_waits_for_torch(tmp_path):
    code = (
        "import sys; from napari_itis.cli import main; "
        "assert main(['segment', 'gone.png', '--positive', '1,2']) == 2; "
        "assert 'torch' not in sys.modules and 'napari' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)


def test_the_shipped_weights_find_a_cat(tmp_path):
    from napari_itis.network import list_weights

    if not list_weights():
        pytest.skip("no weights ship yet")
    skimage = pytest.importorskip("skimage")
    photo = Path(skimage.__file__).parent / "data" / "chelsea.png"
    options = ["--positive", "150,200", "--device", "cpu", "--output", "cat.png"]
    subprocess.run(
        [sys.executable, "-m", "napari_itis", "segment", str(photo), *options],
        check=True,
        cwd=tmp_path,
    )
    mask = pixels(tmp_path / "cat.png") > 0
    assert mask.shape == (300, 451)
    assert mask[150, 200]
    # The cat fills most of the picture, but neither all of it nor its upper left corner.
    assert 0.2 < mask.mean() < 0.95
    assert not mask[:20, :40].all()
