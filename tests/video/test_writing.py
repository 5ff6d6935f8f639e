"""What was saved is what was on screen, and nothing that was there is lost."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_itis.video.masks import MaskSequence
from napari_itis.video.palette import davis_palette
from napari_itis.video.stack import VideoError
from napari_itis.video.writing import write_masks, write_tiff

SIZE = (30, 40)
NAMES = [f"{index:05d}" for index in range(6)]


@pytest.fixture
def stack():
    labels = np.zeros((6, *SIZE), np.int32)
    for index in range(6):
        labels[index, 5:15, index : index + 9] = 1
        labels[index, 10:20, 20:30] = index * 40 + 3
    return labels


def test_the_pngs_are_davis_pngs(tmp_path, stack):
    folder = tmp_path / "Results" / "mine" / "dog"
    assert write_masks(folder, NAMES, stack.__getitem__, SIZE) == list(range(6))
    assert sorted(path.name for path in folder.iterdir()) == [f"{name}.png" for name in NAMES]
    for index, name in enumerate(NAMES):
        with Image.open(folder / f"{name}.png") as image:
            assert image.format == "PNG" and image.mode == "P" and image.size == SIZE[::-1]
            assert np.array_equal(np.asarray(image), stack[index])
            assert image.getpalette() == davis_palette().ravel().tolist()
            colours = np.asarray(image.convert("RGB"))
        assert colours[10, index].tolist() == [128, 0, 0]


def test_they_are_read_again_as_they_were(tmp_path, stack):
    write_masks(tmp_path / "m", NAMES, stack.__getitem__, SIZE)
    masks = MaskSequence(tmp_path / "m", NAMES, SIZE)
    assert np.array_equal(np.asarray(masks), stack) and masks.problems == []


def test_a_frame_without_masks_is_background(tmp_path):
    write_masks(tmp_path / "m", NAMES, lambda index: None, SIZE)
    assert not np.asarray(Image.open(tmp_path / "m" / "00003.png")).any()


def test_only_changed_frames_are_written_again(tmp_path, stack):
    folder = tmp_path / "m"
    write_masks(folder, NAMES, stack.__getitem__, SIZE)
    (folder / "00004.png").unlink()
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    stack[2, 0] = 7
    written = write_masks(folder, NAMES, stack.__getitem__, SIZE, only=[2], overwrite=True)
    assert written == [2, 4]
    after = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert [name for name in before if before[name] != after[name]] == ["00002.png"]
    assert np.array_equal(np.asarray(MaskSequence(folder, NAMES, SIZE)), stack)


class TestNothingIsLost:
    def test_sources_are_not_written_to(self, tmp_path, stack):
        write_masks(tmp_path / "m", NAMES, stack.__getitem__, SIZE)
        (tmp_path / "link").symlink_to(tmp_path / "m", target_is_directory=True)
        for target in (tmp_path / "m", tmp_path / "x" / ".." / "m", tmp_path / "link"):
            with pytest.raises(VideoError, match="choose another folder"):
                write_masks(
                    target,
                    NAMES,
                    lambda index: None,
                    SIZE,
                    overwrite=True,
                    sources=[None, str(tmp_path / "m")],
                )
        assert np.array_equal(np.asarray(MaskSequence(tmp_path / "m", NAMES, SIZE)), stack)

    def test_files_are_replaced_only_if_asked(self, tmp_path, stack):
        (tmp_path / "00003.png").write_bytes(b"mine")
        with pytest.raises(VideoError, match=r"00003\.png"):
            write_masks(tmp_path, NAMES, stack.__getitem__, SIZE)
        assert [path.name for path in tmp_path.iterdir()] == ["00003.png"]
        assert (tmp_path / "00003.png").read_bytes() == b"mine"
        write_masks(tmp_path, NAMES, stack.__getitem__, SIZE, overwrite=True)
        assert len(list(tmp_path.iterdir())) == 6

    def test_a_write_that_fails_leaves_the_file_as_it_was(self, tmp_path, stack, monkeypatch):
        write_masks(tmp_path, NAMES, stack.__getitem__, SIZE)
        before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

        def half(self, path, **options):
            path.write_bytes(b"half")
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Image.Image, "save", half)
        with pytest.raises(VideoError, match="No space left on device"):
            write_masks(tmp_path, NAMES, lambda index: None, SIZE, overwrite=True)
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before

    def test_stopping_keeps_what_was_written(self, tmp_path, stack):
        written = write_masks(
            tmp_path, NAMES, stack.__getitem__, SIZE, progress=lambda places: places[:3]
        )
        assert written == [0, 1, 2] and len(list(tmp_path.iterdir())) == 3


class TestRefused:
    @pytest.mark.parametrize("largest", [255, 300, 70000])
    def test_ids_that_do_not_fit_name_the_way_out(self, tmp_path, stack, largest):
        stack[4, 0, 0] = largest
        with pytest.raises(VideoError, match=rf"00004 has object {largest}.*\.tif"):
            write_masks(tmp_path, NAMES, stack.__getitem__, SIZE)

    def test_other_sizes_and_negative_ids(self, tmp_path, stack):
        with pytest.raises(VideoError, match="shape"):
            write_masks(tmp_path, NAMES, lambda index: stack[index, :5], SIZE)
        with pytest.raises(VideoError, match="negative"):
            write_masks(tmp_path, NAMES, lambda index: stack[index] - 1, SIZE)

    def test_a_file_in_the_folders_place(self, tmp_path, stack):
        (tmp_path / "m").write_text("mine")
        with pytest.raises(VideoError, match="not a folder"):
            write_masks(tmp_path / "m", NAMES, stack.__getitem__, SIZE, overwrite=True)


class TestTiff:
    @pytest.mark.parametrize(
        "largest, dtype",
        [
            (254, np.uint8),
            (255, np.uint16),
            (65534, np.uint16),
            (65535, np.int32),
            (9**7, np.int32),
        ],
    )
    def test_it_holds_every_id(self, tmp_path, stack, largest, dtype):
        stack[5, 0, 0] = largest
        write_tiff(tmp_path / "new" / "masks.tif", 6, stack.__getitem__, SIZE)
        read = tifffile.imread(tmp_path / "new" / "masks.tif")
        assert read.dtype == dtype and np.array_equal(read, stack)
        with tifffile.TiffFile(tmp_path / "new" / "masks.tif") as tiff:
            assert len(tiff.pages) == 6 and tiff.series[0].axes == "TYX"
        with Image.open(tmp_path / "new" / "masks.tif") as image:
            assert image.n_frames == 6

    def test_it_is_replaced_as_a_whole_or_not_at_all(self, tmp_path, stack):
        path = tmp_path / "masks.tif"
        path.write_bytes(b"mine")
        with pytest.raises(VideoError, match="exists"):
            write_tiff(path, 6, stack.__getitem__, SIZE)
        with pytest.raises(VideoError, match="stopped after 2"):
            write_tiff(
                path,
                6,
                stack.__getitem__,
                SIZE,
                overwrite=True,
                progress=lambda places: places[:2],
            )
        assert path.read_bytes() == b"mine" and len(list(tmp_path.iterdir())) == 1
        write_tiff(path, 6, stack.__getitem__, SIZE, overwrite=True)
        assert np.array_equal(tifffile.imread(path), stack)
