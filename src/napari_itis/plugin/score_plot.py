"""How good the masks are where ground truth is there: J, F and their mean for each frame."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import QRectF, QSize, Qt
from qtpy.QtGui import QColor, QFont, QFontInfo, QImage, QPainter
from qtpy.QtWidgets import QWidget

from napari_itis.plugin.column_image import blank, fill, stroke, to_image
from napari_itis.plugin.frame_axis import MARKER_HEIGHT, FrameWidget

_HEIGHT = 108
_HEADER = 20
_BORDER = 4
_GRID = 34
_AXIS_TEXT = QColor(255, 255, 255, 120)
# Blue and orange are told apart by everybody, and the mean is bold.
_CURVES = (
    ("J", np.array((86, 180, 233)), 1.0),
    ("F", np.array((240, 163, 48)), 1.0),
    ("J&F", np.array((255, 255, 255)), 2.2),
)
_BAND = 0.24
"""From the lowest to the highest J&F where several frames share a column: no drop gets lost."""


class ScorePlot(FrameWidget):
    """J, F and J&F of each frame between 0 and 1, with their means."""

    header = _HEADER

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_HEIGHT, parent)
        self._scores = np.zeros((3, 0), np.float32)
        self.setAccessibleName("Scores of the frames against the ground truth")

    def show_scores(self, region: np.ndarray, contour: np.ndarray) -> None:
        """Show scores.

        Parameters
        ----------
        region, contour : ndarray of float32, shape (frames,)
            J and F, in [0, 1], nan where not known.
        """
        scores = np.stack([region, contour, (region + contour) / 2])
        if not np.array_equal(scores, self._scores, equal_nan=True):
            self._scores = scores
            self.frames = scores.shape[1]
            self.outdate()

    @property
    def means(self) -> tuple[float, float, float]:
        """J, F and J&F over the frames where they are known, nan where there is none."""
        return tuple(
            float(known.mean()) if (known := values[~np.isnan(values)]).size else float("nan")
            for values in self._scores
        )

    def describe(self, frame: int) -> str:
        """A frame in a line, such as "Frame 37: J 0.71, F 0.65, J&F 0.68"."""
        values = zip(_CURVES, self._scores[:, frame])
        return f"Frame {frame}: " + ", ".join(f"{name} {_said(one)}" for (name, *_), one in values)

    def most_telling(self, frames: range) -> int:
        scores = self._scores[-1, frames.start : frames.stop]
        return frames.start + int(np.where(np.isnan(scores), 2, scores).argmin())

    def render_frames(self, size: QSize, margin: int, ratio: float) -> QImage:
        pixels = blank(size.height(), size.width())
        top = round((MARKER_HEIGHT + _HEADER) * ratio)
        bottom = size.height() - round(_BORDER * ratio)
        lines = [(value, round(bottom - value * (bottom - top))) for value in (0, 0.5, 1)]
        plane = pixels[:, :, margin : margin + self.axis.columns]
        for _value, y in lines:
            plane[:, y : y + max(1, round(ratio))] += _GRID
        for (_name, color, width), values in zip(_CURVES, self._scores):
            if not self.frames:
                break
            if width > 1 and self.frames > self.axis.columns:
                ends = (self.axis.reduce(end, values) for end in (np.fmax, np.fmin))
                fill(plane, *(bottom - end * (bottom - top) for end in ends), color, _BAND)
            middle = bottom - self._curve(values, ratio) * (bottom - top)
            stroke(plane, middle, width * ratio, color)
        image = to_image(pixels)
        painter = QPainter(image)
        font = QFont(self.font())
        font.setPixelSize(round(QFontInfo(font).pixelSize() * 0.88 * ratio))
        painter.setFont(font)
        painter.setPen(_AXIS_TEXT)
        for value, y in lines:
            place = QRectF(margin, y - 18 * ratio, 30 * ratio, 18 * ratio)
            painter.drawText(place, Qt.AlignmentFlag.AlignBottom, f"{value:g}")
        self._draw_means(painter, margin, ratio)
        painter.end()
        return image

    def _curve(self, values: np.ndarray, ratio: float) -> np.ndarray:
        """The value at each column: the mean of its frames, or between those of two frames."""
        axis = self.axis
        known = ~np.isnan(values)
        if self.frames > axis.columns:
            counts = axis.reduce(np.add, known.astype(np.float32))
            sums = axis.reduce(np.add, np.where(known, values, 0))
            return np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)
        place = (np.arange(axis.columns) + 0.5) * self.frames / axis.columns - 0.5
        place = np.clip(place, 0, self.frames - 1)
        before, near = np.floor(place).astype(int), np.round(place).astype(int)
        after, part = np.minimum(before + 1, self.frames - 1), place - before
        curve = (1 - part) * values[before] + part * values[after]
        # A frame whose neighbours are not known is a dot.
        dot = np.isnan(curve) & (np.abs(place - near) < 1.5 * ratio * self.frames / axis.columns)
        return np.where(dot, values[near], curve)

    def _draw_means(self, painter: QPainter, margin: int, ratio: float) -> None:
        x = margin + 26 * ratio
        height = (MARKER_HEIGHT + _HEADER - 2) * ratio
        for (name, color, _width), mean in zip(_CURVES, self.means):
            font = painter.font()
            font.setBold(name == "J&F")
            painter.setFont(font)
            painter.setPen(QColor(*color.tolist()))
            text = f"{name} {_said(mean)}"
            width = painter.fontMetrics().horizontalAdvance(text)
            place = QRectF(x, MARKER_HEIGHT * ratio, width + 2, height - MARKER_HEIGHT * ratio)
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, text)
            x += width + 16 * ratio


def _said(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.2f}"
