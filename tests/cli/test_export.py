"""Sessions exported on the command line: without napari, and never less than what is in them."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_itis.annotation import AnnotationSession
from napari_itis.annotation.metadata import ImageFacts, MasksFacts, PixelSize, SessionMetadata
from napari_itis.annotation.storage import save_session
from napari_itis.cli import main
from napari_itis.clicks import Click

SHAPE = (40, 50)


def square(top, left, size=10):
    mask = np.zeros(SHAPE, bool)
    mask[top : top + size, left : left + size] = True
    return mask


@pytest.fixture
def session(tmp_path):
    session = AnnotationSession(SHAPE)
    session.set_mask((), 1, square(5, 5))
    session.add_click((), 1, Click(7, 8.5, True))
    path = tmp_path / "cells.itis"
    metadata = SessionMetadata(ImageFacts("cells", SHAPE), pixel_size=PixelSize(2, 2, 4, "nm"))
    save_session(path, session, metadata)
    return path


@pytest.fixture
def run(capsys):
    def run(*words):
        code = main(["export", *map(str, words)])
        out, err = capsys.readouterr()
        return code, out.strip(), err.strip()

    return run


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("tiff", "cells-tiff.tif"),
        ("png", "cells-png.png"),
        ("object-pngs", "cells-object-pngs"),
        ("coco", "cells-coco.json"),
        ("geojson", "cells-geojson.geojson"),
        ("clicks", "cells-clicks.csv"),
        ("objects", "cells-objects.csv"),
    ],
)
def test_every_format_is_written_beside_the_session(run, session, tmp_path, kind, name):
    assert run(session, "--format", kind) == (0, f"wrote {tmp_path / name}", "")
    assert (tmp_path / name).exists()
    code, _, error = run(session, "--format", kind)
    assert code == 2 and "there already" in error and "\n" not in error
    assert ("overwrite" in error) == (tmp_path / name).is_file()


def test_units_are_those_of_the_layer(run, session, tmp_path):
    output = tmp_path / "new" / "cells.geojson"
    assert run(session, "--format", "geojson", "--output", output)[0] == 0
    said = json.loads(output.read_text())["features"][0]["properties"]
    assert (said["area_px"], said["area"], said["area_unit"]) == (100, 400, "nm²")
    assert run(session, "--format", "geojson", "--output", output, "--overwrite")[0] == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nowhere.itis", "--format", "coco"), "cannot open nowhere.itis"),
        ((__file__, "--format", "coco"), "no session at all"),
    ],
)
def test_what_cannot_be_exported_is_said_in_one_line(run, words, message):
    code, _, error = run(*words)
    assert code == 2 and message in error and "\n" not in error


def test_an_unknown_format_is_answered_with_those_there_are(run, session):
    code, _, error = run(session, "--format", "excel")
    assert code == 2 and "excel" in error and "geojson" in error


@pytest.fixture
def correction(tmp_path):
    """A session that corrects one of two objects of a file of masks."""
    masks = square(5, 5) * np.uint8(3) + square(25, 25) * np.uint8(4)
    Image.fromarray(masks).save(tmp_path / "masks.png")
    session = AnnotationSession(SHAPE)
    session.give_masks(lambda frame: masks, labels=[3, 4])
    session.clear(3)
    metadata = SessionMetadata(
        ImageFacts("cells", SHAPE), masks=MasksFacts(str(tmp_path / "masks.png"), "ab" * 16)
    )
    save_session(tmp_path / "corrected.itis", session, metadata)
    return tmp_path / "corrected.itis"


def test_masks_that_nobody_has_touched_are_in_it_too(run, correction, tmp_path):
    code, _, warning = run(correction, "--format", "tiff")
    assert code == 0 and "have changed since" in warning
    found = tifffile.imread(tmp_path / "corrected-tiff.tif")
    assert np.array_equal(found, square(25, 25) * 4)


def test_without_these_masks_nothing_is_exported_and_they_may_be_elsewhere(
    run, correction, tmp_path
):
    (tmp_path / "masks.png").rename(tmp_path / "moved.png")
    code, _, error = run(correction, "--format", "tiff")
    assert code == 2 and "--masks" in error and "masks.png" in error
    assert run(correction, "--format", "tiff", "--masks", tmp_path / "moved.png")[0] == 0
    tifffile.imwrite(tmp_path / "other.tif", np.zeros((3, 3), np.uint8))
    code, _, error = run(correction, "--format", "png", "--masks", tmp_path / "other.tif")
    assert code == 2 and "expected (40, 50)" in error


def test_a_folder_of_masks_belongs_to_the_frames_of_a_video(run, tmp_path):
    folder = tmp_path / "masks"
    folder.mkdir()
    for name, label in (("00", 1), ("01", 2)):
        Image.fromarray(square(5, 5) * np.uint8(label)).save(folder / f"{name}.png")
    frames = tmp_path / "dog"
    frames.mkdir()
    for name in ("00", "01"):
        Image.fromarray(square(5, 5)).convert("RGB").save(frames / f"{name}.jpg")
    session = AnnotationSession(SHAPE, slices=(2,))
    image = ImageFacts("dog", SHAPE, (2,), path=str(frames))
    metadata = SessionMetadata(image, masks=MasksFacts(str(folder)))
    save_session(tmp_path / "dog.itis", session, metadata)
    assert run(tmp_path / "dog.itis", "--format", "tiff")[0] == 0
    found = tifffile.imread(tmp_path / "dog-tiff.tif")
    assert found.shape == (2, *SHAPE) and [plane.max() for plane in found] == [1, 2]
    assert run(tmp_path / "dog.itis", "--format", "coco")[0] == 0
    coco = json.loads((tmp_path / "dog-coco.json").read_text())
    assert [image["file_name"] for image in coco["images"]] == ["00.jpg", "01.jpg"]
    # Without the frames, masks belong to them by their order.
    shutil.rmtree(frames)
    assert run(tmp_path / "dog.itis", "--format", "tiff", "--overwrite")[0] == 0
    (folder / "01.png").unlink()
    code, _, error = run(tmp_path / "dog.itis", "--format", "tiff", "--overwrite")
    assert code == 2 and "1 masks: expected 2" in error


def test_it_needs_no_napari_and_no_torch(session, tmp_path):
    code = (
        "import sys; from napari_itis.cli import main; "
        f"assert main(['export', {str(session)!r}, '--format', 'coco']) == 0; "
        "found = {'torch', 'napari', 'qtpy'} & set(sys.modules); assert not found, found"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
