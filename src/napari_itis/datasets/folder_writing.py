"""Writing the layout `folder`: what is written is what our own reader gives back."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class WrittenPair:
    """An image and its mask on disk.

    Attributes
    ----------
    image, mask : Path
    moved : dict of int to int
        Objects that had to get another id: 16 bits hold ids up to 65534.
    """

    image: Path
    mask: Path
    moved: dict[int, int]


def write_pair(
    root: str | PathLike[str], name: str, image: NDArray, labels: NDArray[np.integer]
) -> WrittenPair:
    """Write one image and its objects, each file whole or not at all.

    Parameters
    ----------
    root : path-like
        Folder of the data set; it and `images/`, `masks/` in it are made if they are missing.
    name : str
        Stem of both files, see `file_name`.
    image : ndarray, shape (H, W), (H, W, 3) or (H, W, 4)
        8-bit and gray 16-bit images become PNGs, others TIFFs: read again, the values are the same.
    labels : ndarray of integers, shape (H, W)
        0 background, objects from 1 on.

    Returns
    -------
    WrittenPair

    Raises
    ------
    DatasetError
        If image or mask cannot be written as such, or there are files of this name.
    """
    raise NotImplementedError


def file_name(text: str) -> str:
    """A name that every file system takes, made of a layer's name."""
    raise NotImplementedError
