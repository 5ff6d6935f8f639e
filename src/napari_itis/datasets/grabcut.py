"""GrabCut (Rother, Kolmogorov, Blake 2004): 50 photos with one object each and a void band.

Layout: ``data_GT/NAME.jpg`` and ``boundary_GT/NAME.png`` (or ``.bmp``, as first published).
"""

from __future__ import annotations

from os import PathLike
from pathlib import Path

import numpy as np

from napari_itis.datasets.base import (
    DatasetError,
    Masks,
    ObjectSample,
    image_files,
    require_folder,
)
from napari_itis.datasets.images import read_array

_LAYOUT = "GrabCut's data_GT/ with photos and boundary_GT/ with masks"


def read(root: str | PathLike[str]) -> list[ObjectSample]:
    """List the objects of a GrabCut folder; the id is the photo's name.

    Parameters
    ----------
    root : str or path-like
        Folder with ``data_GT`` and ``boundary_GT``.

    Returns
    -------
    list of ObjectSample
        Sorted by id. A photo without its mask is listed too; reading it raises.

    Raises
    ------
    DatasetError
        If the folders are missing or hold no photo.
    """
    root = Path(root)
    photos = image_files(require_folder(root, "data_GT", _LAYOUT))
    folder = require_folder(root, "boundary_GT", _LAYOUT)
    masks = image_files(folder)
    if not photos:
        raise DatasetError(f"no photos in {root / 'data_GT'}: expected {_LAYOUT}")
    return [
        ObjectSample(name, photo, masks.get(name, folder / f"{name}.png"), _read_masks)
        for name, photo in photos.items()
    ]


def _read_masks(path: Path) -> Masks:
    values = read_array(path)
    if values.ndim == 3:
        values = values[..., 0]
    odd = np.setdiff1d(np.unique(values), (0, 128, 255))
    if odd.size:
        raise DatasetError(
            f"the mask {path} has the value {odd[0]}; GrabCut knows 0, 128 (void) and 255"
        )
    return values == 255, values == 128
