"""Which weights there are to choose from, for every dock of every viewer of this napari."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

if TYPE_CHECKING:
    from napari.components import ViewerModel


class WeightsList(QObject):
    """Tells the docks that the library of own weights has changed. Main thread only."""

    changed = Signal()
    """Weights were added, renamed or deleted: see `napari_itis.network.list_weights`."""


def weights_list() -> WeightsList:
    """The one list of this process: whoever changes the library emits `changed` of it."""
    raise NotImplementedError


def choose_weights(viewer: ViewerModel, weights: str | None) -> None:
    """Use weights for the clicks in a viewer from now on, and at every start of napari.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    weights : str or None
        A name or a file; None for the default ones.

    Raises
    ------
    WeightsError
        If there are none.
    """
    raise NotImplementedError
