"""SBD (Hariharan et al. 2011): instances on 11 355 photos of VOC 2011, without void.

Layout, under ``benchmark_RELEASE/dataset``: ``img/NAME.jpg``, ``inst/NAME.mat`` and the lists
``train.txt`` and ``val.txt``, which are not VOC's lists of these names.
"""

from __future__ import annotations

from os import PathLike
from pathlib import Path

import numpy as np

from napari_itis.datasets import voc
from napari_itis.datasets.base import DatasetError
from napari_itis.datasets.files import find_tree, read_list, unknown_split
from napari_itis.datasets.images import ImageError
from napari_itis.datasets.labelled import LabelledImage, Labels

LAYOUT = "benchmark_RELEASE/dataset/ with img/NAME.jpg, inst/NAME.mat and SPLIT.txt"
MERGED_LAYOUT = "VOCdevkit/VOC2012 (or VOC2012) beside benchmark_RELEASE/dataset (or SBD)"

_PLACES = ("benchmark_RELEASE/dataset", "dataset", "SBD", "SBD/benchmark_RELEASE/dataset")


def images(
    root: str | PathLike[str], split: str = "val", faults: list[str] | None = None
) -> list[LabelledImage]:
    """List the photos of an SBD split; the id is the photo's name.

    Parameters
    ----------
    root : str or path-like
        The folder ``dataset``, ``benchmark_RELEASE`` or what holds it.
    split : str
        ``train``, ``val`` or another list beside them.
    faults : list of str, optional
        Where to note what is wrong with the layout instead of stopping at it.

    Returns
    -------
    list of LabelledImage
        Sorted by id. Files that are missing are listed too; reading them raises.

    Raises
    ------
    DatasetError
        If the folders or the list are missing, or the list is empty.
    """
    tree = find_tree(Path(root), "inst", _PLACES, LAYOUT)
    return [_image(tree, name) for name in read_list(tree, split, faults)]


def merged_images(
    root: str | PathLike[str], split: str = "train", faults: list[str] | None = None
) -> list[LabelledImage]:
    """List the paper's training images: VOC train and all of SBD, without VOC val (Sec. 4).

    Where a photo is in both, VOC's annotation is taken: it has void outlines.

    Parameters
    ----------
    root : str or path-like
        Holds ``VOC2012`` or ``VOCdevkit/VOC2012``, and ``benchmark_RELEASE/dataset`` or ``SBD``.
    split : str
        ``train`` is the only one.
    faults : list of str, optional
        Where to note what is wrong with the layout instead of stopping at it.

    Returns
    -------
    list of LabelledImage
        Sorted by id; 10 582 with the published sets.

    Raises
    ------
    DatasetError
        If one of the sets does not follow its layout.
    """
    root = Path(root)
    if split != "train":
        raise DatasetError(unknown_split(split, root, ["train"]))
    tree = find_tree(root, "inst", _PLACES, MERGED_LAYOUT)
    merged = {image.id: image for image in voc.images(root, "train", faults)}
    held_back = set(voc.list_names(voc.find_voc(root), "val", faults))
    for name in read_list(tree, "train", faults) + read_list(tree, "val", faults):
        if name not in merged and name not in held_back:
            merged[name] = _image(tree, name)
    # A photo that stands in both of VOC's lists must not be trained on either.
    return [merged[name] for name in sorted(merged) if name not in held_back]


def _image(tree: Path, name: str) -> LabelledImage:
    return LabelledImage(
        name, tree / "img" / f"{name}.jpg", tree / "inst" / f"{name}.mat", read_labels
    )


def read_labels(path: Path) -> Labels:
    """Read a file of ``inst``; see `LabelledImage.read_labels`.

    Raises
    ------
    DatasetError
        If it is missing or does not hold the struct ``GTinst`` with ``Segmentation``.
    """
    from scipy.io import loadmat

    if not path.is_file():
        raise ImageError(f"no such file: {path}")
    # A file that is cut off makes scipy raise almost anything.
    try:
        content = loadmat(path, variable_names=["GTinst"])
    except Exception as error:
        reason = " ".join(str(error).split())
        raise DatasetError(f"cannot read {path}: {reason}; expected a MATLAB file") from None
    try:
        mask = content["GTinst"]["Segmentation"][0, 0]
    except (KeyError, IndexError, ValueError, TypeError):
        mask = None
    if not isinstance(mask, np.ndarray) or mask.ndim != 2 or mask.dtype.kind not in "bui":
        raise DatasetError(f"{path} has no GTinst.Segmentation with object ids, as SBD's files do")
    void = mask == voc.VOID
    return np.where(void, 0, mask).astype(np.int32), void
