"""Widgets with the frames of a video along their width."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import QPoint, QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPolygonF,
    QWheelEvent,
)
from qtpy.QtWidgets import QSizePolicy, QToolTip, QWidget

MARKER_HEIGHT = 6
"""Room for the triangle above the frame on screen, in logical pixels."""

_MARGIN = 5
_NOTCH = 120
_MARKER = QColor("#ffffff")
_MARKER_EDGE = QColor(0, 0, 0, 190)


class FrameAxis:
    """Which pixel columns show which frames: several columns a frame, or several frames a column.

    Parameters
    ----------
    frames, columns : int
        Both at least 1.

    Attributes
    ----------
    starts : ndarray of int, shape (columns,)
        The first frame of each column.
    """

    def __init__(self, frames: int, columns: int) -> None:
        self.frames = frames
        self.columns = columns
        self.starts = np.arange(columns) * frames // columns

    def reduce(self, reduction: np.ufunc, values: np.ndarray) -> np.ndarray:
        """One value for each column, of values (frames,) for each frame."""
        # Where two columns show the same frame, reduceat takes just its value.
        return reduction.reduceat(values, self.starts)

    def frames_at(self, column: float) -> range:
        """The frames that a column shows; columns outside are those at the border."""
        place = int(np.clip(column, 0, self.columns - 1))
        start = int(self.starts[place])
        stop = int(self.starts[place + 1]) if place + 1 < self.columns else self.frames
        return range(start, max(stop, start + 1))

    def span(self, frame: int) -> tuple[int, int]:
        """First column of a frame, and the first one after it."""
        stop = int(np.searchsorted(self.starts, frame, "right"))
        return min(int(np.searchsorted(self.starts, frame, "left")), stop - 1), stop


class FrameWidget(QWidget):
    """Shows something for each frame, marks the one on screen, and lets the user choose one.

    What it shows is rendered once for every change, however often the frame on screen changes.
    """

    chosen = Signal(int)
    """(frame): the user has chosen a frame: by a click, by dragging, by keys or the wheel."""

    header = 0
    """Above the frames, in logical pixels: the line that marks one does not reach into it."""

    def __init__(self, height: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.frames = 0
        self.frame = 0
        self._image: QImage | None = None
        self._axis: FrameAxis | None = None
        self._turned = 0
        self.setFixedHeight(height)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        # Not by the wheel: it scrolls the dock as long as nobody has asked for frames.
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def sizeHint(self) -> QSize:
        return QSize(260, self.height())

    def show_frame(self, frame: int) -> None:
        """Mark the frame on screen."""
        if frame != self.frame:
            self.frame = frame
            self.update()

    # What a kind of widget says for itself.

    def render_frames(self, size: QSize, margin: int, ratio: float) -> QImage:
        """Draw everything but the marker.

        Parameters
        ----------
        size : QSize
            In device pixels, as all that follows.
        margin : int
            Left and right of the columns of `self.axis`.
        ratio : float
            Device pixels per logical one.
        """
        raise NotImplementedError

    def most_telling(self, frames: range) -> int:
        """Of frames that share a column, the one that a click means."""
        raise NotImplementedError

    def describe(self, frame: int) -> str:
        """A frame in a line."""
        raise NotImplementedError

    # Frames and places.

    @property
    def axis(self) -> FrameAxis:
        """Frames along the device pixels between the margins."""
        ratio = self.devicePixelRatioF()
        columns = max(1, round(self.width() * ratio) - 2 * round(_MARGIN * ratio))
        frames = max(1, self.frames)
        if self._axis is None or (self._axis.frames, self._axis.columns) != (frames, columns):
            self._axis = FrameAxis(frames, columns)
        return self._axis

    def frame_at(self, x: float) -> int:
        """The frame at a place, x in logical pixels."""
        ratio = self.devicePixelRatioF()
        return self.most_telling(self.axis.frames_at(x * ratio - round(_MARGIN * ratio)))

    def place_of(self, frame: int) -> QPoint:
        """The middle of a frame, in logical pixels."""
        ratio = self.devicePixelRatioF()
        left, right = self.axis.span(frame)
        return QPoint(
            int((round(_MARGIN * ratio) + (left + right) / 2) / ratio), self.height() // 2
        )

    def outdate(self) -> None:
        """What is shown has changed."""
        self._image = None
        self.update()

    # From Qt.

    def paintEvent(self, event: QPaintEvent) -> None:
        ratio = self.devicePixelRatioF()
        size = QSize(round(self.width() * ratio), round(self.height() * ratio))
        if self._image is None or self._image.size() != size:
            self._image = self.render_frames(size, round(_MARGIN * ratio), ratio)
            self._image.setDevicePixelRatio(ratio)
        painter = QPainter(self)
        painter.drawImage(QPointF(0, 0), self._image)
        if self.frames:
            self._draw_marker(painter, ratio)
        if self.hasFocus():
            painter.setPen(QColor("#5aa0ff"))
            painter.drawRect(0, 0, self.width() - 1, self.height() - 1)

    def _draw_marker(self, painter: QPainter, ratio: float) -> None:
        left, right = (round(_MARGIN * ratio) + end for end in self.axis.span(self.frame))
        thick, height = max(1, round(ratio)), self.height() * ratio
        middle, top = (left + right) / 2, MARKER_HEIGHT * ratio
        below = top + self.header * ratio
        painter.save()
        # In device pixels: lines between two of them would be blurred.
        painter.scale(1 / ratio, 1 / ratio)
        if right - left < 3 * thick:
            left = right = round(middle)
        # The dark edges lie outside: the frame between the lines stays to be seen.
        painter.fillRect(QRectF(left - 2 * thick, below, 2 * thick, height), _MARKER_EDGE)
        painter.fillRect(QRectF(right, below, thick, height), _MARKER_EDGE)
        for x in (left, right):
            painter.fillRect(QRectF(x - thick, below, thick, height), _MARKER)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_MARKER)
        # Under a line of one pixel, half a pixel beside its middle would be seen.
        middle = middle if right > left else middle - thick / 2
        corners = ((middle - top, 0), (middle + top, 0), (middle, 1.2 * top))
        painter.drawPolygon(QPolygonF([QPointF(*corner) for corner in corners]))
        painter.restore()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._choose_at(event)
        else:
            event.ignore()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._choose_at(event)
        if self.frames:
            text = self.describe(self.frame_at(event.position().x()))
            QToolTip.showText(event.globalPosition().toPoint(), text, self)

    def _choose_at(self, event: QMouseEvent) -> None:
        if self.frames:
            self._choose(self.frame_at(event.position().x()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, last = Qt.Key(event.key()), self.frames - 1
        targets = {
            Qt.Key.Key_Left: self.frame - 1,
            Qt.Key.Key_Right: self.frame + 1,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }
        keypad = Qt.KeyboardModifier.KeypadModifier
        plain = event.modifiers() & ~keypad == Qt.KeyboardModifier.NoModifier
        if self.frames and plain and key in targets:
            self._choose(targets[key])
        else:
            # napari's own keys, and those of the plugin.
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if not self.frames or not self.hasFocus():
            event.ignore()
            return
        # A touch pad turns by less than a notch at a time.
        self._turned -= event.angleDelta().y() or event.angleDelta().x()
        steps = int(self._turned / _NOTCH)
        self._turned -= steps * _NOTCH
        if steps:
            self._choose(self.frame + steps)
        event.accept()

    def _choose(self, frame: int) -> None:
        frame = min(max(frame, 0), self.frames - 1)
        if frame != self.frame:
            # At once: the next key counts from here.
            self.show_frame(frame)
            self.chosen.emit(frame)
