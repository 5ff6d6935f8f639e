"""Which weights there are to choose from, for every dock of every viewer of this napari."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from napari_itis.network import own_weights
from napari_itis.network.names import find_weights
from napari_itis.plugin.settings import prefer_weights, preferred_weights

if TYPE_CHECKING:
    from napari.components import ViewerModel


class WeightsList(QObject):
    """The library of own weights, with word to the docks. Main thread only.

    Who changes the library otherwise (in a thread, say) emits `changed` afterwards.
    """

    changed = Signal()
    """Weights were added, renamed or deleted: see `napari_itis.network.list_weights`."""
    renamed = Signal(str, str)
    """(old, new): before `changed`."""

    def rename(self, old: str, new: str) -> str:
        """Give own weights another name, wherever they are in use; returns it, or raises."""
        name = own_weights.rename(old, new)
        if preferred_weights() == old:
            prefer_weights(name)
        self.renamed.emit(old, name)
        self.changed.emit()
        return name

    def delete(self, name: str) -> None:
        """Delete own weights; where they are in use, the default ones are from now on."""
        own_weights.delete(name)
        if preferred_weights() == name:
            prefer_weights(None)
        self.changed.emit()

    def restore(self, name: str) -> str:
        """Bring back weights that were deleted; returns their name."""
        name = own_weights.restore(name)
        self.changed.emit()
        return name


@cache
def weights_list() -> WeightsList:
    """The one list of this process."""
    return WeightsList()


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
    from napari_itis.plugin.controllers import controller_of

    find_weights(weights)
    worker = controller_of(viewer).worker
    worker.configure(replace(worker.options, weights=weights))
    prefer_weights(weights)
    weights_list().changed.emit()
