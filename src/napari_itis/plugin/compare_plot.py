"""A comparison of weights in one picture: IoU against clicks with intervals, and the verdict."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QFont, QFontInfo, QPainter, QPaintEvent, QPen, QPolygonF
from qtpy.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from napari_itis.evaluation.comparison import TARGETS, Comparison
from napari_itis.plugin.lines import breakable

_HEIGHT = 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 36, 10, 10, 34
_BACKGROUND = QColor(20, 22, 26)
_GRID = QColor(255, 255, 255, 40)
_TEXT = QColor(255, 255, 255, 170)
# Blue and orange are told apart by everybody; more than two weights are rare.
_COLORS = tuple(QColor(*rgb) for rgb in ((86, 180, 233), (240, 163, 48), (0, 158, 115)))
_BAND = 55
_MOST_TICKS = 10
_EDGES = {"better": "#3fae5a", "no clear difference": "#8a8f98", "worse": "#e05548"}


class ComparePlot(QWidget):
    """Mean IoU after each click for old and new weights, and in words which are better."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.verdict = QLabel()
        self.verdict.setWordWrap(True)
        self.curves = _Curves()
        self.legend = QLabel()
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self.legend.setWordWrap(True)
        self.legend.setToolTip(
            "Clicks per object (NoC); one that never gets there counts as the largest number"
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self.verdict)
        layout.addWidget(self.curves)
        layout.addWidget(self.legend)
        self.show_comparison(None)

    def show_comparison(self, comparison: Comparison | None) -> None:
        """Show a comparison, also one that is under way; None clears the plot."""
        begun = comparison is not None and bool(comparison.objects)
        self.curves.show_curves(
            [comparison.curve(which) for which in range(len(comparison.weights))] if begun else []
        )
        self.verdict.setText(breakable(_verdict(comparison)))
        self.verdict.setStyleSheet(_style(comparison))
        self.legend.setText(_legend(comparison) if begun else "")
        self.legend.setVisible(begun)


