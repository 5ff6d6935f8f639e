"""Masks that existed before the annotation, read where they are needed."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping

import numpy as np

from napari_itis.annotation.packed import PackedMask
from napari_itis.annotation.record import Frame

ReadMasks = Callable[[Frame], np.ndarray | None]

_CACHED_FRAMES = 4


class ExistingMasks:
    """The label image of every frame, never more than a few of them in memory.

    Parameters
    ----------
    read : callable
        Returns the label image of a frame, of any integer type, (H, W), 0 is background; None
        where the frame has no masks. It must return the same pixels every time, in an array that
        nobody changes, and may be called from another thread by a snapshot.
    shape : tuple of int
        (H, W)
    labels : iterable of int, optional
        Every object of the masks. Not given: they are learned as frames are looked at.
    largest : int, optional
        No frame has a larger label; needed where `labels` is not given.
    source : object, optional
        Where they come from, for whoever gave them.
    on_problem : callable, optional
        Called with a line about a frame that cannot be read, in whichever thread that was; it has
        no masks from then on. Not given: it is raised, every time.

    Raises
    ------
    ValueError
        If neither `labels` nor `largest` is given.
    """

    def __init__(
        self,
        read: ReadMasks,
        shape: tuple[int, int],
        labels: Iterable[int] | None = None,
        largest: int | None = None,
        source: object = None,
        on_problem: Callable[[str], object] | None = None,
    ) -> None:
        if labels is None and largest is None:
            raise ValueError(
                "say which labels the existing masks have, or which is the largest they may have: "
                "otherwise a new object may get the label of an existing one"
            )
        self.source = source
        self._on_problem = on_problem
        self._read = read
        self._shape = shape
        self._labels = {int(label) for label in labels or ()}
        self._largest = int(largest) if labels is None else 0
        self._found: dict[Frame, tuple[int, ...]] = {}
        self._images: dict[Frame, np.ndarray | None] = {}
        self._kept: dict[Frame, bytes | None] = {}

    def copy(self) -> ExistingMasks:
        """The same masks for another thread."""
        other = ExistingMasks(
            self._read, self._shape, self._labels, source=self.source, on_problem=self._on_problem
        )
        other._largest = self._largest
        other._found = dict(self._found)
        other._kept = dict(self._kept)
        return other

    def image(self, frame: Frame) -> np.ndarray | None:
        """The label image of a frame, int32, (H, W), read-only; None where there are no masks.

        Raises
        ------
        ValueError
            If what was read is no label image of this size; and whatever reading raises. Not
            where somebody is told of problems.
        """
        if frame in self._images:
            self._images[frame] = self._images.pop(frame)
        else:
            image = self._recall(frame) if frame in self._kept else self._usable(frame)
            while len(self._images) >= _CACHED_FRAMES:
                del self._images[next(iter(self._images))]
            self._images[frame] = image
            if frame not in self._found:
                self.learn({frame: () if image is None else labels_in(image)})
        return self._images[frame]

    def labels_on(self, frame: Frame) -> tuple[int, ...]:
        """The objects of a frame, which is read if it was never looked at."""
        if frame not in self._found:
            self.image(frame)
        return self._found[frame]

    def mask(self, frame: Frame, label: int) -> PackedMask | None:
        """An object of a frame; None where it is not there."""
        if label not in self.labels_on(frame):
            return None
        image = self.image(frame)
        packed = None if image is None else PackedMask.pack(image == label)
        return packed if packed is not None and packed.area else None

    def learn(self, found: Mapping[Frame, Iterable[int]], complete: bool = False) -> None:
        """Take note of which objects some frames have; `complete`: no other frame has more."""
        for frame, labels in found.items():
            self._found[frame] = tuple(sorted({int(label) for label in labels} - {0}))
            self._labels.update(self._found[frame])
        if complete:
            self._largest = 0

    def may_have(self, label: int) -> bool:
        """Whether a frame, looked at or not, may have an object."""
        return label in self._labels or label <= self._largest

    def keep(self, frame: Frame) -> None:
        """Read a frame for the last time: its masks stay what they are now."""
        if frame in self._kept:
            return
        image = self.image(frame)
        self._kept[frame] = None if image is None else zlib.compress(image.tobytes(), 1)

    @property
    def labels(self) -> frozenset[int]:
        """The objects known so far."""
        return frozenset(self._labels)

    @property
    def found(self) -> Mapping[Frame, tuple[int, ...]]:
        """The objects of every frame that was looked at."""
        return self._found

    @property
    def largest(self) -> int:
        """No object has a larger label, seen or unseen."""
        return max(self._largest, max(self._labels, default=0))

    def _usable(self, frame: Frame) -> np.ndarray | None:
        try:
            return self._checked(frame)
        except Exception as error:
            if self._on_problem is None:
                raise
            # The same from now on: what was drawn without them must not change.
            self._kept[frame] = None
            lines = str(error).strip().splitlines()
            self._on_problem(lines[0] if lines else type(error).__name__)
            return None

    def _checked(self, frame: Frame) -> np.ndarray | None:
        image = self._read(frame)
        if image is None:
            return None
        image = np.asarray(image)
        if image.shape != self._shape:
            raise ValueError(
                f"the existing masks of frame {frame} have {image.shape}, "
                f"the image {self._shape} pixels"
            )
        if image.dtype.kind not in "biu":
            raise ValueError(
                f"the existing masks of frame {frame} are {image.dtype}: labels are integers"
            )
        if image.size and (image.min() < 0 or image.max() > np.iinfo(np.int32).max):
            raise ValueError(
                f"the existing masks of frame {frame} have labels from {image.min()} to "
                f"{image.max()}: they must lie between 0 and {np.iinfo(np.int32).max}"
            )
        image = image.astype(np.int32, copy=False).view()
        image.flags.writeable = False
        return image

    def _recall(self, frame: Frame) -> np.ndarray | None:
        kept = self._kept[frame]
        if kept is None:
            return None
        return np.frombuffer(zlib.decompress(kept), np.int32).reshape(self._shape)


def labels_in(image: np.ndarray) -> tuple[int, ...]:
    """The labels of a label image (non-negative integers), without the background, ascending."""
    image = np.asarray(image)
    if not image.size:
        return ()
    if image.max() < np.iinfo(np.uint16).max:
        # Ten times as fast as sorting the pixels.
        found = np.flatnonzero(np.bincount(image.ravel().astype(np.intp, copy=False)))
    else:
        found = np.unique(image)
    return tuple(found[found > 0].tolist())


def without(labels: np.ndarray, hidden: Iterable[int]) -> np.ndarray:
    """A label image without some of its objects; the same array where there are none."""
    hidden = list(hidden)
    return np.where(np.isin(labels, hidden), np.int32(0), labels) if hidden else labels
