"""Writing the layout `folder`: what is written is what our own reader gives back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from napari_itis.datasets.base import DatasetError, require_one_size
from napari_itis.datasets.files import IMAGE_SUFFIXES, atomically

LARGEST_ID = 65534
"""65535 in a 16-bit mask is void."""

_LONGEST_NAME = 100


@dataclass(frozen=True)
class WrittenPair:
    """An image and its mask on disk.

    Attributes
    ----------
    image, mask : Path
    moved : dict of int to int
        Objects that had to get another id: masks hold ids up to 65534.
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
        0 background, objects from 1 on; written with 16 bits.

    Returns
    -------
    WrittenPair

    Raises
    ------
    DatasetError
        If image or mask cannot be written as such, or there are files of this name.
    OSError
        If the disk is full or the folder cannot be written; neither file is there then.
    """
    root = Path(root)
    if file_name(name) != name:
        raise DatasetError(f"{name!r} is no name for a file: {file_name(name)!r} would be one")
    image, labels = np.asarray(image), np.asarray(labels)
    _check(image, labels, root / "images" / name, root / "masks" / name)
    indices, moved = _indices(labels, name)
    png = image.dtype == np.uint8 or (image.dtype == np.uint16 and image.ndim == 2)
    photo = root / "images" / f"{name}{'.png' if png else '.tif'}"
    mask = root / "masks" / f"{name}.png"
    atomically(mask, lambda file: Image.fromarray(indices).save(file))
    try:
        if png:
            atomically(photo, lambda file: Image.fromarray(image).save(file))
        else:
            kind = "minisblack" if image.ndim == 2 else "rgb"
            atomically(photo, lambda file: tifffile.imwrite(file, image, photometric=kind))
    except BaseException:
        mask.unlink(missing_ok=True)
        raise
    return WrittenPair(photo, mask, moved)


def file_name(text: str) -> str:
    """A name that every file system takes, made of a layer's name."""
    name = re.sub(r"[^\w.()+-]+", "-", text).strip("-.")[:_LONGEST_NAME].strip("-.")
    if re.fullmatch(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", name, re.IGNORECASE):
        name = f"image-{name}"
    return name or "image"


def _check(image: NDArray, labels: NDArray, photo: Path, mask: Path) -> None:
    if (
        image.dtype.kind not in "uif"
        or image.ndim not in (2, 3)
        or image.shape[2:]
        not in (
            (),
            (3,),
            (4,),
        )
    ):
        raise DatasetError(
            f"{photo.name} is an array of {image.dtype}, {image.shape}: an image is (H, W), "
            "(H, W, 3) or (H, W, 4) of numbers"
        )
    if labels.dtype.kind not in "bui" or labels.ndim != 2:
        raise DatasetError(
            f"the mask of {photo.name} is an array of {labels.dtype}, {labels.shape}: "
            "expected whole numbers, (H, W)"
        )
    require_one_size(image.shape[:2], photo, labels.shape, mask)
    for path in (photo, mask):
        # Of another type, too: the reader would not know which one is meant.
        for suffix in IMAGE_SUFFIXES:
            there = path.with_name(path.name + suffix)
            if there.exists():
                raise DatasetError(f"{there} is there already: choose another folder")


def _indices(labels: NDArray, name: str) -> tuple[NDArray[np.uint16], dict[int, int]]:
    if labels.size and labels.min() < 0:
        raise DatasetError(f"the mask of {name} has negative ids: expected 0, 1, 2, ...")
    if not labels.size or labels.max() <= LARGEST_ID:
        return labels.astype(np.uint16), {}
    ids = np.unique(labels)
    if len(ids) - (ids[0] == 0) > LARGEST_ID:
        raise DatasetError(f"the mask of {name} has more than {LARGEST_ID} objects")
    large = ids[ids > LARGEST_ID].tolist()
    free = np.setdiff1d(np.arange(1, LARGEST_ID + 1), ids)[: len(large)].tolist()
    moved = dict(zip(large, free, strict=True))
    new = np.array([moved.get(one, one) for one in ids.tolist()], np.uint16)
    return new[np.searchsorted(ids, labels)], moved
