"""KITTI's instance benchmark (Alhaija et al. 2018): the cars on 200 street scenes.

Layout: ``training/image_2/NAME.png`` and ``training/instance/NAME.png``, 16 bits, 256 times the
class (of Cityscapes) plus the instance; 0 stands for no instance.
"""

from __future__ import annotations

from os import PathLike
from pathlib import Path

import numpy as np

from napari_itis.datasets.base import DatasetError
from napari_itis.datasets.files import find_tree
from napari_itis.datasets.images import read_indices
from napari_itis.datasets.labelled import LabelledImage, Labels, images_by_name

LAYOUT = "training/ with image_2/NAME.png and instance/NAME.png"
CAR = 26


def images(root: str | PathLike[str], faults: list[str] | None = None) -> list[LabelledImage]:
    """List the photos of KITTI's training part; the id is the photo's name.

    Parameters
    ----------
    root : str or path-like
        The folder that holds ``training``, or ``training`` itself.
    faults : list of str, optional
        Where to note what is wrong with the layout instead of stopping at it.

    Returns
    -------
    list of LabelledImage
        Sorted by id; the objects are the cars. A photo without its mask and a mask without its
        photo are listed too; reading them raises.

    Raises
    ------
    DatasetError
        If the folders are missing or hold no photo.
    """
    tree = find_tree(Path(root), "instance", ("training", "data_semantics/training"), LAYOUT)
    photo_folder, mask_folder = tree / "image_2", tree / "instance"
    if not photo_folder.is_dir():
        raise DatasetError(f"no folder image_2/ in {tree}: expected {LAYOUT}")
    return images_by_name(
        LabelledImage, photo_folder, mask_folder, ".png", read_labels, LAYOUT, faults
    )


def read_labels(path: Path) -> Labels:
    """Read the cars of a file of ``instance``; see `LabelledImage.read_labels`.

    Cars that are not told apart (instance 0) are void; other classes are background.

    Raises
    ------
    DatasetError
        If it does not have 16 bits.
    """
    values = read_indices(path)
    if values.dtype.itemsize < 2:
        raise DatasetError(
            f"{path} has 8 bits: KITTI's instances are 16-bit PNG files, class * 256 + instance"
        )
    classes, instances = np.divmod(values.astype(np.int32), 256)
    cars = classes == CAR
    return np.where(cars, instances, 0).astype(np.int32), cars & (instances == 0)
