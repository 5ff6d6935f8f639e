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
_TILES = 3
"""Of each object in a picture of a training, beside each other: photo with the click, prediction,
truth."""
_ROWS = 4
_LARGEST = 96


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
        y, size = 0.0, self._tile(self.width())
        for title, image, tile in zip(titles, (newest, first, newest, newest), (0, 1, 1, 2)):
            place = QRectF(5, y, self.width(), _LINE)
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, title)
            y += _LINE
            side = image.width() / _TILES
            for number in range(_count(image)):
                source = QRectF(tile * side, number * side, side, side)
                painter.drawImage(QRectF(number * (size + 1), y, size, size), image, source)
            y += size + _GAP

    def _tile(self, width: int) -> float:
        """Side of an object on the screen."""
        image = next(iter(self._images.values()), None)
        count = 0 if image is None else _count(image)
        return min(_LARGEST, width / count - 1) if count else 0.0

    def _height_for(self, width: int) -> int:
        return round(_ROWS * (self._tile(width) + _LINE + _GAP))

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


def _count(image: QImage) -> int:
    """How many objects a picture shows: its tiles are squares."""
    return round(_TILES * image.height() / image.width()) if image.width() else 0
