"""A folder of frames looks like an array and is read as one looks at it."""

import pickle
import threading
import time

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_itis.video import frames as module
from napari_itis.video.frames import FrameSequence
from napari_itis.video.stack import VideoError

SIZE = (24, 32)


def picture(index, size=SIZE):
    """A frame that tells its number by its colour, with a gradient that tells the sides."""
    frame = np.zeros((*size, 3), np.uint8)
    frame[..., 0] = index % 251
    frame[..., 1] = np.arange(size[0])[:, None]
    frame[..., 2] = np.arange(size[1])
    return frame


def write(folder, count, pattern="{:05d}.png"):
    folder.mkdir(exist_ok=True)
    for index in range(count):
        Image.fromarray(picture(index)).save(folder / pattern.format(index))
    return folder


@pytest.fixture
def folder(tmp_path):
    return write(tmp_path / "frames", 12)


@pytest.fixture
def threads(monkeypatch):
    """Names of the threads that read files, by file."""
    seen = {}

    def read(path, **options):
        seen.setdefault(path.name, []).append(threading.current_thread().name)
        return original(path, **options)

    original = module.read_array
    monkeypatch.setattr(module, "read_array", read)
    return seen


def wait(condition, patience=10.0):
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


class TestArray:
    def test_it_says_what_it_is(self, folder):
        frames = FrameSequence(folder)
        assert frames.shape == (12, *SIZE, 3)
        assert frames.dtype == np.uint8 and frames.ndim == 4
        assert len(frames) == 12 and frames.size == 12 * 24 * 32 * 3
        assert frames.names[:2] == ("00000", "00001")

    @pytest.mark.parametrize(
        "key",
        [
            3,
            -1,
            np.int64(4),
            (5,),
            (5, slice(None), slice(None)),
            (5, ..., 0),
            (5, slice(2, 9), 7),
            slice(2, 7),
            slice(9, 2, -3),
            (slice(4, 5), slice(3, 9), slice(0, 5)),
            (slice(1, 3), 4, 5),
            (slice(3, 3), 1),
            ...,
            [1, 1, 8],
            (np.array([3, 1, 3]), np.array([0, 5, 7]), np.array([9, 9, 9])),
            (np.array([], int), np.array([], int), np.array([], int)),
        ],
    )
    def test_indexing_is_numpys(self, folder, key):
        frames, expected = FrameSequence(folder), np.stack([picture(i) for i in range(12)])
        assert np.array_equal(frames[key], expected[key])
        assert np.asarray(frames[key]).dtype == np.uint8

    def test_all_of_a_short_sequence_is_an_array(self, folder):
        expected = np.stack([picture(i) for i in range(12)])
        assert np.array_equal(np.asarray(FrameSequence(folder)), expected)

    @pytest.mark.parametrize("key", [12, -13, (0, 0, 0, 0, 0), [12]])
    def test_what_is_not_there_is_an_index_error(self, folder, key):
        with pytest.raises(IndexError):
            FrameSequence(folder)[key]

    def test_all_of_a_long_sequence_at_once_is_refused(self, folder, monkeypatch):
        monkeypatch.setattr("napari_itis.video.stack._MOST_AT_ONCE", 10_000)
        with pytest.raises(MemoryError, match="12 frames at once"):
            FrameSequence(folder)[:, :, :]

    def test_a_frame_cannot_be_written_to(self, folder):
        with pytest.raises(ValueError):
            FrameSequence(folder)[0][:] = 0

    def test_it_goes_to_another_process(self, folder):
        frames = FrameSequence(folder, on_problem=print)
        frames[3]
        copy = pickle.loads(pickle.dumps(frames))
        assert np.array_equal(copy[3], picture(3)) and copy.names == frames.names

    def test_a_closed_one_reads_again(self, folder):
        frames = FrameSequence(folder)
        frames[0]
        frames.close()
        assert np.array_equal(frames[5], picture(5))


