"""What a user can do with the masks of a video: look for wrong ones, carry on corrected ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from napari_itis.plugin.carrying_on import CarryingOn
from napari_itis.plugin.controller import Controller
from napari_itis.plugin.frame_marks import FrameMarks, Mark
from napari_itis.plugin.suspicion import Suspicion
from napari_itis.plugin.truth_scores import TruthScores
from napari_itis.plugin.video_overview import VideoOverview
from napari_itis.plugin.workspace import Workspace
from napari_itis.video.next_frame import worst_frame

if TYPE_CHECKING:
    from napari.layers import Labels


class VideoCorrection(VideoOverview):
    """Correction of a video's masks in one viewer. Main thread only.

    Parameters
    ----------
    controller : Controller
    """

    def __init__(self, controller: Controller) -> None:
        super().__init__(controller)
        self._of: tuple[Workspace, int, object] | None = None
        controller.changed.connect(self._on_changed)
        controller.layers_changed.connect(self._on_layers)
        controller.notice.connect(self.notice)
        controller.replaced.connect(self._on_replaced)
        controller.activity.changed.connect(self.changed)
        self._saving.changed.connect(self.changed)
        self._saving.notice.connect(self.notice)

    def attach(self) -> None:
        """A dock is shown: follow what happens in the viewer."""
        self.controller.attach(self)
        self._on_layers()

    def detach(self) -> None:
        """The dock is hidden. What is under way goes on."""
        self.controller.detach(self)

    def go_to(self, frame: int) -> None:
        """Show a frame."""
        if self.active:
            self.controller.show_frame((frame,))

    # Masks to correct.

    def start_from(self, layer: Labels) -> None:
        """Correct the masks of a layer; it is hidden and never changed."""
        self.controller.correct(layer)

    # States and ranking.

    def rank(self) -> None:
        """Look for wrong masks of the current object, in the background."""
        if self.active and self._has_image():
            self._suspicion.look()
            self.changed.emit()

    def stop_ranking(self) -> None:
        """Leave it."""
        if self._suspicion is not None:
            self._suspicion.stop()
            self.changed.emit()

    def next_suspicious(self) -> None:
        """Show the next suspicious frame, from the start again after the last one."""
        self._go_on(self._marked(Mark.SUSPICIOUS), "No frame is suspicious")

    def previous_suspicious(self) -> None:
        """Show the suspicious frame before."""
        frames = self._marked(Mark.SUSPICIOUS)
        before = [frame for frame in frames if frame < self.frame]
        if frames:
            self.go_to((before or frames)[-1])
        else:
            self.notice.emit("No frame is suspicious")

    def worst(self) -> None:
        """Show the most suspicious frame that was not corrected yet, nor right beside one."""
        if not self.active:
            return
        marks = self.marks()
        searching = self.ranking is not None
        # The worst of the first few is most likely none of the worst.
        wanted = marks == Mark.SUSPICIOUS if searching else marks <= Mark.SUSPICIOUS
        scores = np.where(wanted, self.suspicion, np.nan)
        frame = worst_frame(scores, np.flatnonzero(marks > Mark.SUSPICIOUS))
        if frame is not None:
            self.go_to(frame)
        elif searching:
            self.notice.emit("Still looking: nothing suspicious so far")
        else:
            self.notice.emit("No frame was ranked yet: press “Look for wrong masks”")

    def next_uncorrected(self) -> None:
        """Show the next frame with a mask that nobody has corrected or committed."""
        frames = self._marked(Mark.AUTOMATIC, Mark.SUSPICIOUS)
        self._go_on(frames, "Every mask is corrected or committed")

    def commit(self) -> None:
        """The mask on screen is right: commit it, and uncommit it if it is committed."""
        if self.active:
            self.controller.commit_frame()

    def undo(self) -> None:
        """Take back the last change on any frame, a whole propagation at once."""
        self.controller.undo()

    def redo(self) -> None:
        """Take back the last undo."""
        self.controller.redo()

    # Propagation.

    def propagate(
        self,
        direction: Literal[-1, 1],
        count: int | None = None,
        overwrite: bool = False,
        keep_better: bool = False,
    ) -> None:
        """Carry the mask on screen on.

        Parameters
        ----------
        direction : {-1, 1}
            Backwards or forwards.
        count : int, optional
            Over so many frames at most; to the end of the video by default.
        overwrite : bool
            Whether corrected and committed frames are replaced too; by default it stops at one.
        keep_better : bool
            Whether masks stay that are less suspicious than what is carried to their frames.
        """
        controller = self.controller
        if not self.active or self._carrying is not None or not self._has_image():
            return
        controller.take_over()
        if not controller.area_here:
            self.notice.emit(f"Object {controller.label} has no mask here: nothing to carry on")
            return
        start, most = self.frame, self.frames if count is None else count
        end = min(self.frames, start + 1 + most) if direction > 0 else max(-1, start - 1 - most)
        frames = range(start + direction, end, direction)
        if not frames:
            self.notice.emit("There is no frame to carry the mask on to")
            return
        workspace, label = controller.workspace, controller.label
        self._carrying = CarryingOn(
            controller.worker, workspace, label, start, frames, overwrite, keep_better
        )
        self._carrying.carried.connect(self._on_carried)
        self._carrying.ended.connect(self._on_carrying_ended)
        self._carrying.begin()
        self.changed.emit()

    def pause(self, paused: bool) -> None:
        """Let the propagation wait, or go on."""
        if self._carrying is not None:
            self._carrying.pause(paused)
            self.changed.emit()

    def cancel(self) -> None:
        """Stop the propagation; what it has done stays and is one step of undo."""
        if self._carrying is not None:
            self._carrying.cancel()

    # Files.

    def save(self, path: Path, overwrite: bool = False) -> None:
        """Write the masks of all frames: a folder of palette PNGs, or a TIFF by its suffix.

        In the background; `notice` says how it went, also that `path` holds masks already and
        `overwrite` is needed.
        """
        if self.active:
            self.controller.take_over()
            self._saving.save(self.controller.workspace, Path(path), overwrite)

    def stop_saving(self) -> None:
        """Leave it; what was written stays."""
        self._saving.stop()

    # Underneath.

    def _has_image(self) -> bool:
        """Whether there are frames to look at; told if not."""
        there = self.controller.image is not None
        if not there:
            self.notice.emit("The image was removed: open it again to look at its frames")
        return there

    def _marked(self, *wanted: Mark) -> list[int]:
        return np.flatnonzero(np.isin(self.marks(), wanted)).tolist() if self.active else []

    def _go_on(self, frames: list[int], nothing: str) -> None:
        after = [frame for frame in frames if frame > self.frame]
        if frames:
            self.go_to((after or frames)[0])
        else:
            self.notice.emit(nothing)

    def _on_layers(self) -> None:
        self.controller.choose_any_image()
        self._on_changed()

    def _on_changed(self) -> None:
        if self._carrying is not None:
            # At once: a new object may get the label of one that was deleted.
            self._carrying.end_if_gone()
        workspace = self.controller.workspace if self.active else None
        of = (workspace, self.controller.label, workspace.corrected) if workspace else None
        if of != self._of:
            self._turn_to(of)
        elif of is not None:
            self._follow()
        self.changed.emit()

    def _turn_to(self, of: tuple[Workspace, int, object] | None) -> None:
        """Follow to another video, object or set of masks."""
        for part in (self._suspicion, self._scores):
            if part is not None:
                part.stop()
        before, self._of = self._of, of
        if of is None:
            self._suspicion = self._scores = self._marks = None
            return
        workspace, label, _ = of
        self._suspicion = Suspicion(self.controller.worker, workspace, label)
        self._suspicion.changed.connect(self.changed)
        self._suspicion.notice.connect(self.notice)
        self._scores = TruthScores(workspace, label)
        self._scores.changed.connect(self.changed)
        if self._scores.problem and (before is None or before[0] is not workspace):
            self.notice.emit(self._scores.problem)
        self._marks = FrameMarks(workspace.session, label)

    def _follow(self) -> None:
        """Take note of masks that have changed."""
        frames = self._marks.update()
        if frames:
            self._scores.update(frames)
            self._suspicion.update(frames)

    def _on_replaced(self, workspace: Workspace) -> None:
        if self._carrying is not None and self._carrying.workspace is workspace:
            self.cancel()

    def _on_carried(self, frame: int) -> None:
        carrying = self._carrying
        # Along with it, unless the user has gone elsewhere.
        follow = carrying.workspace is self.controller.workspace and self.frame in carrying.beside
        self.controller.show_written(carrying.workspace, (frame,), carrying.label)
        if follow:
            self.go_to(frame)

    def _on_carrying_ended(self, message: str) -> None:
        self._carrying = None
        self.notice.emit(message)
        self._on_changed()
