"""Readers of public data sets and of plain folders: each yields objects with their void pixels."""

from __future__ import annotations

from importlib import import_module
from os import PathLike

from napari_itis.datasets.base import DatasetError, ObjectSample, problems
from napari_itis.datasets.images import ImageError, read_array, read_image

DATASETS = ("grabcut", "berkeley", "folder")

__all__ = [
    "DATASETS",
    "DatasetError",
    "ImageError",
    "ObjectSample",
    "problems",
    "read_array",
    "read_dataset",
    "read_image",
]


def read_dataset(name: str, root: str | PathLike[str]) -> list[ObjectSample]:
    """List the objects of a data set by the name of its layout.

    Parameters
    ----------
    name : str
        One of `DATASETS`.
    root : str or path-like
        The data set's folder.

    Returns
    -------
    list of ObjectSample
        Sorted by id; pixels are read when asked for.

    Raises
    ------
    DatasetError
        If the name is unknown or the folder does not follow the layout.
    """
    if name not in DATASETS:
        raise DatasetError(f"unknown data set {name!r}: expected one of {', '.join(DATASETS)}")
    return import_module(f"napari_itis.datasets.{name}").read(root)
