"""A movie file as one array: frames are found by the nearest keyframe before them."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_itis.video.frames import CACHE_BYTES
from napari_itis.video.stack import LazyStack, OnProblem, VideoError

MOVIE_SUFFIXES = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv")

# Frames before the one that is asked for, decoded on the way to it, that are worth keeping: whoever
# steps backwards would otherwise start at the keyframe each time.
_KEPT_ON_THE_WAY = 32


@dataclass(frozen=True)
class MovieIndex:
    """When each frame is shown, and from which ones decoding can start.

    Attributes
    ----------
    times : tuple of int
        In units of the stream, ascending.
    keyframes : tuple of int
        Positions in `times`, ascending, from 0 on.
    """

    times: tuple[int, ...]
    keyframes: tuple[int, ...]

    def start(self, index: int) -> int:
        """The last keyframe up to a frame."""
        return self.keyframes[bisect_right(self.keyframes, index) - 1]


class MovieSequence(LazyStack):
    """The frames of a movie, uint8 (t, y, x, 3), turned as its player would turn them.

    Opening decodes the first frame; where keyframes are is found out in the background. Needs
    PyAV. Frames that cannot be decoded are black and reported.

    Parameters
    ----------
    path : str or path-like
    budget : int
        Bytes that decoded frames may take.
    on_problem : callable, optional
        Takes one line, in the thread that decodes.

    Attributes
    ----------
    file : Path
    names : tuple of str
        Numbers of five digits, as the masks of the frames are named.

    Raises
    ------
    VideoError
        If PyAV is missing, or the file is no movie.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        budget: int = CACHE_BYTES,
        on_problem: OnProblem | None = None,
    ) -> None:
        self.file = Path(path)
        if not self.file.is_file():
            raise VideoError(f"no such movie: {path}")
        self._index_lock = threading.Lock()
        self._decoder_lock = threading.Lock()
        self._decoder: Decoder | None = None
        self._found: MovieIndex | None = None
        count, first = _first_frame(self.file)
        if not count:
            count = len(self._movie_index().times)
        super().__init__((count, *first.shape), np.uint8, budget=budget, on_problem=on_problem)
        self.names = tuple(f"{index:05d}" for index in range(count))
        self._reader.cache.put(0, first)
        threading.Thread(target=self._find_keyframes, name="itis-keyframes", daemon=True).start()

    def close(self) -> None:
        """See `LazyStack.close`."""
        super().close()
        with self._decoder_lock:
            if self._decoder is not None:
                self._decoder.close()
                self._decoder = None

    def _threads(self) -> int:
        # Frames are decoded in their order: a second thread would only wait for the first.
        return 1

    def _decode(self, index: int) -> NDArray[np.uint8]:
        frame = None
        try:
            # Whoever waited here may find what the thread before has decoded on its way.
            with self._decoder_lock:
                frame = self._reader.cache.get(index)
                if frame is None:
                    frame = self._decoded(index)
        except (VideoError, OSError, ValueError) as error:
            self._report(f"frame {index} of {self.file} cannot be decoded: {_one_line(error)}")
        if frame is not None and frame.shape != self.shape[1:]:
            self._report(f"frame {index} of {self.file} has another size: it is shown black")
            frame = None
        if frame is None:
            frame = np.zeros(self.shape[1:], np.uint8)
            frame.flags.writeable = False
        return frame

    def _decoded(self, index: int) -> NDArray[np.uint8]:
        movie = self._movie_index()
        if index >= len(movie.times):
            raise VideoError(f"the file ends after {len(movie.times)} frames")
        if self._decoder is None:
            self._decoder = Decoder(self.file, movie)
        frame: NDArray[np.uint8] | None = None
        for place, frame in self._decoder.frames_up_to(index, _KEPT_ON_THE_WAY):
            self._reader.cache.put(place, frame)
            if place == index:
                return frame
        raise VideoError("the frame is missing")

    def _find_keyframes(self) -> None:
        # What is wrong is said when a frame is asked for.
        with suppress(VideoError, OSError, ValueError):
            self._movie_index()

    def _movie_index(self) -> MovieIndex:
        with self._index_lock:
            if self._found is None:
                self._found = _index(self.file)
            return self._found

    def __getstate__(self) -> dict[str, Any]:
        left = {"_index_lock", "_decoder_lock", "_decoder"}
        state = super().__getstate__()
        return {name: value for name, value in state.items() if name not in left}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._index_lock = threading.Lock()
        self._decoder_lock = threading.Lock()
        self._decoder = None
        super().__setstate__(state)


