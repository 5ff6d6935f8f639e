"""What happens in a mask layer while no dock listens to it."""

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
    """Notes where a mask layer was painted, for the dock that is opened next.

    Parameters
    ----------
    axes : Axes
        Of the image.

    Attributes
    ----------
    replaced : bool
        Whether the layer was given another array.
    """

    def __init__(self, axes: Axes) -> None:
        self._axes = axes
        self._connections = Connections()
        self._frames: set[Frame] = set()
        self._is_writing: Callable[[], bool] = bool
        self.replaced = False

    def start(self, mask: Labels, is_writing: Callable[[], bool]) -> None:
        """The last dock has closed, or goes on to another image.

        Parameters
        ----------
        mask : napari.layers.Labels
        is_writing : callable
            Tells whether the plugin itself is changing the layer.
        """
        self.stop()
        self._is_writing = is_writing
        self._connections.add(mask.events.paint, self._on_painted)
        self._connections.add(mask.events.data, self._on_data)
        # The layer's own undo counts now. What it remembers is from before later clicks, and it
        # tells nobody which slices it changes: it may take back what is painted from here on.
        reset = getattr(mask, "_reset_history", None)
        if reset is not None:
            reset()

    def stop(self) -> None:
        """A dock listens again."""
        self._connections.clear()

    def take(self) -> list[Frame]:
        """Frames that were painted since :meth:`start`, once."""
        frames, self._frames, self.replaced = sorted(self._frames), set(), False
        return frames

    def _on_painted(self, event: Any) -> None:
        sizes = self._axes.sizes
        for index, *_ in event.value:
            # Some more than were painted do no harm.
            places = [np.unique(np.arange(sizes[axis])[index[axis]]) for axis in self._axes.along]
            self._frames.update(product(*(place.tolist() for place in places)))

    def _on_data(self, _event: Any = None) -> None:
        self.replaced = self.replaced or not self._is_writing()
