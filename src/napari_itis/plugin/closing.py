"""A question before a window closes."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QEvent, QObject
from qtpy.QtWidgets import QWidget


class BeforeClosing(QObject):
    """Asks before a window closes, and tells when it is gone.

    Parameters
    ----------
    window : QWidget
    may_close : callable
        Returns whether it may.
    on_gone : callable
    """

    def __init__(
        self, window: QWidget, may_close: Callable[[], bool], on_gone: Callable[[], None]
    ) -> None:
        super().__init__()
        self._may_close = may_close
        window.installEventFilter(self)
        window.destroyed.connect(lambda *_: on_gone())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep the window where it is if the user wants to."""
        if event.type() == QEvent.Type.Close and not self._may_close():
            event.ignore()
            return True
        return False
