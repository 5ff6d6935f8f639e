"""The buttons of the video widget that go from frame to frame and say what is right on them."""

from __future__ import annotations

import numpy as np
from qtpy.QtWidgets import QGridLayout, QWidget

from napari_itis.plugin.buttons import make_button
from napari_itis.plugin.frame_marks import Mark
from napari_itis.plugin.video_correction import VideoCorrection

_COMMIT = "Commit: this mask is right"


class FrameButtons(QWidget):
    """Go to the next frame that needs a look, commit a mask, undo and redo.

    Parameters
    ----------
    video : VideoCorrection
        What is asked.
    """

    def __init__(self, video: VideoCorrection, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._video = video
        self.worst = make_button(
            "Worst frame",
            "Most suspicious frame not corrected yet; those beside a corrected one wait",
            "W",
        )
        self.worst.clicked.connect(video.worst)
        self.uncorrected = make_button(
            "Next uncorrected", "Next mask that nobody has corrected or committed", "U"
        )
        self.uncorrected.clicked.connect(video.next_uncorrected)
        self.previous = make_button("◀ Suspicious", "Suspicious frame before this one", ",")
        self.previous.clicked.connect(video.previous_suspicious)
        self.next = make_button("Suspicious ▶", "Next suspicious frame", ".")
        self.next.clicked.connect(video.next_suspicious)
        self.commit = make_button(
            _COMMIT, "Nothing but you changes a committed mask; press again to take it back", "K"
        )
        self.commit.setObjectName("itisCommit")
        self.commit.setCheckable(True)
        self.commit.clicked.connect(video.commit)
        # The viewer binds their keys to the layers, whichever dock is open.
        self.undo = make_button("Undo", "Take back the last change, on any frame", "Ctrl+Z")
        self.undo.clicked.connect(video.undo)
        self.redo = make_button("Redo", "Take back the last undo", "Ctrl+Shift+Z")
        self.redo.clicked.connect(video.redo)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(6)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        grid.addWidget(self.worst, 0, 0)
        grid.addWidget(self.uncorrected, 0, 1)
        grid.addWidget(self.previous, 1, 0)
        grid.addWidget(self.next, 1, 1)
        grid.addWidget(self.commit, 2, 0, 1, 2)
        grid.addWidget(self.undo, 3, 0)
        grid.addWidget(self.redo, 3, 1)

    def show_state(self, marks: np.ndarray, suspicion: np.ndarray) -> None:
        """Show what can be done.

        Parameters
        ----------
        marks, suspicion : ndarray, shape (frames,)
            As the strip shows them.
        """
        here = Mark(marks[self._video.frame]) if len(marks) else Mark.EMPTY
        untouched = (marks == Mark.AUTOMATIC) | (marks == Mark.SUSPICIOUS)
        suspicious = bool((marks == Mark.SUSPICIOUS).any())
        self.previous.setEnabled(suspicious)
        self.next.setEnabled(suspicious)
        self.worst.setEnabled(bool(((marks <= Mark.SUSPICIOUS) & ~np.isnan(suspicion)).any()))
        self.uncorrected.setEnabled(bool(untouched.any()))
        self.commit.setEnabled(here != Mark.EMPTY)
        self.commit.setChecked(here == Mark.COMMITTED)
        self.commit.setText("Committed ✓" if here == Mark.COMMITTED else _COMMIT)
        self.undo.setEnabled(self._video.can_undo)
        self.redo.setEnabled(self._video.can_redo)
