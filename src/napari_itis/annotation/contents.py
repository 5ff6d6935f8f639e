"""What an annotation holds: records of objects on frames, over the masks that existed before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from types import MappingProxyType

import numpy as np

from napari_itis.annotation.composition import Labels, compose
from napari_itis.annotation.existing import ExistingMasks, without
from napari_itis.annotation.packed import PackedMask
from napari_itis.annotation.record import Frame, Record, State
from napari_itis.annotation.records import Key, Records
from napari_itis.annotation.tiles import TiledLabels
from napari_itis.clicks import Click


@dataclass(frozen=True, slots=True)
class ObjectFacts:
    """What is said of an object on all frames at once.

    Parameters
    ----------
    name : str
    covers : bool
        Whether it may cover the pixels of others.
    deleted : bool
        Whether it was deleted from the existing masks, on every frame.
    """

    name: str = ""
    covers: bool = False
    deleted: bool = False


class SessionContents:
    """What there is in a session, to be read.

    A session is one, and so is a snapshot of it (:meth:`AnnotationSession.snapshot`), which stays
    as it is and may be read in another thread.

    Parameters
    ----------
    shape : tuple of int
        (H, W) of the image plane.
    slices : tuple of int
        Sizes of the axes in front of the plane.
    """

    def __init__(self, shape: Sequence[int], slices: Sequence[int] = ()) -> None:
        self._records = Records(shape, slices)
        self._existing = ExistingMasks(lambda frame: None, self._records.shape, labels=())
        self._facts: dict[int, ObjectFacts] = {}

    @classmethod
    def of(
        cls, shape: Sequence[int], slices: Sequence[int], facts: Mapping[int, ObjectFacts]
    ) -> SessionContents:
        """Contents to be filled (:meth:`add`)."""
        contents = cls(shape, slices)
        contents._facts = dict(facts)
        return contents

    def add(self, frame: Frame, label: int, record: Record, held: PackedMask | None) -> None:
        """Put in a record, and which pixels the object held.

        Raises
        ------
        ValueError
            If there is one already, or the frame lies outside.
        """
        key = self._records.key(frame, label)
        if key in self._records:
            raise ValueError(f"object {label} has a second record on frame {frame}")
        self._records[key] = record
        if held is not None:
            self._records.held.setdefault(key[0], {})[label] = held

    def _copy_from(self, other: SessionContents) -> None:
        self._records = other._records.copy()
        self._existing = other._existing.copy()
        self._facts = dict(other._facts)

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W) of the image plane."""
        return self._records.shape

    @property
    def slices(self) -> Frame:
        """Sizes of the axes in front of the plane."""
        return self._records.slices

    @property
    def records(self) -> Mapping[Key, Record]:
        """The records by (frame, object); objects that nobody has touched have none."""
        return MappingProxyType(self._records)

    def held(self, frame: Frame) -> Mapping[int, PackedMask]:
        """Which pixels the objects of a frame held when masks were last about to change."""
        return MappingProxyType(self._records.held.get(self._records.frame(frame), {}))

    @property
    def facts(self) -> Mapping[int, ObjectFacts]:
        """What is said of objects on all frames at once; others have nothing said of them."""
        return MappingProxyType(self._facts)

    def compose(self, frame: Frame) -> np.ndarray:
        """The label image of a frame.

        Returns
        -------
        numpy.ndarray
            int32, (H, W), read-only; 0 is background.
        """
        labels = self.drawing(frame)
        if isinstance(labels, TiledLabels):
            labels = np.asarray(labels)
            labels.flags.writeable = False
        return labels

    def drawing(self, frame: Frame) -> Labels:
        """The label image of a frame as it was drawn: a large one in tiles, see `TiledLabels`.

        Returns
        -------
        numpy.ndarray or TiledLabels
            int32, (H, W), not to be changed; 0 is background.
        """
        frame = self._records.frame(frame)
        labels = compose(
            self._records.on(frame),
            self.shape,
            self._untouched(frame),
            self._records.held.get(frame, {}),
        )
        if isinstance(labels, np.ndarray):
            labels.flags.writeable = False
        return labels

    # Objects.

    def objects(self) -> list[int]:
        """Labels of the objects that have a click or a mask anywhere, ascending.

        Of the existing masks, those are in it that are known so far.
        """
        return sorted({*self._records.objects(), *self.existing_objects})

    @property
    def existing_objects(self) -> frozenset[int]:
        """Objects of the existing masks, as far as they are known, but for deleted ones."""
        return self._existing.labels - self.deleted

    @property
    def all_looked_at(self) -> bool:
        """Whether the existing masks of every frame are known."""
        return len(self._existing.found) >= prod(self.slices)

    @property
    def masks_source(self) -> object:
        """Where the existing masks come from; None where there are none, or nobody has said."""
        return self._existing.source

    @property
    def next_label(self) -> int:
        """The label of the next new object; no frame has one as large, looked at or not."""
        return max([self._existing.largest, *self._records.labels()]) + 1

    @property
    def deleted(self) -> frozenset[int]:
        """Objects of the existing masks that were deleted on every frame."""
        return frozenset(label for label, facts in self._facts.items() if facts.deleted)

    @property
    def names(self) -> dict[int, str]:
        """The names of the objects that have one."""
        return {label: facts.name for label, facts in self._facts.items() if facts.name}

    def overwrites(self, label: int) -> bool:
        """Whether an object may cover the pixels of others."""
        return self._facts_of(label).covers

    # An object on a frame.

    def record(self, frame: Frame, label: int) -> Record | None:
        """The record of an object on a frame; None where there is nothing of it.

        For an object of the existing masks that nobody has touched, it is made on the spot.
        """
        key = self._records.key(frame, label)
        record = self._records.get(key)
        if record is not None:
            return record
        mask = self._existing_mask(*key)
        return None if mask is None else Record.started_from(mask, 0, existing=mask)

    def clicks(self, frame: Frame, label: int) -> tuple[Click, ...]:
        """The clicks of an object on a frame, in order."""
        record = self._records.get(self._records.key(frame, label))
        return record.clicks if record else ()

    def state(self, frame: Frame, label: int) -> State | None:
        """How far an object is on a frame; None where there is nothing of it.

        The existing masks of the frame are read if nobody has looked at them yet.
        """
        key = self._records.key(frame, label)
        record = self._records.get(key)
        if record is not None:
            return record.state
        return State.AUTOMATIC if self._is_existing(*key) else None

    def states(self, label: int) -> dict[Frame, State]:
        """How far an object is on every frame it is known to be on; reads nothing."""
        found = dict.fromkeys(self._seen_untouched(label), State.AUTOMATIC)
        for frame, record in self._records.of(label):
            if record.state is not None:
                found[frame] = record.state
        return found

    def visible_area(self, frame: Frame, label: int) -> int:
        """Pixels of the object in the label image of a frame."""
        key = self._records.key(frame, label)
        record = self._records.get(key)
        if record is None:
            there = self._is_existing(*key)
            mask = self._existing_mask(*key) if there else None
            return int(np.count_nonzero(self.drawing(frame)[mask.box] == label)) if mask else 0
        if not record.area:
            return 0
        return int(np.count_nonzero(self.drawing(frame)[record.mask.box] == label))

    # Frames.

    def frames(self, label: int | None = None) -> list[Frame]:
        """Frames that are known to have something (of `label`), ascending.

        Something was done on them, or they were looked at and have existing masks.
        """
        if label is None:
            deleted, found = self.deleted, self._existing.found.items()
            seen = (frame for frame, labels in found if not deleted.issuperset(labels))
            return sorted({*self._records.frames(), *seen})
        held = (frame for frame, record in self._records.of(label) if record.holds_object)
        return sorted({*held, *self._seen_untouched(label)})

    def clicked_frames(self, label: int) -> list[Frame]:
        """Frames on which an object has clicks, ascending."""
        return sorted(frame for frame, record in self._records.of(label) if record.clicks)

    def records_on(self, frame: Frame) -> dict[int, Record]:
        """The records of one frame by their objects."""
        return self._records.on(self._records.frame(frame))

    def labels_on(self, frame: Frame) -> set[int]:
        """Objects that have something on a frame; its existing masks are read if need be."""
        frame = self._records.frame(frame)
        existing = set(self._existing.labels_on(frame)) - self.deleted
        records = self._records.on(frame)
        held = {label for label, record in records.items() if record.holds_object}
        return held | existing.difference(records)

    def untouched(self) -> Iterator[Key]:
        """Objects of the existing masks without a record, on the frames that are known."""
        deleted = self.deleted
        for frame, labels in self._existing.found.items():
            for label in labels:
                if label not in deleted and (frame, label) not in self._records:
                    yield frame, label

    def changed_frames(self) -> list[Frame]:
        """Frames that may look otherwise than the existing masks, ascending; reads nothing.

        Where an object was deleted on every frame (:attr:`deleted`), the frames that nobody has
        looked at are missing: ask :meth:`is_changed` for them.
        """
        changed = {frame for (frame, _), record in self._records.items() if record.differs}
        for label in self.deleted:
            found = self._existing.found.items()
            changed.update(frame for frame, labels in found if label in labels)
        return sorted(changed)

    def is_changed(self, frame: Frame) -> bool:
        """Whether a frame may look otherwise than its existing masks."""
        frame = self._records.frame(frame)
        if any(record.differs for record in self._records.on(frame).values()):
            return True
        deleted = self.deleted
        return bool(deleted) and not deleted.isdisjoint(self._existing.labels_on(frame))

    # Underneath.

    def _facts_of(self, label: int) -> ObjectFacts:
        return self._facts.get(label, ObjectFacts())

    def _untouched(self, frame: Frame) -> np.ndarray | None:
        image = self._existing.image(frame)
        if image is None:
            return None
        hidden = self.deleted.union(self._records.on(frame))
        return without(image, hidden.intersection(self._existing.labels_on(frame)))

    def _is_existing(self, frame: Frame, label: int) -> bool:
        return not self._facts_of(label).deleted and label in self._existing.labels_on(frame)

    def _existing_mask(self, frame: Frame, label: int) -> PackedMask | None:
        return self._existing.mask(frame, label) if self._is_existing(frame, label) else None

    def _seen_untouched(self, label: int) -> list[Frame]:
        if self._facts_of(label).deleted:
            return []
        return [
            frame
            for frame, labels in self._existing.found.items()
            if label in labels and (frame, label) not in self._records
        ]
