"""What a user can do with the masks of a video: look for wrong ones, carry on corrected ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_itis.plugin.carrying_on import CarryingOn
from napari_itis.plugin.controller import Controller
from napari_itis.plugin.existing_layers import can_be_corrected
from napari_itis.plugin.frame_marks import FrameMarks, Mark
from napari_itis.plugin.mask_saving import MaskSaving
from napari_itis.plugin.progress import Progress
from napari_itis.plugin.suspicion import Suspicion
from napari_itis.plugin.truth_scores import TruthScores
from napari_itis.plugin.workspace import Workspace

if TYPE_CHECKING:
    from napari.layers import Labels


class VideoCorrection(QObject):
    """Correction of a video's masks in one viewer. Main thread only.

    Parameters
    ----------
    controller : Controller
    """

    changed = Signal()
    """Marks, scores, progress, the frame on screen or what can be done."""
    notice = Signal(str)
    """One line for the user."""

    def __init__(self, controller: Controller) -> None:
        super().__init__()
        self.controller = controller
        self._of: tuple[Workspace, int, object] | None = None
        self._suspicion: Suspicion | None = None
        self._scores: TruthScores | None = None
        self._saving: MaskSaving | None = None
        self._carrying: CarryingOn | None = None
        self._marks: FrameMarks | None = None
        controller.changed.connect(self._on_changed)
        controller.layers_changed.connect(self._on_layers)
        controller.notice.connect(self.notice)
        controller.replaced.connect(self._on_replaced)

    def attach(self) -> None:
        """A dock is shown: follow what happens in the viewer."""
        self.controller.attach(self)
        self._on_layers()

    def detach(self) -> None:
        """The dock is hidden. What is under way goes on."""
        self.controller.detach(self)

    @property
    def active(self) -> bool:
        """Whether the image is a video: one axis of frames in front of the plane."""
        workspace = self.controller.workspace
        return workspace is not None and len(workspace.session.slices) == 1 and self.frames > 1

    @property
    def frames(self) -> int:
        """How many frames there are; 0 where there is no video."""
        workspace = self.controller.workspace
        slices = workspace.session.slices if workspace else ()
        return slices[0] if len(slices) == 1 else 0

    @property
    def frame(self) -> int:
        """The frame on screen."""
        return self.controller.workspace.frame[0] if self.active else 0

    def go_to(self, frame: int) -> None:
        """Show a frame."""
        if self.active:
            self.controller.show_frame((frame,))

    # Masks to correct.

    def mask_layers(self) -> list[Labels]:
        """Labels layers that could be corrected: of the video's size and not the plugin's own."""
        workspace = self.controller.workspace
        if not self.active:
            return []
        layers = self.controller.viewer.layers
        return [layer for layer in layers if can_be_corrected(layer, workspace)]

    @property
    def source(self) -> Labels | None:
        """The layer whose masks are corrected."""
        workspace = self.controller.workspace
        return workspace.corrected() if workspace and workspace.corrected else None

    def start_from(self, layer: Labels) -> None:
        """Correct the masks of a layer; it is hidden and never changed."""
        self.controller.correct(layer)

    # States and ranking.

    def marks(self) -> np.ndarray:
        """uint8 (frames,) of `Mark`: the current object on each frame."""
        if self._marks is None:
            return np.full(self.frames, Mark.EMPTY, np.uint8)
        found, label = self._suspicion, self.controller.label
        existing = self.source is not None and label in self.controller.workspace.session.objects()
        marks = self._marks.show(existing, found.looked_at, found.present)
        marks[found.suspicious & (marks <= Mark.AUTOMATIC)] = Mark.SUSPICIOUS
        return marks

    @property
    def suspicion(self) -> np.ndarray:
        """float32 (frames,) in [0, 1]: how likely the mask is wrong; nan where not known."""
        if self._suspicion is None:
            return np.full(self.frames, np.nan, np.float32)
        return self._suspicion.scores

    @property
    def ranking(self) -> Progress | None:
        """The search for wrong masks that is under way."""
        found = self._suspicion
        if found is None or not found.searching:
            return None
        return Progress(found.done, found.total, False, "Looking for wrong masks")

    def rank(self) -> None:
        """Look for wrong masks of the current object, in the background."""
        if self.active:
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
        """Show the most suspicious frame that was not corrected yet."""
        if not self.active:
            return
        scores = np.where(self.marks() <= Mark.SUSPICIOUS, self.suspicion, np.nan)
        if np.isnan(scores).all():
            self.notice.emit("No frame was ranked yet: press “Look for wrong masks”")
        else:
            self.go_to(int(np.nanargmax(scores)))

    def next_uncorrected(self) -> None:
        """Show the next frame with a mask that nobody has corrected or committed."""
        frames = self._marked(Mark.AUTOMATIC, Mark.SUSPICIOUS)
        self._go_on(frames, "Every mask is corrected or committed")

    def commit(self) -> None:
        """The mask on screen is right: commit it, and uncommit it if it is committed."""
        if self.active:
            self.controller.commit_frame()

    @property
    def can_undo(self) -> bool:
        return self.controller.can_undo

    @property
    def can_redo(self) -> bool:
        return self.controller.can_redo

    def undo(self) -> None:
        """Take back the last change on any frame, a whole propagation at once."""
        self.controller.undo()

    def redo(self) -> None:
        """Take back the last undo."""
        self.controller.redo()

    # Propagation.

    @property
    def propagation(self) -> Progress | None:
        """The propagation that is under way."""
        carrying = self._carrying
        if carrying is None:
            return None
        text = f"Carrying object {carrying.label} on"
        return Progress(carrying.done, carrying.total, carrying.paused, text)

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
        if not self.active or self._carrying is not None:
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

    # Ground truth, where there is one.

    @property
    def truth_scores(self) -> tuple[np.ndarray, np.ndarray] | None:
        """J and F of each frame, float32 (frames,) each, nan where not known yet."""
        known = self._scores is not None and self._scores.known
        return (self._scores.j, self._scores.f) if known else None

    # Files.

    @property
    def saving(self) -> Progress | None:
        """The saving that is under way."""
        saving = self._saving
        if saving is None or not saving.running:
            return None
        return Progress(saving.done, saving.total, False, "Saving masks")

    def suggested_folder(self) -> Path | None:
        """Where masks would be saved to: beside the masks, never over them."""
        return self._saving.suggested() if self._saving else None

    def save(self, path: Path, overwrite: bool = False) -> None:
        """Write the masks of all frames: a folder of palette PNGs, or a TIFF by its suffix.

        In the background; `notice` says how it went, also that `path` holds masks already and
        `overwrite` is needed.
        """
        if self._saving is not None:
            self.controller.take_over()
            self._saving.save(Path(path), overwrite)

    def stop_saving(self) -> None:
        """Leave it; what was written stays."""
        if self._saving is not None:
            self._saving.stop()

    # Underneath.

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
            self._suspicion = self._scores = self._saving = self._marks = None
            return
        workspace, label, _ = of
        if before is None or before[0] is not workspace:
            self._saving = MaskSaving(workspace)
            self._saving.changed.connect(self.changed)
            self._saving.notice.connect(self.notice)
        self._suspicion = Suspicion(self.controller.worker, workspace, label)
        self._suspicion.changed.connect(self.changed)
        self._suspicion.notice.connect(self.notice)
        self._scores = TruthScores(workspace, label)
        self._scores.changed.connect(self.changed)
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
