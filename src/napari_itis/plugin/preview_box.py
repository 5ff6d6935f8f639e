"""The part of the widget that shows what the network sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtGui import QImage, QPainter, QPaintEvent, QPixmap, QShowEvent
from qtpy.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from napari_itis.plugin.preview import Seen

if TYPE_CHECKING:
    from napari_itis.plugin.controller import Controller

SEEN = (
    "The region that it looked at for the last click: contrast, channels and zoom-in as it gets "
    "them, the clicks, and the outline of its answer"
)
"""What the part is, as a tooltip."""

_HEIGHT = 190


class PreviewBox(QWidget):
    """A picture of the region that the network looked at last.

    Parameters
    ----------
    parent : QWidget, optional
    """

    opened = Signal()
    """The user wants to see it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._picture = _Picture()
        self._caption = QLabel()
        self._caption.setWordWrap(True)
        self._shown: Seen | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self._picture)
        layout.addWidget(self._caption)
        self._picture.hide()

    @property
    def is_open(self) -> bool:
        return not self.isHidden()

    def show_last(self, controller: Controller) -> None:
        """Show what was seen of the object and the slice that the user is on, if it is open."""
        if not self.is_open:
            return
        seen, workspace = controller.worker.seen, controller.workspace
        if seen is not None and (seen.owner, seen.frame, seen.label) != (
            workspace,
            workspace.frame if workspace else None,
            controller.label,
        ):
            seen = None
        if seen is self._shown and self._caption.text():
            return
        self._shown = seen
        self._picture.setVisible(seen is not None)
        if seen is None:
            self._caption.setText("Shown after the next click on this object.")
            return
        self._picture.show_picture(seen)
        height, width = seen.size
        scale = seen.scale
        zoom = f"magnified {scale:.2g} times" if scale >= 1 else f"reduced to {scale:.0%}"
        self._caption.setText(f"{width} × {height} pixels, {zoom}")

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.opened.emit()


class _Picture(QWidget):
    """A picture as large as there is room for; it never widens the dock."""

    def __init__(self) -> None:
        super().__init__()
        self._pixmap: QPixmap | None = None
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setMinimumHeight(_HEIGHT)

    def sizeHint(self) -> QSize:
        return QSize(100, _HEIGHT)

    def show_picture(self, seen: Seen) -> None:
        height, width = seen.picture.shape[:2]
        rgb = QImage.Format.Format_RGB888
        image = QImage(seen.picture.tobytes(), width, height, 3 * width, rgb)
        # A copy: Qt does not keep the bytes alive.
        self._pixmap = QPixmap.fromImage(image.copy())
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self._pixmap is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        size = self._pixmap.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        left, top = (self.width() - size.width()) // 2, (self.height() - size.height()) // 2
        painter.drawPixmap(left, top, size.width(), size.height(), self._pixmap)
