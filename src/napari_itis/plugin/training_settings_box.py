"""The part of the training dock with the few settings that matter."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtGui import QDoubleValidator
from qtpy.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLineEdit,
    QSizePolicy,
    QSpinBox,
)

from napari_itis.plugin.network_box import DEVICE_NAMES
from napari_itis.plugin.settings import DEVICES
from napari_itis.plugin.training_form import settings_of

_OTHER = "Other file …"
_MINUTES, _SAMPLES, _EPOCHS = "minutes", "samples", "epochs"
_MOST = 2**31 - 1
_NARROW = "min-width: 50px"


class TrainingSettingsBox(QGroupBox):
    """Name, start, length, learning rate, batch, crop and device."""

    changed = Signal(dict)
    """(changes): keys of the config that the user has set."""
    minutes_wanted = Signal(object)
    """(float or None): so long, or as many samples as the config says."""

    def __init__(self) -> None:
        super().__init__("Settings")
        self.name = QLineEdit()
        self.name.setToolTip("What the new weights will be called")
        self.name.editingFinished.connect(self._on_name)
        self.start = _narrow(QComboBox())
        self.start.setToolTip(
            "The weights that go on learning. With ImageNet as the start it takes thousands of "
            "images and hours"
        )
        self.start.activated.connect(self._on_start)
        self.minutes = QDoubleSpinBox()
        self.minutes.setRange(0.1, 100_000)
        self.minutes.setDecimals(1)
        self.minutes.valueChanged.connect(self._on_minutes)
        self.samples = QSpinBox()
        self.samples.setRange(1, _MOST)
        self.samples.setGroupSeparatorShown(True)
        self.samples.setSingleStep(500)
        self.samples.valueChanged.connect(lambda value: self.changed.emit({"samples": value}))
        self.epochs = QSpinBox()
        self.epochs.setRange(1, _MOST)
        self.epochs.valueChanged.connect(lambda value: self.changed.emit({"epochs": value}))
        self.unit = QComboBox()
        for unit in (_MINUTES, _SAMPLES, _EPOCHS):
            self.unit.addItem(unit, unit)
        self.unit.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.unit.activated.connect(self._on_unit)
        for spin in (self.minutes, self.samples, self.epochs):
            # The number needs the room, beside its unit.
            spin.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        for widget in (self.minutes, self.samples, self.epochs, self.unit):
            widget.setToolTip(
                "How long it learns. Minutes become samples when it is checked how fast this "
                "computer is"
            )
        self.rate = QLineEdit()
        self.rate.setValidator(QDoubleValidator(0.0, 10.0, 12, self.rate))
        self.rate.editingFinished.connect(self._on_rate)
        self.batch = QSpinBox()
        self.batch.setRange(2, _MOST)
        self.batch.valueChanged.connect(lambda value: self.changed.emit({"batch_size": value}))
        self.crop = QSpinBox()
        self.crop.setRange(32, _MOST)
        self.crop.setSingleStep(32)
        self.crop.setSuffix(" px")
        self.crop.valueChanged.connect(lambda value: self.changed.emit({"crop": value}))
        self.device = _narrow(QComboBox())
        self.device.setToolTip("What the training runs on")
        for device in DEVICES:
            self.device.addItem(DEVICE_NAMES[device], device)
        self.device.activated.connect(
            lambda at: self.changed.emit({"device": self.device.itemData(at)})
        )
        for spin in (self.minutes, self.samples, self.epochs, self.batch, self.crop):
            # "1" on the way to "16" is no wish.
            spin.setKeyboardTracking(False)
            # Room for the largest number that can be would widen the dock.
            spin.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            # In a style sheet: napari's own has a minimum, too, and overrules `setMinimumWidth`.
            spin.setStyleSheet(_NARROW)
        self._lay_out()

    def _lay_out(self) -> None:
        length = QHBoxLayout()
        length.setSpacing(5)
        length.addWidget(self.minutes, 1)
        length.addWidget(self.samples, 1)
        length.addWidget(self.epochs, 1)
        length.addWidget(self.unit)
        form = QFormLayout(self)
        form.setContentsMargins(8, 10, 8, 6)
        form.setSpacing(5)
        form.addRow("Name", self.name)
        form.addRow("Start from", self.start)
        form.addRow("Length", length)
        form.addRow("Learning rate", self.rate)
        form.addRow("Batch", self.batch)
        form.addRow("Crop", self.crop)
        form.addRow("Device", self.device)

    def show_config(self, config: Any, minutes: float | None, weights: Sequence[str]) -> None:
        """Show a config.

        Parameters
        ----------
        config : TrainingConfig
        minutes : float or None
            Length that is wanted in place of the config's samples or epochs.
        weights : sequence of str
            Names of the weights that can be started from.
        """
        _set_text(self.name, config.name)
        _set_text(self.rate, f"{config.learning_rate:g}")
        self._show_start(config.start, weights)
        self._explain(config)
        values = (
            (self.samples, config.samples),
            (self.epochs, config.epochs or self.epochs.value()),
            (self.batch, config.batch_size),
            (self.crop, config.crop),
            (self.minutes, self.minutes.value() if minutes is None else minutes),
        )
        for spin, value in values:
            spin.blockSignals(True)
            spin.setValue(min(value, _MOST))
            spin.blockSignals(False)
        length = _EPOCHS if config.epochs else _SAMPLES
        unit = length if minutes is None else _MINUTES
        self.unit.setCurrentIndex(self.unit.findData(unit))
        self.minutes.setVisible(unit == _MINUTES)
        self.samples.setVisible(unit == _SAMPLES)
        self.epochs.setVisible(unit == _EPOCHS)
        if self.device.findData(config.device) < 0:
            # Such as cuda:1, from a file.
            self.device.addItem(config.device, config.device)
        self.device.setCurrentIndex(self.device.findData(config.device))

    def _show_start(self, start: str, weights: Sequence[str]) -> None:
        shown = [self.start.itemData(row) for row in range(self.start.count())]
        others = [start] if start not in (*weights, "imagenet", "random") else []
        wanted = [*weights, *others, "imagenet", "random", _OTHER]
        if shown != wanted:
            self.start.clear()
            for name in wanted:
                self.start.addItem(_START_NAMES.get(name, Path(name).name), name)
        self.start.setCurrentIndex(wanted.index(start))

    def _explain(self, config: Any) -> None:
        if self.rate.toolTip():
            return
        known = settings_of(type(config))
        for widget, name in (
            (self.rate, "learning_rate"),
            (self.batch, "batch_size"),
            (self.crop, "crop"),
        ):
            widget.setToolTip(f"{name}: {known[name].about}")

    def _on_name(self) -> None:
        self.changed.emit({"name": self.name.text().strip()})

    def _on_rate(self) -> None:
        # A comma is what some keyboards have.
        try:
            rate = float(self.rate.text().replace(",", "."))
        except ValueError:
            rate = 0.0
        self.changed.emit({"learning_rate": rate})

    def _on_start(self, at: int) -> None:
        start = self.start.itemData(at)
        if start == _OTHER:
            start, _ = QFileDialog.getOpenFileName(
                self, "Weights of a trained network", "", "Weights (*.safetensors)"
            )
        # Without a choice the list shows what it was.
        self.changed.emit({"start": start} if start else {})

    def _on_minutes(self, minutes: float) -> None:
        self.minutes_wanted.emit(minutes)

    def _on_unit(self, at: int) -> None:
        unit = self.unit.itemData(at)
        if unit == _EPOCHS:
            self.changed.emit({"epochs": self.epochs.value()})
        else:
            self.minutes_wanted.emit(self.minutes.value() if unit == _MINUTES else None)


_START_NAMES = {"imagenet": "ImageNet", "random": "Nothing (random)"}


def _narrow(box: QComboBox) -> QComboBox:
    # A long name must not widen the dock.
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    return box


def _set_text(line: QLineEdit, text: str) -> None:
    # What is being typed stays.
    if (line.text() != text and not line.hasFocus()) or (line.hasFocus() and not line.isModified()):
        line.setText(text)
