"""What there is of each object, all objects at once: one by one takes too long for a window."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from napari_itis.annotation.contents import SessionContents
from napari_itis.annotation.record import Frame


@dataclass(slots=True)
class ObjectSummary:
    """An object in figures.

    Parameters
    ----------
    clicks : int
        On all frames.
    frames : list of Frame
        Where it is known to be, ascending.
    """

    clicks: int = 0
    frames: list[Frame] = field(default_factory=list)


def summarize(contents: SessionContents) -> dict[int, ObjectSummary]:
    """Count clicks and frames of every object; reads no masks.

    Parameters
    ----------
    contents : SessionContents

    Returns
    -------
    dict of int to ObjectSummary
        In the order of the labels. Of existing masks, objects and frames are in it as far as they
        are known.
    """
    found = {label: ObjectSummary() for label in contents.objects()}
    for (frame, label), record in contents.records.items():
        if record.holds_object:
            summary = found[label]
            summary.clicks += len(record.clicks)
            summary.frames.append(frame)
    for frame, label in contents.untouched():
        if label in found:
            found[label].frames.append(frame)
    for summary in found.values():
        summary.frames.sort()
    return found


def visible_areas(contents: SessionContents, frame: Frame) -> dict[int, int]:
    """Pixels of the objects in the label image of a frame.

    Parameters
    ----------
    contents : SessionContents
    frame : tuple of int

    Returns
    -------
    dict of int to int
        Pixels by label; objects that have none are not in it.
    """
    records = contents.records_on(frame)
    labels = contents.drawing(frame)
    areas = {}
    if not contents.labels_on(frame) <= records.keys():
        # Where there are existing masks, it is never in tiles.
        areas = _count(np.asarray(labels))
    else:
        # Next to nothing where objects are small, however large the image is.
        for label, record in records.items():
            if record.mask is not None:
                areas[label] = int(np.count_nonzero(labels[record.mask.box] == label))
    return {label: area for label, area in areas.items() if area}


def _count(labels: np.ndarray) -> dict[int, int]:
    if labels.max(initial=0) < labels.size:
        # Ten times as fast as sorting the pixels.
        counts = np.bincount(labels.ravel())
        counts[:1] = 0
        found = np.flatnonzero(counts)
        return dict(zip(found.tolist(), counts[found].tolist()))
    found, counts = np.unique(labels[labels > 0], return_counts=True)
    return dict(zip(found.tolist(), counts.tolist()))