class TestFiles:
    def test_ten_follows_nine(self, tmp_path):
        frames = FrameSequence(write(tmp_path / "f", 12, "frame{}.png"))
        assert frames.names[8:] == ("frame8", "frame9", "frame10", "frame11")
        assert frames[10][0, 0, 0] == 10

    def test_gray_palette_and_alpha_are_shown_in_colours(self, tmp_path):
        gray = np.arange(24 * 32, dtype=np.uint16).reshape(SIZE).astype(np.uint8)
        pictures = [
            Image.fromarray(gray),
            Image.fromarray(picture(7)).convert("RGBA"),
            Image.fromarray(picture(7)).quantize(4),
        ]
        for index, image in enumerate(pictures):
            image.save(tmp_path / f"{index}.png")
        frames = FrameSequence(tmp_path)
        assert np.array_equal(frames[0], np.stack([gray] * 3, axis=-1))
        assert np.array_equal(frames[1], picture(7))
        assert np.abs(frames[2].astype(int) - picture(7)).max() < 30

    def test_frames_of_sixteen_bits_have_one_range(self, tmp_path):
        for index, value in enumerate((1000, 3000)):
            frame = np.full(SIZE, 1000, np.uint16)
            frame[0] = value + 2000
            tifffile.imwrite(tmp_path / f"{index}.tif", frame)
        frames = FrameSequence(tmp_path)
        # What is equal in the files is shown equal, the second frame's white being brighter.
        assert frames[0][5, 5, 0] == frames[1][5, 5, 0] == 0
        assert frames[0][0, 0, 0] == frames[1][0, 0, 0] == 255

    @pytest.mark.parametrize("dtype", [np.uint16, np.float32])
    def test_a_video_that_begins_with_an_empty_frame_is_not_black(self, tmp_path, dtype):
        for index in range(25):
            frame = np.zeros(SIZE, dtype)
            frame[0] = 200 * index
            tifffile.imwrite(tmp_path / f"{index:02}.tif", frame)
        frames = FrameSequence(tmp_path)
        assert [frames[index][0, 0, 0] for index in (0, 12, 24)] == [0, 128, 255]

    def test_a_video_of_a_single_value_is_as_bright_as_that(self, tmp_path):
        tifffile.imwrite(tmp_path / "0.tif", np.full(SIZE, 0x8000, np.uint16))
        assert (FrameSequence(tmp_path)[0] == 128).all()

    def test_jpeg_frames_have_the_files_own_pixels(self, tmp_path):
        image = Image.fromarray(np.repeat(np.repeat(picture(9), 4, 0), 4, 1))
        exif = Image.Exif()
        exif[0x0112] = 6
        image.save(tmp_path / "0.jpg", quality=95, exif=exif)
        frame = FrameSequence(tmp_path)[0]
        assert np.array_equal(frame, np.asarray(Image.open(tmp_path / "0.jpg")))

    def test_masks_beside_the_frames_are_no_frames(self, tmp_path):
        for index in range(3):
            Image.fromarray(picture(index)).save(tmp_path / f"{index}.jpg")
            Image.fromarray(picture(index)[..., 0]).save(tmp_path / f"{index}.png")
        heard = []
        frames = FrameSequence(tmp_path, on_problem=heard.append)
        assert len(frames) == 3 and frames.path(0).suffix == ".jpg"
        assert len(heard) == 1 and "0.png" in heard[0]

    def test_a_folder_without_frames_is_one_line(self, tmp_path):
        (tmp_path / "notes.txt").write_text("nothing")
        with pytest.raises(VideoError, match="no frames in"):
            FrameSequence(tmp_path)
        with pytest.raises(VideoError, match="cannot list"):
            FrameSequence(tmp_path / "nowhere")


