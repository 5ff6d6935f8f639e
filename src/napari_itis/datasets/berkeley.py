"""Berkeley (McGuinness, O'Connor 2010): 100 objects on 96 photos of the Berkeley segmentation set.

Layout: ``images/NAME.jpg`` and ``masks/NAME.png``. Further objects of a photo carry a letter or a
number behind its name (``189011a.png``, ``189011_2.png``) and a copy of the photo may do so too.
"""

from __future__ import annotations

import re
from os import PathLike
from pathlib import Path

import numpy as np

from napari_itis.datasets.base import report
from napari_itis.datasets.files import image_files, require_folder
from napari_itis.datasets.images import read_array
from napari_itis.datasets.labelled import Labels, SingleObjectImage

LAYOUT = "Berkeley's images/ with photos and masks/ with one mask per object"


def images(root: str | PathLike[str], faults: list[str] | None = None) -> list[SingleObjectImage]:
    """List the objects of a Berkeley folder, each with its photo; the id is the mask's name.

    Parameters
    ----------
    root : str or path-like
        Folder with ``images`` and ``masks``.
    faults : list of str, optional
        Where to note what is wrong with the layout instead of stopping at it.

    Returns
    -------
    list of SingleObjectImage
        Sorted by id. A mask without its photo and a photo without any mask are listed too;
        reading them raises.

    Raises
    ------
    DatasetError
        If the folders are missing or hold no mask.
    """
    root = Path(root)
    image_folder = require_folder(root, "images", LAYOUT)
    mask_folder = require_folder(root, "masks", LAYOUT)
    photos, masks = image_files(image_folder, faults), image_files(mask_folder, faults)
    if not masks:
        report(f"no masks in {mask_folder}: expected {LAYOUT}", faults)
    found, used = [], set()
    for name, mask in masks.items():
        photo = photos.get(name) or photos.get(_photo_name(name)) or image_folder / f"{name}.jpg"
        found.append(SingleObjectImage(name, photo, mask, read_labels))
        used.add(photo)
    for name, photo in photos.items():
        if photo not in used and name not in masks:
            mask = mask_folder / f"{name}.png"
            found.append(SingleObjectImage(name, photo, mask, read_labels))
    return sorted(found, key=lambda image: image.id)


def _photo_name(mask_name: str) -> str:
    return re.sub(r"(?<=\d)(?:[a-z]|_\d+)$", "", mask_name)


def read_labels(path: Path) -> Labels:
    """Read a mask whose bright pixels are object 1; see `LabelledImage.read_labels`."""
    values = read_array(path)
    if values.ndim == 3:
        values = values[..., 0]
    # Some copies were saved with smoothed edges.
    truth = values > 0 if values.dtype == bool else values > 127
    return truth.astype(np.int32), np.zeros_like(truth)
