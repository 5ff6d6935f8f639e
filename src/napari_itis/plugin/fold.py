"""A part of a dock that is folded away until it is asked for."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QSizePolicy, QToolButton, QVBoxLayout, QWidget

from napari_itis.plugin.scrolling import bring_into_view


class Fold(QWidget):
    """A line with an arrow, and below it what it opens.

    Parameters
    ----------
    title, tip : str
    build : callable
        Makes what is inside, when it is opened for the first time.
    """

    opened = Signal(bool)

    def __init__(self, title: str, tip: str, build: Callable[[], QWidget]) -> None:
        super().__init__()
        self._build = build
        self.content: QWidget | None = None
        self.line = QToolButton()
        self.line.setObjectName("itisFold")
        self.line.setText(title)
        self.line.setToolTip(tip)
        self.line.setCheckable(True)
        self.line.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.line.setArrowType(Qt.ArrowType.RightArrow)
        self.line.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.line.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.line.toggled.connect(self._on_toggled)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(4)
        self._layout.addWidget(self.line)
        self.setStyleSheet(_STYLE)

    @property
    def is_open(self) -> bool:
        """Whether its content is to be seen."""
        return self.line.isChecked()

    def open(self, wanted: bool = True) -> None:
        """Open or fold it."""
        self.line.setChecked(wanted)

    def _on_toggled(self, wanted: bool) -> None:
        self.line.setArrowType(Qt.ArrowType.DownArrow if wanted else Qt.ArrowType.RightArrow)
        if wanted and self.content is None:
            self.content = self._build()
            self._layout.addWidget(self.content)
        if self.content is not None:
            self.content.setVisible(wanted)
            if wanted:
                bring_into_view(self.content)
        self.opened.emit(wanted)


_STYLE = "#itisFold { border: none; background: transparent; padding: 3px 0px; text-align: left; }"
