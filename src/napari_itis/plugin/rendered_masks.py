"""The masks of a session as the data of a Labels layer, drawn when a frame is looked at."""

from __future__ import annotations

import numpy as np

from napari_itis.annotation import AnnotationSession
from napari_itis.video.masks import MaskSequence


class RenderedMasks(MaskSequence):
    """Label images of all frames of a session, int32 (t, y, x), none of them kept in memory.

    What is painted into it stays until the session has taken it over (:meth:`redraw`). Main thread
    only.

    Parameters
    ----------
    session : AnnotationSession
        With one axis of slices.
    """

    def __init__(self, session: AnnotationSession) -> None:
        self._session = session
        (frames,) = session.slices
        super().__init__(None, tuple(map(str, range(frames))), session.shape)

    def original(self, index: int) -> np.ndarray:
        """What the session has on a frame, whatever was painted over it since."""
        return self._session.compose((self._index(index),)).copy()

    def labels(self) -> list[int]:
        """The objects of the session."""
        return self._session.objects()

    def redraw(self, index: int) -> None:
        """Show what the session has on a frame: it has taken over what was painted there."""
        self.restore(index)

    def _shown(self, index: int) -> np.ndarray:
        # A copy in any case: napari's brush writes into what it was given, then hands it back.
        return self._plane(index)
