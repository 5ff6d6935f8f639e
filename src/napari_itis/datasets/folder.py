"""The layout `folder`: images/NAME.* beside masks/NAME.png, objects 1..n, for a user's own data.

Void is 255 in an 8-bit mask and 65535 in a 16-bit one; a mask whose only nonzero value is 255 is
an object (as many programs export it).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import partial
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
from napari_itis.datasets.images import ImageError, read_array

LAYOUT = "images/NAME.* and masks/NAME.png"

_log = logging.getLogger(__name__)
_said: set[Path] = set()


def pairs(root: str | PathLike) -> list[tuple[Path, Path]]:
    """Photos and their masks, sorted by name, without reading them.

    Parameters
    ----------
    root : path-like
        Folder with `images/` and `masks/`.

    Returns
    -------
    list of (Path, Path)
        Photo and mask; at least one pair.

    Raises
    ------
    DatasetError
        If a folder is missing or empty, or a photo has no mask or the other way round.
    """
    root = Path(root)
    images = image_files(require_folder(root, "images", LAYOUT))
    masks = image_files(require_folder(root, "masks", LAYOUT))
    if not images:
        raise DatasetError(f"no images in {root / 'images'}: expected {LAYOUT}")
    for name in images:
        if name not in masks:
            raise DatasetError(f"no mask for {images[name]}: expected {root / 'masks'}/{name}.png")
    for name in masks:
        if name not in images:
            raise DatasetError(f"no photo for {masks[name]}: expected {root / 'images'}/{name}.*")
    return [(images[name], masks[name]) for name in images]


def read_labels(path: Path) -> tuple[np.ndarray, np.ndarray]:
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
        mask = read_array(path)
    except ImageError as error:
        raise DatasetError(str(error)) from None
    if mask.ndim != 2:
        raise DatasetError(f"{path} has {mask.shape[-1]} channels: a mask has one, with object ids")
    value = 255 if mask.dtype == np.uint8 else 65535
    void = mask == value
    labels = np.where(void, 0, mask).astype(np.int32)
    if value == 255 and void.any() and not labels.any():
        if path.parent not in _said:
            _said.add(path.parent)
            _log.warning("%s: masks of 0 and 255 only are read as one object, not as void", path)
        return void.astype(np.int32), np.zeros_like(void)
    return labels, void


def read(root: str | PathLike) -> list[ObjectSample]:
    """All objects of a folder, sorted by photo and object.

    Parameters
    ----------
    root : path-like
        Folder with `images/` and `masks/`.

    Returns
    -------
    list of ObjectSample
        With ids ``NAME:OBJECT``.

    Raises
    ------
    DatasetError
        If the layout is not as it should be or a mask cannot be read.
    """
    samples = list(_objects(pairs(root)))
    if not samples:
        raise DatasetError(f"no objects in {Path(root) / 'masks'}: every mask is empty")
    return samples


def _objects(files: list[tuple[Path, Path]]) -> Iterator[ObjectSample]:
    for image, mask in files:
        labels, _ = read_labels(mask)
        for label in np.unique(labels[labels > 0]):
            read_masks = partial(object_masks, label=int(label))
            yield ObjectSample(f"{image.stem}:{label}", image, mask, read_masks)


def object_masks(path: Path, label: int) -> Masks:
    """Masks of one object and of what is void, bool (H, W); see `read_labels`."""
    labels, void = read_labels(path)
    return labels == label, void
