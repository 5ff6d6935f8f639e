"""Long work that needs no network, in a thread of its own."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from qtpy.QtCore import QObject, Qt, Signal

from napari_itis.plugin.lines import one_line

T = TypeVar("T")

_under_way: set[Background] = set()
"""An event for a function that Python has begun to clear away crashes the process."""

_PATIENCE = 60.0


class Background(QObject):
    """Does work in a thread and hands what it tells to the main thread.

    It lives until its end was told, whether somebody keeps it or not.

    Parameters
    ----------
    work : callable
        Called in the thread with this object, for :meth:`tell` and :meth:`through`.
    on_told : callable
        Called in the main thread with every value that was told.
    on_end : callable
        Called in the main thread in the end, with a line on what went wrong, or an empty one.
    finish : bool
        Whether it comes to its end, a minute allowed, although the program is left: for what writes
        a user's files.
    """

    _told = Signal(object)
    _ended = Signal(str)

    def __init__(
        self,
        work: Callable[[Background], object],
        on_told: Callable[[Any], object],
        on_end: Callable[[str], object],
        *,
        finish: bool = False,
    ) -> None:
        super().__init__()
        self._work = work
        self.finish = finish
        self.stopped = False
        queued = Qt.ConnectionType.QueuedConnection
        self._told.connect(on_told, queued)
        self._ended.connect(on_end, queued)
        self._ended.connect(self._on_told_all, queued)
        self._thread = threading.Thread(target=self._run, name="itis-background", daemon=True)

    def start(self) -> Background:
        """Begin."""
        _under_way.add(self)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Ask the work to end early."""
        self.stopped = True

    @property
    def alive(self) -> bool:
        """Whether the work is under way."""
        return self._thread.is_alive()

    def wait(self, timeout: float) -> None:
        """Let the work come to its end, for so many seconds at most; what it told comes later."""
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _on_told_all(self, _message: str) -> None:
        _under_way.discard(self)

    # In the thread.

    def tell(self, value: Any) -> None:
        """Hand a value to the main thread."""
        self._told.emit(value)

    def through(self, items: Sequence[T]) -> Iterator[T]:
        """Go through items until the work is asked to end; tells (done, total) after each."""
        for count, item in enumerate(items, 1):
            if self.stopped:
                return
            yield item
            self.tell((count, len(items)))

    def _run(self) -> None:
        message = ""
        try:
            self._work(self)
        except Exception as error:
            message = one_line(error)
        try:
            self._ended.emit(message)
        except RuntimeError:
            # Qt has deleted its half of this object with the window.
            self.stopped = True


@atexit.register
def finish_all() -> None:
    """Wait for what writes a user's files: threads die with the interpreter."""
    for background in list(_under_way):
        if background.finish:
            background.wait(_PATIENCE)
