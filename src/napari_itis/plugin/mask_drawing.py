"""Redrawing a part of a Labels layer: all of a large one takes longer than a window may stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from napari.layers import Labels

_QUICKLY_DRAWN = 1 << 20


def redraw_part(mask: Labels, index: tuple[Any, ...]) -> bool:
    """Show what was written into the array of a layer, as napari does it for its own brush.

    Parameters
    ----------
    mask : napari.layers.Labels
    index : tuple of slice and int
        What was written, in the slice on screen.

    Returns
    -------
    bool
        False where all of it must be drawn: it is small, or this napari draws in another way.
    """
    try:
        image, displayed = mask._slice.image, mask._slice_input.displayed
        raw, shown = image.raw, image.view
        if raw.size <= _QUICKLY_DRAWN or not np.may_share_memory(raw, mask.data):
            return False
        margin = int(mask.contour)
        box = tuple(
            slice(max(index[axis].start - margin, 0), min(index[axis].stop + margin, size))
            for axis, size in zip(displayed, raw.shape, strict=True)
        )
        colors = mask._raw_to_displayed(raw, data_slice=box)
        shown[box] = colors
        mask.events.labels_update(data=colors, offset=[part.start for part in box])
    except (AttributeError, TypeError, ValueError):
        return False
    return True


def forget_thumbnail(mask: Labels) -> None:
    """Let a layer that is drawn by views read its coarsest one again, which napari keeps."""
    reset = getattr(mask, "_reset_thumbnail_level_data", None)
    if reset is not None and mask.multiscale:
        reset()
