"""The layouts by name, and the two ways to read them: object by object, or image by image."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import PathLike
from typing import TypeVar

from napari_itis.datasets import berkeley, coco, davis, folder, grabcut, kitti, sbd, voc
from napari_itis.datasets.base import DatasetError, ObjectSample, report
from napari_itis.datasets.labelled import LabelledImage

Result = TypeVar("Result")


@dataclass(frozen=True)
class Layout:
    """How a data set lies on disk.

    Attributes
    ----------
    images : callable
        Takes root, `faults`, and `split` where there are splits; lists `LabelledImage`.
    description : str
        One phrase that names files and folders.
    evaluated, trained : str or None
        The split that is read unless another is asked for; None where the layout has no splits.
    """

    images: Callable[..., list[LabelledImage]]
    description: str
    evaluated: str | None = None
    trained: str | None = None

    def read(
        self,
        root: str | PathLike[str],
        split: str | None = None,
        faults: list[str] | None = None,
    ) -> list[LabelledImage]:
        """List the images of one split; see `read_training_set`."""
        if self.evaluated is None:
            if split is not None:
                raise DatasetError(
                    f"no split {split!r} in {root}: this layout ({self.description}) has no splits"
                )
            return self.images(root, faults=faults)
        return self.images(root, split=split or self.evaluated, faults=faults)


LAYOUTS = {
    "voc": Layout(voc.images, voc.LAYOUT, "val", "train"),
    "sbd": Layout(sbd.images, sbd.LAYOUT, "val", "train"),
    "voc+sbd": Layout(sbd.merged_images, sbd.MERGED_LAYOUT, "train", "train"),
    "coco": Layout(coco.images, coco.LAYOUT, "val2017", "train2017"),
    "lvis": Layout(coco.lvis_images, coco.LVIS_LAYOUT, "val", "train"),
    "grabcut": Layout(grabcut.images, grabcut.LAYOUT),
    "berkeley": Layout(berkeley.images, berkeley.LAYOUT),
    "davis": Layout(davis.images, davis.LAYOUT, "val", "train"),
    "kitti": Layout(kitti.images, kitti.LAYOUT),
    "folder": Layout(folder.images, folder.LAYOUT),
}
DATASETS = tuple(LAYOUTS)


def find_layout(name: str) -> Layout:
    """Look a layout up by its name.

    Raises
    ------
    DatasetError
        If there is none of that name.
    """
    if name not in LAYOUTS:
        raise DatasetError(f"unknown data set {name!r}: expected one of {', '.join(LAYOUTS)}")
    return LAYOUTS[name]


def read_dataset(
    name: str,
    root: str | PathLike[str],
    split: str | None = None,
    faults: list[str] | None = None,
) -> list[ObjectSample]:
    """List the objects of a data set by the name of its layout.

    Every photo and mask is looked at, so that what is wrong with them is known before any work
    starts; nothing of them is kept.

    Parameters
    ----------
    name : str
        One of `DATASETS`.
    root : str or path-like
        The data set's folder.
    split : str, optional
        Which of the layout's lists to read; by default the one that is evaluated on.
    faults : list of str, optional
        Images that cannot be listed are left out, with one line each put here; without it, the
        first one raises.

    Returns
    -------
    list of ObjectSample
        Sorted by image and object; pixels are read when asked for.

    Raises
    ------
    DatasetError
        If the name or the split is unknown, the folder does not follow the layout, or it holds
        no object.
    """
    images = find_layout(name).read(root, split, faults)
    samples: list[ObjectSample] = []
    for _, found in in_threads(_samples, images):
        if isinstance(found, DatasetError):
            report(str(found), faults)
        else:
            samples += found
    if not samples:
        why = f", such as: {faults[0]}" if faults else ": every mask is empty"
        raise DatasetError(f"no objects in {root}{why}")
    return samples


def read_training_set(
    layout: str,
    root: str | PathLike[str],
    split: str | None = None,
    faults: list[str] | None = None,
) -> list[LabelledImage]:
    """List the images of a data set with all their objects, as training wants them.

    Where instances overlap (COCO, LVIS), smaller ones are drawn over larger ones.

    Parameters
    ----------
    layout : str
        One of `DATASETS`.
    root : str or path-like
        The data set's folder.
    split : str, optional
        Which of the layout's lists to read; by default the one that is trained on.
    faults : list of str, optional
        Where to note what is wrong with the layout instead of stopping at it.

    Returns
    -------
    list of LabelledImage
        Sorted by id, at least one; pixels are read when asked for. Files that a list names and
        that are missing are listed too: `LabelledImage.require_files` tells.

    Raises
    ------
    DatasetError
        If the name or the split is unknown or the folder does not follow the layout.
    """
    found = find_layout(layout)
    images = found.read(root, split or found.trained, faults)
    if not images:
        raise DatasetError(f"no images in {root}: expected {found.description}")
    return images


def in_threads(
    work: Callable[[LabelledImage], Result], images: Sequence[LabelledImage]
) -> Iterator[tuple[LabelledImage, Result]]:
    """Do something with every image, a few at a time.

    Parameters
    ----------
    work : callable
        Takes an image.
    images : sequence of LabelledImage

    Yields
    ------
    image : LabelledImage
        In the order given.
    result : any
        What `work` made of it.
    """
    pool = ThreadPoolExecutor(min(8, os.cpu_count() or 1))
    try:
        yield from zip(images, pool.map(work, images))
    finally:
        pool.shutdown(cancel_futures=True)


def _samples(image: LabelledImage) -> list[ObjectSample] | DatasetError:
    try:
        return image.samples()
    except DatasetError as error:
        return error
