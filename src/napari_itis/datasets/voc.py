"""PASCAL VOC 2012 (Everingham et al. 2010): instances of 20 classes, with void outlines.

Layout, under ``VOC2012``: ``JPEGImages/NAME.jpg``, ``SegmentationObject/NAME.png`` (palette, object
ids, 255 void), ``ImageSets/Segmentation/{train,val,trainval}.txt`` and, where it is there,
``Annotations/NAME.xml``, which tells what objects are difficult.
"""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from napari_itis.datasets.base import DatasetError
from napari_itis.datasets.files import find_tree, read_list
from napari_itis.datasets.images import read_indices
from napari_itis.datasets.labelled import LabelledImage, Labels

LAYOUT = (
    "VOC2012/ with JPEGImages/NAME.jpg, SegmentationObject/NAME.png and "
    "ImageSets/Segmentation/SPLIT.txt"
)
VOID = 255


def images(
    root: str | PathLike[str], split: str = "val", faults: list[str] | None = None
) -> list[LabelledImage]:
    """List the photos of a VOC split; the id is the photo's name.

    Parameters
    ----------
    root : str or path-like
        The folder ``VOC2012``, ``VOCdevkit`` or what holds one of them.
    split : str
        A list in ``ImageSets/Segmentation``.
    faults : list of str, optional
        Where to note what is wrong with the layout instead of stopping at it.

    Returns
    -------
    list of LabelledImage
        Sorted by id. Photos and masks that are missing are listed too; reading them raises.

    Raises
    ------
    DatasetError
        If the folders or the list are missing, or the list is empty.
    """
    tree = find_voc(Path(root))
    return [
        LabelledImage(
            name,
            tree / "JPEGImages" / f"{name}.jpg",
            tree / "SegmentationObject" / f"{name}.png",
            read_labels,
        )
        for name in list_names(tree, split, faults)
    ]


def find_voc(root: Path) -> Path:
    """Find the folder ``VOC2012``; see `images`."""
    return find_tree(root, "SegmentationObject", ("VOC2012", "VOCdevkit/VOC2012"), LAYOUT)


def list_names(tree: Path, split: str, faults: list[str] | None = None) -> list[str]:
    """Read the names of a split of the tree that `find_voc` found."""
    return read_list(tree / "ImageSets" / "Segmentation", split, faults)


def read_labels(path: Path) -> Labels:
    """Read a file of ``SegmentationObject``; see `LabelledImage.read_labels`.

    Void are the outlines and the objects that the photo's XML file, if there is one, flags as
    difficult.

    Raises
    ------
    DatasetError
        If the XML file is broken.
    """
    mask = read_indices(path)
    void = mask == VOID
    labels = np.where(void, 0, mask).astype(np.int32)
    difficult = _difficult(path.parents[1] / "Annotations" / f"{path.stem}.xml")
    # The objects of the XML file are in the order of their ids. A file that lists other objects
    # than the mask has (VOC annotates some photos for detection alone) tells nothing.
    if len(difficult) == labels.max():
        hidden = np.isin(labels, [i for i, flag in enumerate(difficult, start=1) if flag])
        void |= hidden
        labels[hidden] = 0
    return labels, void


def _difficult(path: Path) -> list[bool]:
    if not path.is_file():
        return []
    try:
        objects = ElementTree.parse(path).getroot().iter("object")
    except (ElementTree.ParseError, OSError) as error:
        raise DatasetError(f"cannot read {path}: {error}; expected VOC's XML") from None
    return [(entry.findtext("difficult") or "0").strip() == "1" for entry in objects]
