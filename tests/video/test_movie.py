"""A movie looks like a folder of its frames, wherever one jumps to."""

import pickle
import sys

import numpy as np
import pytest

from napari_itis.video.movie import MovieSequence
from napari_itis.video.stack import VideoError

av = pytest.importorskip("av")

COUNT = 70


def number(frame):
    """The frame's number, written into it as eight large black or white squares."""
    bits = frame[24, 4::8, 1][:8] > 127
    return int(sum(1 << place for place, bit in enumerate(bits) if bit))


def write(path, codec, count=COUNT, pixels="yuv420p", **options):
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = 64, 48, pixels
        for index in range(count):
            image = np.zeros((48, 64, 3), np.uint8)
            for place in range(8):
                image[:, 8 * place : 8 * place + 8] = 255 * (index >> place & 1)
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.fixture(
    params=[
        ("movie.mp4", "mpeg4", {"g": "12", "bf": "2"}),
        ("movie.avi", "mpeg4", {"g": "12"}),
        ("movie.avi", "mjpeg", {"pixels": "yuvj420p"}),
        ("movie.mkv", "mpeg4", {"g": "30", "bf": "1"}),
    ],
    ids=lambda param: f"{param[0]}-{param[1]}",
)
def path(request, tmp_path):
    name, codec, options = request.param
    return write(tmp_path / name, codec, **options)


def test_every_frame_is_where_it_belongs(path):
    movie = MovieSequence(path)
    assert movie.shape == (COUNT, 48, 64, 3) and movie.names[7] == "00007"
    assert [number(movie[index]) for index in range(COUNT)] == list(range(COUNT))
    order = np.random.default_rng(0).permutation(COUNT).tolist()
    movie = MovieSequence(path, budget=5 * 48 * 64 * 3)
    assert [number(movie.read(index)) for index in order] == order
    assert [number(movie[index]) for index in range(COUNT - 1, -1, -1)] == list(range(COUNT))[::-1]
    assert movie.problems == []


def test_stepping_back_does_not_start_at_the_keyframe_each_time(tmp_path, monkeypatch):
    from napari_itis.video.movie import Decoder

    seeks = []
    original = Decoder._seek
    monkeypatch.setattr(Decoder, "_seek", lambda self, at: (seeks.append(at), original(self, at)))
    movie = MovieSequence(write(tmp_path / "movie.mp4", "mpeg4", g="100"))
    for index in range(60, 30, -1):
        movie.read(index)
    assert len(seeks) <= 3


def test_it_closes_and_goes_to_another_process(path):
    movie = MovieSequence(path)
    assert number(movie[40]) == 40
    movie.close()
    assert number(movie[41]) == 41
    copy = pickle.loads(pickle.dumps(movie))
    assert number(copy[42]) == 42


def test_a_movie_that_is_cut_off_ends_in_black(tmp_path):
    path = write(tmp_path / "movie.avi", "mjpeg", pixels="yuvj420p")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])
    movie = MovieSequence(path)
    assert number(movie[20]) == 20
    assert len(movie) == COUNT or not movie.problems
    movie[len(movie) - 1]
    assert all(str(path) in line and "\n" not in line for line in movie.problems)


@pytest.mark.parametrize("content", [b"", b"no movie at all" * 100])
def test_no_movie_is_one_line(tmp_path, content):
    path = tmp_path / "movie.mp4"
    path.write_bytes(content)
    with pytest.raises(VideoError, match=r"movie\.mp4") as error:
        MovieSequence(path)
    assert "\n" not in str(error.value)
    with pytest.raises(VideoError, match="no such movie"):
        MovieSequence(tmp_path / "nowhere.mp4")


def test_without_pyav_it_says_what_to_install(tmp_path, monkeypatch):
    path = write(tmp_path / "movie.mp4", "mpeg4", count=3)
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(VideoError, match=r"pip install 'napari-itis\[video\]'"):
        MovieSequence(path)
