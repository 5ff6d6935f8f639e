"""All frames of a video at a glance: what was done with them, and which may be wrong."""

from __future__ import annotations

from functools import cache

import numpy as np
from qtpy.QtCore import QPoint, QRect, QSize, Qt
from qtpy.QtGui import QFont, QFontInfo, QFontMetrics, QImage, QPainter, QPaintEvent
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_itis.plugin.column_image import DARK, blank, fill, to_image
from napari_itis.plugin.frame_axis import MARKER_HEIGHT, FrameWidget
from napari_itis.plugin.frame_marks import Mark

WORDS = {
    Mark.EMPTY: "no mask",
    Mark.AUTOMATIC: "automatic",
    Mark.SUSPICIOUS: "suspicious",
    Mark.CORRECTED: "corrected",
    Mark.COMMITTED: "committed",
}

# None as light as another, and not all of one height: also without colours they differ.
_COLORS = np.array([(74, 80, 92), (124, 135, 153), (255, 174, 26), (61, 155, 255), (217, 255, 214)])
_BAR_COLORS = np.array([(138, 117, 80)] * len(WORDS))
_BAR_COLORS[Mark.SUSPICIOUS] = _COLORS[Mark.SUSPICIOUS]
_HEIGHTS = np.array([3, 7, 12, 12, 12])
_LID = (14, 17)
"""Above a committed frame lies a lid, from and to this height."""
_SUSPICION_HEIGHT = 24
_MARK_HEIGHT = 19
_BORDER = 2

# Of several frames in one column the rightmost of these is shown: alarm, then what the user did.
_BY_ALARM = np.array(
    [Mark.EMPTY, Mark.AUTOMATIC, Mark.COMMITTED, Mark.CORRECTED, Mark.SUSPICIOUS], np.uint8
)
_ALARM = np.argsort(_BY_ALARM).astype(np.uint8)


class FrameStrip(FrameWidget):
    """One column for each frame: its mark below, and above it a bar: how suspicious it is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(MARKER_HEIGHT + _SUSPICION_HEIGHT + _MARK_HEIGHT + 2 * _BORDER, parent)
        self._marks = np.zeros(0, np.uint8)
        self._suspicion = np.zeros(0, np.float32)
        self.setAccessibleName("Frames of the video")

    def show_marks(self, marks: np.ndarray, suspicion: np.ndarray) -> bool:
        """Show the frames.

        Parameters
        ----------
        marks : ndarray of uint8, shape (frames,)
            Of `Mark`.
        suspicion : ndarray of float32, shape (frames,)
            In [0, 1], nan where not known.

        Returns
        -------
        bool
            Whether there is anything new.
        """
        if np.array_equal(marks, self._marks) and np.array_equal(
            suspicion, self._suspicion, equal_nan=True
        ):
            return False
        # Copies: what is compared with must not change under the hands of others.
        self._marks, self._suspicion = marks.copy(), suspicion.copy()
        self.frames = len(marks)
        self.outdate()
        return True

    def describe(self, frame: int) -> str:
        """A frame in a line, such as "Frame 37: suspicious (0.82)"."""
        suspicion = self._suspicion[frame]
        known = "" if np.isnan(suspicion) else f" ({suspicion:.2f})"
        return f"Frame {frame}: {WORDS[Mark(self._marks[frame])]}{known}"

    def most_telling(self, frames: range) -> int:
        if len(frames) == 1:
            return frames[0]
        within = slice(frames.start, frames.stop)
        alarm = _ALARM[self._marks[within]] + np.nan_to_num(self._suspicion[within]) / 2
        return frames.start + int(alarm.argmax())

    def render_frames(self, size: QSize, margin: int, ratio: float) -> QImage:
        pixels = blank(size.height(), size.width())
        if self.frames:
            axis = self.axis
            columns = pixels[:, :, margin : margin + axis.columns]
            marks = _BY_ALARM[axis.reduce(np.maximum, _ALARM[self._marks])]
            bottom = size.height() - round(_BORDER * ratio)
            _draw_marks(columns, bottom, marks, ratio)
            bottom -= round(_MARK_HEIGHT * ratio)
            suspicion = np.nan_to_num(axis.reduce(np.fmax, self._suspicion))
            bars = np.ceil(suspicion * _SUSPICION_HEIGHT * ratio)
            fill(columns, bottom - bars, bottom, _BAR_COLORS[marks])
            gap = max(1, round(ratio / 2))
            if axis.columns >= 4 * gap * self.frames:
                last = np.flatnonzero(np.diff(axis.starts))
                for offset in range(gap):
                    columns[:, :, last - offset] = DARK[:, None, None]
        return to_image(pixels)


def _draw_marks(columns: np.ndarray, bottom: int, marks: np.ndarray, ratio: float) -> None:
    fill(columns, bottom - np.round(_HEIGHTS[marks] * ratio), bottom, _COLORS[marks])
    low, high = (round(end * ratio) for end in _LID)
    high = np.where(marks == Mark.COMMITTED, high, low)
    fill(columns, bottom - high, bottom - low, _COLORS[marks])


@cache
def _swatch(mark: Mark, ratio: float) -> QImage:
    pixels = blank(round(_MARK_HEIGHT * ratio), round(8 * ratio))
    _draw_marks(pixels, pixels.shape[1], np.full(pixels.shape[2], mark), ratio)
    image = to_image(pixels)
    image.setDevicePixelRatio(ratio)
    return image


class StripLegend(QWidget):
    """What the marks in a `FrameStrip` look like, and how many frames have each."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._counts = [0] * len(WORDS)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setToolTip(
            "Marks of the current object. The bars above them: how likely the mask is wrong"
        )

    def show_marks(self, marks: np.ndarray) -> None:
        """Count the frames of each mark, an array as `FrameStrip` shows."""
        counts = np.bincount(marks, minlength=len(WORDS)).tolist()
        if counts != self._counts:
            if sum(counts) != sum(self._counts):
                self.updateGeometry()
            self._counts = counts
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(260, self.heightForWidth(max(self.width(), 260)))

    def heightForWidth(self, width: int) -> int:
        return self._places(width)[-1].bottom() + 1

    def paintEvent(self, event: QPaintEvent) -> None:
        ratio = self.devicePixelRatioF()
        painter = QPainter(self)
        painter.setFont(self._font())
        color = self.palette().windowText().color()
        for place, mark, text in zip(self._places(self.width()), WORDS, self._texts()):
            painter.drawImage(place.topLeft() + QPoint(0, 1), _swatch(mark, ratio))
            color.setAlpha(255 if self._counts[mark] else 130)
            painter.setPen(color)
            painter.drawText(place.adjusted(12, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, text)

    def _font(self) -> QFont:
        font = QFont(self.font())
        font.setPointSizeF(0.85 * QFontInfo(font).pointSizeF())
        return font

    def _texts(self) -> list[str]:
        counts = (f"{self._counts[mark]:,}".replace(",", "\u202f") for mark in WORDS)
        return [f"{word} {count}" for word, count in zip(WORDS.values(), counts)]

    def _places(self, width: int) -> list[QRect]:
        metrics = QFontMetrics(self._font())
        down = _MARK_HEIGHT + 2
        places, x, y = [], 0, 0
        for word in WORDS.values():
            # Room for every count that there can be: nothing jumps about while they change.
            across = 12 + metrics.horizontalAdvance(f"{word} {sum(self._counts):,}")
            if x + across > width and x:
                x, y = 0, y + down
            places.append(QRect(x, y, across, down))
            x += across + 6
        return places
