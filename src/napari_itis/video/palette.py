"""The colours that DAVIS, like PASCAL VOC before it, gives to objects 0 to 255."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray


@cache
def davis_palette() -> NDArray[np.uint8]:
    """Colours by object id.

    Returns
    -------
    ndarray of uint8, shape (256, 3)
        Black, dark red, dark green, ...: the bits of the id, three at a time from the lowest,
        are the bits of red, green and blue from the highest. Not to be written to.
    """
    ids = np.arange(256, dtype=np.uint8)[:, None]
    colours = np.zeros((256, 3), np.uint8)
    # Eight bits of an id are used up after three rounds of three colours.
    for place in range(3):
        bits = ids >> (3 * place + np.arange(3, dtype=np.uint8)) & 1
        colours |= bits.astype(np.uint8) << np.uint8(7 - place)
    colours.flags.writeable = False
    return colours


def colour_codes(colours: NDArray[np.uint8]) -> NDArray[np.int32]:
    """One number for each colour.

    Parameters
    ----------
    colours : ndarray of uint8, shape (..., 3)

    Returns
    -------
    ndarray of int32, shape (...)
        Red, green and blue, eight bits each.
    """
    wide = colours.astype(np.int32)
    return wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2]
