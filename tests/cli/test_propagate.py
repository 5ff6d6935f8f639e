"""Masks carried on by the command line: what it writes, what it says, what it leaves alone."""

import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from napari_itis.cli import main
from napari_itis.video.palette import davis_palette
from napari_itis.video.synthetic import spoilt_sequence
from napari_itis.video.writing import write_masks, write_palette_png

COUNT, SIZE = 10, (160, 240)


@pytest.fixture(scope="module")
def sequence():
    """A cup that is object 1 and, as object 5, a piece of what lies behind it."""
    frames, _, truth = spoilt_sequence(frames=4 * COUNT, size=SIZE)
    frames, truth = frames[:COUNT], truth[:COUNT].copy()
    columns = np.nonzero(truth[3])[1]
    left = 20 if columns.mean() > SIZE[1] / 2 else SIZE[1] - 60
    patch = np.zeros(SIZE, bool)
    patch[90:130, left : left + 40] = True
    truth[3][patch & (truth[3] == 0)] = 5
    return frames, truth


@pytest.fixture
def folder(tmp_path, sequence):
    """Frames, and masks of the frames 3 and 7."""
    frames, truth = sequence
    (tmp_path / "frames").mkdir()
    for index, frame in enumerate(frames):
        Image.fromarray(frame).save(tmp_path / "frames" / f"{index:05}.png")
    names = [f"{index:05}" for index in (3, 7)]
    write_masks(tmp_path / "masks", names, lambda i: truth[(3, 7)[i]], SIZE)
    return tmp_path


@pytest.fixture
def run(folder, capsys, monkeypatch):
    """Carry masks on; gives exit code, standard output and the lines of standard error."""
    monkeypatch.chdir(folder)

    def run(*options, frames="frames", masks="masks"):
        capsys.readouterr()
        words = ["propagate", frames, masks, "--device", "cpu", *map(str, options)]
        code = main([str(word) for word in words])
        out, err = capsys.readouterr()
        return code, out, err.strip().splitlines()

    return run


def read(path):
    with Image.open(path) as image:
        assert image.mode == "P"
        assert image.getpalette("RGB")[:768] == davis_palette().ravel().tolist()
        return np.array(image)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def iou(one, two):
    return (one & two).sum() / (one | two).sum()


def test_all_objects_are_carried_on_and_written_as_davis_does(run, folder, sequence):
    before = {path: path.read_bytes() for path in (folder / "masks").iterdir()}
    code, out, err = run("--from", 3, "--to", 5, "--output", "out/new")
    assert (code, out, err) == (0, "wrote 2 masks of 2 to out/new\n", [])
    assert names(folder / "out/new") == ["00004.png", "00005.png"]
    for index in (4, 5):
        labels = read(folder / "out/new" / f"{index:05}.png")
        assert labels.shape == SIZE
        assert set(np.unique(labels)) == {0, 1, 5}
        assert iou(labels == 1, sequence[1][index] == 1) > 0.75
    assert {path: path.read_bytes() for path in (folder / "masks").iterdir()} == before


def test_backwards_one_of_the_objects_alone(run, folder):
    code, _, _ = run("--from", 3, "--to", 2, "--object", 5, "--output", "out")
    assert code == 0
    assert names(folder / "out") == ["00002.png"]
    assert set(np.unique(read(folder / "out/00002.png"))) == {0, 5}


def test_masks_of_other_frames_have_a_say_if_asked_for(run, folder, sequence, monkeypatch):
    from napari_itis.video import objects

    asked = []

    class Scores(objects.FrameScores):
        def score(self, frame, instead=None):
            asked.append(frame)
            return 0.0 if instead is None else 1.0

    monkeypatch.setattr(objects, "FrameScores", Scores)
    there = np.roll(sequence[1][4] == 1, 3, 1)
    write_masks(folder / "masks", ["00004"], lambda _: there, SIZE)
    code, _, _ = run("--from", 3, "--to", 4, "--object", 1, "--output", "out", "--keep-better")
    assert code == 0
    assert set(asked) == {4}
    assert np.array_equal(read(folder / "out/00004.png"), there)


def test_masks_of_zero_and_255_and_a_davis_sequence(run, folder, sequence):
    for path in (folder / "frames").iterdir():
        target = folder / "DAVIS/JPEGImages/480p/cup" / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target.with_suffix(".jpg"))
        Image.open(target.with_suffix(".jpg")).convert("RGB").save(target.with_suffix(".jpg"))
    (folder / "gray").mkdir()
    Image.fromarray(np.uint8(255) * (sequence[1][3] == 1)).save(folder / "gray/00003.png")
    frames = "DAVIS/JPEGImages/480p/cup"
    code, _, _ = run("--from", 3, "--to", 4, "--output", "out", frames=frames, masks="gray")
    assert code == 0
    assert set(np.unique(read(folder / "out/00004.png"))) == {0, 1}


