"""The part of the widget that says which network predicts, and where it runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QGroupBox,
    QWidget,
)

from napari_itis.network.names import list_weights
from napari_itis.plugin.predictors import PredictorOptions
from napari_itis.plugin.settings import DEVICES

DEVICE_NAMES = {
    "auto": "Automatic",
    "cpu": "CPU",
    "cuda": "NVIDIA GPU (CUDA)",
    "mps": "Apple GPU (MPS)",
}
_OTHER = "Other file …"


class NetworkBox(QGroupBox):
    """Weights, device and zoom-in."""

    chosen = Signal(object)
    """(PredictorOptions): the user has chosen something else."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Network", parent)
        self._options = PredictorOptions()
        self._weights = QComboBox()
        self._weights.setToolTip(
            "The network: one that ships, one of your own, or a .safetensors file"
        )
        # A long file name must not widen the dock.
        self._weights.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self._weights.activated.connect(self._on_weights)
        self._device = QComboBox()
        self._device.setToolTip("What the network runs on")
        for device in DEVICES:
            self._device.addItem(DEVICE_NAMES[device], device)
        self._device.activated.connect(
            lambda index: self._choose(device=self._device.itemData(index))
        )
        self._zoom_in = QCheckBox("Zoom in on the object")
        self._zoom_in.setToolTip("After the first click, look at the region around the object")
        self._zoom_in.clicked.connect(lambda checked: self._choose(zoom_in=checked))
        form = QFormLayout(self)
        form.setContentsMargins(8, 10, 8, 6)
        form.setSpacing(5)
        form.addRow("Weights", self._weights)
        form.addRow("Device", self._device)
        form.addRow(self._zoom_in)

    def show_options(self, options: PredictorOptions) -> None:
        """Show what is used now."""
        self._options = options
        self._weights.clear()
        self._weights.addItem("Default", None)
        for name in list_weights():
            self._weights.addItem(name, name)
        known = [self._weights.itemData(row) for row in range(self._weights.count())]
        if options.weights not in known:
            self._weights.addItem(Path(options.weights).name, options.weights)
            known.append(options.weights)
        self._weights.addItem(_OTHER, _OTHER)
        self._weights.setCurrentIndex(known.index(options.weights))
        self._device.setCurrentIndex(DEVICES.index(options.device))
        self._zoom_in.setChecked(options.zoom_in)

    def _on_weights(self, index: int) -> None:
        weights = self._weights.itemData(index)
        if weights == _OTHER:
            weights, _ = QFileDialog.getOpenFileName(
                self, "Weights of a trained network", "", "Weights (*.safetensors)"
            )
            if not weights:
                self.show_options(self._options)
                return
        self._choose(weights=weights)

    def _choose(self, **changes: object) -> None:
        options = replace(self._options, **changes)
        self.show_options(options)
        self.chosen.emit(options)
