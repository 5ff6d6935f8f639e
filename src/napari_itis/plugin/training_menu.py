"""The menu of the training dock: settings as TOML, folders, and what is seldom done with a run."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import Qt, QUrl
from qtpy.QtGui import QDesktopServices, QFontDatabase
from qtpy.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QLabel,
    QMenu,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_itis.plugin.training_controller import LIVE, TrainingController

_SUFFIX = ".toml"
_FILTER = f"Settings (*{_SUFFIX})"


class TrainingMenu(QPushButton):
    """What can be done with the settings, or with the training that is shown.

    Parameters
    ----------
    training : TrainingController
    """

    def __init__(self, training: TrainingController) -> None:
        super().__init__("More")
        self._training = training
        self.setToolTip("Settings as TOML, folders, and what is seldom done")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        self.edit = menu.addAction("Edit as TOML …")
        self.edit.setToolTip("All settings as text")
        self.edit.triggered.connect(self._edit)
        self.load = menu.addAction("Load TOML …")
        self.load.setToolTip("Settings from a file, such as config.toml of another training")
        self.load.triggered.connect(self._load)
        self.save = menu.addAction("Save as TOML …")
        self.save.setToolTip("For the command line: napari-itis train FILE gives the same training")
        self.save.triggered.connect(self._save)
        self.take = menu.addAction("New training with these settings")
        self.take.triggered.connect(training.set_up_again)
        menu.addSeparator()
        self.open = menu.addAction("Open the folder")
        self.open.triggered.connect(self.open_folder)
        self.home = menu.addAction("Keep trainings in …")
        self.home.setToolTip("Another folder for what a training leaves: weights, checkpoint, log")
        self.home.triggered.connect(self._ask_home)
        menu.addSeparator()
        self.kill = menu.addAction("End without a checkpoint")
        self.kill.triggered.connect(training.kill)
        self.forget = menu.addAction("Take off the list")
        self.forget.setToolTip("Its folder stays as it is")
        self.forget.triggered.connect(training.forget)
        self.setMenu(menu)

    def refresh(self) -> None:
        """Show what can be done."""
        training = self._training
        new = training.run is None
        live = not new and training.status.state in LIVE
        idle = not training.setup.busy
        for action in (self.edit, self.load, self.save, self.home):
            action.setVisible(new)
            action.setEnabled(idle)
        self.take.setVisible(not new)
        self.kill.setVisible(live)
        self.forget.setVisible(not new and not live)
        self.open.setToolTip(f"In your file manager: {training.folder}")

    def open_folder(self) -> None:
        """Open the folder of the training in the system's file manager."""
        training, folder = self._training, self._training.folder
        if training.run is None:
            folder.mkdir(parents=True, exist_ok=True)
        if not (folder.is_dir() and QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))):
            training.notice.emit(f"The folder is {folder}")

    def _ask_home(self) -> None:
        chosen = QFileDialog.getExistingDirectory(
            self, "Folder for trainings", str(self._training.folder)
        )
        if chosen:
            self._training.setup.keep_in(Path(chosen))

    def _load(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, "Settings of a training", "", _FILTER)
        if chosen:
            self._training.setup.load(Path(chosen))

    def _save(self) -> None:
        name = f"{self._training.setup.draft.config.name}{_SUFFIX}"
        chosen, _ = QFileDialog.getSaveFileName(self, "Save the settings", name, _FILTER)
        if chosen:
            path = Path(chosen)
            # The dialog has asked whether to replace the file that was named there, and no other.
            asked = path.suffix.lower() == _SUFFIX
            path = path if asked else path.with_name(path.name + _SUFFIX)
            self._training.setup.save(path, overwrite=asked)

    def _edit(self) -> None:
        TomlDialog(self._training, self.window()).open()


class TomlDialog(QDialog):
    """All settings as text; what is wrong with it is said before it closes.

    Parameters
    ----------
    training : TrainingController
    """

    def __init__(self, training: TrainingController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._training = training
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Settings of the training")
        self.text = QPlainTextEdit(training.setup.text())
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.wrong = QLabel()
        self.wrong.setWordWrap(True)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(self._take)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.text, 1)
        layout.addWidget(self.wrong)
        layout.addWidget(buttons)
        self.resize(560, 640)

    def _take(self) -> None:
        wrong = self._training.setup.take_text(self.text.toPlainText())
        if wrong:
            self.wrong.setText(wrong)
        else:
            self.accept()