def test_a_lost_object_is_told_with_its_frame(run, folder):
    for index in range(5, COUNT):
        noise = np.random.default_rng(index).integers(0, 255, (*SIZE, 3), np.uint8)
        Image.fromarray(noise).save(folder / "frames" / f"{index:05}.png")
    code, out, err = run("--from", 3, "--object", 1, "--output", "out")
    assert code == 0
    (line,) = err
    lost = int(re.fullmatch(r"napari-itis: object 1 was lost on frame (\d) \(0000\1\)", line)[1])
    assert lost >= 5
    assert names(folder / "out") == [f"{index:05}.png" for index in range(4, lost)]
    assert out == f"wrote {lost - 4} mask{'s' * (lost > 5)} of 6 to out\n"


def test_what_is_there_is_replaced_only_if_told_so(run, folder):
    (folder / "out").mkdir()
    (folder / "out/00004.png").write_bytes(b"somebody's")
    code, _, err = run("--from", 3, "--to", 4, "--output", "out")
    assert code == 2
    assert len(err) == 1
    assert "00004.png" in err[0] and "overwrite" in err[0]
    assert (folder / "out/00004.png").read_bytes() == b"somebody's"
    code, _, err = run("--from", 3, "--to", 4, "--output", "out", "--overwrite")
    assert (code, err) == (0, [])
    assert set(np.unique(read(folder / "out/00004.png"))) == {0, 1, 5}


@pytest.mark.parametrize("target", ["masks", "frames", "frames/../masks"])
def test_what_was_read_is_never_written_over(run, folder, target):
    before = {path: path.read_bytes() for path in folder.rglob("*.png")}
    code, _, (line,) = run("--from", 3, "--to", 8, "--output", target, "--overwrite")
    assert code == 2
    assert "what was opened" in line
    assert {path: path.read_bytes() for path in folder.rglob("*.png")} == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--from", 4], "no mask of frame 4 in masks: expected 00004.png, there is 00003, 00007"),
        (["--from", 99], "--from 99: the video has frames 0 to 9"),
        (["--from", 3, "--to", -1], "--to -1: the video has frames 0 to 9"),
        (["--from", 3, "--to", 3], "nothing to do"),
        (["--from", 3, "--object", 2], "--object 2: the mask masks/00003.png has 1, 5"),
        (["--from", "x"], "--from"),
        (["--from", 3, "--device", "abacus"], "abacus"),
        (["--from", 3, "--weights", "no-such"], "no-such"),
    ],
)
def test_mistakes_are_told_in_one_line_and_write_nothing(run, folder, options, words):
    code, out, err = run(*options, "--output", "out")
    assert (code, out) == (2, "")
    assert len(err) == 1
    assert words in err[0]
    assert not (folder / "out").exists()


def test_files_that_cannot_be_used_are_told_in_one_line(run, folder, sequence):
    for frames, masks, words in [
        ("nowhere", "masks", "no such folder or movie"),
        ("frames", "nowhere", "cannot list the folder nowhere"),
        ("masks/00003.png", "masks", "no such folder or movie"),
    ]:
        code, _, (line,) = run("--from", 3, "--output", "out", frames=frames, masks=masks)
        assert code == 2
        assert words in line
    for content, words in [
        (np.zeros(SIZE, np.uint8), "is empty"),
        (np.zeros((50, 50), np.uint8), "it is not used"),
    ]:
        Image.fromarray(content).save(folder / "masks/00003.png")
        code, _, (line,) = run("--from", 3, "--output", "out")
        assert code == 2
        assert words in line
    (folder / "frames/00007.png").write_bytes(b"no picture")
    code, _, (line,) = run("--from", 7, "--output", "out")
    assert code == 2
    assert "frame 7 (00007) cannot be used" in line


def test_a_root_with_several_sequences_is_asked_for_one(run, folder, sequence):
    for name in ("cup", "dog"):
        place = folder / "DAVIS/JPEGImages/480p" / name
        place.mkdir(parents=True)
        Image.fromarray(sequence[0][0]).save(place / "00000.jpg")
    code, _, (line,) = run("--from", 0, "--output", "out", frames="DAVIS")
    assert code == 2
    assert re.search(r"2 sequences: name one of them, such as .*480p.cup", line)


def test_what_is_done_stays_after_an_interruption(run, folder, monkeypatch):
    written = []

    def write(path, indices):
        path.write_bytes(b"half of it")
        if len(written) == 2:
            raise KeyboardInterrupt
        write_palette_png(path, indices)
        written.append(path)

    monkeypatch.setattr("napari_itis.video.writing.write_palette_png", write)
    code, out, err = run("--from", 7, "--output", "out", "--to", 0)
    assert (code, err) == (130, ["napari-itis: interrupted"])
    assert out == "wrote 2 masks of 7 to out\n"
    assert names(folder / "out") == ["00005.png", "00006.png"]
    for path in (folder / "out").iterdir():
        assert set(np.unique(read(path))) == {0, 1}


def test_wrong_input_never_waits_for_torch(folder):
    code = (
        "import sys; from napari_itis.cli import main; "
        "words = ['propagate', 'frames', 'masks', '--output', 'masks', '--from']; "
        "assert main([*words, '4']) == 2 and main([*words, '3']) == 2; "
        "assert 'torch' not in sys.modules and 'napari' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=folder)
