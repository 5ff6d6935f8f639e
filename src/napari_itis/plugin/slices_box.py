"""The part of the dock that goes through the slices of a stack."""

from __future__ import annotations

from qtpy.QtWidgets import QGridLayout, QWidget

from napari_itis.plugin.actions import action_button
from napari_itis.plugin.controller import Controller


class SlicesBox(QWidget):
    """To the slices that have objects, and copies of the mask to the slices beside this one.

    Parameters
    ----------
    controller : Controller
    """

    def __init__(self, controller: Controller, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        names = ("previous_slice", "next_slice", "copy_to_previous", "copy_to_next")
        self.buttons = {name: action_button(controller, name) for name in names}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 2, 0, 4)
        grid.setSpacing(6)
        for place, name in enumerate(names):
            grid.addWidget(self.buttons[name], place // 2, place % 2)

    def show_state(self, has_mask: bool) -> None:
        """Show what can be done."""
        for name in ("copy_to_previous", "copy_to_next"):
            self.buttons[name].setEnabled(has_mask)
