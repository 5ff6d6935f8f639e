"""A question before a window closes."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QEvent, QObject, QThread
from qtpy.QtWidgets import QWidget


def closed_by_user() -> bool:
    """Whether somebody sits in front of it: a script closes windows outside of Qt's own loop."""
    return QThread.currentThread().loopLevel() > 0


class BeforeClosing(QObject):
    """Asks before a window closes, and tells when it is gone.

    Parameters
    ----------
    window : QWidget
    may_close : callable
        Returns whether it may; not asked where a script closes the window.
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
        asked = event.type() == QEvent.Type.Close and closed_by_user()
        if asked and not self._may_close():
            event.ignore()
            return True
        return False
