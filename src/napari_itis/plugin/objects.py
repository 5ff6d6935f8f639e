"""The objects of an image, as the table of the dock shows them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_itis.annotation import Frame
from napari_itis.annotation.summary import ObjectSummary, summarize, visible_areas
from napari_itis.plugin.workspace import Workspace

_GRAY = (0.5, 0.5, 0.5, 1.0)


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """One line of the table.

    Parameters
    ----------
    label : int
    color : tuple of float
        RGBA in [0, 1], as the mask layer shows it.
    clicks : int
        On all slices.
    area : int
        Visible pixels on the slice that is shown.
    frames : tuple of Frame
        Slices on which the object has a click or a mask, ascending.
    name : str
        What the user calls it, or its class.
    more : bool
        Whether there may be slices with it that nobody has looked at.
    """

    label: int
    color: tuple[float, ...]
    clicks: int
    area: int
    frames: tuple[Frame, ...] = ()
    name: str = ""
    more: bool = False

    @property
    def title(self) -> str:
        """Number and name."""
        return f"{self.label} · {self.name}" if self.name else str(self.label)


def list_objects(workspace: Workspace) -> list[ObjectInfo]:
    """The objects of the image, and the current one even while it is empty."""
    session = workspace.session
    found = summarize(session)
    found.setdefault(workspace.label, ObjectSummary())
    areas = visible_areas(session, workspace.frame)
    names = session.names
    unseen = frozenset() if session.all_looked_at else session.existing_objects
    labels = sorted(found)
    return [
        ObjectInfo(
            label,
            color,
            found[label].clicks,
            areas.get(label, 0),
            tuple(found[label].frames),
            names.get(label, ""),
            label in unseen,
        )
        for label, color in zip(labels, _colors(workspace, labels))
    ]


def _colors(workspace: Workspace, labels: list[int]) -> list[tuple[float, ...]]:
    mask = workspace.layers.mask
    if mask is None:
        return [_GRAY] * len(labels)
    return [tuple(color) for color in np.asarray(mask.colormap.map(labels), float).tolist()]
