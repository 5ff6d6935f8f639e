"""Sessions as files: what was saved is there again, bit by bit."""

import json
import os
import stat
import threading
import zipfile
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
import tifffile

from napari_itis.annotation import AnnotationSession, State, session_writer
from napari_itis.annotation.metadata import (
    ImageFacts,
    MasksFacts,
    SessionMetadata,
    WeightsFacts,
    fingerprint,
)
from napari_itis.annotation.storage import (
    EncodedMasks,
    SessionFileError,
    check_against,
    load_session,
    read_metadata,
    save_session,
)
from napari_itis.clicks import Click

from .annotating import SHAPE, Masks, click, disc, settle
from .test_propagated import random_action

IMAGE = ImageFacts("frames of a dog", SHAPE, (50,), "uint8", "ab" * 16, "/data/dog")
METADATA = SessionMetadata(
    IMAGE,
    WeightsFacts("itis-lite0", "cd" * 32),
    MasksFacts("/data/masks", "ef" * 16),
    label=7,
    frame=(4,),
)


@pytest.fixture
def masks():
    return Masks(frames=50)


@pytest.fixture
def session(masks):
    """One of everything that there may be in a session."""
    seconds = iter(np.arange(100, 1000, 0.1).tolist())
    session = AnnotationSession(SHAPE, slices=(50,), clock=lambda: next(seconds))
    session.give_masks(masks, labels=[1, 2])
    click(session, 1, 20.25, 35 + 1 / 3, frame=(3,))
    settle(session)
    click(session, 1, 12, 10, positive=False, frame=(3,))
    settle(session)
    click(session, 2, 39, 33, frame=(3,))
    before = session.compose((3,)).copy()
    painted = before.copy()
    painted[0:5, 0:9] = 2
    painted[43:46, 30:90] = 0
    session.paint((3,), before, painted)
    session.allow_overwriting(7, True)
    click(session, 7, 45, 45, frame=(4,))
    settle(session)
    session.allow_overwriting(7, False)
    session.allow_overwriting(7, True)
    step = session.begin_step()
    for index in range(10, 15):
        session.write(step, (index,), 1, disc(20, index, 7))
    session.end_step(step)
    session.clear(2, (20,))
    session.commit_frames(1, [(21,), (10,)])
    session.set_mask((22,), 9, np.zeros(SHAPE, bool))
    session.rename(1, "dog «½»\n")
    session.clear(2)
    session.undo()
    # The last click is still waiting for the network.
    click(session, 1, 50, 70, frame=(5,))
    return session


def assert_same(one, other, masks, frames=50):
    assert dict(one.records) == dict(other.records)
    for key, record in one.records.items():
        assert record.made == other.records[key].made
    assert one.facts == other.facts and one.pending() == other.pending()
    other.give_masks(masks, labels=[1, 2])
    assert one.next_label == other.next_label
    for index in range(frames):
        assert np.array_equal(one.compose((index,)), other.compose((index,)))
    # Where an object was deleted everywhere, frames count that somebody has looked at.
    assert one.changed_frames() == other.changed_frames()


def test_a_session_comes_back_bit_by_bit_without_the_network(session, masks, tmp_path):
    path = tmp_path / "dog.itis"
    save_session(path, session, METADATA)
    loaded, metadata = load_session(path)
    assert_same(session, loaded, masks)
    assert loaded.request((5,), 1) == session.request((5,), 1)
    assert not loaded.can_undo and not loaded.can_redo
    assert replace(metadata, saved=None) == METADATA
    assert abs((datetime.now(UTC) - metadata.saved).total_seconds()) < 600
    assert read_metadata(path) == metadata
    # And goes on as the first would have.
    for one in (session, loaded):
        settle(one)
        click(one, 1, 30, 30, positive=False, frame=(3,))
        settle(one)
        one.remove_click((3,), 1, 0)
        settle(one)
    for index in range(50):
        assert np.array_equal(session.compose((index,)), loaded.compose((index,)))


def test_any_session_comes_back(tmp_path, masks):
    rng = np.random.default_rng(5)
    for _ in range(10):
        session = AnnotationSession(SHAPE, slices=(4,))
        session.give_masks(masks, labels=[1, 2])
        step = session.begin_step()
        for _ in range(25):
            random_action(session, rng, step)
            if rng.random() < 0.5:
                settle(session)
        save_session(tmp_path / "a.itis", session, _metadata(SHAPE, (4,)))
        loaded, _ = load_session(tmp_path / "a.itis")
        assert_same(session, loaded, masks, frames=4)


