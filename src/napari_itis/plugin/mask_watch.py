"""Which slices of a mask layer were painted, also while no dock listens to it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_itis.annotation import Frame
from napari_itis.plugin.axes import Axes
from napari_itis.plugin.connections import Connections

if TYPE_CHECKING:
    from napari.layers import Labels


class MaskWatch:
    """Notes what was done in a mask layer until it is taken over.

    A stroke may reach more than the slice on screen: in views along other axes, in three
    dimensions, and while one looks through a stack with every dock closed.

    Parameters
    ----------
    axes : Axes
        Of the image.
    """

    def __init__(self, axes: Axes) -> None:
        self._axes = axes
        self._connections = Connections()
        self._is_writing: Callable[[], bool] = bool
        self._frames: set[Frame] = set()
        self._replaced = False

    def start(self, mask: Labels, is_writing: Callable[[], bool]) -> None:
        """The last dock has closed, or goes on to another image: listen in its place.

        Parameters
        ----------
        mask : napari.layers.Labels
        is_writing : callable
            Tells whether the plugin itself is changing the layer.
        """
        self.stop()
        self._is_writing = is_writing
        self._connections.add(mask.events.paint, self.note_painted)
        self._connections.add(mask.events.data, self._on_data)
        # The layer's own undo counts now. What it remembers is from before later clicks, and it
        # tells nobody which slices it changes: it may take back what is painted from here on.
        reset = getattr(mask, "_reset_history", None)
        if reset is not None:
            reset()

    def stop(self) -> None:
        """A dock listens again."""
        self._connections.clear()

    def note_painted(self, event: Any) -> None:
        """Take note of a stroke, as the layer's event `paint` tells of it."""
        sizes = self._axes.sizes
        for index, *_ in event.value:
            # Some more than were painted do no harm.
            places = [np.unique(np.arange(sizes[axis])[index[axis]]) for axis in self._axes.along]
            self._frames.update(product(*(place.tolist() for place in places)))

    def take_painted(self) -> list[Frame]:
        """Frames that were painted since they were taken last."""
        frames, self._frames = sorted(self._frames), set()
        return frames

    def take_replaced(self) -> bool:
        """Whether the layer was given another array while no dock listened, once."""
        replaced, self._replaced = self._replaced, False
        return replaced

    def _on_data(self, _event: Any = None) -> None:
        self._replaced = self._replaced or not self._is_writing()