class _Curves(QWidget):
    """Mean IoU against clicks, with 95 % bands."""

    def __init__(self) -> None:
        super().__init__()
        self._curves: list[np.ndarray] = []
        self.setFixedHeight(_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Mean IoU after each click")
        self.setToolTip("Mean IoU after each click; the bands hold it with 95 % probability")

    def sizeHint(self) -> QSize:
        return QSize(260, _HEIGHT)

    def show_curves(self, curves: list[np.ndarray]) -> None:
        """Show curves of shape (3, clicks): mean, low, high."""
        self._curves = curves
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), _BACKGROUND)
        font = QFont(self.font())
        font.setPixelSize(round(QFontInfo(font).pixelSize() * 0.88))
        painter.setFont(font)
        if not self._curves:
            painter.setPen(_TEXT)
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, "Nothing compared yet")
            return
        # What the bands reach, down to the next tenth: differences are small.
        lowest = min(float(curve[1].min()) for curve in self._curves)
        bottom = min(np.floor(10 * lowest) / 10, 0.8)
        self._draw_axes(painter, bottom)
        for curve, color in zip(self._curves, _COLORS):
            self._draw_band(painter, curve, color, bottom)
        for curve, color in zip(self._curves, _COLORS):
            self._draw_line(painter, curve[0], color, bottom)

    def _place(self, click: float, value: float, bottom: float) -> QPointF:
        clicks = self._curves[0].shape[1]
        width = self.width() - _LEFT - _RIGHT
        height = self.height() - _TOP - _BOTTOM
        across = (click - 1) / (clicks - 1) if clicks > 1 else 0.5
        up = (value - bottom) / (1 - bottom)
        return QPointF(_LEFT + 6 + across * (width - 12), _TOP + (1 - up) * height)

    def _draw_axes(self, painter: QPainter, bottom: float) -> None:
        clicks = self._curves[0].shape[1]
        step = 0.05 if bottom >= 0.8 else 0.1 if bottom >= 0.5 else 0.2
        right = self.width() - _RIGHT
        for value in np.arange(round(1 / step), round(bottom / step) - 1, -1) * step:
            y = self._place(1, value, bottom).y()
            if y > self.height() - _BOTTOM + 1:
                break
            painter.setPen(_GRID)
            painter.drawLine(QPointF(_LEFT, y), QPointF(right, y))
            painter.setPen(_TEXT)
            place = QRectF(0, y - 9, _LEFT - 4, 18)
            middle = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(place, middle, f"{value:.2f}".rstrip("0").rstrip("."))
        painter.setPen(_TEXT)
        every = -(-clicks // _MOST_TICKS)
        below = self.height() - _BOTTOM + 2
        for click in range(1, clicks + 1, every):
            x = self._place(click, 1, bottom).x()
            painter.drawText(
                QRectF(x - 15, below, 30, 15), Qt.AlignmentFlag.AlignHCenter, f"{click}"
            )
        words = QRectF(_LEFT, below + 14, right - _LEFT, 17)
        painter.drawText(words, Qt.AlignmentFlag.AlignHCenter, "mean IoU against clicks")

    def _draw_band(
        self, painter: QPainter, curve: np.ndarray, color: QColor, bottom: float
    ) -> None:
        _, low, high = curve
        if len(low) == 1:
            painter.setPen(QPen(QColor(color.red(), color.green(), color.blue(), 2 * _BAND), 5))
            painter.drawLine(self._place(1, low[0], bottom), self._place(1, high[0], bottom))
            return
        points = [self._place(at, value, bottom) for at, value in enumerate(high, 1)]
        points += [self._place(at, low[at - 1], bottom) for at in range(len(low), 0, -1)]
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(color.red(), color.green(), color.blue(), _BAND))
        painter.drawPolygon(QPolygonF(points))

    def _draw_line(self, painter: QPainter, mean: np.ndarray, color: QColor, bottom: float) -> None:
        points = [self._place(at, value, bottom) for at, value in enumerate(mean, 1)]
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(color, 2))
        painter.drawPolyline(QPolygonF(points))
        painter.setBrush(color)
        painter.setPen(Qt.PenStyle.NoPen)
        for point in points:
            painter.drawEllipse(point, 3, 3)


def _verdict(comparison: Comparison | None) -> str:
    if comparison is None:
        return "Compare old and new weights before you use the new ones"
    if not comparison.objects:
        return f"0 of {comparison.total} objects compared"
    lines = [comparison.verdict(which).line for which in range(1, len(comparison.weights))]
    if comparison.done < comparison.total:
        lines.insert(0, f"So far, {comparison.done} of {comparison.total} objects:")
    if comparison.skipped:
        lines.append(f"{len(comparison.skipped)} objects left out: {comparison.skipped[0]}")
    return "\n".join(lines)


def _style(comparison: Comparison | None) -> str:
    over = comparison is not None and comparison.objects and comparison.done >= comparison.total
    kind = comparison.verdict().kind if over else "no clear difference"
    edge = QColor(_EDGES[kind])
    tint = f"rgba({edge.red()}, {edge.green()}, {edge.blue()}, 45)"
    return f"background: {tint}; border-left: 3px solid {edge.name()}; padding: 6px;"


def _legend(comparison: Comparison) -> str:
    """Names in their colours, and how many clicks each needs."""
    rows = []
    for which, (name, color) in enumerate(zip(comparison.weights, _COLORS)):
        first, *others = (
            f"{comparison.noc(which, target).mean:.1f}{unit} {target:.2f}"
            for target, unit in zip(TARGETS, (" clicks to IoU", " to"))
        )
        spent = ", ".join((first, *others))
        shown = breakable(name).replace("&", "&amp;").replace("<", "&lt;")
        rows.append(f'<span style="color: {color.name()}">●</span> <b>{shown}</b>: {spent}')
    return "<br>".join(rows)
