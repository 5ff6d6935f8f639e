"""How far long work has come, with the buttons that stop it."""

from __future__ import annotations

from qtpy.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from napari_itis.plugin.progress import Progress


class ProgressRow(QWidget):
    """A text, and below it a bar with buttons; there only while work is under way.

    Parameters
    ----------
    buttons : QPushButton
        From left to right.
    """

    def __init__(self, *buttons: QPushButton) -> None:
        super().__init__()
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.bar = QProgressBar()
        # Styles that want more for their numbers would widen the dock.
        self.bar.setMinimumWidth(70)
        # "0%" says less than "12 / 10000".
        self.bar.setFormat("%v / %m")
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self.bar, 1)
        for button in buttons:
            row.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.text)
        layout.addLayout(row)
        self.hide()

    def show_progress(self, progress: Progress | None) -> None:
        """Show the work that is under way; None hides the row."""
        if progress is not None:
            self.text.setText(progress.text)
            self.text.setVisible(bool(progress.text))
            # Qt's bar paints itself at once, and with it all that waits in the window: later, with
            # the rest, is soon enough.
            self.bar.setUpdatesEnabled(False)
            # A total of 0 would be a bar that is busy for ever.
            self.bar.setRange(0, max(progress.total, 1))
            self.bar.setValue(progress.done)
            # "0 / 1" says nothing.
            self.bar.setTextVisible(progress.total > 1)
            self.bar.setUpdatesEnabled(True)
        self.setVisible(progress is not None)
