"""A folder of numbered frames as one array, read as one looks through it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import suppress
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_itis.datasets.base import size_text
from napari_itis.datasets.images import ImageError, read_array
from napari_itis.video.numbering import image_names, of_one_kind, stem
from napari_itis.video.stack import LazyStack, OnProblem, VideoError

CACHE_BYTES = 256 << 20
"""What decoded frames may take: 200 of 480p, the whole of most benchmark sequences."""

# The first frame tells size and range; where it does not, so many others are looked at.
_LOOKED_AT = 10


class FrameSequence(LazyStack):
    """The frames of a folder, uint8 (t, y, x, 3), in the natural order of their names.

    Opening lists the folder and reads its first frame, whatever the number of frames. Pixels
    are those of the file: an EXIF orientation is not followed, since neither do the programs that
    make masks, which must fit. A frame that cannot be read or has another size is black and
    reported. Frames of 16 bits or floats are shown with the range of the first one, or of some from
    all over the video if the first one has a single value.

    Parameters
    ----------
    folder : str or path-like
    budget : int
        Bytes that decoded frames may take.
    on_problem : callable, optional
        Takes one line for each file that is not as it should be, in the thread that reads it.

    Attributes
    ----------
    folder : Path
    names : tuple of str
        Stems of the files, as their masks are named.

    Raises
    ------
    VideoError
        If there is no such folder, or no frame in it that can be read.
    """

    def __init__(
        self,
        folder: str | PathLike[str],
        *,
        budget: int = CACHE_BYTES,
        on_problem: OnProblem | None = None,
    ) -> None:
        self.folder = Path(folder)
        try:
            self._files, others = of_one_kind(image_names(self.folder))
        except OSError as error:
            raise VideoError(f"cannot list the folder {folder}: {error.strerror}") from None
        if not self._files:
            raise VideoError(f"no frames in {folder}: expected images such as 00000.jpg")
        self.names = tuple(stem(file) for file in self._files)
        first = self._first_frame()
        self._limits = _limits(first, self._spread_frames())
        super().__init__(
            (len(self._files), *first.shape[:2], 3),
            np.uint8,
            budget=budget,
            on_problem=on_problem,
        )
        if others:
            self._report(
                f"{self.folder} holds other images beside its {Path(self._files[0]).suffix} "
                f"frames: {others[0]} and {len(others) - 1} more were left out"
                if len(others) > 1
                else f"{self.folder / others[0]} is no {Path(self._files[0]).suffix} file as the "
                "other frames: it was left out"
            )

    def path(self, index: int) -> Path:
        """The file of a frame."""
        return self.folder / self._files[self._index(index)]

    def _decode(self, index: int) -> NDArray[np.uint8]:
        path = self.folder / self._files[index]
        try:
            frame = rgb8(read_array(path, colors=True), self._limits)
        except ImageError as error:
            self._report(str(error))
            frame = None
        if frame is not None and frame.shape != self.shape[1:]:
            self._report(
                f"{path} is {size_text(frame.shape)}, not {size_text(self.shape[1:])} as the "
                "frames before it: it is shown black"
            )
            frame = None
        if frame is None:
            frame = np.zeros(self.shape[1:], np.uint8)
        frame.flags.writeable = False
        return frame

    def _first_frame(self) -> NDArray:
        error: ImageError | None = None
        for file in self._files[:_LOOKED_AT]:
            try:
                return read_array(self.folder / file, colors=True)
            except ImageError as found:
                error = error or found
        raise VideoError(str(error))

    def _spread_frames(self) -> Iterator[NDArray]:
        """Frames from all over the video that can be read."""
        places = np.linspace(0, len(self._files) - 1, _LOOKED_AT).astype(int)
        for place in np.unique(places).tolist():
            with suppress(ImageError):
                yield read_array(self.folder / self._files[place], colors=True)


def rgb8(image: NDArray, limits: tuple[float, float] | None = None) -> NDArray[np.uint8]:
    """Show a frame in 8-bit colours.

    Parameters
    ----------
    image : ndarray, shape (H, W), (H, W, 1), (H, W, 3) or (H, W, 4)
        Alpha is left out.
    limits : tuple of float, optional
        Values that are shown black and white, for anything but 8 bits.

    Returns
    -------
    ndarray of uint8, shape (H, W, 3)
        An array of its own.
    """
    image = image[..., :3] if image.ndim == 3 else image[..., None]
    if image.dtype == bool:
        image = image.astype(np.uint8) * np.uint8(255)
    elif image.dtype != np.uint8:
        low, high = limits or (0.0, 1.0)
        values = (image.astype(np.float32) - low) * (255 / (high - low) if high > low else 0.0)
        image = np.clip(np.nan_to_num(values) + 0.5, 0, 255).astype(np.uint8)
    return np.array(np.broadcast_to(image, (*image.shape[:2], 3)), order="C")


def _limits(first: NDArray, others: Iterable[NDArray]) -> tuple[float, float] | None:
    """Black and white for all frames: one range each would flicker."""
    if first.dtype in (np.uint8, bool):
        return None
    low, high = _range(first)
    if not low < high:
        # It fades in, or is covered: the others are looked at.
        lows, highs = zip((low, high), *map(_range, others))
        low, high = min(lows), max(highs)
    if first.dtype.kind == "f" and 0 <= low <= high <= 1:
        return 0.0, 1.0
    if low < high and math.isfinite(high - low):
        return low, high
    return (0.0, 1.0) if first.dtype.kind == "f" else (0.0, float(np.iinfo(first.dtype).max))


def _range(frame: NDArray) -> tuple[float, float]:
    finite = frame[np.isfinite(frame)]
    return (float(finite.min()), float(finite.max())) if finite.size else (math.inf, -math.inf)