def test_a_photo_without_slices_comes_back(tmp_path):
    session = AnnotationSession(SHAPE)
    click(session, 1, 20, 20)
    settle(session)
    save_session(tmp_path / "photo.itis", session, _metadata(SHAPE, ()))
    loaded, _ = load_session(tmp_path / "photo.itis")
    assert np.array_equal(loaded.compose(()), session.compose(()))
    assert loaded.clicks((), 1) == (Click(20, 20, True),)


def test_files_of_any_name_are_annotated(tmp_path):
    """On Linux a name need not be UTF-8, as JSON must be."""
    name = os.fsdecode(b"Bild_\xe4.png")
    session = AnnotationSession(SHAPE)
    session.set_mask((), 1, np.ones(SHAPE, bool))
    facts = ImageFacts(name, SHAPE, path=f"/data/{name}")
    save_session(tmp_path / "a.itis", session, SessionMetadata(facts, masks=MasksFacts(name)))
    _, metadata = load_session(tmp_path / "a.itis")
    assert metadata.image.name == "Bild_?.png" and metadata.image.path == "/data/Bild_?.png"


def test_an_untouched_session_is_a_small_file(session, tmp_path):
    empty = AnnotationSession((480, 854), slices=(10_000,))
    empty.give_masks(lambda frame: np.ones((480, 854), np.uint8), labels=[1])
    empty.compose((5,))
    save_session(tmp_path / "empty.itis", empty, _metadata((480, 854), (10_000,)))
    assert (tmp_path / "empty.itis").stat().st_size < 5_000
    loaded, _ = load_session(tmp_path / "empty.itis")
    assert loaded.records == {}


def test_the_file_can_be_read_by_others(session, tmp_path):
    save_session(tmp_path / "dog.itis", session, METADATA)
    with zipfile.ZipFile(tmp_path / "dog.itis") as file:
        assert file.testzip() is None
        header = json.loads(file.read("session.json"))
        records = [json.loads(line) for line in file.read("records.jsonl").splitlines()]
        schema = json.loads(file.read("schema.json"))
        assert (header["format"], header["version"]) == ("napari-itis session", 2)
        assert set(header) <= set(schema["session.json"]["properties"])
        clicked = next(r for r in records if r["frame"] == [3] and r["object"] == 1)
        assert clicked["clicks"][0]["y"] == 20.25 and clicked["clicks"][1]["positive"] is False
        assert clicked["clicks"][0]["made"] < clicked["clicks"][1]["made"]
        assert clicked["state"] == "corrected"
        (tmp_path / "mask.tif").write_bytes(file.read(f"masks/{clicked['mask']}.tif"))
    with tifffile.TiffFile(tmp_path / "mask.tif") as tiff:
        page = tiff.pages.first
        top, left = page.tags["YPosition"].value[0], page.tags["XPosition"].value[0]
        found = np.zeros(SHAPE, bool)
        found[top : top + page.shape[0], left : left + page.shape[1]] = page.asarray()
    assert np.array_equal(found, session.record((3,), 1).mask.unpack())


def test_a_snapshot_is_saved_while_the_user_goes_on(session, masks, tmp_path):
    snapshot = session.snapshot()
    expected = [session.compose((index,)).copy() for index in range(50)]
    saving = threading.Thread(target=save_session, args=(tmp_path / "dog.itis", snapshot, METADATA))
    saving.start()
    for index in range(20):
        click(session, 1, 10, 10, frame=(index,))
    session.clear(1)
    saving.join()
    loaded, _ = load_session(tmp_path / "dog.itis")
    loaded.give_masks(masks, labels=[1, 2])
    for index in range(50):
        assert np.array_equal(loaded.compose((index,)), expected[index])


def test_a_file_is_replaced_whole_or_not_at_all(session, tmp_path, monkeypatch):
    path = tmp_path / "dog.itis"
    save_session(path, session, METADATA)
    before = path.read_bytes()
    click(session, 1, 33, 33, frame=(30,))

    def full(*_args):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            save_session(path, session, METADATA)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["dog.itis"]
    save_session(path, session, METADATA)
    assert path.read_bytes() != before
    assert [entry.name for entry in tmp_path.iterdir()] == ["dog.itis"]


