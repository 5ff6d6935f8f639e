"""Which objects the existing masks of a video have, found out in the background."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from napari_itis.annotation.existing import labels_in
from napari_itis.plugin.background import Background
from napari_itis.plugin.existing_layers import masks_in

if TYPE_CHECKING:
    from napari.layers import Labels

    from napari_itis.plugin.workspace import Workspace

# Looked at first: most videos show all their objects on these.
_SPREAD = 8


class LabelSearch:
    """Reads all masks of a layer once and tells a session which objects each frame has.

    Parameters
    ----------
    workspace : Workspace
        With one axis of frames; it corrects the masks of `layer`.
    layer : napari.layers.Labels
    on_found : callable
        Called with the workspace in the main thread whenever an object was found that was not
        known.
    """

    def __init__(
        self, workspace: Workspace, layer: Labels, on_found: Callable[[Workspace], object]
    ) -> None:
        self._workspace, self._on_found = workspace, on_found
        read, _, _ = masks_in(layer, workspace.axes.of_masks, search=False)
        (count,) = workspace.session.slices
        spread = np.linspace(0, count - 1, min(_SPREAD, count)).astype(int).tolist()
        frames = dict.fromkeys([*spread, *range(count)])

        def work(background: Background) -> None:
            for frame in frames:
                if background.stopped:
                    return
                background.tell((frame, labels_in(read((frame,)))))

        self._running = Background(work, self._take, self._end).start()

    def stop(self) -> None:
        """The session has other existing masks now."""
        self._running.stop()

    def _take(self, found: tuple[int, tuple[int, ...]]) -> None:
        if self._running.stopped:
            return
        frame, labels = found
        session = self._workspace.session
        before = session.objects()
        session.learn_masks({(frame,): labels})
        if session.objects() != before:
            self._on_found(self._workspace)

    def _end(self, message: str) -> None:
        # What cannot be read is told when it is looked at.
        if not (message or self._running.stopped):
            self._workspace.session.learn_masks({}, complete=True)
