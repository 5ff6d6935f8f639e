"""The images and masks that are open in a viewer, as a `folder` data set to train on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

if TYPE_CHECKING:
    from napari.components import ViewerModel


@dataclass(frozen=True)
class ViewerPair:
    """An image layer and the masks on it.

    Attributes
    ----------
    image, masks : str
        Names of the layers.
    slices : int or None
        How many slices have objects; None where only reading all of them tells.
    corrected : bool
        Whether they were clicked on or corrected here: of these, only slices count that a user
        has worked on.
    """

    image: str
    masks: str
    slices: int | None
    corrected: bool


def pairs_in(viewer: ViewerModel) -> list[ViewerPair]:
    """What there is to train on in a viewer; quick, for the main thread.

    Every image that was annotated here, and every other Labels layer with the image of its size
    that lies next to it.
    """
    raise NotImplementedError


class ViewerExport(QObject):
    """Writes pairs of a viewer into a folder, slice by slice, in a thread. Main thread only.

    Parameters
    ----------
    pairs : sequence of ViewerPair
        From `pairs_in`, called just now.
    root : Path
        An empty folder, or none yet.
    """

    changed = Signal()
    """`done` or `total` has changed."""
    ended = Signal(str)
    """(message): it is over; an empty message means that `written` pairs are there."""

    def __init__(self, pairs: Sequence[ViewerPair], root: Path) -> None:
        super().__init__()
        self.done = 0
        self.total = 0
        """Slices that were looked at, and how many there are to look at."""
        self.written = 0
        """Images that were written with their masks."""
        raise NotImplementedError

    def start(self) -> None:
        """Begin."""
        raise NotImplementedError

    def stop(self) -> None:
        """Leave it; `ended` says so, what was written is removed again."""
        raise NotImplementedError
