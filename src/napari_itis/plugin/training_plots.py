"""How a training goes: loss, IoU and the clicks that held-back objects take, by step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QFont, QFontInfo, QImage, QMouseEvent, QPainter, QPaintEvent
from qtpy.QtWidgets import QSizePolicy, QToolTip, QWidget

from napari_itis.plugin.column_image import blank, fill, stroke, to_image

_HEIGHT = 116
_HEADER, _FOOTER, _LEFT, _RIGHT = 26, 16, 34, 8
_GRID = 30
_AXIS_TEXT = QColor(255, 255, 255, 150)
_EMPTY_TEXT = QColor(255, 255, 255, 130)
_BAND = 0.28
_SMOOTH = 0.04
"""Share of the width that a mean runs over: single batches say little."""

# Blue and orange are told apart by everybody.
BLUE, ORANGE, WHITE = (86, 180, 233), (240, 163, 48), (255, 255, 255)


@dataclass(frozen=True)
class Curve:
    """Values of a training by step.

    Attributes
    ----------
    name : str
    color : tuple of int
        Red, green and blue.
    steps : ndarray of int, shape (n,)
        Rising.
    values : ndarray of float, shape (n,)
        nan where not known.
    measured : bool
        Few and exact: drawn as dots on a line; otherwise as a running mean in a band.
    """

    name: str
    color: tuple[int, int, int]
    steps: NDArray[np.integer]
    values: NDArray[np.floating]
    measured: bool = False

    @property
    def last(self) -> float:
        """The newest value, of a noisy curve the mean of the newest few; nan if there is none."""
        known = self.values[~np.isnan(self.values)]
        if not known.size:
            return math.nan
        count = 1 if self.measured else max(1, round(_SMOOTH * known.size))
        return float(known[-count:].mean())

    def at(self, step: float) -> float:
        """The value nearest to a step."""
        known = ~np.isnan(self.values)
        if not known.any():
            return math.nan
        steps, values = self.steps[known], self.values[known]
        return float(values[np.abs(steps - step).argmin()])


class CurvePlot(QWidget):
    """Curves over the steps of a training, dark in any theme.

    Parameters
    ----------
    title : str
    top : float or None
        Upper end of the axis, of which the lower half is left out where nothing is in it; None:
        what the values ask for.
    decimals : int
        Of the values in the header.
    hint : str
        Said while there is nothing to draw.
    """

    def __init__(
        self, title: str, *, top: float | None = None, decimals: int = 2, hint: str = ""
    ) -> None:
        super().__init__()
        self.title = title
        self._top, self._decimals, self._hint = top, decimals, hint
        self._curves: tuple[Curve, ...] = ()
        self._steps = 0
        self._image: QImage | None = None
        self.setFixedHeight(_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.setAccessibleName(title)

    def sizeHint(self) -> QSize:
        return QSize(260, self.height())

    def show_curves(self, curves: Sequence[Curve], steps: int) -> None:
        """Show curves.

        Parameters
        ----------
        curves : sequence of Curve
        steps : int
            Of the whole training: the end of the axis.
        """
        self._curves, self._steps = tuple(curves), steps
        self._image = None
        self.update()

    def describe(self, step: float) -> str:
        """What the curves say near a step, such as "Step 40: loss 0.31"."""
        said = ", ".join(f"{curve.name} {self._said(curve.at(step))}" for curve in self._curves)
        return f"Step {step:.0f}: {said}"

    # Drawing.

    def paintEvent(self, event: QPaintEvent) -> None:
        ratio = self.devicePixelRatioF()
        size = QSize(round(self.width() * ratio), round(self.height() * ratio))
        if self._image is None or self._image.size() != size:
            self._image = self._render(size, ratio)
            self._image.setDevicePixelRatio(ratio)
        QPainter(self).drawImage(QPointF(0, 0), self._image)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        across = self.width() - _LEFT - _RIGHT
        part = (event.position().x() - _LEFT) / max(1, across)
        if self._steps and 0 <= part <= 1 and self._curves:
            QToolTip.showText(
                event.globalPosition().toPoint(), self.describe(part * self._steps), self
            )

    def _render(self, size: QSize, ratio: float) -> QImage:
        pixels = blank(size.height(), size.width())
        left, right = round(_LEFT * ratio), size.width() - round(_RIGHT * ratio)
        top, bottom = round(_HEADER * ratio), size.height() - round(_FOOTER * ratio)
        ticks = self._ticks()
        low, high = ticks[0], ticks[-1]
        plane = pixels[:, :, left:right]
        for tick in ticks:
            y = self._row(tick, low, high, top, bottom)
            plane[:, round(y) : round(y) + max(1, round(ratio))] += _GRID
        dots: list[tuple[float, float, QColor]] = []
        for curve in self._curves:
            dots += self._draw(plane, curve, (low, high), (top, bottom), ratio)
        image = to_image(pixels)
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        for x, y, color in dots:
            painter.setBrush(color)
            painter.drawEllipse(QPointF(left + x, y), 2.6 * ratio, 2.6 * ratio)
        self._write(painter, ticks, QRectF(left, top, right - left, bottom - top), ratio)
        painter.end()
        return image

    @staticmethod
    def _row(value: float, low: float, high: float, top: float, bottom: float) -> float:
        return bottom - (value - low) / (high - low) * (bottom - top)

    def _draw(
        self,
        plane: NDArray[np.float32],
        curve: Curve,
        bounds: tuple[float, float],
        rows: tuple[int, int],
        ratio: float,
    ) -> list[tuple[float, float, QColor]]:
        known = ~np.isnan(curve.values)
        steps, values = curve.steps[known], curve.values[known].clip(*bounds)
        if not steps.size or not self._steps:
            return []
        columns = plane.shape[2]
        places = steps * (columns - 1) / self._steps
        heights = self._row(values, *bounds, *rows)
        across = np.arange(columns)
        color = np.array(curve.color)
        line = np.interp(across, places, heights, np.nan, np.nan)
        if curve.measured:
            stroke(plane, line, 1.4 * ratio, color)
            return [(x, y, QColor(*curve.color)) for x, y in zip(places, heights)]
        lowest, highest = _ends(places.round().astype(int), heights, line)
        window = max(1, round(_SMOOTH * columns))
        fill(plane, _mean(lowest, window // 3), _mean(highest, window // 3), color, _BAND)
        stroke(plane, _mean(line, window), 1.8 * ratio, color)
        return []

    def _ticks(self) -> list[float]:
        """Three to five round numbers from the lower to the upper end of the axis."""
        values = [c.values[~np.isnan(c.values)] for c in self._curves]
        known = np.concatenate(values) if values else np.zeros(0)
        if self._top is not None:
            low = float(known.min()) if known.size else 0.0
            # Scores that differ in the second decimal want the room.
            low = 0.5 if low >= 0.5 else 0.0
            return np.linspace(low, self._top, 3).tolist()
        # A first batch that is far off must not flatten all that follows.
        noisy = any(not c.measured for c in self._curves)
        high = float(np.quantile(known, 0.995 if noisy else 1)) if known.size else 1.0
        step = _round_up(max(high, 1e-3) / 3)
        return [i * step for i in range(max(2, math.ceil(high / step - 1e-9)) + 1)]

    def _write(self, painter: QPainter, ticks: list[float], area: QRectF, ratio: float) -> None:
        font = QFont(self.font())
        pixels = QFontInfo(font).pixelSize()
        font.setPixelSize(round(pixels * 0.84 * ratio))
        painter.setFont(font)
        painter.setPen(_AXIS_TEXT)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for tick in ticks:
            y = self._row(tick, ticks[0], ticks[-1], area.top(), area.bottom())
            painter.drawText(
                QRectF(0, y - 8 * ratio, area.left() - 4 * ratio, 16 * ratio), right, f"{tick:g}"
            )
        if self._steps:
            below = QRectF(area.left(), area.bottom() + ratio, area.width(), _FOOTER * ratio)
            for alignment, text in (
                (Qt.AlignmentFlag.AlignLeft, "0"),
                (Qt.AlignmentFlag.AlignHCenter, f"{self._steps / 2:.0f}"),
                (Qt.AlignmentFlag.AlignRight, f"{self._steps} steps"),
            ):
                painter.drawText(below, alignment | Qt.AlignmentFlag.AlignTop, text)
        empty = all(math.isnan(curve.last) for curve in self._curves)
        if empty:
            painter.setPen(_EMPTY_TEXT)
            painter.drawText(
                area, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._hint
            )
        font.setPixelSize(round(pixels * 0.92 * ratio))
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(QColor(*WHITE))
        x = 6 * ratio
        for text, color in [(self.title, WHITE), *self._legend()]:
            painter.setPen(QColor(*color))
            width = painter.fontMetrics().horizontalAdvance(text)
            place = QRectF(x, 0, width + 2, (_HEADER - 6) * ratio)
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, text)
            x += width + 11 * ratio
            font.setBold(False)
            painter.setFont(font)

    def _legend(self) -> list[tuple[str, tuple[int, int, int]]]:
        return [
            (f"{curve.name} {self._said(curve.last)}".strip(), curve.color)
            for curve in self._curves
        ]

    def _said(self, value: float) -> str:
        return "–" if math.isnan(value) else f"{value:.{self._decimals}f}"


def _ends(
    columns: NDArray[np.intp], heights: NDArray[np.floating], line: NDArray[np.floating]
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Smallest and largest row in each column; the line itself where there is no point."""
    lowest, highest = line.copy(), line.copy()
    np.fmin.at(lowest, columns, heights)
    np.fmax.at(highest, columns, heights)
    return lowest, highest


def _mean(values: NDArray[np.floating], window: int) -> NDArray[np.floating]:
    """Running mean over the known values, nan where there is none."""
    if window < 2:
        return values
    known = ~np.isnan(values)
    weights = np.ones(window)
    counts = np.convolve(known, weights, "same")
    sums = np.convolve(np.where(known, values, 0), weights, "same")
    mean = np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)
    return np.where(known, mean, np.nan)


def _round_up(value: float) -> float:
    """The next of 1, 2, 2.5 and 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(power * part for part in (1, 2, 2.5, 5, 10) if power * part >= value * 0.999)
