"""Nothing is lost when a process dies, and nothing is offered that somebody still works on."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from napari_itis.annotation import AnnotationSession
from napari_itis.annotation.autosave import Autosaves, discard
from napari_itis.annotation.metadata import ImageFacts, SessionMetadata
from napari_itis.annotation.storage import load_session
from napari_itis.user_data import data_folder

from .annotating import SHAPE, click, settle

KILLS = int(os.environ.get("NAPARI_ITIS_TEST_KILLS", "8"))
METADATA = SessionMetadata(ImageFacts("frames of a dog", SHAPE, (50,)))

# Children annotate and save without an end and say after every save what is safe; each is killed at
# some moment. Forked, so that all of it is imported once.
KILLER = """
import os, random, signal, sys, time
import numpy as np
from napari_itis.annotation import AnnotationSession
from napari_itis.annotation.autosave import Autosaves
from napari_itis.annotation.metadata import ImageFacts, SessionMetadata

def annotate(said):
    session = AnnotationSession((60, 80), slices=(50,))
    autosave = Autosaves().new("frames of a dog")
    rng = np.random.default_rng(0)
    for number in range(1, 100_000):
        session.set_mask((number % 50,), number, rng.random((60, 80)) < 0.5)
        autosave.save(session.snapshot(), SessionMetadata(ImageFacts("dog", (60, 80), (50,))))
        os.write(said, b"%d\\n" % number)

for killed in range(int(sys.argv[1])):
    read, write = os.pipe()
    child = os.fork()
    if not child:
        annotate(write)
    os.close(write)
    with os.fdopen(read) as heard:
        assert heard.readline() == "1\\n"
        assert len(Autosaves().left_behind()) == killed, "offered what another process works on"
        time.sleep(random.random() * 0.1)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        print(([1] + heard.read().split())[-1])
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_ITIS_DATA", str(tmp_path / "data"))
    return tmp_path / "data" / "autosave"


@pytest.fixture
def session():
    session = AnnotationSession(SHAPE, slices=(50,))
    click(session, 1, 20, 20, frame=(3,))
    settle(session)
    return session


def test_the_user_says_where_the_data_is_kept(tmp_path, monkeypatch):
    assert data_folder() == tmp_path / "data"
    monkeypatch.delenv("NAPARI_ITIS_DATA")
    assert data_folder().is_absolute() and data_folder().name == "napari-itis"


def test_looking_for_lost_sessions_makes_no_folders(folder):
    assert Autosaves().left_behind() == [] and Autosaves().prune() == []
    assert not folder.parent.exists()


def test_what_a_living_process_saves_is_not_offered(session, folder):
    mine = Autosaves()
    autosave = mine.new("frames of a dog")
    autosave.save(session.snapshot(), METADATA)
    assert autosave.path.parent == folder and "frames-of-a-dog" in autosave.path.name
    assert mine.left_behind() == [] and Autosaves().left_behind() == []
    assert Autosaves().prune(keep=0) == []
    assert autosave.path.exists()


def test_a_proper_save_discards_and_annotating_goes_on(session, folder):
    mine = Autosaves()
    autosave = mine.new("dog")
    autosave.save(session.snapshot(), METADATA)
    autosave.discard()
    assert not autosave.path.exists()
    autosave.save(session.snapshot(), METADATA)
    assert autosave.path.exists()
    autosave.discard()
    mine.close()
    assert list(folder.iterdir()) == []


def test_what_is_being_saved_while_it_is_discarded_goes_too(session, monkeypatch):
    from napari_itis.annotation import autosave as module

    started, go_on = threading.Event(), threading.Event()
    save = module.save_session

    def slow(*args):
        started.set()
        assert go_on.wait(10)
        save(*args)

    monkeypatch.setattr(module, "save_session", slow)
    autosave = Autosaves().new("dog")
    saving = threading.Thread(target=autosave.save, args=(session.snapshot(), METADATA))
    saving.start()
    assert started.wait(10)
    autosave.discard()
    go_on.set()
    saving.join()
    assert not autosave.path.exists()


def test_two_images_of_one_name_do_not_share_a_file(session):
    mine = Autosaves()
    paths = [mine.new(name).path for name in ("dog", "dog", "../../dog", "", "x" * 500, "狗.tif")]
    assert len(set(paths)) == len(paths)
    assert {path.parent for path in paths} == {mine.folder}
    for path in paths:
        assert len(path.name) < 120


def test_what_was_left_behind_is_offered_newest_first_and_described(session, folder):
    dead = Autosaves()
    for number in range(3):
        autosave = dead.new(f"dog {number}")
        autosave.save(session.snapshot(), METADATA)
        os.utime(autosave.path, (1000 + number, 1000 + number))
    dead.close()
    (folder / "notes.txt").write_text("not ours")
    (folder / "dog.7.0123456789abcdef.itis").write_bytes(b"spoilt")
    os.utime(folder / "dog.7.0123456789abcdef.itis", (5, 5))
    found = Autosaves().left_behind()
    assert [item.saved.timestamp() for item in found] == [1002, 1001, 1000, 5]
    assert found[0].metadata.image == METADATA.image and found[3].metadata is None
    loaded, _ = load_session(found[0].path)
    assert np.array_equal(loaded.compose((3,)), session.compose((3,)))
    discard(found[0].path)
    assert len(Autosaves().left_behind()) == 3


def test_one_window_of_several_takes_over_what_was_left_behind(session, folder):
    dead = Autosaves()
    dead.new("dog").save(session.snapshot(), METADATA)
    dead.close()
    one, other = Autosaves(), Autosaves()
    (left,), (same,) = one.left_behind(), other.left_behind()
    claimed = one.claim(left.path, "dog")
    with pytest.raises(FileNotFoundError):
        other.claim(same.path, "dog")
    assert other.left_behind() == [] and not left.path.exists()
    assert np.array_equal(load_session(claimed.path)[0].compose((3,)), session.compose((3,)))
    # What another window still offers is gone, and not the one that goes on with it.
    discard(same.path)
    claimed.save(session.snapshot(), METADATA)
    assert claimed.path.exists()
    one.close()
    assert [item.path for item in other.left_behind()] == [claimed.path]


def test_old_ones_are_pruned_and_so_is_what_a_crash_leaves(session, folder):
    dead = Autosaves()
    autosaves = [dead.new("dog") for _ in range(5)]
    for number, autosave in enumerate(autosaves):
        autosave.save(session.snapshot(), METADATA)
        os.utime(autosave.path, (1000 + number, 1000 + number))
    dead.close()
    half = folder / f".{autosaves[0].path.name}.123.456.tmp"
    half.write_bytes(b"half a file")
    mine = Autosaves()
    mine.new("cat").save(session.snapshot(), METADATA)
    assert mine.prune(keep=2) == [autosave.path for autosave in reversed(autosaves[:3])]
    assert not half.exists() and len(mine.left_behind()) == 2
    mine.prune(keep=0)
    assert len(list(folder.glob("*.itis"))) == 1 and len(list(folder.glob("*.lock"))) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that can be killed at once")
def test_kill_9_at_any_moment_leaves_what_was_saved(folder):
    done = subprocess.run(
        [sys.executable, "-c", KILLER, str(KILLS)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    safe = sorted(int(number) for number in done.stdout.split())
    found = Autosaves().left_behind()
    assert len(found) == len(safe) == KILLS
    restored = sorted(len(load_session(item.path)[0].records) for item in found)
    # Each has what was said to be safe, or one more that was just written.
    for count, said in zip(restored, safe):
        assert said <= count <= said + 1
    Autosaves().prune(keep=0)
    assert list(folder.iterdir()) == []
