"""The masks of a video get into files, those and no others."""

import threading

import numpy as np
import pytest
from napari.components import ViewerModel
from PIL import Image

from napari_itis.annotation.contents import SessionContents
from napari_itis.plugin import mask_saving
from napari_itis.plugin.background import finish_all
from napari_itis.plugin.readers import METADATA, video_metadata
from napari_itis.video.stack import VideoError

from .conftest import SHAPE, disc

FRAMES = 8
NAMES = tuple(f"{index:05}" for index in range(FRAMES))


@pytest.fixture
def masks():
    return np.stack([disc(25, 15 + 5 * frame) for frame in range(FRAMES)]).astype(np.uint8)


@pytest.fixture
def video(masks, make_correction, settle):
    known = {METADATA: video_metadata(NAMES, None, "some method")}
    viewer = ViewerModel()
    viewer.add_image(np.zeros((FRAMES, *SHAPE, 3), np.uint8), rgb=True, metadata=known)
    viewer.add_labels(masks.copy(), name="masks", metadata=known)
    correction = make_correction(viewer)
    settle(correction.controller)
    return correction


@pytest.fixture
def save(video, wait):
    def to(folder):
        video.save(folder)
        wait(lambda: video.saving is None)

    return to


def saved(folder):
    """The label images in a folder."""
    return np.stack([np.asarray(Image.open(folder / f"{name}.png")) for name in NAMES])


def test_saving_writes_every_frame_and_again_only_what_changed(
    video, save, tmp_path, settle, masks
):
    folder = tmp_path / "out"
    save(folder)
    assert video.told == [f"Saved to {folder}: {FRAMES} frames written"]
    assert np.array_equal(saved(folder), masks)
    with Image.open(folder / "00000.png") as image:
        assert image.mode == "P"
    video.go_to(5)
    video.controller.workspace.layers.positive.add([[5, 45, 40]])
    settle(video.controller)
    save(folder)
    assert video.told[-1] == f"Saved to {folder}: 1 frame written"
    masks[5] |= disc(45, 40)
    assert np.array_equal(saved(folder), masks)
    save(folder)
    assert video.told[-1] == f"Saved to {folder}: nothing had changed"


def test_the_folder_has_the_masks_that_were_chosen_last_also_after_an_undo(
    video, save, tmp_path, masks
):
    others = np.roll(masks, 20, 1)
    save(tmp_path / "out")
    video.start_from(video.viewer.add_labels(others, name="others"))
    save(tmp_path / "out")
    assert np.array_equal(saved(tmp_path / "out"), others)
    video.undo()
    save(tmp_path / "out")
    assert np.array_equal(saved(tmp_path / "out"), masks)


def test_no_mask_that_was_taken_back_stays_in_the_folder_after_a_save_that_broke_off(
    video, save, tmp_path, masks, monkeypatch
):
    folder, session = tmp_path / "out", video.controller.workspace.session
    write_masks = mask_saving.write_masks

    def write_three(folder, names, labels, *size, **options):
        def read(index):
            if index == 3:
                raise VideoError("no space left")
            return labels(index)

        return write_masks(folder, names, read, *size, **options)

    save(folder)
    for frame in range(FRAMES):
        session.set_mask((frame,), 3, disc(5, 5, 3))
    with monkeypatch.context() as patch:
        patch.setattr(mask_saving, "write_masks", write_three)
        save(folder)
    assert video.told[-1] == "Not saved: no space left"
    assert (saved(folder) == 3).any((1, 2)).tolist() == [True] * 3 + [False] * (FRAMES - 3)
    for _ in range(FRAMES):
        video.undo()
    save(folder)
    assert np.array_equal(saved(folder), masks)


def test_masks_of_others_are_not_written_over(video, save, tmp_path):
    (tmp_path / "00000.png").write_bytes(b"somebody's")
    save(tmp_path)
    assert video.told[-1].startswith(f"Not saved: {tmp_path} holds masks already")
    assert "“Replace masks in the folder”" in video.told[-1]
    assert (tmp_path / "00000.png").read_bytes() == b"somebody's"


@pytest.fixture
def save_three(video, wait, monkeypatch):
    """Saves, and presses Stop while the third frame is written."""

    def to(folder, **options):
        compose = SessionContents.compose
        composed, begun = [], threading.Event()

        def counting(contents, frame):
            composed.append(frame)
            if len(composed) == 3:
                assert begun.wait(10)
                video.stop_saving()
            return compose(contents, frame)

        with monkeypatch.context() as patch:
            patch.setattr(SessionContents, "compose", counting)
            video.save(folder, **options)
            begun.set()
            wait(lambda: video.saving is None)

    return to


def test_a_stopped_save_says_what_is_there_and_the_next_one_goes_on(
    video, save, save_three, tmp_path, masks
):
    folder = tmp_path / "out"
    save_three(folder)
    save_three(folder)
    assert video.told == [
        f"Stopped: {count} of {FRAMES} frames are in {folder}" for count in (3, 6)
    ]
    save(folder)
    assert video.told[-1] == f"Saved to {folder}: 2 frames written"
    assert np.array_equal(saved(folder), masks)


def test_no_mask_of_others_stays_where_a_save_over_them_was_stopped(
    video, save, save_three, tmp_path, masks
):
    for name in NAMES:
        Image.fromarray(np.full(SHAPE, 9, np.uint8)).save(tmp_path / f"{name}.png")
    save_three(tmp_path, overwrite=True)
    save_three(tmp_path)
    assert (saved(tmp_path) == 9).any()
    save(tmp_path)
    assert np.array_equal(saved(tmp_path), masks)


def test_a_stopped_save_to_a_tiff_says_that_there_is_none(video, save_three, tmp_path):
    path = tmp_path / "masks.tif"
    save_three(path)
    assert video.told == [f"Stopped: {path} was not written: it was stopped after 0 frames"]
    assert not path.exists()


def test_the_masks_are_written_to_their_end_although_the_program_is_left(video, tmp_path, masks):
    video.save(tmp_path / "out")
    finish_all()
    assert np.array_equal(saved(tmp_path / "out"), masks)


def test_saving_is_shown_and_can_be_stopped_after_a_look_at_another_image(
    video, wait, tmp_path, monkeypatch
):
    go, write_masks = threading.Event(), mask_saving.write_masks

    def write_later(*args, **options):
        go.wait(10)
        return write_masks(*args, **options)

    monkeypatch.setattr(mask_saving, "write_masks", write_later)
    controller = video.controller
    image = controller.image
    video.save(tmp_path / "out")
    controller.choose_image(video.viewer.add_image(np.zeros(SHAPE), name="another"))
    assert video.saving is not None
    controller.choose_image(image)
    video.save(tmp_path / "out")
    assert video.told == ["Masks are being saved: wait for that, or stop it"]
    video.stop_saving()
    go.set()
    wait(lambda: video.saving is None)
    assert not list((tmp_path / "out").glob("*.png"))
