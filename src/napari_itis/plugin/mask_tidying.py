"""Tidying the mask of the current object, in the background."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject

from napari_itis.annotation import Frame, PackedMask
from napari_itis.annotation import tidying as masks
from napari_itis.plugin.background import Background
from napari_itis.plugin.workspace import Workspace

if TYPE_CHECKING:
    from napari_itis.plugin.controller import Controller

_UNCHANGED = {
    "fill_holes": "has no holes here",
    "keep_largest": "has one part only here",
    "remove_specks": "has no specks of that size here",
    "smooth": "is smooth here",
    "grow": "has no room to grow here",
    "shrink": "would vanish here",
}


@dataclass(frozen=True, eq=False)
class _Wanted:
    workspace: Workspace
    frame: Frame
    label: int
    name: str
    operation: Callable[[PackedMask], PackedMask]


class MaskTidying(QObject):
    """Tidies masks one after the other, in the order in which it was asked to. Main thread only.

    Parameters
    ----------
    controller : Controller

    Attributes
    ----------
    speck : int
        Pixels of the largest part that is a speck.
    """

    def __init__(self, controller: Controller) -> None:
        super().__init__()
        self.speck = masks.SPECK
        self._controller = controller
        self._queue: deque[_Wanted] = deque()
        self._running: Background | None = None
        controller.changed.connect(self._go_on)

    @property
    def busy(self) -> bool:
        """Whether there is a mask left to be tidied."""
        return bool(self._queue)

    def tidy(self, name: str) -> None:
        """Tidy the mask of the current object on the slice that is shown.

        Parameters
        ----------
        name : str
            A function of `napari_itis.annotation.tidying`.
        """
        controller = self._controller
        workspace = controller.workspace
        if workspace is None:
            return
        controller.take_over()
        record = workspace.session.record(workspace.frame, workspace.label)
        if record is None or not (record.area or not record.fresh):
            controller.notice.emit(f"Object {workspace.label} has no mask here to tidy")
            return
        function = getattr(masks, name)
        if name == "remove_specks":
            function = partial(function, largest=self.speck)
        wanted = _Wanted(
            workspace,
            workspace.frame,
            workspace.label,
            name,
            lambda mask: masks.tidied(mask, function),
        )
        self._queue.append(wanted)
        self._go_on()

    def forget(self) -> None:
        """Do nothing more of what was asked for."""
        self._queue.clear()

    def _go_on(self) -> None:
        if self._running is not None or not self._queue:
            return
        wanted = self._queue[0]
        record = wanted.workspace.session.record(wanted.frame, wanted.label)
        if record is None or (record.fresh and not record.area):
            # Cleared meanwhile.
            self._queue.popleft()
            self._go_on()
            return
        if not record.fresh:
            controller = self._controller
            awaited = controller.awaits((wanted.workspace, wanted.frame, wanted.label))
            if awaited and not controller.activity.failed:
                # The mask on its way is the one that is meant.
                return
            self._queue.popleft()
            controller.notice.emit("Not tidied: the mask waits for a prediction")
            self._go_on()
            return
        mask = record.mask

        def work(background: Background) -> None:
            background.tell(wanted.operation(mask))

        def told(tidied: PackedMask) -> None:
            self._take(wanted, mask, tidied)

        self._running = Background(work, told, self._end).start()

    def _take(self, wanted: _Wanted, before: PackedMask, tidied: PackedMask) -> None:
        workspace, session = wanted.workspace, wanted.workspace.session
        if wanted not in self._queue:
            return
        record = session.record(wanted.frame, wanted.label)
        if record is None or not record.fresh or record.mask != before:
            # The user has gone on: it is tidied as it is by now.
            return
        self._queue.popleft()
        if session.tidy(wanted.label, {wanted.frame: tidied}):
            self._controller.show_written(workspace, wanted.frame, wanted.label)
        else:
            line = f"Object {wanted.label} {_UNCHANGED[wanted.name]}"
            self._controller.notice.emit(line)

    def _end(self, message: str) -> None:
        self._running = None
        if message and self._queue:
            self._queue.popleft()
            self._controller.notice.emit(f"Not tidied: {message}")
        self._go_on()
