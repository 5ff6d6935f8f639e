"""Predictions on held-back images: at the start and now, beside the image and the truth."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import QRectF, QSize, Qt
from qtpy.QtGui import QColor, QFont, QFontInfo, QImage, QPainter, QPaintEvent, QResizeEvent
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_itis.plugin.background import Background
from napari_itis.plugin.column_image import DARK

_LINE = 17
_GAP = 3
_TEXT = QColor(255, 255, 255, 190)
_ROWS = 3
"""Of a picture of a training: photo with the click, prediction, truth; a column for each object."""


class PredictionPictures(QWidget):
    """The same objects in four rows: image, first prediction, newest prediction, truth."""

    def __init__(self) -> None:
        super().__init__()
        self._paths: tuple[Path, Path] | None = None
        self._images: dict[Path, QImage] = {}
        self._loading: Background | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Predictions on images held back")
        self.setToolTip("What the clicks of a robot user give on images that are not learnt from")
        self.hide()

    def show_pictures(self, pictures: tuple[Path, ...]) -> None:
        """Show the first and the newest of the pictures, read in the background."""
        paths = (pictures[0], pictures[-1]) if pictures else None
        if paths == self._paths:
            return
        self._paths = paths
        if paths is None:
            self._images = {}
            self.hide()
            return
        missing = [path for path in dict.fromkeys(paths) if path not in self._images]

        def work(background: Background) -> None:
            for path in missing:
                background.tell((path, QImage(str(path))))

        self._loading = Background(work, self._on_loaded, lambda _message: None).start()

    @property
    def steps(self) -> tuple[str, str]:
        """Of the two predictions on show, as their files say."""
        return tuple(path.stem.lstrip("0") or "0" for path in self._paths or ())

    def sizeHint(self) -> QSize:
        return QSize(260, self._height_for(self.width()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.setFixedHeight(self._height_for(self.width()))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(*DARK.astype(int).tolist()))
        if self._paths is None or not all(path in self._images for path in self._paths):
            return
        first, newest = (self._images[path] for path in self._paths)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        font = QFont(self.font())
        font.setPixelSize(round(QFontInfo(font).pixelSize() * 0.84))
        painter.setFont(font)
        painter.setPen(_TEXT)
        start, now = self.steps
        titles = ("Held back, with a click", f"At step {start}", f"At step {now}", "The truth")
        y = 0.0
        for title, image, part in zip(titles, (newest, first, newest, newest), (0, 1, 1, 2)):
            place = QRectF(5, y, self.width(), _LINE)
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, title)
            y += _LINE
            down = image.height() / _ROWS
            source = QRectF(0, part * down, image.width(), down)
            target = QRectF(0, y, self.width(), self._row_height(self.width()))
            painter.drawImage(target, image, source)
            y += target.height() + _GAP

    def _row_height(self, width: int) -> float:
        image = next(iter(self._images.values()), None)
        if image is None or not image.width():
            return 0.0
        return width * image.height() / _ROWS / image.width()

    def _height_for(self, width: int) -> int:
        return round((self._row_height(width) + _LINE + _GAP) * (_ROWS + 1))

    def _on_loaded(self, loaded: tuple[Path, QImage]) -> None:
        path, image = loaded
        wanted = self._paths or ()
        if path not in wanted or image.isNull():
            return
        kept = {one: old for one, old in self._images.items() if one in wanted}
        self._images = kept | {path: image}
        self.setFixedHeight(self._height_for(self.width()))
        self.show()
        self.update()
