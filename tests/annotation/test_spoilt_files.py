"""Session files from anywhere: one clear line each, little memory, nothing written."""

import json
import subprocess
import sys

import numpy as np
import pytest

from napari_itis.annotation import AnnotationSession
from napari_itis.annotation.archive import SessionFileError
from napari_itis.annotation.metadata import ImageFacts, SessionMetadata
from napari_itis.annotation.storage import load_session, read_metadata, save_session

from .annotating import SHAPE, click, disc, settle
from .spoilt import MOST_RECORDS, SPOILT

# Loads the files in a process of its own: what it takes at most counts for all of them.
LOADER = """
import json, os, sys
from pathlib import Path
from napari_itis.annotation import session_reader, storage
session_reader.MOST_RECORDS = int(sys.argv[1])
found, written = {}, []
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = ("os.mkdir", "os.rename", "os.remove", "os.link", "os.symlink", "os.truncate")

def watch(event, args):
    # Wherever it would be: a path may lead out of every folder that one could look into later.
    if (event == "open" and args[2] & WRITING) or event in CHANGES:
        written.append(f"{event} {args[0]}")

sys.addaudithook(watch)
for path in sorted(Path("spoilt").iterdir()):
    try:
        storage.load_session(path)
        found[path.name] = ["", "it was opened"]
    except Exception as error:
        found[path.name] = [type(error).__name__, str(error)]
status = Path("/proc/self/status")
lines = status.read_text().splitlines() if status.exists() else []
peak = [int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")]
print(json.dumps({"found": found, "peak": max(peak, default=0), "written": written}))
"""


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    session = AnnotationSession(SHAPE, slices=(50,), clock=lambda: 5.0)
    click(session, 1, 20.25, 20, frame=(3,))
    settle(session)
    session.set_mask((4,), 2, np.random.default_rng(0).random(SHAPE) < 0.5)
    session.set_mask((5,), 2, disc(40, 40, 12))
    path = tmp_path_factory.mktemp("good") / "good.itis"
    image = ImageFacts("dog", SHAPE, (50,), "uint8")
    save_session(path, session, SessionMetadata(image))
    return path.read_bytes()


def _what_is_in(folder):
    return {path: path.is_file() and path.read_bytes() for path in folder.rglob("*")}


@pytest.fixture(scope="module")
def loaded(good, tmp_path_factory):
    """What loading each spoilt file has led to."""
    folder = tmp_path_factory.mktemp("spoilt_files")
    (folder / "spoilt").mkdir()
    for number, make in enumerate(SPOILT.values()):
        (folder / "spoilt" / f"{number:03}.itis").write_bytes(make(good))
    before = _what_is_in(folder)
    done = subprocess.run(
        # Without notes of what was imported: they are written, too.
        [sys.executable, "-B", "-c", LOADER, str(MOST_RECORDS)],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    result["same"] = _what_is_in(folder) == before
    result["stderr"] = done.stderr
    return result


def test_the_good_file_is_good(good, tmp_path):
    (tmp_path / "good.itis").write_bytes(good)
    session, metadata = load_session(tmp_path / "good.itis")
    assert session.objects() == [1, 2] and metadata.image.name == "dog"


@pytest.mark.parametrize("number", range(len(SPOILT)), ids=list(SPOILT))
def test_a_spoilt_file_is_refused_in_one_line(number, loaded):
    kind, message = loaded["found"][f"{number:03}.itis"]
    assert kind == "SessionFileError", message
    assert f"{number:03}.itis" in message
    assert len(message.splitlines()) == 1 and message.isprintable() and len(message) < 300


def test_spoilt_files_take_little_memory_and_write_nothing(loaded):
    assert loaded["peak"] < 500 * 2**20
    assert loaded["written"] == [] and loaded["same"]
    assert loaded["stderr"] == ""


def test_whatever_bytes_are_changed_nothing_else_happens(good, tmp_path):
    rng = np.random.default_rng(0)
    path = tmp_path / "spoilt.itis"
    refused = 0
    for _ in range(300):
        data = bytearray(good)
        for _ in range(int(rng.integers(1, 4))):
            data[int(rng.integers(len(data)))] = int(rng.integers(256))
        path.write_bytes(data)
        try:
            load_session(path)
        except SessionFileError as error:
            refused += 1
            assert len(str(error).splitlines()) == 1
    assert refused > 100


def test_a_newer_version_says_so(good, tmp_path):
    path = tmp_path / "newer.itis"
    path.write_bytes(SPOILT["newer version"](good))
    for read in (load_session, read_metadata):
        with pytest.raises(SessionFileError, match=r"version 3.*get a newer"):
            read(path)
