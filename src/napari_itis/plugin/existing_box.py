"""The part of the dock that starts from masks of another layer."""

from __future__ import annotations

from qtpy.QtWidgets import QComboBox, QLabel, QVBoxLayout, QWidget

from napari_itis.plugin.controller import Controller


class ExistingBox(QWidget):
    """Chooses the layer whose masks are corrected.

    Parameters
    ----------
    controller : Controller
    """

    def __init__(self, controller: Controller, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        text = QLabel("Its objects become objects here. The layer is hidden and never changed.")
        text.setWordWrap(True)
        self.layers = QComboBox()
        self.layers.setPlaceholderText("Choose masks to correct …")
        self.layers.setToolTip("A Labels layer of the image's size; can be undone")
        # A long name must not widen the dock.
        self.layers.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.layers.activated.connect(self._on_chosen)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 2, 0, 4)
        layout.addWidget(self.layers)
        layout.addWidget(text)

    def show_state(self) -> bool:
        """Show the layers; returns whether there are any."""
        found = self._controller.correctable_layers()
        corrected = self._controller.corrected_layer
        self.layers.clear()
        for layer in found:
            self.layers.addItem(layer.name, layer)
        self.layers.setCurrentIndex(found.index(corrected) if corrected in found else -1)
        return bool(found)

    def _on_chosen(self, index: int) -> None:
        layer = self.layers.itemData(index)
        if layer is not self._controller.corrected_layer:
            self._controller.correct(layer)
