"""The list of objects in the widget."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtGui import QColor, QIcon, QPainter, QPen, QPixmap
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from napari_itis.plugin.objects import ObjectInfo

_COLUMNS = ("Object", "Clicks", "Area (px)")


class ObjectList(QTreeWidget):
    """Colour, label, clicks and area of every object; choosing a line goes to the object."""

    chosen = Signal(int)
    """(label): the user has chosen an object."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: list[ObjectInfo] = []
        self.setColumnCount(len(_COLUMNS))
        self.setHeaderLabels(_COLUMNS)
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setIconSize(QSize(14, 14))
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setMinimumHeight(110)
        self.setToolTip("Choose an object to go on with it")
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
            self.headerItem().setTextAlignment(column, Qt.AlignmentFlag.AlignRight)
        self.currentItemChanged.connect(self._on_current)

    def show_objects(self, objects: Sequence[ObjectInfo], current: int, stack: bool) -> None:
        """Show the objects.

        Parameters
        ----------
        objects : sequence of ObjectInfo
        current : int
            Label of the object that clicks go to.
        stack : bool
            Whether the number of slices says anything.
        """
        self.blockSignals(True)
        if [known.label for known in self._shown] != [info.label for info in objects]:
            self.clear()
            for info in objects:
                item = QTreeWidgetItem(self)
                item.setData(0, Qt.ItemDataRole.UserRole, info.label)
                for column in (1, 2):
                    item.setTextAlignment(column, Qt.AlignmentFlag.AlignRight)
        for row, info in enumerate(objects):
            item = self.topLevelItem(row)
            name = f"Object {info.label}"
            if stack and info.frames > 1:
                name += f" · {info.frames} slices"
            item.setText(0, name)
            item.setIcon(0, swatch(info.color))
            item.setText(1, str(info.clicks))
            item.setText(2, f"{info.area:,}".replace(",", "\u202f") if info.area else "–")
            if info.label == current:
                self.setCurrentItem(item)
                self.scrollToItem(item)
        self._shown = list(objects)
        self.blockSignals(False)

    def _on_current(self, item: QTreeWidgetItem | None) -> None:
        if item is not None:
            self.chosen.emit(int(item.data(0, Qt.ItemDataRole.UserRole)))


def swatch(color: Sequence[float], size: int = 28) -> QIcon:
    """A disc of a colour, RGBA in [0, 1]."""
    pixmap = QPixmap(size, size)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(QColor.fromRgbF(*color[:3]))
    painter.setPen(QPen(QColor(255, 255, 255, 200), size / 14))
    painter.drawEllipse(2, 2, size - 4, size - 4)
    painter.end()
    icon = QIcon(pixmap)
    # Qt would tint the colour of the chosen line.
    icon.addPixmap(pixmap, QIcon.Mode.Selected)
    return icon
