"""The objects of an image, as a list shows them."""

from __future__ import annotations

from dataclasses import dataclass

from napari_itis.plugin.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """One line of the object list.

    Parameters
    ----------
    label : int
    color : tuple of float
        RGBA in [0, 1], as the mask layer shows it.
    clicks : int
        On all slices.
    area : int
        Visible pixels on the slice that is shown.
    frames : int
        Slices on which the object has a click or a mask.
    """

    label: int
    color: tuple[float, ...]
    clicks: int
    area: int
    frames: int


def list_objects(workspace: Workspace) -> list[ObjectInfo]:
    """The objects of the image, and the current one even while it is empty."""
    session = workspace.session
    return [
        ObjectInfo(
            label,
            _color(workspace, label),
            sum(len(session.clicks(frame, label)) for frame in session.clicked_frames(label)),
            session.visible_area(workspace.frame, label),
            len(session.frames(label)),
        )
        for label in sorted({*session.objects(), workspace.label})
    ]


def _color(workspace: Workspace, label: int) -> tuple[float, ...]:
    mask = workspace.layers.mask
    color = None if mask is None else mask.get_color(label)
    return (0.5, 0.5, 0.5, 1.0) if color is None else tuple(float(part) for part in color)
