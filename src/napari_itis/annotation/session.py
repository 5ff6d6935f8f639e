"""The annotation of one image: clicks, masks and edits of every object on every frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from napari_itis.annotation.contents import SessionContents
from napari_itis.annotation.history import Change
from napari_itis.annotation.packed import PackedMask
from napari_itis.annotation.record import Frame, Record
from napari_itis.annotation.records import Key
from napari_itis.annotation.statements import SessionStatements
from napari_itis.clicks import Click


class AnnotationSession(SessionStatements):
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
    clock : callable, optional
        Seconds since 1970 (UTC), for the times of clicks.

    Raises
    ------
    ValueError
        By every method: if a frame, an object or a click lies outside.
    """

    def snapshot(self) -> SessionContents:
        """What there is now, to be read in another thread; cheap, as records are shared."""
        contents = SessionContents(self.shape, self.slices)
        contents._copy_from(self)
        return contents

    @classmethod
    def restore(cls, contents: SessionContents) -> AnnotationSession:
        """A session that goes on from a snapshot, with nothing to undo."""
        session = cls(contents.shape, contents.slices)
        session._copy_from(contents)
        records = contents.records.values()
        session._revisions = max((record.revision for record in records), default=0)
        session._stamps = max((record.on_top for record in records), default=0)
        return session

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
            record = self._records.get(key, Record())
            record = record.with_clicks(new, self._new_revision(), self._clock())
            self._put(key, self._stamped(label, record))
        return tuple(changed)

    def clear(self, label: int, frame: Frame | None = None) -> tuple[Key, ...]:
        """Remove clicks, mask and edits of an object: on one frame, or everywhere (None).

        Returns
        -------
        tuple of (frame, object)
            The records that have changed, and where the object was on screen. An object of the
            existing masks goes from every other frame too, which is not in it.
        """
        if frame is None:
            return self._delete(label)
        key = self._records.key(frame, label)
        record = self.record(*key)
        if record is None or record.cleared_by_user(record.revision) == record:
            return ()
        self._begin([key], grows=False)
        self._put(key, self._records[key].cleared_by_user(self._new_revision()))
        return (key,)

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
        packed = self._records.packed(mask)
        self._begin([key])
        existing = self._records.get(key, Record()).existing
        record = Record.started_from(packed, self._new_revision(), existing=existing)
        self._put(key, self._stamped(label, record))

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
                for label, under in self._masks_under(frame, erased):
                    gained, lost = edits.get((frame, label), (np.zeros_like(under), under))
                    edits[frame, label] = (gained, lost | under)
        self._begin(edits)
        for key, (gained, lost) in edits.items():
            record = self._records.get(key, Record())
            self._put(key, record.with_edits(gained, lost, self._new_revision()))
        return tuple(edits)

    def tidy(self, label: int, masks: Mapping[Frame, PackedMask]) -> tuple[Key, ...]:
        """Put tidied masks of an object in the place of those it has, in one step.

        Parameters
        ----------
        label : int
        masks : mapping of frame to PackedMask
            What :func:`napari_itis.annotation.tidying.tidied` has made of the masks of the records.

        Returns
        -------
        tuple of (frame, object)
            The records that have changed. Where the object has no mask, or one that still waits
            for a prediction, nothing happens.
        """
        changed: dict[Key, PackedMask] = {}
        for frame, mask in masks.items():
            key = self._records.key(frame, label)
            record, mask = self.record(*key), self._records.packed(mask)
            if record is not None and record.fresh and record.area and record.mask != mask:
                changed[key] = mask
        self._begin(changed)
        for key, mask in changed.items():
            self._put(key, self._records[key].with_tidied(mask, self._new_revision()))
        return tuple(changed)

    def undo(self) -> Change | None:
        """Take back the last step, on whatever frame it was.

        Returns
        -------
        Change or None
            None where there is no step, or an open one (:meth:`begin_step`) that nothing was
            written in yet: it ends.
        """
        return self._go(self._history.undo)

    def redo(self) -> Change | None:
        """Take back the last undo; None where there is none."""
        return self._go(self._history.redo)

    # Underneath.

    def _clicks_with(self, frame: Frame, label: int, index: int) -> list[Click]:
        clicks = list(self.clicks(frame, label))
        if not 0 <= index < len(clicks):
            raise ValueError(f"there is no click number {index}: the object has {len(clicks)} here")
        return clicks

    def _delete(self, label: int) -> tuple[Key, ...]:
        keys = [(frame, label) for frame in self._records.frames(label)]
        places = [key for key in self._places(label) if self._is_existing(*key)]
        if self._existing.may_have(label) and not self._facts_of(label).deleted:
            self._begin_facts(label, keys, deleted=True)
            self._drawn.clear()
        elif label in self._facts and not self._facts[label].deleted:
            # The next new object may get its label.
            self._begin_facts(label, keys, name="", covers=False)
        else:
            self._begin(keys, grows=False)
        for key in keys:
            self._put(key, Record())
        return tuple(dict.fromkeys((*keys, *places)))