@pytest.mark.skipif(os.name != "posix", reason="permissions and links of POSIX")
def test_a_file_is_readable_as_others_are_and_links_stay(session, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    target = tmp_path / "elsewhere" / "dog.itis"
    link = tmp_path / "dog.itis"
    link.symlink_to(target)
    save_session(link, session, METADATA)
    assert link.is_symlink() and target.is_file()
    (tmp_path / "plain").write_text("")
    assert stat.S_IMODE(target.stat().st_mode) == stat.S_IMODE((tmp_path / "plain").stat().st_mode)


def test_metadata_of_another_image_is_refused(session, tmp_path):
    with pytest.raises(SessionFileError, match="the session is for"):
        save_session(tmp_path / "dog.itis", session, _metadata((5, 5), (50,)))
    assert list(tmp_path.iterdir()) == []


def test_another_image_is_described_and_one_of_another_size_refused():
    assert check_against(IMAGE, IMAGE) == []
    other = ImageFacts("cat", SHAPE, (50,), "uint16", "00" * 16)
    assert check_against(IMAGE, other) == [
        "the session is for 'frames of a dog', the image is 'cat'",
        "the session is for uint8 pixels, the image has uint16",
        "the image has other pixels than the one of the session",
    ]
    unknown = ImageFacts("frames of a dog", SHAPE, (50,))
    assert check_against(IMAGE, unknown) == []
    with pytest.raises(SessionFileError, match="50 x 60 x 80 pixels, the image has 49 x 60 x 80"):
        check_against(IMAGE, ImageFacts("frames of a dog", SHAPE, (49,), "uint8"))


def test_a_fingerprint_tells_images_apart_and_reads_little():
    class Planes:
        read = 0

        def __init__(self, seed):
            self.seed = seed

        def __getitem__(self, window):
            shape = tuple(part.stop - part.start for part in window)
            Planes.read += int(np.prod(shape))
            corner = [part.start for part in window]
            return np.random.default_rng([self.seed, *corner]).integers(0, 255, shape, np.uint8)

    size, slices = (20_000, 20_000), (3, 100)
    names = [fingerprint(lambda frame, k=k: Planes(k + sum(frame)), size, slices) for k in (0, 1)]
    assert len(set(names)) == 2 and len(names[0]) == 32
    assert Planes.read <= 2 * 3 * 9 * 64 * 64
    small = np.zeros((5, 7, 3), np.uint8)
    one = fingerprint(lambda frame: small, (5, 7))
    assert one == fingerprint(lambda frame: small.copy(), (5, 7))
    assert one != fingerprint(lambda frame: small.astype(np.uint16), (5, 7))


def test_long_names_are_refused_before_they_are_in_a_file(session):
    with pytest.raises(ValueError, match="at most 200"):
        session.rename(1, "x" * 201)


def test_what_could_not_be_read_again_is_not_written(tmp_path, monkeypatch):
    session = AnnotationSession(SHAPE)
    click(session, 1, 20, 20)
    click(session, 1, 20, 30)
    monkeypatch.setattr(session_writer, "MOST_CLICKS", 1)
    with pytest.raises(SessionFileError, match="1 records with 2 clicks"):
        save_session(tmp_path / "a.itis", session, _metadata(SHAPE, ()))
    assert list(tmp_path.iterdir()) == []


def test_saving_again_is_the_same_with_what_was_encoded_before(session, tmp_path):
    encoded = EncodedMasks()
    for number in range(3):
        click(session, 1, 5 * number, 5, frame=(40 + number,))
        settle(session)
        save_session(tmp_path / "quick.itis", session, METADATA, encoded)
        save_session(tmp_path / "slow.itis", session, METADATA)
        quick, slow = (load_session(tmp_path / name)[0] for name in ("quick.itis", "slow.itis"))
        assert dict(quick.records) == dict(slow.records) == dict(session.records)


def test_committed_frames_without_an_object_come_back(tmp_path):
    session = AnnotationSession(SHAPE, slices=(3,))
    session.commit_frames(4, [(1,)])
    save_session(tmp_path / "a.itis", session, _metadata(SHAPE, (3,)))
    loaded, _ = load_session(tmp_path / "a.itis")
    assert loaded.state((1,), 4) is State.COMMITTED


@pytest.mark.parametrize("path", ["missing.itis", "."])
def test_a_file_that_is_none_is_refused(tmp_path, path):
    with pytest.raises(SessionFileError, match="cannot open") as error:
        load_session(tmp_path / path)
    assert "\n" not in str(error.value)


def _metadata(shape, slices):
    return SessionMetadata(ImageFacts("image", shape, slices, "uint8"))
