"""From any path a user may drop, the right frames and masks are found; other folders are left."""

import numpy as np
import pytest
from PIL import Image

from napari_itis.video.sources import find_video, is_video, sequences
from napari_itis.video.stack import VideoError
from napari_itis.video.writing import write_masks

SIZE = (20, 30)


def frames(folder, count=3, pattern="{:05d}.jpg"):
    folder.mkdir(parents=True)
    for index in range(count):
        Image.fromarray(np.full((*SIZE, 3), 9 * index, np.uint8)).save(
            folder / pattern.format(index)
        )


def masks(folder, count=3, label=1):
    labels = np.full(SIZE, label, np.int32)
    write_masks(folder, [f"{index:05d}" for index in range(count)], lambda index: labels, SIZE)


@pytest.fixture
def davis(tmp_path):
    root = tmp_path / "DAVIS"
    for name in ("bear", "camel", "dog"):
        frames(root / "JPEGImages" / "480p" / name)
        masks(root / "Annotations" / "480p" / name)
    for name in ("bear", "dog"):
        masks(root / "Results" / "osvos" / name)
    masks(root / "Results" / "matcher" / "dog")
    (root / "ImageSets" / "480p").mkdir(parents=True)
    return root


class TestDavis:
    @pytest.mark.parametrize(
        "inner", ["", "JPEGImages", "JPEGImages/480p", "Annotations/480p", "ImageSets/480p", ".."]
    )
    def test_a_root_opens_its_first_sequence(self, davis, inner):
        source = find_video(davis / inner)
        assert source.name == "bear"
        assert source.frames.resolve() == davis / "JPEGImages" / "480p" / "bear"
        assert source.truth.resolve() == davis / "Annotations" / "480p" / "bear"
        assert source.first_masks == "osvos"
        assert sequences(davis / inner) == ["bear", "camel", "dog"]
        assert find_video(davis / inner, "dog").name == "dog"

    @pytest.mark.parametrize(
        "inner, chosen",
        [
            ("JPEGImages/480p/dog", "matcher"),
            ("Annotations/480p/dog", "Annotations"),
            ("Results/osvos/dog", "osvos"),
        ],
    )
    def test_a_sequences_folder_opens_it_with_its_masks(self, davis, inner, chosen):
        source = find_video(davis / inner)
        assert source.name == "dog" and source.first_masks == chosen
        assert set(source.masks) == {"osvos", "matcher", "Annotations"}
        opened = source.open_masks(chosen, source.open_frames())
        assert opened.shape == (3, *SIZE) and (opened[1] == 1).all()

    def test_a_methods_folder_opens_its_masks(self, davis):
        assert find_video(davis / "Results" / "osvos").first_masks == "osvos"

    def test_ground_truth_is_to_be_corrected_only_where_there_is_nothing_else(self, davis):
        assert find_video(davis, "camel").first_masks == "Annotations"

    def test_what_was_corrected_is_found_again(self, davis):
        source = find_video(davis, "dog")
        masks(source.output)
        again = find_video(davis, "dog")
        assert again.masks[again.first_masks] == source.output
        assert again.output == source.output

    def test_official_results_and_other_resolutions(self, davis):
        masks(davis / "Results" / "Segmentations" / "480p" / "cut" / "dog")
        frames(davis / "JPEGImages" / "1080p" / "dog")
        assert "cut" in find_video(davis, "dog").masks
        assert find_video(davis, "dog").frames.parent.name == "480p"
        assert find_video(davis / "JPEGImages" / "1080p").frames.parent.name == "1080p"

    def test_sequences_without_a_resolution(self, tmp_path):
        frames(tmp_path / "JPEGImages" / "0a49f5265b")
        masks(tmp_path / "Annotations" / "0a49f5265b")
        source = find_video(tmp_path)
        assert source.name == "0a49f5265b" and source.first_masks == "Annotations"

    def test_an_unknown_sequence_is_one_line(self, davis):
        with pytest.raises(VideoError, match=r"no sequence cow .*bear, camel, dog"):
            find_video(davis, "cow")
        masks(davis / "Annotations" / "480p" / "cow")
        with pytest.raises(VideoError, match="no sequence cow"):
            find_video(davis / "Annotations" / "480p" / "cow")


class TestFolders:
    def test_a_folder_of_frames(self, tmp_path):
        frames(tmp_path / "clip")
        source = find_video(tmp_path / "clip")
        assert source.name == "clip" and not source.masks and source.first_masks is None
        assert source.truth is None and sequences(tmp_path / "clip") == []
        opened = source.open_frames()
        assert not source.open_masks(None, opened)[1].any()

    @pytest.mark.parametrize("place", ["clip_masks", "masks", "masks/clip", "../masks/clip"])
    def test_masks_beside_the_frames_are_found(self, tmp_path, place):
        frames(tmp_path / "in" / "clip")
        masks(tmp_path / "in" / place)
        source = find_video(tmp_path / "in" / "clip")
        assert len(source.masks) == 1
        assert (source.open_masks(source.first_masks, source.open_frames())[2] == 1).all()

    def test_what_was_corrected_is_found_again(self, tmp_path):
        frames(tmp_path / "clip")
        source = find_video(tmp_path / "clip")
        masks(source.output)
        again = find_video(tmp_path / "clip")
        assert again.masks[again.first_masks] == source.output

    def test_masks_of_other_frames_are_not_taken(self, tmp_path):
        frames(tmp_path / "clip", pattern="x{}.png")
        masks(tmp_path / "masks")
        assert not find_video(tmp_path / "clip").masks

    def test_nothing_there_is_one_line(self, tmp_path):
        for path in (tmp_path, tmp_path / "nowhere"):
            with pytest.raises(VideoError, match=str(path)):
                find_video(path)


class TestGlance:
    def test_videos_are_known(self, davis, tmp_path):
        frames(tmp_path / "clip", pattern="shot7_{}.png")
        (tmp_path / "clip.mp4").write_bytes(b"")
        paths = (davis, davis / "JPEGImages" / "480p" / "dog", tmp_path / "clip")
        assert all(map(is_video, (*paths, tmp_path / "clip.mp4")))

    def test_other_folders_are_left_to_others(self, tmp_path):
        (tmp_path / "empty").mkdir()
        (tmp_path / "text").mkdir()
        for index in range(5):
            (tmp_path / "text" / f"{index}.txt").write_text("text")
        frames(tmp_path / "one", count=1)
        frames(tmp_path / "named", count=2, pattern="a{}.jpg")
        (tmp_path / "named" / "a1.jpg").rename(tmp_path / "named" / "cat.jpg")
        frames(tmp_path / "sizes")
        Image.fromarray(np.zeros((9, 9), np.uint8)).save(tmp_path / "sizes" / "00002.jpg")
        frames(tmp_path / "voc" / "JPEGImages")
        (tmp_path / "data.zarr").mkdir()
        for path in tmp_path.iterdir():
            assert not is_video(path), path
        assert not is_video(tmp_path / "one" / "00000.jpg") and not is_video(tmp_path / "nowhere")

    def test_a_large_folder_is_looked_at_in_no_time(self, tmp_path, monkeypatch):
        for index in range(500):
            (tmp_path / f"{index}.jpg").write_bytes(b"")
        opened = []
        original = Image.open
        monkeypatch.setattr(Image, "open", lambda path: (opened.append(path), original(path)))
        is_video(tmp_path)
        assert len(opened) <= 4
