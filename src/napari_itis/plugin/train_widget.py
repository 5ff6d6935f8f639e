"""The dock widget for training: data, settings, check, progress, result."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QTimer
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import (
    QHBoxLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_itis.plugin.buttons import make_button
from napari_itis.plugin.controllers import controller_of
from napari_itis.plugin.fold import Fold
from napari_itis.plugin.lines import LINES_STYLE, Notice, breakable, make_line
from napari_itis.plugin.listening import ListeningWidget
from napari_itis.plugin.progress_row import ProgressRow
from napari_itis.plugin.scrolling import fill_dock, scrolled
from napari_itis.plugin.training_controller import TrainingController
from napari_itis.plugin.training_data_box import ElidedLabel
from napari_itis.plugin.training_hints import next_step, short_path
from napari_itis.plugin.training_menu import TrainingMenu
from napari_itis.plugin.training_pages import RunPage, SetupPage
from napari_itis.plugin.training_run_box import TrainingRunBox
from napari_itis.plugin.trainings import training_of
from napari_itis.plugin.weights_list import weights_list
from napari_itis.plugin.weights_manager import WeightsManager

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_itis.training.checking import Report

_NOTICE_MS = 20_000
_LOOK_MS = 1_000


class TrainWidget(ListeningWidget):
    """Train a network on one's own images.

    Parameters
    ----------
    napari_viewer : napari.viewer.Viewer
        Named so that napari hands its viewer over.
    training : TrainingController, optional
        What is shown and asked; that of the viewer by default.
    """

    def __init__(
        self, napari_viewer: ViewerModel, *, training: TrainingController | None = None
    ) -> None:
        super().__init__()
        self.training = training_of(napari_viewer) if training is None else training
        # Plugins get a proxy that cannot be referred to weakly.
        self._viewer = getattr(napari_viewer, "__wrapped__", napari_viewer)
        self._report: Report | None = None
        self._build()
        self._refresh = QTimer(self, singleShot=True, interval=0)
        self._refresh.timeout.connect(self.refresh)
        # What is open in the viewer is looked at now and then, not at every brush stroke.
        self._look = QTimer(self, singleShot=True, interval=_LOOK_MS)
        self._look.timeout.connect(self._look_at_viewer)

    def _build(self) -> None:
        training, setup = self.training, self.training.setup
        self.runs = TrainingRunBox(training)
        self.menu = TrainingMenu(training)
        self.hint = make_line("itisHint")
        self.setup_page = SetupPage(training)
        self.run_page = RunPage(training)
        self.weights = Fold(
            "Your weights",
            "Use, rename, delete, export and import them",
            lambda: WeightsManager(self._viewer),
        )
        self.check = make_button("Check", "Look at the data and this computer; start nothing")
        self.check.clicked.connect(lambda: setup.check(begin=False))
        self.begin = make_button(
            "Check and start", "Look at the data and this computer, and start if nothing is wrong"
        )
        self.begin.setObjectName("itisStart")
        self.begin.clicked.connect(lambda: setup.check(begin=True))
        cancel = make_button("Cancel", "Leave the check; nothing is started")
        cancel.clicked.connect(setup.cancel)
        self.checking = ProgressRow(cancel)
        self.resume = make_button("Resume", "Go on from the last checkpoint")
        self.resume.setObjectName("itisStart")
        self.resume.clicked.connect(training.resume)
        self.place = ElidedLabel()
        self.open = QToolButton()
        self.open.setText("Open")
        self.open.setAutoRaise(True)
        self.open.clicked.connect(self.menu.open_folder)
        self._notice = Notice(_NOTICE_MS)
        self.setAcceptDrops(True)
        self._lay_out()
        self.setStyleSheet(LINES_STYLE + _STYLE)

    def _lay_out(self) -> None:
        inner = QWidget()
        layout = QVBoxLayout(inner)
        layout.setSpacing(8)
        layout.setContentsMargins(10, 0, 10, 0)
        for part in (self.setup_page, self.run_page, self.weights):
            layout.addWidget(part)
        layout.addStretch(1)
        self._area = scrolled(inner)
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self.runs, 1)
        row.addWidget(self.menu)
        above = QVBoxLayout()
        above.setContentsMargins(10, 8, 10, 0)
        above.setSpacing(8)
        above.addLayout(row)
        above.addWidget(self.hint)
        buttons = QHBoxLayout()
        buttons.setSpacing(6)
        buttons.addWidget(self.check)
        buttons.addWidget(self.begin, 1)
        buttons.addWidget(self.resume, 1)
        below = QVBoxLayout()
        below.setSpacing(6)
        below.setContentsMargins(10, 0, 10, 8)
        below.addLayout(buttons)
        below.addWidget(self.checking)
        below.addWidget(self._notice)
        place = QHBoxLayout()
        place.addWidget(self.place, 1)
        place.addWidget(self.open)
        below.addLayout(place)
        fill_dock(self, above, self._area, below)
        # As wide as the settings beside a scroll bar.
        self.setMinimumWidth(335)

    # Open and closed.

    def _connect(self) -> None:
        self.training.changed.connect(self._refresh.start)
        self.training.notice.connect(self._on_notice)
        weights_list().changed.connect(self._refresh.start)
        self.training.attach(self._main_window())
        layers = self._viewer.layers.events
        for emitter in (layers.inserted, layers.removed):
            emitter.connect(self._on_layers)
        controller_of(self._viewer).changed.connect(self._look.start)
        self.refresh()

    def _disconnect(self) -> None:
        self._refresh.stop()
        self._look.stop()
        weights_list().changed.disconnect(self._refresh.start)
        self.training.changed.disconnect(self._refresh.start)
        self.training.notice.disconnect(self._on_notice)
        layers = self._viewer.layers.events
        for emitter in (layers.inserted, layers.removed):
            emitter.disconnect(self._on_layers)
        controller_of(self._viewer).changed.disconnect(self._look.start)

    # Folders that are dropped.

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        free = self.training.run is None and not self.training.setup.busy
        if free and any(Path(one).is_dir() for one in _paths(event)):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        folders = [Path(one) for one in _paths(event) if Path(one).is_dir()]
        self.training.setup.add_folders(folders)
        event.acceptProposedAction()

    # From the training.

    def refresh(self) -> None:
        """Show the state of the training."""
        if not self._connected:
            return
        training, setup = self.training, self.training.setup
        new = training.run is None
        self.runs.refresh()
        self._show_hint()
        self.setup_page.setVisible(new)
        self.run_page.setVisible(not new)
        if new:
            self.setup_page.refresh()
            if setup.report is not None and setup.report is not self._report:
                # Once it is laid out.
                QTimer.singleShot(0, self._show_found)
            self._report = setup.report
        else:
            self.run_page.refresh()
        idle = new and not setup.busy
        for button in (self.check, self.begin):
            button.setVisible(idle)
            button.setEnabled(setup.draft.has_data)
        self.checking.show_progress(setup.progress)
        can_resume = training.state in ("stopped", "failed") and training.status.checkpoint_step > 0
        self.resume.setVisible(can_resume)
        self._show_place()
        self.menu.refresh()

    def _show_hint(self) -> None:
        training = self.training
        self.hint.setText(breakable(next_step(training)))
        report = training.setup.report if training.run is None else None
        failed = training.state == "failed" or (report is not None and bool(report.problems))
        name = "itisFailed" if failed else "itisHint"
        if self.hint.objectName() != name:
            self.hint.setObjectName(name)
            # The style goes by the name.
            self.hint.setStyleSheet(self.hint.styleSheet())

    def _show_found(self) -> None:
        self._area.ensureWidgetVisible(self.setup_page.found)

    def _show_place(self) -> None:
        folder = self.training.folder
        where = "Kept in" if self.training.run is None else "In"
        self.place.show_text(f"{where} {short_path(folder)}")
        for widget in (self.place, self.open):
            widget.setToolTip(f"{folder}: open it in the file manager")

    def _look_at_viewer(self) -> None:
        if self.training.run is None and not self.training.setup.busy:
            self.training.setup.look_at_viewer()

    def _on_layers(self, _event: object = None) -> None:
        self._look.start()

    def _on_notice(self, text: str) -> None:
        self._notice.tell(text[:1].upper() + text[1:])


def _paths(event: QDropEvent) -> list[str]:
    return [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]


_STYLE = """
#itisFailed { background: rgba(230, 80, 60, 45); border-left: 3px solid #e6503c; padding: 6px; }
#itisProblems { background: rgba(230, 80, 60, 45); border-left: 3px solid #e6503c; padding: 6px; }
#itisFault { background: rgba(255, 176, 0, 45); border-left: 3px solid #ffb000; padding: 3px; }
#itisStart, #itisUse { font-weight: bold; padding: 6px; }
"""
