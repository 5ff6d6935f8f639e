"""The list of trainings at the top of the training dock."""

from __future__ import annotations

from qtpy.QtWidgets import QComboBox

from napari_itis.plugin.training_controller import TrainingController
from napari_itis.plugin.training_hints import run_title


class TrainingRunBox(QComboBox):
    """A new training, or one that runs or ran.

    Parameters
    ----------
    training : TrainingController
    """

    def __init__(self, training: TrainingController) -> None:
        super().__init__()
        self._training = training
        self.setToolTip("A new training, or one that runs or ran")
        # A long name must not widen the dock.
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.activated.connect(self._on_activated)

    def refresh(self) -> None:
        """Show which there are, and which is shown."""
        training = self._training
        wanted = [("New training", None), *((run_title(one), one.folder) for one in training.runs)]
        shown = [(self.itemText(row), self.itemData(row)) for row in range(self.count())]
        if [folder for _, folder in shown] != [folder for _, folder in wanted]:
            self.clear()
            for title, folder in wanted:
                self.addItem(title, folder)
        elif shown != wanted:
            # In place: the list may be open.
            for row, (title, _) in enumerate(wanted):
                self.setItemText(row, title)
        current = None if training.run is None else training.run.folder
        folders = [folder for _, folder in wanted]
        self.setCurrentIndex(folders.index(current) if current in folders else -1)
        self.setEnabled(not training.setup.busy)

    def _on_activated(self, row: int) -> None:
        folder = self.itemData(row)
        if folder is None:
            self._training.show_new()
        else:
            self._training.show_run(folder)
