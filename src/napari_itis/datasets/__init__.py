"""Readers of public data sets and of plain folders: images with their objects and void pixels."""

from napari_itis.datasets.base import DatasetError, ObjectSample
from napari_itis.datasets.images import ImageError, read_array, read_image
from napari_itis.datasets.labelled import LabelledImage
from napari_itis.datasets.layouts import DATASETS, LAYOUTS, read_dataset, read_training_set

__all__ = [
    "DATASETS",
    "LAYOUTS",
    "DatasetError",
    "ImageError",
    "LabelledImage",
    "ObjectSample",
    "read_array",
    "read_dataset",
    "read_image",
    "read_training_set",
]
