"""The user's own weights in a list: use, rename, delete, export, import."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.compat import isalive
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_itis.network import own_weights
from napari_itis.network.names import SUFFIX, WeightsError
from napari_itis.plugin.background import Background
from napari_itis.plugin.buttons import make_button
from napari_itis.plugin.controllers import controller_of
from napari_itis.plugin.lines import breakable
from napari_itis.plugin.listening import ListeningWidget
from napari_itis.plugin.weights_list import choose_weights, weights_list

if TYPE_CHECKING:
    from napari.components import ViewerModel

_FILES = f"Weights (*{SUFFIX})"
_HEIGHT = 110


class WeightsManager(ListeningWidget):
    """A list of the own weights with what can be done with them.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
        Whose clicks use what is chosen.
    """

    def __init__(self, viewer: ViewerModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._worker = controller_of(viewer).worker
        self._weights = weights_list()
        self._deleted = ""
        self._running: Background | None = None
        self._build()

    def _build(self) -> None:
        self.list = _Names()
        self.list.unwanted.connect(self._delete)
        self.list.setToolTip("Your own weights: trained here, or imported")
        self.list.setFixedHeight(_HEIGHT)
        self.list.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        # A long name must not widen the dock.
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.currentItemChanged.connect(lambda *_: self._show_chosen())
        self.list.itemChanged.connect(self._on_renamed)
        self.about = _label()
        self.use = make_button(
            "Use in segmentation", "Clicks use these weights, now and after a restart of napari"
        )
        self.use.clicked.connect(self._use)
        self.rename = make_button("Rename", "Give these weights another name", "F2")
        self.rename.clicked.connect(lambda: self.list.editItem(self.list.currentItem()))
        self.delete = make_button("Delete", "Delete these weights; that can be undone", "Del")
        self.delete.clicked.connect(self._delete)
        self.export = make_button("Export …", "Write these weights to one file, for a colleague")
        self.export.clicked.connect(self._export)
        self.import_ = make_button(
            "Import …", "Add a file of weights; it is verified, and nothing in it is executed"
        )
        self.import_.clicked.connect(self._import)
        self.notice = _label()
        self.undo = make_button("Undo", "Bring back the weights that were just deleted")
        self.undo.clicked.connect(self._undo)
        self._told = QWidget()
        self._told.setObjectName("itisTold")
        self._told.setStyleSheet(
            "#itisTold { background: rgba(255, 176, 0, 45); border-left: 3px solid #ffb000; }"
        )
        told = QHBoxLayout(self._told)
        told.setContentsMargins(8, 4, 4, 4)
        told.addWidget(self.notice, 1)
        told.addWidget(self.undo)
        self._told.hide()
        grid = QGridLayout()
        grid.setSpacing(6)
        grid.addWidget(self.use, 0, 0, 1, 2)
        for place, button in enumerate((self.rename, self.delete, self.export, self.import_)):
            grid.addWidget(button, 1 + place // 2, place % 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self.list)
        layout.addWidget(self.about)
        layout.addLayout(grid)
        layout.addWidget(self._told)

    # Open and closed.

    def _connect(self) -> None:
        self._weights.changed.connect(self.refresh)
        self.refresh()

    def _disconnect(self) -> None:
        self._weights.changed.disconnect(self.refresh)

    def refresh(self) -> None:
        """Show what is in the library."""
        self._show_names(self._chosen)

    @property
    def _chosen(self) -> str:
        item = self.list.currentItem()
        return item.data(Qt.ItemDataRole.UserRole) if item is not None else ""

    def _show_names(self, chosen: str) -> None:
        used = self._worker.options.weights
        self.list.blockSignals(True)
        self.list.clear()
        for name in own_weights.own_weights():
            item = QListWidgetItem(name)
            item.setData(Qt.ItemDataRole.UserRole, name)
            item.setToolTip(name)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
            font = item.font()
            font.setBold(name == used)
            item.setFont(font)
            self.list.addItem(item)
            if name == chosen:
                self.list.setCurrentItem(item)
        if self.list.currentItem() is None and self.list.count():
            self.list.setCurrentRow(0)
        self.list.blockSignals(False)
        self._show_chosen()

    def _show_chosen(self) -> None:
        name, busy = self._chosen, self._running is not None
        used = bool(name) and name == self._worker.options.weights
        for button in (self.rename, self.delete, self.export):
            button.setEnabled(bool(name) and not busy)
        self.use.setEnabled(bool(name) and not used and not busy)
        self.import_.setEnabled(not busy)
        self.about.setText(_about(name, used))

    # What a user does.

    def _use(self) -> None:
        name = self._chosen
        if self._tried(lambda: choose_weights(self._viewer, name)):
            self._tell(f"Clicks use {name} from now on, also after a restart")

    def _on_renamed(self, item: QListWidgetItem) -> None:
        old, new = item.data(Qt.ItemDataRole.UserRole), item.text()
        if new.strip() == old:
            self.refresh()
        elif name := self._tried(lambda: self._weights.rename(old, new)):
            self._told.hide()
            self._show_names(name)
        else:
            self.refresh()

    def _delete(self) -> None:
        name = self._chosen
        if name and self._running is None and self._tried(lambda: self._weights.delete(name)):
            self._tell(f"Deleted {name}", deleted=name)

    def _undo(self) -> None:
        name = self._deleted
        if restored := self._tried(lambda: self._weights.restore(name)):
            self._told.hide()
            self._show_names(restored)

    def _export(self) -> None:
        name = self._chosen
        start = str(Path.home() / f"{name}{SUFFIX}")
        chosen, _ = QFileDialog.getSaveFileName(self, f"Export {name}", start, _FILES)
        if not chosen:
            return
        # The dialog has asked whether to replace the file that was named there, and no other.
        asked = Path(chosen).suffix.lower() == SUFFIX
        self._do(
            f"Writing {name} …",
            lambda: own_weights.export(name, chosen, overwrite=asked),
            lambda path: self._tell(f"Exported to {path}"),
        )

    def _import(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, "Import weights", "", _FILES)
        if chosen:
            self._do(
                f"Verifying {Path(chosen).name} …",
                lambda: own_weights.add(chosen),
                self._imported,
            )

    def _imported(self, name: str) -> None:
        self._weights.changed.emit()
        self._show_names(name)
        self._tell(f"Imported as {name}")

    # Underneath.

    def _do(self, text: str, work: Callable[[], Any], done: Callable[[Any], object]) -> None:
        """Do work in a thread; one at a time."""
        self._tell(text)

        def tell(result: Any) -> None:
            # The window may have been closed meanwhile.
            if isalive(self):
                done(result)

        def end(message: str) -> None:
            self._running = None
            if not isalive(self):
                return
            self._show_chosen()
            if message:
                self._tell(message)

        self._running = Background(lambda it: it.tell(work()), tell, end).start()
        self._show_chosen()

    def _tried(self, change: Callable[[], Any]) -> Any:
        """What a change of the library gives, or True; None if it went wrong, which is told."""
        try:
            result = change()
        except WeightsError as error:
            self._tell(str(error))
            return None
        return True if result is None else result

    def _tell(self, text: str, deleted: str = "") -> None:
        self._deleted = deleted
        self.notice.setText(breakable(text))
        self.undo.setVisible(bool(deleted))
        self._told.show()


class _Names(QListWidget):
    """A list that is told by a key that an entry is not wanted."""

    unwanted = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Delete:
            self.unwanted.emit()
        else:
            super().keyPressEvent(event)


def _about(name: str, used: bool) -> str:
    path = own_weights.own_weights().get(name)
    if path is None:
        return "No weights of your own yet: train some, or import a file from a colleague"
    facts = path.stat()
    day = datetime.fromtimestamp(facts.st_mtime).astimezone().date()
    parts = [f"{facts.st_size / 1e6:.1f} MB", f"of {day.isoformat()}"]
    return " · ".join([*parts, "used for clicks"] if used else parts)


def _label() -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    return label
