"""The records of a session, found by frame and object."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Iterator, MutableMapping, Sequence

import numpy as np

from napari_itis.annotation.packed import PackedMask
from napari_itis.annotation.record import Frame, Record

Key = tuple[Frame, int]


class Records(MutableMapping[Key, Record]):
    """Records by (frame, object); only those that exist take memory.

    Parameters
    ----------
    shape : tuple of int
        (H, W) of the image plane.
    slices : tuple of int
        Sizes of the axes in front of the plane.

    Attributes
    ----------
    held : dict of frame to dict of int to PackedMask
        The pixels that were an object's own when masks on a frame were last about to change. No
        other object takes them away unless the user says so.
    """

    def __init__(self, shape: Sequence[int], slices: Sequence[int]) -> None:
        self.shape: tuple[int, int] = (int(shape[0]), int(shape[1]))
        self.slices: Frame = tuple(int(size) for size in slices)
        self._frames: dict[Frame, dict[int, Record]] = {}
        self.held: dict[Frame, dict[int, PackedMask]] = {}
        # Asked for at every event of a window, however many frames there are.
        self._labels: Counter[int] = Counter()
        self._objects: Counter[int] = Counter()

    def copy(self) -> Records:
        """The same records, unmoved by what happens to these."""
        other = Records(self.shape, self.slices)
        other._frames = {frame: dict(objects) for frame, objects in self._frames.items()}
        # A frame's holdings are replaced as a whole, never changed.
        other.held = dict(self.held)
        other._labels, other._objects = Counter(self._labels), Counter(self._objects)
        return other

    def __getitem__(self, key: Key) -> Record:
        return self._frames[key[0]][key[1]]

    def __setitem__(self, key: Key, record: Record) -> None:
        """Keep a record; one that holds nothing is forgotten."""
        if record.empty:
            self.pop(key, None)
            return
        self._count(key, -1)
        self._frames.setdefault(key[0], {})[key[1]] = record
        self._count(key, 1)

    def __delitem__(self, key: Key) -> None:
        frame, label = key
        if label not in self._frames.get(frame, {}):
            raise KeyError(key)
        self._count(key, -1)
        del self._frames[frame][label]
        if not self._frames[frame]:
            del self._frames[frame]

    def __contains__(self, key: object) -> bool:
        frame, label = key
        return label in self._frames.get(frame, {})

    def __iter__(self) -> Iterator[Key]:
        return ((frame, label) for frame, objects in self._frames.items() for label in objects)

    def __len__(self) -> int:
        return sum(map(len, self._frames.values()))

    def on(self, frame: Frame) -> dict[int, Record]:
        """The objects of one frame."""
        return dict(self._frames.get(frame, {}))

    def of(self, label: int) -> Iterator[tuple[Frame, Record]]:
        """The frames and records of one object."""
        for frame, objects in self._frames.items():
            if label in objects:
                yield frame, objects[label]

    def labels(self) -> list[int]:
        """Labels with a record anywhere, ascending."""
        return sorted(self._labels)

    def objects(self) -> list[int]:
        """Objects that a record anywhere has something of, ascending."""
        return sorted(self._objects)

    def frames(self, label: int | None = None) -> list[Frame]:
        """Frames with a record (of `label`), ascending."""
        return sorted(
            frame for frame, objects in self._frames.items() if label is None or label in objects
        )

    def key(self, frame: Sequence[int], label: int) -> Key:
        """Frame and object, checked.

        Raises
        ------
        ValueError
            If the frame lies outside the stack or the label is not one of an object.
        """
        return self.frame(frame), self.label(label)

    def label(self, label: int) -> int:
        """An object, checked.

        Raises
        ------
        ValueError
            If the label is not one of an object.
        """
        label = operator.index(label)
        if not 1 <= label <= np.iinfo(np.int32).max:
            raise ValueError(f"an object is a label from 1, not {label}")
        return label

    def frame(self, frame: Sequence[int]) -> Frame:
        """A frame, checked.

        Raises
        ------
        ValueError
            If it lies outside the stack.
        """
        frame = tuple(operator.index(index) for index in frame)
        if len(frame) != len(self.slices) or any(
            not 0 <= index < size for index, size in zip(frame, self.slices)
        ):
            raise ValueError(f"frame {frame} lies outside the stack of {self.slices}")
        return frame

    def plane(self, plane: np.ndarray) -> np.ndarray:
        """An array of the size of the image plane, checked.

        Raises
        ------
        ValueError
            If its shape is another one.
        """
        plane = np.asarray(plane)
        if plane.shape != self.shape:
            raise ValueError(f"the mask has {plane.shape}, the image {self.shape} pixels")
        return plane

    def packed(self, mask: np.ndarray | PackedMask) -> PackedMask:
        """A mask of the image plane, packed and checked.

        Raises
        ------
        ValueError
            If its shape is another one.
        """
        if not isinstance(mask, PackedMask):
            return PackedMask.pack(self.plane(mask))
        if mask.shape != self.shape:
            raise ValueError(f"the mask has {mask.shape}, the image {self.shape} pixels")
        return mask

    def _count(self, key: Key, by: int) -> None:
        frame, label = key
        record = self._frames.get(frame, {}).get(label)
        if record is None:
            return
        counters = [self._labels, self._objects] if record.holds_object else [self._labels]
        for counter in counters:
            counter[label] += by
            if not counter[label]:
                del counter[label]
