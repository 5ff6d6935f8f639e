"""The user's own weights in a list: use, rename, delete, export, import."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QWidget

if TYPE_CHECKING:
    from napari.components import ViewerModel


class WeightsManager(QWidget):
    """A list of the own weights with what can be done with them.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
        Whose clicks use what is chosen.
    """

    def __init__(self, viewer: ViewerModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
