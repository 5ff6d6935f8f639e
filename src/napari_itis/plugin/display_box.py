"""The part of the dock that says how masks and clicks are shown."""

from __future__ import annotations

from qtpy.QtWidgets import QGridLayout, QWidget

from napari_itis.plugin.actions import action_button
from napari_itis.plugin.controller import Controller


class DisplayBox(QWidget):
    """Masks, clicks, outlines, opacity.

    Parameters
    ----------
    controller : Controller
    """

    def __init__(self, controller: Controller, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._display = controller.display
        names = (
            "toggle_mask",
            "toggle_points",
            "toggle_contour",
            "less_opaque",
            "more_opaque",
        )
        self.buttons = {name: action_button(controller, name) for name in names}
        for name in names[:3]:
            self.buttons[name].setCheckable(True)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 2, 0, 4)
        grid.setSpacing(6)
        for column, name in enumerate(names[:3]):
            grid.addWidget(self.buttons[name], 0, 2 * column, 1, 2)
        for column, name in enumerate(names[3:]):
            grid.addWidget(self.buttons[name], 1, 3 * column, 1, 3)
        for column in range(6):
            grid.setColumnStretch(column, 1)

    def show_state(self, ready: bool) -> None:
        """Show what is on."""
        display = self._display
        self.buttons["toggle_mask"].setChecked(display.masks_shown)
        self.buttons["toggle_points"].setChecked(display.clicks_shown)
        self.buttons["toggle_contour"].setChecked(display.outlines_only)
        for button in self.buttons.values():
            button.setEnabled(ready)
