"""The layout `folder`: images/NAME.* beside masks/NAME.png, objects 1..n, for a user's own data.

Void is 255 in an 8-bit mask and 65535 in a 16-bit one; a mask whose only nonzero value is 255 is
an object (as many programs export it).
"""

from __future__ import annotations

import logging
from os import PathLike
from pathlib import Path

import numpy as np

from napari_itis.datasets.base import DatasetError, report
from napari_itis.datasets.files import image_files, require_folder
from napari_itis.datasets.images import ImageError, read_indices
from napari_itis.datasets.labelled import LabelledImage, Labels

LAYOUT = "images/NAME.* and masks/NAME.png"

_log = logging.getLogger(__name__)
_said: set[Path] = set()


def images(root: str | PathLike[str], faults: list[str] | None = None) -> list[LabelledImage]:
    """List the photos of a folder with their masks, sorted by name, without reading them.

    Parameters
    ----------
    root : path-like
        Folder with `images/` and `masks/`.
    faults : list of str, optional
        Where to note what is wrong with the layout instead of stopping at it.

    Returns
    -------
    list of LabelledImage
        The id is the photo's name, an object's ``NAME:LABEL``.

    Raises
    ------
    DatasetError
        If a folder is missing or empty, or a photo has no mask or the other way round.
    """
    return [
        LabelledImage(image.stem, image, mask, read_labels, ":")
        for image, mask in pairs(root, faults)
    ]


def pairs(root: str | PathLike[str], faults: list[str] | None = None) -> list[tuple[Path, Path]]:
    """Photos and their masks, sorted by name, without reading them.

    Parameters
    ----------
    root, faults
        See `images`.

    Returns
    -------
    list of (Path, Path)
        Photo and mask; at least one pair, unless faults are collected.

    Raises
    ------
    DatasetError
        See `images`.
    """
    root = Path(root)
    photos = image_files(require_folder(root, "images", LAYOUT), faults)
    masks = image_files(require_folder(root, "masks", LAYOUT), faults)
    if not photos:
        report(f"no images in {root / 'images'}: expected {LAYOUT}", faults)
    for name in photos:
        if name not in masks:
            report(f"no mask for {photos[name]}: expected {root / 'masks'}/{name}.png", faults)
    for name in masks:
        if name not in photos:
            report(f"no photo for {masks[name]}: expected {root / 'images'}/{name}.*", faults)
    return [(photos[name], masks[name]) for name in photos if name in masks]


def read_labels(path: Path) -> Labels:
    """Read a mask file.

    Parameters
    ----------
    path : Path
        Single-channel mask, 8 or 16 bits.

    Returns
    -------
    labels : ndarray of int32, shape (H, W)
        Objects 1..n, 0 background and void.
    void : ndarray of bool, shape (H, W)
        Pixels that never count.

    Raises
    ------
    DatasetError
        If the file cannot be read or is no mask.
    """
    try:
        mask = read_indices(path)
    except ImageError as error:
        raise DatasetError(str(error)) from None
    value = 255 if mask.dtype == np.uint8 else 65535
    void = mask == value
    labels = np.where(void, 0, mask).astype(np.int32)
    if value == 255 and void.any() and not labels.any():
        if path.parent not in _said:
            _said.add(path.parent)
            _log.warning("%s: masks of 0 and 255 only are read as one object, not as void", path)
        return void.astype(np.int32), np.zeros_like(void)
    return labels, void
