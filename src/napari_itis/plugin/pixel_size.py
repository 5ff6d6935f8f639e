"""How large the pixels of a layer are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_itis.annotation.metadata import PixelSize

if TYPE_CHECKING:
    from napari.layers import Layer

_PIXEL = "pixel"


def pixel_size(layer: Layer, plane: tuple[int, int]) -> PixelSize:
    """The size of a layer's pixels, from its transforms and its units.

    Parameters
    ----------
    layer : napari.layers.Layer
    plane : tuple of int
        The axes y and x of what is annotated; it may be an x-z plane. Units of both that differ
        are brought to that of y.

    Returns
    -------
    PixelSize
        One pixel, where the layer has no units of length: its scale then says nothing but how
        large it is shown.
    """
    unit_y, unit_x = (layer.units[axis] for axis in plane)
    try:
        to_y = float((1 * unit_x).to(unit_y).magnitude)
    except Exception:
        return PixelSize()
    if str(unit_y) == _PIXEL or not (1 * unit_y).check("[length]"):
        return PixelSize()
    origin = np.asarray(layer.data_to_world((0.0,) * layer.ndim))
    steps = np.asarray(
        [layer.data_to_world(step) - origin for step in np.eye(layer.ndim)[[*plane]]]
    )
    # Of the two axes of the plane, each in its own unit.
    steps = steps[:, plane] * (1.0, to_y)
    height, width = np.linalg.norm(steps, axis=1)
    return PixelSize(float(height), float(width), float(abs(np.linalg.det(steps))), f"{unit_y:~P}")
