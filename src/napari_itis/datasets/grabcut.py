"""GrabCut (Rother, Kolmogorov, Blake 2004): 50 photos with one object each and a void band.

Layout: ``data_GT/NAME.jpg`` and ``boundary_GT/NAME.png`` (or ``.bmp``, as first published).
"""

from __future__ import annotations

from os import PathLike
from pathlib import Path

import numpy as np

from napari_itis.datasets.base import DatasetError
from napari_itis.datasets.files import require_folder
from napari_itis.datasets.images import read_array
from napari_itis.datasets.labelled import Labels, SingleObjectImage, images_by_name

LAYOUT = "GrabCut's data_GT/ with photos and boundary_GT/ with masks"


def images(root: str | PathLike[str], faults: list[str] | None = None) -> list[SingleObjectImage]:
    """List the photos of a GrabCut folder; the id of the photo and of its object is its name.

    Parameters
    ----------
    root : str or path-like
        Folder with ``data_GT`` and ``boundary_GT``.
    faults : list of str, optional
        Where to note what is wrong with the layout instead of stopping at it.

    Returns
    -------
    list of SingleObjectImage
        Sorted by id. A photo without its mask is listed too, and a mask without its photo;
        reading them raises.

    Raises
    ------
    DatasetError
        If the folders are missing or hold no photo.
    """
    root = Path(root)
    photo_folder = require_folder(root, "data_GT", LAYOUT)
    mask_folder = require_folder(root, "boundary_GT", LAYOUT)
    return images_by_name(
        SingleObjectImage, photo_folder, mask_folder, ".jpg", read_labels, LAYOUT, faults
    )


def read_labels(path: Path) -> Labels:
    """Read a mask of 0, 128 (void) and 255 (object 1); see `LabelledImage.read_labels`.

    Raises
    ------
    DatasetError
        If it has another value.
    """
    values = read_array(path)
    if values.ndim == 3:
        values = values[..., 0]
    odd = np.setdiff1d(np.unique(values), (0, 128, 255))
    if odd.size:
        raise DatasetError(
            f"the mask {path} has the value {odd[0]}; GrabCut knows 0, 128 (void) and 255"
        )
    return (values == 255).astype(np.int32), values == 128
