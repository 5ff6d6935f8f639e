"""The annotation of one image: clicks, masks and edits of every object on every frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from napari_itis.annotation.exchange import Request, Result
from napari_itis.annotation.history import Change
from napari_itis.annotation.packed import PackedMask
from napari_itis.annotation.record import Frame, Record
from napari_itis.annotation.records import Key
from napari_itis.annotation.state import SessionState
from napari_itis.clicks import Click


class AnnotationSession(SessionState):
    """Clicks, masks and edits of every object on every frame of one image.

    The session knows no window, no layers and no network: it is changed by what a user does, says
    what is to be predicted (:meth:`pending`, :meth:`request`), takes the results (:meth:`apply`)
    and draws the label image of a frame (:meth:`compose`).

    Parameters
    ----------
    shape : tuple of int
        (H, W) of the image plane.
    slices : tuple of int, optional
        Sizes of the axes in front of the plane; a frame is an index into them. () for one plane.

    Raises
    ------
    ValueError
        By every method: if a frame, an object or a click lies outside.
    """

    # What there is.

    def record(self, frame: Frame, label: int) -> Record | None:
        """The record of an object on a frame; None where nothing was done."""
        return self._records.get(self._records.key(frame, label))

    def clicks(self, frame: Frame, label: int) -> tuple[Click, ...]:
        """The clicks of an object on a frame, in order."""
        record = self.record(frame, label)
        return record.clicks if record else ()

    def objects(self) -> list[int]:
        """Labels of the objects that have a click or a mask anywhere, ascending."""
        return self._records.labels()

    def frames(self, label: int | None = None) -> list[Frame]:
        """Frames on which something was done (to `label`), ascending."""
        return self._records.frames(label)

    @property
    def next_label(self) -> int:
        """The label of the next new object."""
        return max(self._records.labels(), default=0) + 1

    def visible_area(self, frame: Frame, label: int) -> int:
        """Pixels of the object in the label image of a frame."""
        record = self.record(frame, label)
        if record is None or not record.area:
            return 0
        return int(np.count_nonzero(self.compose(frame)[record.mask.box] == label))

    # What a user does. Each call is one step of undo.

    def add_click(self, frame: Frame, label: int, click: Click) -> None:
        """Add a click after the others of the object."""
        self.set_clicks(label, {frame: (*self.clicks(frame, label), click)})

    def remove_click(self, frame: Frame, label: int, index: int) -> None:
        """Remove click number `index`; the mask is predicted again from the remaining ones."""
        clicks = self._clicks_with(frame, label, index)
        del clicks[index]
        self.set_clicks(label, {frame: clicks})

    def move_click(self, frame: Frame, label: int, index: int, click: Click) -> None:
        """Put `click` in the place of click number `index`."""
        clicks = self._clicks_with(frame, label, index)
        clicks[index] = click
        self.set_clicks(label, {frame: clicks})

    def set_clicks(self, label: int, clicks: Mapping[Frame, Sequence[Click]]) -> tuple[Key, ...]:
        """Replace the clicks of an object on some frames in one step.

        Returns
        -------
        tuple of (frame, object)
            The records that have changed.
        """
        changed: dict[Key, tuple[Click, ...]] = {}
        for frame, new in clicks.items():
            key = self._records.key(frame, label)
            for click in new:
                if not click.inside(self.shape):
                    raise ValueError(
                        f"the click at y {click.y:g}, x {click.x:g} lies outside the image of "
                        f"{self.shape[0]} x {self.shape[1]} pixels"
                    )
            if tuple(new) != self.clicks(*key):
                changed[key] = tuple(new)
        self._begin(changed)
        for key, new in changed.items():
            record = self._records.get(key, Record()).with_clicks(new, self._new_revision())
            self._put(key, self._stamped(label, record))
        return tuple(changed)

    def clear(self, label: int, frame: Frame | None = None) -> tuple[Key, ...]:
        """Remove clicks, mask and edits of an object: on one frame, or everywhere (None)."""
        frames = self.frames(label) if frame is None else [self._records.frame(frame)]
        keys = [(each, label) for each in frames if (each, label) in self._records]
        self._begin(keys)
        for key in keys:
            self._put(key, Record())
        return tuple(keys)

    def set_mask(self, frame: Frame, label: int, mask: np.ndarray) -> None:
        """Start the object from an existing mask; its clicks on the frame are removed.

        Parameters
        ----------
        frame : tuple of int
        label : int
        mask : numpy.ndarray
            bool, (H, W)
        """
        key = self._records.key(frame, label)
        packed = PackedMask.pack(self._records.plane(mask))
        self._begin([key])
        record = Record(given=packed, base=packed, revision=self._new_revision())
        self._put(key, self._stamped(label, record.with_prediction(packed)))

    def paint(self, frame: Frame, before: np.ndarray, after: np.ndarray) -> tuple[Key, ...]:
        """Take over what the user has painted or erased on a frame.

        Parameters
        ----------
        frame : tuple of int
        before, after : numpy.ndarray
            int, (H, W): the label image that was on screen, and what the user has made of it.

        Returns
        -------
        tuple of (frame, object)
            The records that have changed.
        """
        return self.paint_frames({frame: (before, after)})

    def paint_frames(
        self, strokes: Mapping[Frame, tuple[np.ndarray, np.ndarray]]
    ) -> tuple[Key, ...]:
        """:meth:`paint` on several frames in one step: a brush may reach into the stack."""
        edits: dict[Key, tuple[np.ndarray, np.ndarray]] = {}
        for frame, (before, after) in strokes.items():
            before, after = self._records.plane(before), self._records.plane(after)
            changed = before != after
            for label in np.unique(np.concatenate([before[changed], after[changed]])):
                if label > 0:
                    edits[self._records.key(frame, int(label))] = (
                        changed & (after == label),
                        changed & (before == label),
                    )
            # Erased is background: what lay hidden below does not come up.
            erased = changed & (after == 0)
            if erased.any():
                frame = self._records.frame(frame)
                for label, record in self._records.on(frame).items():
                    if record.mask is None:
                        continue
                    under = erased & record.mask.unpack()
                    if under.any():
                        gained, lost = edits.get((frame, label), (np.zeros_like(under), under))
                        edits[frame, label] = (gained, lost | under)
        self._begin(edits)
        for key, (gained, lost) in edits.items():
            record = self._records.get(key, Record())
            self._put(key, record.with_edits(gained, lost, self._new_revision()))
        return tuple(edits)

    def allow_overwriting(self, label: int, allowed: bool) -> tuple[Key, ...]:
        """Say whether an object may cover the pixels of others.

        Covered pixels are not lost: they come back when the permission is taken away.

        Returns
        -------
        tuple of (frame, object)
            The records that have changed; a step of undo if there are any.
        """
        (self._covering.add if allowed else self._covering.discard)(label)
        keys = [
            (frame, label)
            for frame in self.frames(label)
            if bool(self._records[frame, label].on_top) != allowed
        ]
        self._begin(keys)
        for key in keys:
            stamp = self._new_stamp() if allowed else 0
            self._put(key, replace(self._records[key], on_top=stamp))
        return tuple(keys)

    def overwrites(self, label: int) -> bool:
        """Whether an object may cover the pixels of others."""
        return label in self._covering

    def commit(self, label: int) -> None:
        """Mark an object as done on every frame it has; until it is changed again. No undo step."""
        for frame in self.frames(label):
            self._records[frame, label] = replace(self._records[frame, label], committed=True)

    def undo(self) -> Change | None:
        """Take back the last step, on whatever frame it was; None where there is none."""
        return self._exchanged(self._history.undo(self._records))

    def redo(self) -> Change | None:
        """Take back the last undo; None where there is none."""
        return self._exchanged(self._history.redo(self._records))

    # What the network does.

    def pending(self) -> list[Key]:
        """The (frame, object) pairs whose mask waits for a prediction."""
        return [key for key, record in self._records.items() if not record.fresh]

    def request(self, frame: Frame, label: int) -> Request | None:
        """What is to be predicted for an object on a frame; None where the mask is up to date."""
        key = self._records.key(frame, label)
        record = self._records.get(key)
        if record is None or record.fresh:
            return None
        return Request(*key, record.revision, record.clicks, record.base, record.seen)

    def apply(self, result: Result) -> bool:
        """Take over a prediction.

        Returns
        -------
        bool
            False if the clicks have changed since it was requested: then nothing happens.
        """
        key = self._records.key(result.frame, result.object)
        record = self._records.get(key)
        if record is None or record.fresh or record.revision != result.revision:
            return False
        if result.mask.shape != self.shape:
            raise ValueError(
                f"the predicted mask has {result.mask.shape}, the image {self.shape} pixels"
            )
        self._put(key, record.with_prediction(result.mask if result.mask.area else None))
        return True

    # Underneath.

    def _clicks_with(self, frame: Frame, label: int, index: int) -> list[Click]:
        clicks = list(self.clicks(frame, label))
        if not 0 <= index < len(clicks):
            raise ValueError(f"there is no click number {index}: the object has {len(clicks)} here")
        return clicks