class TestBrokenFiles:
    def test_they_are_black_and_named_once(self, folder):
        (folder / "00003.png").write_bytes(b"no image")
        (folder / "00004.png").unlink()
        Image.fromarray(picture(5)[:10]).save(folder / "00004.png")
        heard = []
        frames = FrameSequence(folder, on_problem=heard.append)
        for _ in range(2):
            assert not frames[3].any() and not frames[4].any()
            assert frames[5].any()
            frames.close()
        assert len(heard) == 2 and heard == frames.problems
        assert "00003.png" in heard[0]
        assert "00004.png" in heard[1] and "32 x 10" in heard[1] and "32 x 24" in heard[1]

    def test_a_file_that_is_cut_off_is_named(self, tmp_path):
        image = Image.fromarray(np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8))
        for index in range(2):
            image.save(tmp_path / f"{index}.jpg")
        whole = (tmp_path / "1.jpg").read_bytes()
        (tmp_path / "1.jpg").write_bytes(whole[: len(whole) // 2])
        frames = FrameSequence(tmp_path)
        assert not frames[1].any()
        assert "1.jpg" in frames.problems[0]

    def test_a_file_that_vanishes_is_no_error(self, folder):
        frames = FrameSequence(folder)
        (folder / "00007.png").unlink()
        assert not frames[7].any()
        assert "00007.png" in frames.problems[0]

    def test_the_first_one_broken_does_not_hide_the_others(self, folder):
        (folder / "00000.png").write_bytes(b"")
        frames = FrameSequence(folder)
        assert not frames[0].any() and np.array_equal(frames[1], picture(1))

    def test_all_broken_is_one_line(self, folder):
        for path in folder.iterdir():
            path.write_bytes(b"")
        with pytest.raises(VideoError, match=r"00000\.png"):
            FrameSequence(folder)


class TestReading:
    def test_opening_reads_one_frame(self, folder, threads):
        FrameSequence(folder)
        assert list(threads) == ["00000.png"]

    @pytest.mark.parametrize("start, step", [(2, 1), (9, -1)])
    def test_the_next_frames_are_read_before_they_are_shown(self, folder, threads, start, step):
        frames = FrameSequence(folder)
        frames[start], frames[start + step]
        following = [f"{start + step * n:05d}.png" for n in (2, 3)]
        wait(lambda: all(name in threads for name in following))
        threads_there = {name: list(threads[name]) for name in following}
        wait(lambda: start + 3 * step in frames._reader.cache)
        frames[start + 2 * step], frames[start + 3 * step]
        assert {name: threads[name] for name in following} == threads_there
        assert all("itis-frames" in name for names in threads_there.values() for name in names)

    def test_frames_are_read_also_while_the_program_is_left(self, folder, monkeypatch):
        # What `concurrent.futures` notes then.
        monkeypatch.setattr("concurrent.futures.thread._shutdown", True)
        assert np.array_equal(FrameSequence(folder)[3], picture(3))

    def test_memory_is_bounded(self, folder):
        plane = 24 * 32 * 3
        frames = FrameSequence(folder, budget=4 * plane)
        for index in range(12):
            frames[index]
        wait(lambda: not frames._reader._pending)
        assert frames._reader.cache.bytes <= 4 * plane

    def test_going_through_all_does_not_push_out_what_is_shown(self, folder, threads):
        frames = FrameSequence(folder, budget=6 * 24 * 32 * 3)
        frames[0]
        wait(lambda: not frames._reader._pending)
        for index in range(12):
            frames.read(index)
        before = len(threads["00000.png"])
        frames[0]
        assert len(threads["00000.png"]) == before

    def test_many_threads_get_the_right_frames(self, folder):
        frames = FrameSequence(folder, budget=3 * 24 * 32 * 3)
        wrong = []

        def look(seed):
            for index in np.random.default_rng(seed).integers(0, 12, 150).tolist():
                read = frames.read if seed % 2 else frames.__getitem__
                if not np.array_equal(read(index), picture(index)):
                    wrong.append(index)

        lookers = [threading.Thread(target=look, args=(seed,)) for seed in range(5)]
        for thread in lookers:
            thread.start()
        for thread in lookers:
            thread.join()
        assert not wrong and not frames.problems
