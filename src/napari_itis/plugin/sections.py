"""Parts of a dock that are folded away until they are wanted."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QToolButton, QVBoxLayout, QWidget

from napari_itis.plugin.scrolling import bring_into_view


class Sections(QWidget):
    """Titles one below the other; opening one closes the others, so that a dock stays short."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._contents: dict[QToolButton, QWidget] = {}
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(2)

    def add(self, title: str, tip: str, content: QWidget) -> QToolButton:
        """Add a section, closed.

        Returns
        -------
        QToolButton
            Its title.
        """
        button = QToolButton()
        button.setObjectName("itisSection")
        button.setText(title)
        button.setToolTip(tip)
        button.setCheckable(True)
        button.setArrowType(Qt.ArrowType.RightArrow)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        content.hide()
        button.toggled.connect(lambda opened: self._on_toggled(button, opened))
        self._contents[button] = content
        self._layout.addWidget(button)
        self._layout.addWidget(content)
        return button

    def set_available(self, button: QToolButton, available: bool) -> None:
        """Show a section, or leave it out where it makes no sense."""
        button.setVisible(available)
        if not available:
            button.setChecked(False)

    def _on_toggled(self, button: QToolButton, opened: bool) -> None:
        button.setArrowType(Qt.ArrowType.DownArrow if opened else Qt.ArrowType.RightArrow)
        if opened:
            # First: the dock must not have room for both, not even for a moment.
            for other in self._contents:
                if other is not button:
                    other.setChecked(False)
        self._contents[button].setVisible(opened)
        if opened:
            bring_into_view(self._contents[button])
