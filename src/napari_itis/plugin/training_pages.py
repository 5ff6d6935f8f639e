"""The two pages of the training dock: a new training, and one that runs or ran."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QComboBox,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from napari_itis.plugin.buttons import make_button
from napari_itis.plugin.compare_plot import ComparePlot
from napari_itis.plugin.fold import Fold
from napari_itis.plugin.lines import breakable
from napari_itis.plugin.prediction_pictures import PredictionPictures
from napari_itis.plugin.progress import Progress
from napari_itis.plugin.progress_row import ProgressRow
from napari_itis.plugin.run_watcher import RunView
from napari_itis.plugin.training_controller import LIVE, TrainingController
from napari_itis.plugin.training_data_box import TrainingDataBox
from napari_itis.plugin.training_form import TrainingForm
from napari_itis.plugin.training_hints import found_lines, progress_text
from napari_itis.plugin.training_plots import BLUE, ORANGE, WHITE, Curve, CurvePlot
from napari_itis.plugin.training_settings_box import TrainingSettingsBox
from napari_itis.training.checking import Report


class SetupPage(QWidget):
    """Data, settings, more settings, and what the check has found."""

    def __init__(self, controller: TrainingController) -> None:
        super().__init__()
        self._setup = setup = controller.setup
        self.data = TrainingDataBox()
        self.data.added.connect(lambda folder: setup.add_folders([folder]))
        self.data.removed.connect(setup.remove_source)
        self.data.changed.connect(setup.change_source)
        self.data.viewer_wanted.connect(setup.use_viewer)
        self.settings = TrainingSettingsBox()
        self.settings.changed.connect(setup.set_keys)
        self.settings.minutes_wanted.connect(setup.set_minutes)
        self.more = Fold("More settings", "Everything that can be set", self._build_form)
        self.found = FoundBox()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.data)
        layout.addWidget(self.found)
        layout.addWidget(self.settings)
        layout.addWidget(self.more)

    def refresh(self) -> None:
        """Show what is set."""
        setup = self._setup
        draft = setup.draft
        self.data.show_sources(draft.config.data, setup.looks)
        self.data.show_viewer(draft.viewer, setup.pairs)
        self.settings.show_config(draft.config, draft.minutes, setup.backend.list_weights())
        if self.more.content is not None and self.more.is_open:
            self.more.content.show_config(draft.config)
        self.found.show_report(setup.report)
        for part in (self.data, self.settings, self.more):
            part.setEnabled(not setup.busy)

    def _build_form(self) -> QWidget:
        form = TrainingForm(self._setup.draft.config)
        form.changed.connect(lambda name, value: self._setup.set_keys({name: value}))
        return form


class FoundBox(QGroupBox):
    """What the check has found; there only if it has found something."""

    def __init__(self) -> None:
        super().__init__("Check")
        self.problems = _label("itisProblems")
        self.facts = _label("itisFacts")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 10, 8, 8)
        layout.setSpacing(6)
        layout.addWidget(self.problems)
        layout.addWidget(self.facts)
        self.hide()

    def show_report(self, report: Report | None) -> None:
        """Show what was found; None hides it."""
        if report is not None:
            self.problems.setText(breakable("\n".join(f"✗ {one}" for one in report.problems)))
            lines = [*found_lines(report), *(f"Note: {one}" for one in report.remarks)]
            self.facts.setText("<br>".join(breakable(line) for line in lines if line))
            self.problems.setVisible(bool(report.problems))
        self.setVisible(report is not None)


class RunPage(QWidget):
    """Progress, plots, predictions, log and result of a training."""

    def __init__(self, controller: TrainingController) -> None:
        super().__init__()
        self._controller = controller
        self.stop = make_button("Stop", "Write a checkpoint and end; Resume goes on from there")
        self.stop.clicked.connect(controller.stop)
        self.progress = ProgressRow(self.stop)
        self.progress.bar.setFormat("%p %")
        self.loss = CurvePlot("Loss", hint="after the first steps")
        self.iou = CurvePlot("IoU", top=1.0, hint="after the first steps")
        self.clicks = CurvePlot(
            "Clicks needed", decimals=1, hint="measured now and then on images held back"
        )
        self.pictures = PredictionPictures()
        self.log = Fold("Log", "What the training has printed", self._build_log)
        self.log.opened.connect(lambda _open: self.refresh())
        self.result = ResultBox(controller)
        self._curves: Any = None
        self._output = ""
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.progress)
        layout.addWidget(self.result)
        for plot in (self.loss, self.iou, self.clicks):
            layout.addWidget(plot)
        layout.addWidget(self.pictures)
        layout.addWidget(self.log)

    def refresh(self) -> None:
        """Show the training."""
        controller = self._controller
        status, view = controller.status, controller.view
        live = controller.run is not None and status.state in LIVE
        text = progress_text(controller)
        progress = Progress(status.step, status.steps, False, text)
        self.progress.show_progress(progress if live or status.steps else None)
        self.stop.setVisible(live)
        self.stop.setEnabled(controller.state in ("starting", "running"))
        if controller.curves is not self._curves:
            self._curves = controller.curves
            self._show_curves()
        self.pictures.show_pictures(view.pictures if view is not None else ())
        self._show_log(view.output if view is not None else "")
        self.result.refresh()

    def _show_curves(self) -> None:
        curves, steps = self._curves, self._controller.status.steps
        if curves is None:
            for plot in (self.loss, self.iou, self.clicks):
                plot.show_curves((), 0)
            return
        measured = curves.validation_step
        none = np.full(len(measured), np.nan)

        def held_back(name: str, key: str, color: tuple[int, int, int]) -> Curve:
            return Curve(name, color, measured, curves.validation.get(key, none), measured=True)

        self.loss.show_curves([Curve("", BLUE, curves.step, curves.loss)], steps)
        self.iou.show_curves(
            [
                Curve("crops", BLUE, curves.step, curves.iou),
                held_back("1 click", "iou_1", ORANGE),
                held_back("3 clicks", "iou_3", WHITE),
            ],
            steps,
        )
        self.clicks.show_curves(
            [held_back("to 0.85:", "noc_85", ORANGE), held_back("to 0.90:", "noc_90", WHITE)],
            steps,
        )

    def _build_log(self) -> QWidget:
        log = QPlainTextEdit()
        log.setReadOnly(True)
        log.setFixedHeight(150)
        log.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        return log

    def _show_log(self, output: str) -> None:
        log = self.log.content
        if log is None or not self.log.is_open or log.toPlainText() == output:
            return
        bar = log.verticalScrollBar()
        below = bar.value() == bar.maximum()
        log.setPlainText(output)
        if below:
            bar.setValue(bar.maximum())


class ResultBox(QGroupBox):
    """The weights of a training: use them, compare them; there as soon as there are some."""

    def __init__(self, controller: TrainingController) -> None:
        super().__init__("New weights")
        self._controller = controller
        self.use = make_button(
            "Use in segmentation", "Add them to your weights, and click with them from now on"
        )
        self.use.setObjectName("itisUse")
        self.use.clicked.connect(controller.use)
        self.old = QComboBox()
        self.old.setToolTip("The weights that the new ones are compared with")
        # A long name must not widen the dock.
        self.old.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.compare = make_button(
            "Compare", "Let a robot user click on the images held back, with the old and the new"
        )
        self.compare.clicked.connect(lambda: controller.compare(self.old.currentData()))
        cancel = make_button("Cancel", "Leave it")
        cancel.clicked.connect(controller.comparison.stop)
        self.progress = ProgressRow(cancel)
        self.plot = ComparePlot()
        self._shown: Any = None
        self._folder: Path | None = None
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(QLabel("Old:"))
        row.addWidget(self.old, 1)
        row.addWidget(self.compare)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 10, 8, 8)
        layout.setSpacing(6)
        layout.addLayout(row)
        layout.addWidget(self.progress)
        layout.addWidget(self.plot)
        layout.addWidget(self.use)

    def refresh(self) -> None:
        """Show what there is."""
        controller, comparison = self._controller, self._controller.comparison
        view, result = controller.view, comparison.result
        there = view is not None and view.weights is not None and controller.status.ended
        self.setVisible(there)
        if not there:
            return
        self._show_old(view)
        self.use.setEnabled(not controller.using)
        self.compare.setEnabled(not comparison.busy)
        self.old.setEnabled(not comparison.busy)
        progress = None
        if comparison.busy:
            done, total = (result.done, result.total) if result is not None else (0, 0)
            progress = Progress(done, total, False, "Objects that were clicked on")
        self.progress.show_progress(progress)
        if result is not self._shown:
            self._shown = result
            self.plot.show_comparison(result)
        self.plot.setVisible(result is not None)

    def _show_old(self, view: RunView) -> None:
        names = self._controller.backend.list_weights()
        if view.start not in (*names, "", "imagenet", "random"):
            names = [*names, view.start]
        chosen = self.old.currentData() if self._folder == view.folder else view.start
        if names != [self.old.itemData(row) for row in range(self.old.count())]:
            self.old.clear()
            for name in names:
                self.old.addItem(Path(name).name, name)
        self._folder = view.folder
        self.old.setCurrentIndex(max(0, self.old.findData(chosen)))


def _label(name: str) -> QLabel:
    label = QLabel()
    label.setObjectName(name)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
