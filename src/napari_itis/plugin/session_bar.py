"""The button for session files that every dock has, and the row that offers lost ones."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import QSize, Qt, QTimer
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_itis.annotation.exports import FORMATS
from napari_itis.plugin.autosaving import describe
from napari_itis.plugin.buttons import make_button
from napari_itis.plugin.lines import breakable
from napari_itis.plugin.listening import ListeningWidget
from napari_itis.plugin.questions import Question
from napari_itis.plugin.session_files import SessionFiles
from napari_itis.plugin.session_reader import SUFFIX

_AROUND = 34
_FILTER = f"Sessions (*{SUFFIX})"


class SessionButton(QPushButton):
    """A menu: save, save as, open, export. A dot says that something is not saved.

    Parameters
    ----------
    files : SessionFiles
    """

    def __init__(self, files: SessionFiles, parent: QWidget | None = None) -> None:
        super().__init__("Session", parent)
        self._files = files
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        self.save = menu.addAction("Save")
        self.save.triggered.connect(self._save)
        self.save_as = menu.addAction("Save as …")
        self.save_as.setToolTip("Clicks, masks and what is done, in one file to go on from")
        self.save_as.triggered.connect(self._ask_where)
        menu.addSeparator()
        self.open = menu.addAction("Open …")
        self.open.setToolTip("A session file may be dropped on the window, too")
        self.open.triggered.connect(self._ask_which)
        menu.addSeparator()
        self.export = menu.addMenu("Export")
        self.export.setToolTipsVisible(True)
        for name, kind in FORMATS.items():
            action = self.export.addAction(f"{kind.title} …")
            action.setToolTip(kind.tip)
            action.triggered.connect(lambda _checked, name=name: self._ask_export(name))
        self.stop = menu.addAction("Stop exporting")
        self.stop.setToolTip("Nothing is written")
        self.stop.triggered.connect(files.exporting.stop)
        self.setMenu(menu)
        # As wide whatever it says: what stands beside it must not jump.
        self.setMinimumWidth(self.fontMetrics().horizontalAdvance("Opening …") + _AROUND)
        self.refresh()

    def refresh(self) -> None:
        """Show what can be done."""
        files = self._files
        path, there = files.path, files.controller.workspace is not None
        doing = files.busy or files.exporting.text
        self.setText(doing or ("Session •" if files.unsaved else "Session"))
        idle = not files.busy
        self.save.setEnabled(idle and there and (path is None or files.unsaved))
        # An ampersand would be taken for a mnemonic.
        name = path.name.replace("&", "&&") if path is not None else ""
        self.save.setText(f"Save to {name}" if name else "Save …")
        self.save_as.setVisible(path is not None)
        self.save_as.setEnabled(idle and there)
        self.open.setEnabled(idle)
        self.export.setEnabled(there and not files.exporting.running)
        self.stop.setVisible(files.exporting.running)
        state = "not all of it is saved" if files.unsaved else "saved"
        self.setToolTip(
            f"{path}: {state}" if path is not None else "Save clicks and masks, and go on later"
        )

    def _save(self) -> None:
        if self._files.path is None:
            self._ask_where()
        else:
            self._files.save()

    def _ask_where(self) -> None:
        start = str(self._files.suggested())
        chosen, _ = QFileDialog.getSaveFileName(self, "Save the session", start, _FILTER)
        if not chosen:
            return
        path = Path(chosen)
        named = path if path.suffix == SUFFIX else path.with_name(path.name + SUFFIX)
        if self._may_write(path, named):
            self._files.save(named, overwrite=True)

    def _ask_export(self, name: str) -> None:
        kind, start = FORMATS[name], self._files.exporting.suggested(name)
        kinds = f"{kind.title} (*{kind.suffix})" if start.suffix else "Folder (*)"
        chosen, _ = QFileDialog.getSaveFileName(self, f"Export: {kind.title}", str(start), kinds)
        if not chosen:
            return
        path = Path(chosen)
        whole = not start.suffix or path.suffix.lower() in (kind.suffix, *kind.others)
        named = path if whole else path.with_name(path.name + kind.suffix)
        if self._may_write(path, named):
            self._files.exporting.export(name, named, overwrite=True)

    def _may_write(self, chosen: Path, named: Path) -> bool:
        # The dialog has asked whether to replace the file that was chosen there, and no other.
        taken = named != chosen and named.exists()
        return not taken or self._files.ask(Question(f"Replace {named.name}?", "Replace"))

    def _ask_which(self) -> None:
        start = str(self._files.suggested().parent)
        chosen, _ = QFileDialog.getOpenFileName(self, "Open a session", start, _FILTER)
        if chosen:
            self._files.open(Path(chosen))


class OfferRow(QFrame):
    """Says that a session was not saved, and what can be done with it; there only if there is one.

    Parameters
    ----------
    files : SessionFiles
    """

    def __init__(self, files: SessionFiles, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._files = files
        autosaving = files.autosaving
        self.setObjectName("itisOffer")
        self.text = _WholeLabel()
        self.text.setWordWrap(True)
        self.restore = make_button("Restore", "Go on with it")
        self.restore.clicked.connect(autosaving.restore)
        self.discard = make_button("Discard", "Delete it")
        self.discard.clicked.connect(autosaving.discard)
        self.later = make_button("Later", "Offer it again at the next start")
        self.later.clicked.connect(autosaving.later)
        row = QHBoxLayout()
        row.setSpacing(6)
        for button in (self.restore, self.discard, self.later):
            row.addWidget(button, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 6, 6)
        layout.setSpacing(6)
        layout.addWidget(self.text)
        layout.addLayout(row)
        self.setStyleSheet(_STYLE)
        self.refresh()

    def refresh(self) -> None:
        """Show the newest session on offer."""
        offers = self._files.autosaving.offers
        if offers:
            more = f" ({len(offers) - 1} more)" if len(offers) > 1 else ""
            text = f"A session of {describe(offers[0])}, was not saved{more}"
            self.text.setText(breakable(text))
            self.restore.setEnabled(not self._files.busy)
        self.setEnabled(bool(offers))
        self.setVisible(bool(offers))


class _WholeLabel(QLabel):
    """A label whose lines are not cut where docks share a low window."""

    def minimumSizeHint(self) -> QSize:
        hint = super().minimumSizeHint()
        return QSize(hint.width(), max(hint.height(), self.heightForWidth(self.width())))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.updateGeometry()


class SessionBar(ListeningWidget):
    """What stands beside the session button in its row, the button, and the offers below them.

    Parameters
    ----------
    files : SessionFiles
    beside : QWidget
    """

    def __init__(self, files: SessionFiles, beside: QWidget) -> None:
        super().__init__()
        self._files = files
        self.button = SessionButton(files)
        self.offers = OfferRow(files)
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(beside, 1)
        row.addWidget(self.button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(row)
        layout.addWidget(self.offers)
        self._refresh = QTimer(self, singleShot=True, interval=0)
        self._refresh.timeout.connect(self.refresh)

    def refresh(self) -> None:
        """Show what there is."""
        self.button.refresh()
        self.offers.refresh()

    def _connect(self) -> None:
        self._files.changed.connect(self._refresh.start)
        window = self._main_window()
        if window is not None:
            self._files.autosaving.watch(window)
        self._refresh.start()

    def _disconnect(self) -> None:
        self._files.changed.disconnect(self._refresh.start)


_STYLE = """
#itisOffer { background: rgba(255, 176, 0, 45); border-left: 3px solid #ffb000; }
#itisOffer QLabel { background: transparent; }
"""
