"""Which object a pixel belongs to, where the masks of several objects meet."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from napari_itis.annotation.packed import PackedMask, pack_part
from napari_itis.annotation.record import Record
from napari_itis.annotation.tiles import LARGE_PLANE, TiledLabels, paint
from napari_itis.inference.patch import Box

Labels = np.ndarray | TiledLabels
"""A label image of a plane, int32 (H, W)."""


def compose(
    records: Mapping[int, Record],
    shape: tuple[int, int],
    untouched: np.ndarray | None = None,
    held: Mapping[int, PackedMask] = MappingProxyType({}),
) -> Labels:
    """Draw the objects of one frame into one label image.

    From the weakest claim on a pixel to the strongest: an object's mask; a mask that held the
    pixel when masks on the frame were last about to change, as every untouched one does; an object
    that may cover others; the user's brush. Among equals the earlier object keeps the pixel.

    Parameters
    ----------
    records : mapping of int to Record
        The objects of the frame.
    shape : tuple of int
        (H, W)
    untouched : numpy.ndarray, optional
        int32, (H, W): the existing objects that have no record.
    held : mapping of int to PackedMask, optional
        Which pixels the objects held.

    Returns
    -------
    numpy.ndarray or TiledLabels
        int32, (H, W); 0 is background. In tiles if the plane is large and no existing masks fill
        it anyway.
    """
    if untouched is not None and not records:
        return untouched
    large = untouched is None and shape[0] * shape[1] > LARGE_PLANE
    labels: Labels = TiledLabels(shape) if large else np.zeros(shape, np.int32)
    shown = [(label, record) for label, record in sorted(records.items()) if record.area]
    beneath = [(label, record) for label, record in reversed(shown) if not record.on_top]
    for label, record in beneath:
        record.mask.draw(labels, label)
    if untouched is not None:
        np.copyto(labels, untouched, where=untouched != 0)
    for label, record in beneath:
        if held.get(label) is record.mask:
            record.mask.draw(labels, label)
        elif label in held:
            _draw_both(labels, label, held[label], record.mask)
    for label, record in sorted(shown, key=lambda item: item[1].on_top):
        if record.on_top:
            record.mask.draw(labels, label)
    for label, record in shown:
        if record.added is not None:
            _draw_both(labels, label, record.added, record.mask)
    return labels


def held_pixels(records: Mapping[int, Record], labels: Labels) -> dict[int, PackedMask]:
    """The pixels of a label image that are each object's; its mask itself if it has them all."""
    held = {}
    for label, record in records.items():
        if record.area:
            own = labels[record.mask.box] == label
            area = int(np.count_nonzero(own))
            if area == record.mask.area:
                held[label] = record.mask
            elif area:
                held[label] = pack_part(record.mask.shape, record.mask.box, own)
    return held


def _draw_both(labels: Labels, label: int, first: PackedMask, second: PackedMask) -> None:
    """Draw the pixels that lie in both masks."""
    box = tuple(
        slice(max(a.start, b.start), min(a.stop, b.stop)) for a, b in zip(first.box, second.box)
    )
    if any(part.start >= part.stop for part in box):
        return
    both = np.logical_and(*(_cut(mask, box) for mask in (first, second)))
    paint(labels, box, both, label)


def _cut(mask: PackedMask, box: tuple[slice, ...]) -> np.ndarray:
    inner = tuple(
        slice(part.start - whole.start, part.stop - whole.start)
        for part, whole in zip(box, mask.box)
    )
    return mask.crop[inner]


def is_drawn_as(drawn: Labels, labels: np.ndarray) -> bool:
    """Whether a drawn label image has the pixels of an array."""
    if isinstance(drawn, TiledLabels):
        return drawn.equals(labels)
    return np.array_equal(drawn, labels)


def whole_box(labels: Labels) -> Box:
    """All rows and columns of a label image."""
    return slice(0, labels.shape[0]), slice(0, labels.shape[1])


def changed_box(before: Labels, after: Labels) -> Box | None:
    """Rows and columns within which two label images differ; None where they do not."""
    if before is after:
        return None
    if isinstance(before, TiledLabels) and isinstance(after, TiledLabels):
        return before.changed_box(after)
    before, after = np.asarray(before), np.asarray(after)
    differs = before != after
    rows = np.flatnonzero(differs.any(axis=1))
    if not rows.size:
        return None
    band = slice(int(rows[0]), int(rows[-1]) + 1)
    columns = np.flatnonzero(differs[band].any(axis=0))
    return band, slice(int(columns[0]), int(columns[-1]) + 1)
