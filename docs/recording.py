"""Short recordings of the running plugin: real mouse and key events, one picture for each step."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont
from qtpy.QtCore import QKeyCombination, QPoint, Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QAbstractButton, QApplication, QComboBox, QWidget

from napari_itis.plugin import demo

if TYPE_CHECKING:
    from napari import Viewer

    from napari_itis.plugin.controller import Controller

_SIZE = (1180, 760)
_STEP_MS, _LAST_MS = 1100, 2600
_BUTTONS = {True: Qt.MouseButton.LeftButton, False: Qt.MouseButton.RightButton}
# An arrow, in pixels from its tip.
_ARROW = ((0, 0), (0, 22), (5, 17), (9, 26), (13, 24), (9, 16), (16, 16))
_FONT = ImageFont.load_default(22)


class Recording:
    """What a user does in a window, step by step.

    Parameters
    ----------
    viewer : napari.Viewer
    controller : Controller
    """

    def __init__(self, viewer: Viewer, controller: Controller) -> None:
        self.viewer, self._controller = viewer, controller
        self._pictures: list[Image.Image] = []
        self._cursor: QPoint | None = None
        viewer.window.resize(*_SIZE)
        self._settle()
        viewer.reset_view()
        self.show()

    def click(self, y: float, x: float, positive: bool = True) -> None:
        """Move to a place of the slice on screen and click there."""
        canvas = self.viewer.window._qt_viewer.canvas
        mask = self._controller.workspace.layers.mask
        world = mask.data_to_world((*self._controller.workspace.frame, y, x))
        mapped = (canvas.view.transform * canvas.view.scene.transform).map(
            [world[-1], world[-2], 0, 1]
        )
        place = QPoint(round(mapped[0] / mapped[3]), round(mapped[1] / mapped[3]))
        QTest.mouseMove(canvas.native, place)
        self._cursor = canvas.native.mapTo(self.viewer.window._qt_window, place)
        self.show()
        QTest.mouseClick(canvas.native, _BUTTONS[positive], pos=place)
        self.show()

    def key(self, key: Qt.Key, modifier: Qt.KeyboardModifier | None = None) -> None:
        """Press a key over the canvas; the picture says which one."""
        canvas = self.viewer.window._qt_viewer.canvas.native
        modifier = modifier or Qt.KeyboardModifier.NoModifier
        QTest.keyClick(canvas, key, modifier)
        pressed = QKeySequence(QKeyCombination(modifier, key).toCombined())
        self.show(pressed.toString().replace("PgDown", "Page Down"))

    def press(self, button: QAbstractButton) -> None:
        """Press a button of a dock."""
        self._move_to(button)
        button.click()
        self.show()

    def choose(self, combo: QComboBox, row: int) -> None:
        """Choose from a list of a dock."""
        self._move_to(combo)
        combo.setCurrentIndex(row)
        combo.activated.emit(row)
        self.show()

    def step_to(self, frame: int, axis: int = 0) -> None:
        """Move a slider."""
        self.viewer.dims.set_current_step(axis, frame)
        self.show()

    def show(self, key: str = "") -> None:
        """Take a picture once nothing is left to be predicted; `key` is written on it."""
        demo.wait(self._controller)
        self._settle()
        picture = Image.fromarray(self.viewer.window.screenshot(canvas_only=False, flash=False))
        picture = picture.convert("RGB")
        if self._cursor is not None:
            at = (self._cursor.x(), self._cursor.y())
            arrow = [(at[0] + dx, at[1] + dy) for dx, dy in _ARROW]
            ImageDraw.Draw(picture).polygon(arrow, fill="white", outline="black")
        if key:
            self._write(picture, key)
        self._pictures.append(picture)

    def save(self, path: Path) -> None:
        """Write an animated WebP and close the window."""
        first, *others = self._pictures
        times = [_STEP_MS] * len(others) + [_LAST_MS]
        options = {"quality": 55, "method": 6, "minimize_size": True, "loop": 0}
        first.save(path, save_all=True, append_images=others, duration=times, **options)
        self.viewer.close()
        self._controller.worker.stop(timeout=10)

    def _write(self, picture: Image.Image, key: str) -> None:
        """Write a key at the bottom of the canvas, as on a keyboard."""
        canvas = self.viewer.window._qt_viewer.canvas.native
        at = canvas.mapTo(self.viewer.window._qt_window, QPoint(24, canvas.height() - 40))
        draw = ImageDraw.Draw(picture)
        left, top, right, bottom = draw.textbbox((at.x(), at.y()), key, _FONT, anchor="lm")
        box = (left - 12, top - 10, right + 12, bottom + 10)
        draw.rounded_rectangle(box, 7, fill="white", outline="gray", width=2)
        draw.text((at.x(), at.y()), key, "black", _FONT, anchor="lm")

    def _move_to(self, widget: QWidget) -> None:
        self._cursor = widget.mapTo(self.viewer.window._qt_window, widget.rect().center())
        self.show()

    def _settle(self) -> None:
        for _ in range(8):
            QApplication.processEvents()
            time.sleep(0.02)
