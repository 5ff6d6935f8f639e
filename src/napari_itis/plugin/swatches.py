"""Discs of a colour, as icons."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtGui import QColor, QIcon, QPainter, QPen, QPixmap


def swatch(color: Sequence[float], size: int = 28) -> QIcon:
    """A disc of a colour, RGBA in [0, 1]."""
    pixmap = QPixmap(size, size)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(QColor.fromRgbF(*color[:3]))
    painter.setPen(QPen(QColor(255, 255, 255, 200), size / 14))
    painter.drawEllipse(2, 2, size - 4, size - 4)
    painter.end()
    icon = QIcon(pixmap)
    # Qt would tint the colour of the chosen line.
    icon.addPixmap(pixmap, QIcon.Mode.Selected)
    return icon
