"""What is known about one object on one frame."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from napari_itis.annotation.packed import PackedMask, difference, union
from napari_itis.clicks import Click

Frame = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """The state of one object on one frame; immutable, so that undo exchanges whole records.

    Parameters
    ----------
    clicks : tuple of Click
        In the order in which they were made.
    given : PackedMask, optional
        The mask the object started from, before any click.
    base : PackedMask, optional
        The mask the next prediction starts from: the given one, or, once the user has painted,
        what was on screen then.
    seen : int
        How many leading clicks `base` already reflects.
    prediction : PackedMask, optional
        The last prediction. Not `fresh`, it is what stays on screen until the next one arrives.
    fresh : bool
        Whether `prediction` belongs to `base` and `clicks`.
    added, removed : PackedMask, optional
        What the user has painted and erased. Applied on top of every later prediction.
    mask : PackedMask, optional
        The prediction with the user's edits.
    held : PackedMask, optional
        The pixels that were the object's own when anything was last changed on this frame. No
        other object takes them away unless the user says so.
    on_top : int
        0: the object leaves the pixels of others alone. Otherwise it covers them, and the larger
        of two numbers wins.
    committed : bool
        Whether the user has gone on from this object.
    revision : int
        Names `base`, `seen` and `clicks`: two records of a session share it only if these agree.
    """

    clicks: tuple[Click, ...] = ()
    given: PackedMask | None = None
    base: PackedMask | None = None
    seen: int = 0
    prediction: PackedMask | None = None
    fresh: bool = True
    added: PackedMask | None = None
    removed: PackedMask | None = None
    mask: PackedMask | None = None
    held: PackedMask | None = None
    on_top: int = 0
    committed: bool = False
    revision: int = 0

    @property
    def empty(self) -> bool:
        """Whether nothing is left that a user has made or would see."""
        return not (self.clicks or self.given or self.added or self.area)

    @property
    def area(self) -> int:
        """Pixels of the mask, those that another object covers included."""
        return self.mask.area if self.mask else 0

    def with_clicks(self, clicks: tuple[Click, ...], revision: int) -> Record:
        """The record after its clicks were changed in any way; the prediction turns stale."""
        kept = _common_prefix(self.clicks, clicks)
        base, seen = self.base, self.seen
        if kept < seen:
            # The base on screen contains a click that is gone: only the mask from before all
            # clicks is free of it. What the user painted lies on top and stays.
            base, seen = self.given, 0
        added, removed = self.added, self.removed
        for click in clicks[kept:]:
            if click in self.clicks:
                continue
            # The newer of two contradicting statements of the user holds.
            if click.positive:
                removed = _without_region(removed, click.pixel)
            else:
                added = _without_region(added, click.pixel)
        record = replace(
            self,
            clicks=clicks,
            base=base,
            seen=seen,
            fresh=False,
            added=added,
            removed=removed,
            committed=False,
            revision=revision,
        )
        # Nothing to predict: the mask is known at once, without the network.
        return record.with_prediction(base) if len(clicks) <= seen else record._with_mask()

    def with_prediction(self, prediction: PackedMask | None) -> Record:
        """The record once the prediction for its clicks is there."""
        return replace(self, prediction=prediction, fresh=True)._with_mask()

    def with_edits(self, gained: np.ndarray, lost: np.ndarray, revision: int) -> Record:
        """The record after the user painted; `gained` and `lost` are bool (H, W)."""
        record = replace(
            self,
            added=difference(union(self.added, gained), lost),
            removed=difference(union(self.removed, lost), gained),
            committed=False,
        )._with_mask()
        if not record.fresh:
            # The click on its way has not been seen by anything on screen yet.
            return record
        return replace(
            record,
            base=record.mask,
            seen=len(record.clicks),
            prediction=record.mask,
            revision=revision,
        )

    def _with_mask(self) -> Record:
        if self.added is None and self.removed is None:
            return replace(self, mask=self.prediction)
        mask = union(self.prediction, self.added.unpack()) if self.added else self.prediction
        if self.removed:
            mask = difference(mask, self.removed.unpack())
        return replace(self, mask=mask)


def _common_prefix(first: tuple[Click, ...], second: tuple[Click, ...]) -> int:
    count = 0
    for one, other in zip(first, second):
        if one != other:
            break
        count += 1
    return count


def _without_region(mask: PackedMask | None, pixel: tuple[int, int]) -> PackedMask | None:
    """`mask` without the connected region that holds `pixel`."""
    if mask is None or pixel not in mask:
        return mask
    regions, _ = ndimage.label(mask.unpack(), np.ones((3, 3)))
    return difference(mask, regions == regions[pixel])
