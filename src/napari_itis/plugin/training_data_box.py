"""The part of the training dock that says what is trained on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QGridLayout,
    QGroupBox,
    QLabel,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_itis.datasets import DATASETS
from napari_itis.datasets.layouts import LAYOUTS
from napari_itis.plugin.buttons import make_button
from napari_itis.plugin.lines import breakable, counted
from napari_itis.plugin.training_hints import short_path
from napari_itis.plugin.training_sources import SourceFacts, SourceLooks
from napari_itis.training import DataSource

_MOST_WEIGHT = 1000.0


class ElidedLabel(QLabel):
    """A line of which the middle is left out where it does not fit."""

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self.full_text = text
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._elide()

    def show_text(self, text: str) -> None:
        """Show another line."""
        self.full_text = text
        self._elide()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._elide()

    def _elide(self) -> None:
        middle = Qt.TextElideMode.ElideMiddle
        self.setText(self.fontMetrics().elidedText(self.full_text, middle, max(20, self.width())))


class SourceRow(QWidget):
    """A data set: its folder, its layout, and how often it is drawn."""

    changed = Signal(dict)
    removed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.folder = ElidedLabel()
        self.remove = QToolButton()
        self.remove.setText("✕")
        self.remove.setToolTip("Do not train on it; the folder itself stays as it is")
        self.remove.setAutoRaise(True)
        self.remove.clicked.connect(self.removed)
        self.layout_box = QComboBox()
        self.layout_box.setToolTip("How the images and masks lie in the folder")
        self.layout_box.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        for name in DATASETS:
            self.layout_box.addItem(name, name)
            row = self.layout_box.count() - 1
            self.layout_box.setItemData(row, LAYOUTS[name].description, Qt.ItemDataRole.ToolTipRole)
        self.layout_box.addItem("drawn shapes", "shapes")
        self.layout_box.activated.connect(
            lambda at: self.changed.emit({"layout": self.layout_box.itemData(at)})
        )
        self.weight = QDoubleSpinBox()
        self.weight.setRange(0.0, _MOST_WEIGHT)
        self.weight.setDecimals(1)
        self.weight.setPrefix("× ")
        self.weight.setToolTip("How often it is drawn, relative to the other data sets")
        self.weight.setKeyboardTracking(False)
        self.weight.setMinimumWidth(80)
        self.weight.valueChanged.connect(lambda value: self.changed.emit({"weight": value}))
        self.about = QLabel()
        self.about.setObjectName("itisFault")
        self.about.setWordWrap(True)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 4)
        grid.setSpacing(4)
        grid.setColumnStretch(0, 1)
        grid.addWidget(self.folder, 0, 0, 1, 2)
        grid.addWidget(self.remove, 0, 2)
        grid.addWidget(self.layout_box, 1, 0)
        grid.addWidget(self.weight, 1, 1, 1, 2)
        grid.addWidget(self.about, 2, 0, 1, 3)

    def show_source(self, source: DataSource, facts: SourceFacts) -> None:
        """Show a data set and what is known of it: its images, or what is wrong with it."""
        root = Path(source.root)
        count = f" · {counted(facts.images, 'image')}" if facts.images else ""
        self.folder.show_text((short_path(root) if source.root else source.name) + count)
        self.about.setText(breakable(facts.fault))
        self.about.setVisible(bool(facts.fault))
        self.folder.setToolTip(str(source.root) or source.name)
        self.layout_box.setCurrentIndex(self.layout_box.findData(source.layout))
        self.weight.blockSignals(True)
        self.weight.setValue(source.weight)
        self.weight.blockSignals(False)


class TrainingDataBox(QGroupBox):
    """Folders with images and masks, and what is open in the viewer."""

    added = Signal(object)
    """(Path): train on this folder, too."""
    removed = Signal(int)
    """(place)."""
    changed = Signal(int, dict)
    """(place, changes): of a data set."""
    viewer_wanted = Signal(bool)
    """Whether to train on what is open in the viewer."""

    def __init__(self) -> None:
        super().__init__("Data")
        self._rows: list[SourceRow] = []
        self.viewer = QCheckBox("Images and masks open here")
        self.viewer.setToolTip(
            "Train on the objects that you have annotated or opened in this viewer: every image, "
            "or slice of a stack, that has a mask"
        )
        self.viewer.clicked.connect(self.viewer_wanted)
        self.count = QLabel()
        self.count.setWordWrap(True)
        self.count.setContentsMargins(22, 0, 0, 0)
        self.add = make_button(
            "Add a folder …",
            "A data set: images/ with photos and masks/ with one label image each, or any of the "
            "layouts that napari-itis evaluate knows. It may be dropped here, too",
        )
        self.add.clicked.connect(self._ask)
        self._list = QVBoxLayout()
        self._list.setSpacing(4)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 10, 8, 8)
        layout.setSpacing(5)
        layout.addWidget(self.viewer)
        layout.addWidget(self.count)
        layout.addLayout(self._list)
        layout.addWidget(self.add)

    @property
    def rows(self) -> list[SourceRow]:
        """The data sets on show."""
        return list(self._rows)

    def show_sources(self, sources: Sequence[DataSource], looks: SourceLooks) -> None:
        """Show the data sets of a config, and what a look at them has found."""
        while len(self._rows) > len(sources):
            row = self._rows.pop()
            row.hide()
            self._list.removeWidget(row)
            row.deleteLater()
        for place in range(len(self._rows), len(sources)):
            row = SourceRow()
            row.changed.connect(lambda changes, place=place: self.changed.emit(place, changes))
            row.removed.connect(lambda place=place: self.removed.emit(place))
            self._rows.append(row)
            self._list.addWidget(row)
        for row, source in zip(self._rows, sources):
            row.show_source(source, looks.facts(source))

    def show_viewer(self, wanted: bool, pairs: Sequence[Any]) -> None:
        """Show what is open in the viewer, and whether it is trained on."""
        self.viewer.setChecked(wanted)
        self.viewer.setEnabled(wanted or bool(pairs))
        self.count.setText(_said(pairs))
        self.count.setToolTip("\n".join(f"{pair.image}: {pair.masks}" for pair in pairs))

    def _ask(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Folder with images and masks")
        if chosen:
            self.added.emit(Path(chosen))


def _said(pairs: Sequence[Any]) -> str:
    if not pairs:
        return "None yet: click on objects of an image, or open its masks"
    open_ended = any(pair.slices is None for pair in pairs)
    images = sum(pair.slices or 1 for pair in pairs)
    objects = sum(pair.objects or 0 for pair in pairs)
    said = ("at least " if open_ended else "") + counted(images, "image")
    return f"{said}, {counted(objects, 'object')}" if objects else said
