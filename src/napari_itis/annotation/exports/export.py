"""What is exported, and how it is gone through."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_itis.annotation.composition import held_pixels
from napari_itis.annotation.contents import SessionContents
from napari_itis.annotation.metadata import PixelSize
from napari_itis.annotation.record import Frame
from napari_itis.annotation.tiles import TiledLabels

Progress = Callable[[Sequence[Frame]], Iterable[Frame]]

_MOST_BOXES = 1_000_000


class ExportError(ValueError):
    """Something that cannot be exported; the message is one line."""


class ExportStopped(RuntimeError):
    """Nobody wants it any more."""


@dataclass(frozen=True, slots=True)
class Instance:
    """An object on a frame, as it is seen.

    Parameters
    ----------
    label : int
    box : tuple of slice
        Rows and columns that hold it.
    mask : ndarray of bool
        Its pixels, in the box.
    """

    label: int
    box: tuple[slice, slice]
    mask: NDArray[np.bool_]

    @property
    def area(self) -> int:
        """Its pixels."""
        return int(np.count_nonzero(self.mask))


@dataclass(frozen=True)
class Export:
    """What is exported.

    Parameters
    ----------
    contents : SessionContents
        A session, or better a snapshot of one: it is read for as long as the export takes.
    image : str
        Name of the image.
    size : PixelSize, optional
        Not given: nobody knows how large its pixels are.
    files : sequence of str
        Names of the files of a stack of one axis, such as the frames of a video; empty where
        there are none.
    progress : callable, optional
        Wraps the frames while they are gone through. Where it stops early, nothing is written.
    """

    contents: SessionContents
    image: str
    size: PixelSize = field(default_factory=PixelSize)
    files: Sequence[str] = ()
    progress: Progress = iter

    def file(self, frame: Frame) -> str:
        """Name of the image file of a frame, or what it would be called."""
        if not frame:
            return self.image
        if self.files and len(frame) == 1:
            return self.files[frame[0]]
        return f"{self.stem}{self.suffix(frame)}{Path(self.image).suffix}"

    @property
    def stem(self) -> str:
        """The image's name as part of a file's, without the suffix of a file."""
        return file_name(Path(self.image).stem) or "image"

    def suffix(self, frame: Frame) -> str:
        """A frame as the end of a file's name; empty for an image of one plane."""
        if self.files and len(frame) == 1:
            return f"_{Path(self.files[frame[0]]).stem}"
        return "".join(f"_{index:05d}" for index in frame)

    def frames(self) -> Iterator[Frame]:
        """Every frame of the image, one after the other.

        Raises
        ------
        ExportStopped
            If the progress has ended before the last one.
        """
        frames = list(np.ndindex(*self.contents.slices))
        count = 0
        for frame in self.progress(frames):
            yield frame
            count += 1
        if count < len(frames):
            raise ExportStopped

    def largest_label(self) -> int:
        """The largest label on any frame; masks that nobody has looked at are read for that."""
        contents = self.contents
        frames = np.ndindex(*contents.slices)
        return max((max(contents.labels_on(frame), default=0) for frame in frames), default=0)

    def instances(self, frame: Frame) -> list[Instance]:
        """The objects of a frame, ascending; pixels that another object covers are not theirs."""
        if not self.contents.labels_on(frame):
            return []
        labels = self.contents.drawing(frame)
        if isinstance(labels, TiledLabels):
            own = held_pixels(self.contents.records_on(frame), labels)
            return [Instance(label, mask.box, mask.crop) for label, mask in sorted(own.items())]
        known = None
        if labels.max(initial=0) > _MOST_BOXES:
            known, labels = np.unique(labels, return_inverse=True)
            # The smallest one is 0, the background, unless there is none.
            known, labels = (known, labels) if known[0] == 0 else (np.r_[0, known], labels + 1)
        found = []
        for number, box in enumerate(ndimage.find_objects(labels), 1):
            if box is not None:
                label = number if known is None else int(known[number])
                found.append(Instance(label, box, labels[box] == number))
        return found

    def name(self, label: int) -> str:
        """What the user calls an object; empty: nothing."""
        return self.contents.names.get(label, "")


def file_name(text: str) -> str:
    """A text that may hold anything, as part of a file's name."""
    kept = "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in text)
    return kept.strip("_")[:80]


def rounded(value: float) -> float:
    """A size or an area as a user would write it: 114.2, not 114.20000000000002.

    Parameters
    ----------
    value : float
        Ten digits of it are kept: areas in pixels stay what they are.
    """
    return float(f"{value:.10g}")
