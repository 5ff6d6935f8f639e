"""The part of the video widget that carries a corrected mask on to other frames."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QGridLayout, QGroupBox, QHBoxLayout, QLabel, QSpinBox, QWidget

from napari_itis.plugin.buttons import make_button
from napari_itis.plugin.progress import Progress
from napari_itis.plugin.progress_row import ProgressRow

_MOST = 1_000_000


class CarryOnBox(QGroupBox):
    """Direction, range, and what to do with frames that were corrected already."""

    asked = Signal(int, object, bool, bool)
    """(direction, count or None, overwrite, keep_better): the user wants the mask carried on."""
    paused = Signal(bool)
    """Let it wait, or go on."""
    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Carry the mask on", parent)
        self._waiting = False
        self.backwards = make_button(
            "◀ Backwards", "Carry the mask on to earlier frames", "Shift+←"
        )
        self.backwards.clicked.connect(lambda: self._ask(-1))
        self.forwards = make_button("Forwards ▶", "Carry the mask on to later frames", "Shift+→")
        self.forwards.clicked.connect(lambda: self._ask(1))
        self._range = QSpinBox()
        self._range.setRange(0, _MOST)
        self._range.setSpecialValueText("to the end")
        self._range.setSuffix(" frames")
        self._range.setSingleStep(5)
        self._range.setToolTip("Over how many frames at most; 0: to the end of the video")
        self._overwrite = QCheckBox("Also over corrected frames")
        self._overwrite.setToolTip(
            "Off, it stops at a frame that was corrected or committed. On, it replaces them"
        )
        self._keep_better = QCheckBox("Keep masks that look better")
        self._keep_better.setChecked(True)
        self._keep_better.setToolTip(
            "On, the mask of each frame has a say, and stays if it is the less suspicious one"
        )
        self.pause = make_button("Pause", "Let it wait, or go on", "G")
        self.pause.clicked.connect(lambda: self.paused.emit(not self._waiting))
        self.cancel = make_button("Cancel", "Stop; the masks so far stay, Ctrl+Z undoes them", "Q")
        self.cancel.clicked.connect(self.cancelled)
        self._progress = ProgressRow(self.pause, self.cancel)
        grid = QGridLayout(self)
        grid.setContentsMargins(8, 10, 8, 8)
        grid.setSpacing(6)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        grid.addWidget(self.backwards, 0, 0)
        grid.addWidget(self.forwards, 0, 1)
        row = QHBoxLayout()
        row.addWidget(QLabel("Range"))
        row.addWidget(self._range, 1)
        grid.addLayout(row, 1, 0, 1, 2)
        grid.addWidget(self._keep_better, 2, 0, 1, 2)
        grid.addWidget(self._overwrite, 3, 0, 1, 2)
        grid.addWidget(self._progress, 4, 0, 1, 2)

    def show_state(self, progress: Progress | None, backwards: bool, forwards: bool) -> None:
        """Show what is under way and what can be begun.

        Parameters
        ----------
        progress : Progress or None
        backwards, forwards : bool
            Whether there is a mask and a frame to carry it to.
        """
        idle = progress is None
        self._waiting = not idle and progress.paused
        self.backwards.setEnabled(idle and backwards)
        self.forwards.setEnabled(idle and forwards)
        self.pause.setEnabled(not idle)
        self.cancel.setEnabled(not idle)
        self.pause.setText("Go on" if self._waiting else "Pause")
        self._progress.show_progress(progress)

    def _ask(self, direction: int) -> None:
        overwrite, keep_better = self._overwrite.isChecked(), self._keep_better.isChecked()
        self.asked.emit(direction, self._range.value() or None, overwrite, keep_better)
