"""A video to correct, without anything behind it: it notes what it is asked for."""

from types import SimpleNamespace

import numpy as np
from qtpy.QtCore import QObject

from napari_itis.plugin.video_correction import Mark, VideoCorrection


class FakeVideo(VideoCorrection):
    """Frames with all kinds of marks; `calls` has what was asked, in order."""

    active = frames = frame = source = suspicion = None
    ranking = propagation = saving = truth_scores = None
    can_undo = can_redo = False
    no_network = ""

    def __init__(self, frames=60):
        QObject.__init__(self)
        self.controller = SimpleNamespace(label=1)
        self.calls = []
        self.active = frames > 0
        self.frames = frames
        self.frame = 0
        self.layers = []
        self.folder = None
        self.suspicion = np.full(frames, np.nan, np.float32)
        self.shown = np.full(frames, Mark.AUTOMATIC, np.uint8)
        self.attached = False

    def ranked(self, seed=0):
        """Make some frames suspicious, and some of them corrected or committed."""
        random = np.random.default_rng(seed)
        bumps = sum(
            np.exp(-(((np.arange(self.frames) - place) / (0.04 * self.frames)) ** 2)) * height
            for place, height in [(0.25 * self.frames, 0.9), (0.7 * self.frames, 0.7)]
        )
        noise = 0.12 * random.random(self.frames)
        self.suspicion = np.clip(bumps + noise, 0, 1).astype(np.float32)
        self.shown[self.suspicion > 0.5] = Mark.SUSPICIOUS
        first, last = int(0.66 * self.frames), int(0.72 * self.frames)
        self.shown[first:last] = Mark.CORRECTED
        self.shown[: self.frames // 12] = Mark.COMMITTED
        self.shown[-self.frames // 10 :] = Mark.EMPTY
        self.suspicion[self.shown == Mark.EMPTY] = np.nan
        return self

    def _note(self, *call):
        self.calls.append(call)
        self.changed.emit()

    def attach(self):
        self.attached = True

    def detach(self):
        self.attached = False

    def marks(self):
        return self.shown.copy()

    def mask_layers(self):
        return self.layers

    def suggested_folder(self):
        return self.folder

    def go_to(self, frame):
        self.frame = frame
        self._note("go_to", frame)

    def start_from(self, layer):
        self.source = layer
        self._note("start_from", layer)

    def rank(self):
        self._note("rank")

    def stop_ranking(self):
        self._note("stop_ranking")

    def next_suspicious(self):
        self._note("next_suspicious")

    def previous_suspicious(self):
        self._note("previous_suspicious")

    def worst(self):
        self._note("worst")

    def next_uncorrected(self):
        self._note("next_uncorrected")

    def undo(self):
        self._note("undo")

    def redo(self):
        self._note("redo")

    def commit(self):
        committed = self.shown[self.frame] == Mark.COMMITTED
        self.shown[self.frame] = Mark.AUTOMATIC if committed else Mark.COMMITTED
        self._note("commit")

    def propagate(self, direction, count=None, overwrite=False, keep_better=False):
        self._note("propagate", direction, count, overwrite, keep_better)

    def pause(self, paused):
        self._note("pause", paused)

    def cancel(self):
        self._note("cancel")

    def save(self, path, overwrite=False):
        self._note("save", path, overwrite)

    def stop_saving(self):
        self._note("stop_saving")
