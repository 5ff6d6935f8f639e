"""What is known about one object on one frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
from scipy import ndimage

from napari_itis.annotation.packed import PackedMask, difference, pack_part, union
from napari_itis.clicks import Click

Frame = tuple[int, ...]


class State(StrEnum):
    """How far an object is on a frame."""

    AUTOMATIC = "automatic"
    """It has a mask that the user has not touched: an existing or a propagated one."""
    CORRECTED = "corrected"
    """It has clicks or edits of the user, or the user has removed the mask it had."""
    COMMITTED = "committed"
    """The user has said that it is done."""


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
    on_top : int
        0: the object leaves the pixels of others alone. Otherwise it covers them, and the larger
        of two numbers wins.
    existing : PackedMask, optional
        The object in the existing masks of the frame. The record stands in for it.
    cleared : bool
        Whether the user has removed the existing mask.
    committed : bool
        Whether the user has said that the object is done here.
    tidied : bool
        Whether the user has tidied the mask as a whole.
    revision : int
        Names `base`, `seen` and `clicks`: two records of a session share it only if these agree.
    made : tuple of float
        When each click was made, in seconds since 1970 (UTC). Two records that differ in nothing
        else are equal.
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
    on_top: int = 0
    existing: PackedMask | None = None
    cleared: bool = False
    committed: bool = False
    tidied: bool = False
    revision: int = 0
    made: tuple[float, ...] = field(default=(), compare=False)

    @classmethod
    def started_from(cls, mask: PackedMask | None, revision: int, **kept: object) -> Record:
        """A record that says what a mask says, and nothing more."""
        record = cls(given=mask, base=mask, prediction=mask, mask=mask, revision=revision)
        return replace(record, **kept)

    @property
    def holds_object(self) -> bool:
        """Whether there is something of the object that a user has made or would see."""
        return bool(self.clicks or self.given or self.added or self.area)

    @property
    def empty(self) -> bool:
        """Whether forgetting the record would change nothing."""
        return not (self.holds_object or self.existing or self.committed)

    @property
    def differs(self) -> bool:
        """Whether the object may look otherwise than in the existing masks."""
        return self.mask != self.existing or bool(self.on_top)

    @property
    def state(self) -> State | None:
        """How far the object is; None where there is neither a mask nor a word of the user."""
        if self.committed:
            return State.COMMITTED
        if self.clicks or self.added or self.removed or self.cleared or self.tidied:
            return State.CORRECTED
        return State.AUTOMATIC if self.area else None

    @property
    def area(self) -> int:
        """Pixels of the mask, those that another object covers included."""
        return self.mask.area if self.mask else 0

    def masks(self) -> Iterator[PackedMask]:
        """Every mask in it, one that is there twice twice."""
        for mask in (
            self.given,
            self.base,
            self.prediction,
            self.added,
            self.removed,
            self.mask,
            self.existing,
        ):
            if mask is not None:
                yield mask

    def with_clicks(self, clicks: tuple[Click, ...], revision: int, now: float) -> Record:
        """The record after its clicks were changed in any way; the prediction turns stale.

        Clicks that are new were made `now`.
        """
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
            made=self._times(clicks, now),
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

    def with_tidied(self, mask: PackedMask, revision: int) -> Record:
        """The record after the user tidied its mask as a whole; the prediction must be fresh.

        The next click starts from the tidied mask. Unlike brush strokes nothing of it is forced
        in or out: an outline that was smoothed would stay as a scar where the mask grows over it.
        """
        base, added, removed = mask if mask.area else None, self.added, self.removed
        if added is not None or removed is not None:
            pixels = mask.unpack()
            added, removed = difference(added, ~pixels), difference(removed, pixels)
        return replace(
            self,
            # Without clicks it is what the object starts from, also once clicks have come and gone.
            given=self.given if self.clicks else base,
            base=base,
            seen=len(self.clicks),
            prediction=base,
            added=added,
            removed=removed,
            mask=base,
            committed=False,
            tidied=True,
            revision=revision,
        )

    def cleared_by_user(self, revision: int) -> Record:
        """What is left when the user removes everything."""
        return Record(existing=self.existing, cleared=self.existing is not None, revision=revision)

    def _times(self, clicks: tuple[Click, ...], now: float) -> tuple[float, ...]:
        known: dict[Click, list[float]] = {}
        for click, made in zip(self.clicks, self.made):
            known.setdefault(click, []).append(made)
        return tuple(known[click].pop(0) if known.get(click) else now for click in clicks)

    def _with_mask(self) -> Record:
        if self.added is None and self.removed is None:
            return replace(self, mask=self.prediction)
        mask = union(self.prediction, self.added) if self.added else self.prediction
        if self.removed:
            mask = difference(mask, self.removed)
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
    patch = mask.patch()
    regions, _ = ndimage.label(patch.pixels, np.ones((3, 3)))
    region = regions == regions[pixel[0] - patch.top, pixel[1] - patch.left]
    return difference(mask, pack_part(mask.shape, mask.box, region))
