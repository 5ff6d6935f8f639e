"""From slice to slice of a stack: to what there is, and with a mask to start from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_itis.annotation import State

if TYPE_CHECKING:
    from napari_itis.plugin.controller import Controller


class SliceSteps:
    """Goes to other slices and carries the mask along. Main thread only.

    Parameters
    ----------
    controller : Controller
    """

    def __init__(self, controller: Controller) -> None:
        self._controller = controller

    def step(self, by: int) -> None:
        """Go to the nearest slice after this one (1) or before it (-1) that has an object."""
        workspace = self._controller.workspace
        if workspace is None:
            return
        self._controller.take_over()
        frames, here = workspace.session.frames(), workspace.frame
        if by > 0:
            found = next((frame for frame in frames if frame > here), None)
        else:
            found = next((frame for frame in reversed(frames) if frame < here), None)
        if found is None:
            side = "after" if by > 0 else "before"
            self._controller.notice.emit(f"No slice {side} this one has an object")
        else:
            self._controller.show_frame(found)

    def copy(self, by: int) -> None:
        """Start the current object on the slice beside this one from its mask here, and go there.

        What the user has corrected or accepted there is left as it is.
        """
        controller = self._controller
        workspace = controller.workspace
        if workspace is None:
            return
        controller.take_over()
        session, label, frame = workspace.session, workspace.label, workspace.frame
        record = session.record(frame, label)
        if not session.slices or not 0 <= frame[-1] + by < session.slices[-1]:
            controller.notice.emit("There is no slice beside this one to copy to")
            return
        if record is None or not record.area:
            controller.notice.emit(f"Object {label} has no mask here to copy")
            return
        target = (*frame[:-1], frame[-1] + by)
        state = session.state(target, label)
        if state in (State.CORRECTED, State.COMMITTED):
            controller.show_frame(target)
            controller.notice.emit(f"Object {label} is {state} here already: clear it first")
            return
        session.set_mask(target, label, record.mask)
        controller.show_written(workspace, target, label)
        controller.show_frame(target)
