"""Docks that are as low as the screen wants them, however much is in them."""

from __future__ import annotations

from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QFrame, QLayout, QScrollArea, QVBoxLayout, QWidget


def scrolled(content: QWidget) -> QScrollArea:
    """Show a widget in full where there is room, and let it be scrolled up and down elsewhere."""
    area = QScrollArea()
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(content)
    return area


def bring_into_view(widget: QWidget) -> None:
    """Scroll to a widget that was just shown, as soon as it has its place."""

    def scroll() -> None:
        area = widget.parentWidget()
        while area is not None and not isinstance(area, QScrollArea):
            area = area.parentWidget()
        if area is not None and widget.isVisible():
            area.ensureWidgetVisible(widget)

    soon = QTimer(widget, singleShot=True, interval=0)
    soon.timeout.connect(scroll)
    soon.timeout.connect(soon.deleteLater)
    soon.start()


def fill_dock(dock: QWidget, above: QLayout, area: QScrollArea, below: QLayout) -> None:
    """Lay out a dock: what scrolls between what is always there."""
    outer = QVBoxLayout(dock)
    outer.setContentsMargins(0, 0, 0, 0)
    outer.setSpacing(8)
    outer.addLayout(above)
    # Directly in here: napari looks for a widget that wants the height before it pads a dock.
    outer.addWidget(area, 1)
    outer.addLayout(below)
