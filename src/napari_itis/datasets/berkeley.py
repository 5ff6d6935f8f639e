"""Berkeley (McGuinness, O'Connor 2010): 100 objects on 96 photos of the Berkeley segmentation set.

Layout: ``images/NAME.jpg`` and ``masks/NAME.png``. Further objects of a photo carry a letter or a
number behind its name (``189011a.png``, ``189011_2.png``) and a copy of the photo may do so too.
"""

from __future__ import annotations

import re
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

_LAYOUT = "Berkeley's images/ with photos and masks/ with one mask per object"


def read(root: str | PathLike[str]) -> list[ObjectSample]:
    """List the objects of a Berkeley folder; the id is the mask's name.

    Parameters
    ----------
    root : str or path-like
        Folder with ``images`` and ``masks``.

    Returns
    -------
    list of ObjectSample
        Sorted by id. A mask without its photo and a photo without any mask are listed too;
        reading them raises.

    Raises
    ------
    DatasetError
        If the folders are missing or hold no mask.
    """
    root = Path(root)
    image_folder = require_folder(root, "images", _LAYOUT)
    mask_folder = require_folder(root, "masks", _LAYOUT)
    photos, masks = image_files(image_folder), image_files(mask_folder)
    if not masks:
        raise DatasetError(f"no masks in {mask_folder}: expected {_LAYOUT}")
    samples, used = [], set()
    for name, mask in masks.items():
        photo = photos.get(name) or photos.get(_photo_name(name)) or image_folder / f"{name}.jpg"
        samples.append(ObjectSample(name, photo, mask, _read_masks))
        used.add(photo)
    for name, photo in photos.items():
        if photo not in used and name not in masks:
            samples.append(ObjectSample(name, photo, mask_folder / f"{name}.png", _read_masks))
    return sorted(samples, key=lambda sample: sample.id)


def _photo_name(mask_name: str) -> str:
    return re.sub(r"(?<=\d)(?:[a-z]|_\d+)$", "", mask_name)


def _read_masks(path: Path) -> Masks:
    values = read_array(path)
    if values.ndim == 3:
        values = values[..., 0]
    # Some copies were saved with smoothed edges.
    truth = values > 0 if values.dtype == bool else values > 127
    return truth, np.zeros_like(truth)
