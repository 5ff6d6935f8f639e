"""Labels layers of others, whose masks are corrected."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_itis.annotation import Frame
from napari_itis.annotation.existing import ReadMasks
from napari_itis.plugin.axes import Axes
from napari_itis.plugin.readers import METADATA
from napari_itis.video.masks import MaskSequence

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image, Labels

    from napari_itis.plugin.workspace import Workspace


# Going through so many pixels takes a few milliseconds.
_QUICKLY_READ = 1 << 24


def can_be_corrected(layer: Any, workspace: Workspace) -> bool:
    """Whether a layer holds masks of the image's size that are not the plugin's own."""
    from napari.layers import Labels

    if not isinstance(layer, Labels) or workspace.layers.role(layer) is not None:
        return False
    return _shape(layer) == workspace.axes.of_masks.sizes


def why_not(layer: Labels) -> str:
    """Why the masks of a layer cannot be corrected, where that is quickly seen; or nothing."""
    data = layer.data[0] if layer.multiscale else layer.data
    if isinstance(data, MaskSequence) or not is_quickly_searched(layer) or not data.size:
        return ""
    largest = int(data.max())
    if largest <= np.iinfo(np.int32).max:
        return ""
    return f"{layer.name} has object {largest}: numbers up to {np.iinfo(np.int32).max} can be used"


def masks_of_video(viewer: ViewerModel, image: Image) -> Labels | None:
    """The layer with the masks that were opened together with a video; None if there is none."""
    from napari.layers import Labels

    known = image.metadata.get(METADATA)
    if not known:
        return None
    for layer in viewer.layers:
        if isinstance(layer, Labels) and layer.metadata.get(METADATA) is known:
            return layer
    return None


def is_quickly_searched(layer: Labels) -> bool:
    """Whether finding out which objects a layer has holds nobody up."""
    data = layer.data[0] if layer.multiscale else layer.data
    if isinstance(data, MaskSequence):
        return True
    return isinstance(data, np.ndarray) and data.size <= _QUICKLY_READ


def masks_in(
    layer: Labels, axes: Axes, search: bool = True
) -> tuple[ReadMasks, Iterable[int] | None, int | None]:
    """How to read the masks of a layer, which objects there are, or which is the largest.

    Parameters
    ----------
    layer : napari.layers.Labels
    axes : Axes
        Of the masks.
    search : bool
        Whether to go through all masks; without it, no object is known yet (see `LabelSearch`).

    Returns
    -------
    read, labels, largest
        As :meth:`AnnotationSession.give_masks` takes them.
    """
    data = layer.data[0] if layer.multiscale else layer.data
    if isinstance(data, MaskSequence) and axes.plain:
        return lambda frame: data[frame[0]], data.labels(), None

    def read(frame: Frame) -> np.ndarray:
        # A copy: the layer stays in the viewer, for anybody to paint in. Lines of a watershed are
        # -1: they belong to no object.
        labels = np.array(data[axes.index(frame)])
        return labels.clip(0) if labels.dtype.kind == "i" else labels

    if not search:
        return read, (), None
    return read, None, max(int(np.max(data)), 0) if np.size(data) else 0


def _shape(layer: Labels) -> tuple[int, ...]:
    data = layer.data[0] if layer.multiscale else layer.data
    return tuple(int(size) for size in data.shape)
