"""Widgets that listen to the viewer only while they are open."""

from __future__ import annotations

from contextlib import suppress

from qtpy.QtGui import QHideEvent, QShowEvent
from qtpy.QtWidgets import QMainWindow, QWidget


class ListeningWidget(QWidget):
    """A widget that connects itself when it is shown and disconnects when it is closed.

    Subclasses say to what: in `_connect` and `_disconnect`, which are called in turn.

    Parameters
    ----------
    parent : QWidget, optional
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._connected = False

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._connected:
            self._connected = True
            self._connect()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        # A minimised window is still in use; a closed dock is hidden by the program.
        if self._connected and not event.spontaneous():
            self._connected = False
            # At the end of Python, Qt may have deleted what this was connected to.
            with suppress(RuntimeError):
                self._disconnect()

    def _main_window(self) -> QMainWindow | None:
        window = self.parentWidget()
        while window is not None and not isinstance(window, QMainWindow):
            window = window.parentWidget()
        return window

    def _connect(self) -> None:
        raise NotImplementedError

    def _disconnect(self) -> None:
        raise NotImplementedError
