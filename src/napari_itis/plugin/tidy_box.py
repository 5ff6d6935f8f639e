"""The part of the dock that tidies the mask of the current object."""

from __future__ import annotations

from qtpy.QtWidgets import QCheckBox, QGridLayout, QSpinBox, QWidget

from napari_itis.plugin.actions import action_button
from napari_itis.plugin.controller import Controller

_LARGEST_SPECK = 1_000_000


class TidyBox(QWidget):
    """Holes, parts, specks, outline, and whether the object may cover others.

    Parameters
    ----------
    controller : Controller
    """

    def __init__(self, controller: Controller, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        names = ("fill_holes", "keep_largest", "remove_specks", "smooth", "grow", "shrink")
        self.buttons = {name: action_button(controller, name) for name in names}
        self.speck = QSpinBox()
        self.speck.setRange(1, _LARGEST_SPECK)
        self.speck.setValue(controller.tidying.speck)
        self.speck.setPrefix("up to ")
        self.speck.setSuffix(" px")
        self.speck.setToolTip("Parts of up to so many pixels are specks")
        self.speck.valueChanged.connect(lambda pixels: setattr(controller.tidying, "speck", pixels))
        self.cover = QCheckBox("May cover other objects")
        self.cover.setToolTip("Off, no object takes pixels that belong to another one")
        self.cover.toggled.connect(controller.allow_overwriting)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 2, 0, 4)
        grid.setSpacing(6)
        for column in range(6):
            grid.setColumnStretch(column, 1)
        grid.addWidget(self.buttons["fill_holes"], 0, 0, 1, 3)
        grid.addWidget(self.buttons["keep_largest"], 0, 3, 1, 3)
        grid.addWidget(self.buttons["remove_specks"], 1, 0, 1, 3)
        grid.addWidget(self.speck, 1, 3, 1, 3)
        for place, name in enumerate(("smooth", "grow", "shrink")):
            grid.addWidget(self.buttons[name], 2, 2 * place, 1, 2)
        grid.addWidget(self.cover, 3, 0, 1, 6)

    def show_state(self, has_mask: bool, ready: bool, covers: bool) -> None:
        """Show what can be done with the current object on this slice."""
        for button in self.buttons.values():
            button.setEnabled(has_mask)
        self.cover.blockSignals(True)
        self.cover.setChecked(covers)
        self.cover.blockSignals(False)
        self.cover.setEnabled(ready)