class Decoder:
    """A movie file that is open at some frame. For one thread at a time.

    Parameters
    ----------
    path : Path
    movie : MovieIndex
    """

    def __init__(self, path: Path, movie: MovieIndex) -> None:
        self._container, self._stream = _open(path)
        self._movie = movie
        self._places = {time: place for place, time in enumerate(movie.times)}
        self._frames = self._container.decode(self._stream)
        self._position = -1

    def frames_up_to(self, index: int, kept: int) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """Decode from where the file is open, or from a keyframe if that is nearer.

        Parameters
        ----------
        index : int
            The last frame that is wanted.
        kept : int
            How many frames before it are wanted, if they are decoded anyway.

        Yields
        ------
        place : int
        frame : ndarray of uint8, shape (H, W, 3)
        """
        start = self._movie.start(index)
        if not start <= self._position < index:
            self._seek(start)
        while self._position < index:
            frame = next(self._frames, None)
            if frame is None:
                # Decoding goes on from a keyframe only.
                self._position = len(self._movie.times)
                return
            self._position = self._place(frame, index)
            if index - kept <= self._position <= index:
                yield self._position, _rgb(frame)

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    def _seek(self, place: int) -> None:
        time = self._movie.times[place]
        self._container.seek(time, stream=self._stream, backward=True)
        self._frames = self._container.decode(self._stream)
        self._position = place - 1

    def _place(self, frame: Any, index: int) -> int:
        time = _time(frame)
        if time in self._places:
            return self._places[time]
        # Between two frames of the index, or without a time: the next one.
        return self._position + 1 if time is None else bisect_right(self._movie.times, time) - 1


def is_movie_name(name: str) -> bool:
    """Whether a file's name is that of a movie."""
    return name.lower().endswith(MOVIE_SUFFIXES)


def _av() -> Any:
    try:
        import av
    except ImportError:
        raise VideoError("movies need PyAV: pip install 'napari-itis[video]'") from None
    return av


def _open(path: Path) -> tuple[Any, Any]:
    av = _av()
    try:
        container = av.open(str(path))
    except (OSError, ValueError) as error:
        raise VideoError(f"cannot open the movie {path}: {_one_line(error)}") from None
    if not container.streams.video:
        container.close()
        raise VideoError(f"{path} has no video in it")
    return container, container.streams.video[0]


def _first_frame(path: Path) -> tuple[int, NDArray[np.uint8]]:
    """Number of frames as the file says it (0 where it does not), and the first of them."""
    container, stream = _open(path)
    with container:
        try:
            frame = next(container.decode(stream), None)
        except (OSError, ValueError) as error:
            raise VideoError(f"cannot decode the movie {path}: {_one_line(error)}") from None
        if frame is None:
            raise VideoError(f"{path} has no frame that can be decoded")
        return int(stream.frames), _rgb(frame)


def _index(path: Path) -> MovieIndex:
    container, stream = _open(path)
    with container:
        packets = [
            (time, bool(packet.is_keyframe))
            for packet in container.demux(stream)
            if (time := _time(packet)) is not None
        ]
    packets.sort()
    keyframes = tuple(place for place, (_, key) in enumerate(packets) if key)
    if not packets:
        raise VideoError(f"{path} has no frames")
    return MovieIndex(tuple(time for time, _ in packets), tuple(sorted({0, *keyframes})))


def _time(packet_or_frame: Any) -> int | None:
    # AVI files know when a packet is decoded only, which is when it is shown.
    time = packet_or_frame.pts
    return packet_or_frame.dts if time is None else time


def _rgb(frame: Any) -> NDArray[np.uint8]:
    pixels = frame.to_ndarray(format="rgb24")
    turns = round(getattr(frame, "rotation", 0) / 90) % 4
    if turns:
        pixels = np.ascontiguousarray(np.rot90(pixels, turns))
    pixels.flags.writeable = False
    return pixels


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())
