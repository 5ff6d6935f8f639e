"""The table of objects in the dock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, QSize, QSortFilterProxyModel, Qt, Signal
from qtpy.QtGui import QIcon
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from napari_itis.annotation.metadata import PixelSize
from napari_itis.plugin.objects import ObjectInfo
from napari_itis.plugin.swatches import swatch

OBJECT, CLICKS, AREA, SLICE = range(4)
_MOST_NAME = 200
_TIPS = (
    "Choose an object to go on with it; double-click to name it, or to say of which class it is",
    "Clicks on all slices",
    "Area on this slice, without what others cover",
    "First slice that it is on, and how many there are",
)
_MORE = "; + for those of existing masks that nobody has looked at yet"

_LEAST = 110


class ObjectTable(QTableView):
    """Colour, name, clicks, area and slice of every object; quick with thousands of them."""

    chosen = Signal(int)
    """(label): the user has chosen an object."""
    renamed = Signal(int, str)
    """(label, name): the user has named one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.objects = _Objects(self)
        self.objects.renamed.connect(self.renamed)
        self._sorted = QSortFilterProxyModel(self)
        self._sorted.setSourceModel(self.objects)
        self._sorted.setSortRole(Qt.ItemDataRole.UserRole)
        self._sorted.setDynamicSortFilter(True)
        self.setModel(self._sorted)
        self.setSortingEnabled(True)
        self.sortByColumn(OBJECT, Qt.SortOrder.AscendingOrder)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setIconSize(QSize(14, 14))
        self.setMinimumHeight(_LEAST)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        rows = self.verticalHeader()
        rows.hide()
        # One height for all: measuring each takes long where there are many.
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(self.fontMetrics().height() + 8)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(30)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(OBJECT, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(AREA, QHeaderView.ResizeMode.ResizeToContents)
        # Of the rows on screen: measuring all takes long.
        header.setResizeContentsPrecision(0)
        for column, widest in ((CLICKS, "Clicks"), (SLICE, "000 (00+)")):
            self.setColumnWidth(column, self.fontMetrics().horizontalAdvance(widest) + 14)
        self.selectionModel().currentRowChanged.connect(self._on_current)
        # The row that is current already, too: its slice may be another one than that on screen.
        self.clicked.connect(self._on_current)

    def sizeHint(self) -> QSize:
        # It takes what is left, so that nothing has to be scrolled as long as it can be lower.
        return QSize(super().sizeHint().width(), _LEAST)

    def show_objects(
        self,
        objects: Sequence[ObjectInfo],
        current: int,
        stack: bool,
        size: PixelSize | None = None,
    ) -> None:
        """Show the objects.

        Parameters
        ----------
        objects : sequence of ObjectInfo
        current : int
            Label of the object that clicks go to.
        stack : bool
            Whether slices say anything.
        size : PixelSize, optional
            In whose unit areas are shown.
        """
        # What is typed into a cell just now must not be swept away.
        if self.state() == QAbstractItemView.State.EditingState:
            return
        self.setColumnHidden(SLICE, not stack)
        rows = self.selectionModel()
        rows.blockSignals(True)
        self.objects.show_objects(list(objects), size or PixelSize())
        at = self._sorted.mapFromSource(self.objects.index(self.objects.row_of(current), OBJECT))
        if at.isValid() and at.row() != self.currentIndex().row():
            self.setCurrentIndex(at)
            self.scrollTo(at)
        elif at.isValid():
            self.selectRow(at.row())
        rows.blockSignals(False)
        self.viewport().update()

    def label_at(self, row: int) -> int:
        """The object in a row, as it is shown."""
        return int(self._sorted.index(row, OBJECT).data(Qt.ItemDataRole.UserRole))

    def _on_current(self, index: QModelIndex) -> None:
        if index.isValid():
            self.chosen.emit(self.label_at(index.row()))


class _Objects(QAbstractTableModel):
    """The rows, in the order of the labels."""

    renamed = Signal(int, str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._rows: list[ObjectInfo] = []
        self._size = PixelSize()
        self._icons: dict[tuple[float, ...], QIcon] = {}

    def show_objects(self, objects: list[ObjectInfo], size: PixelSize) -> None:
        """Change what is there as little as possible: the view keeps its place."""
        if size != self._size:
            self._size = size
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, AREA, AREA)
        before, after = [info.label for info in self._rows], [info.label for info in objects]
        if after[: len(before)] != before:
            self.beginResetModel()
            self._rows = objects
            self.endResetModel()
            return
        changed = [row for row, info in enumerate(self._rows) if info != objects[row]]
        self._rows = objects[: len(before)]
        if changed:
            # All at once: who sorts must not compare new rows with such as it takes for old ones.
            self.dataChanged.emit(self.index(changed[0], 0), self.index(changed[-1], SLICE))
        if len(after) > len(before):
            self.beginInsertRows(QModelIndex(), len(before), len(after) - 1)
            self._rows = objects
            self.endInsertRows()

    def row_of(self, label: int) -> int:
        """The row of an object; -1 where there is none."""
        return next((row for row, info in enumerate(self._rows) if info.label == label), -1)

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else SLICE + 1

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{_TIPS[section]}. Click to sort."
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(section)
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return ("Object", "Clicks", f"Area ({self._size.area_unit})", "Slice")[section]

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        info, column = self._rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(info, column)
        if role == Qt.ItemDataRole.UserRole:
            first = "".join(f"{index:09}" for index in info.frames[0]) if info.frames else ""
            return (info.label, info.clicks, info.area, first)[column]
        if role == Qt.ItemDataRole.DecorationRole and column == OBJECT:
            if info.color not in self._icons:
                self._icons[info.color] = swatch(info.color)
            return self._icons[info.color]
        if role == Qt.ItemDataRole.EditRole:
            return info.name
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        if role == Qt.ItemDataRole.ToolTipRole:
            tip = info.title if column == OBJECT else _TIPS[column]
            return tip + _MORE if column == SLICE and info.more else tip
        return None

    def setData(self, index: QModelIndex, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        name = " ".join(str(value).split())[:_MOST_NAME]
        info = self._rows[index.row()]
        if role != Qt.ItemDataRole.EditRole or name == info.name:
            return False
        self.renamed.emit(info.label, name)
        return True

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsEditable if index.column() == OBJECT else flags

    def _text(self, info: ObjectInfo, column: int) -> str:
        if column == OBJECT:
            return info.title
        if column == CLICKS:
            return str(info.clicks)
        if column == AREA:
            return area_text(info.area, self._size) if info.area else "–"
        if not info.frames:
            return "–"
        first = ", ".join(map(str, info.frames[0]))
        if info.more:
            return f"{first} ({len(info.frames)}+)"
        return f"{first} ({len(info.frames)})" if len(info.frames) > 1 else first


def area_text(pixels: int, size: PixelSize) -> str:
    """An area in few characters."""
    area = pixels * size.area
    digits = f"{area:,.0f}" if area >= 1000 or size.unit == "px" else f"{area:.4g}"
    return digits.replace(",", "\u202f")


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignLeft if column == OBJECT else Qt.AlignmentFlag.AlignRight
    return side | Qt.AlignmentFlag.AlignVCenter
