"""What the video dock can tell of the masks of a video."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_itis.plugin.carrying_on import CarryingOn
from napari_itis.plugin.controller import Controller
from napari_itis.plugin.existing_layers import can_be_corrected
from napari_itis.plugin.frame_marks import FrameMarks, Mark
from napari_itis.plugin.mask_saving import MaskSaving, suggested_folder
from napari_itis.plugin.progress import Progress
from napari_itis.plugin.suspicion import THRESHOLD, Suspicion
from napari_itis.plugin.truth_scores import TruthScores

if TYPE_CHECKING:
    from napari.layers import Labels


class VideoOverview(QObject):
    """What there is, as the dock, the keys and scripts ask for it. Main thread only.

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
        self._suspicion: Suspicion | None = None
        self._scores: TruthScores | None = None
        self._saving = MaskSaving()
        self._carrying: CarryingOn | None = None
        self._marks: FrameMarks | None = None

    @property
    def active(self) -> bool:
        """Whether the image is a video: one axis of frames in front of the plane."""
        workspace = self.controller.workspace
        return workspace is not None and len(workspace.session.slices) == 1 and self.frames > 1

    @property
    def no_network(self) -> str:
        """Why there is no network to predict with, in a line; empty where nothing went wrong."""
        activity = self.controller.activity
        return activity.text if activity.failed else ""

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

    def marks(self) -> np.ndarray:
        """uint8 (frames,) of `Mark`: the current object on each frame."""
        if self._marks is None:
            return np.full(self.frames, Mark.EMPTY, np.uint8)
        marks = self._unranked_marks()
        suspicious = np.nan_to_num(self.suspicion) >= THRESHOLD
        marks[suspicious & (marks <= Mark.AUTOMATIC)] = Mark.SUSPICIOUS
        return marks

    @property
    def suspicion(self) -> np.ndarray:
        """float32 (frames,) in [0, 1]: how likely the mask is wrong; nan where not known."""
        if self._suspicion is None:
            return np.full(self.frames, np.nan, np.float32)
        scores = self._suspicion.scores
        if self.controller.label not in self.controller.workspace.session.deleted:
            return scores
        # A frame without a mask is suspicious, unless that is what the user wants.
        return np.where(self._unranked_marks() == Mark.EMPTY, np.float32(np.nan), scores)

    @property
    def ranking(self) -> Progress | None:
        """The search for wrong masks that is under way."""
        found = self._suspicion
        if found is None or not found.searching:
            return None
        return Progress(found.done, found.total, False, "Looking for wrong masks")

    @property
    def propagation(self) -> Progress | None:
        """The propagation that is under way."""
        carrying = self._carrying
        if carrying is None:
            return None
        text = f"Carrying object {carrying.label} on"
        return Progress(carrying.done, carrying.total, carrying.paused, text)

    @property
    def can_undo(self) -> bool:
        return self.controller.can_undo

    @property
    def can_redo(self) -> bool:
        return self.controller.can_redo

    @property
    def truth_scores(self) -> tuple[np.ndarray, np.ndarray] | None:
        """J and F of each frame, float32 (frames,) each, nan where not known yet."""
        known = self._scores is not None and self._scores.known
        return (self._scores.j, self._scores.f) if known else None

    @property
    def saving(self) -> Progress | None:
        """The saving that is under way."""
        saving = self._saving
        if not saving.running:
            return None
        return Progress(saving.done, saving.total, False, "Saving masks")

    def suggested_folder(self) -> Path | None:
        """Where masks would be saved to: beside the masks, never over them."""
        return suggested_folder(self.controller.workspace) if self.active else None

    def _unranked_marks(self) -> np.ndarray:
        found, session = self._suspicion, self.controller.workspace.session
        existing = self.controller.label in session.existing_objects
        return self._marks.show(existing, found.looked_at, found.present)
