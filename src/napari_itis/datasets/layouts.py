"""The layouts by name, and the two ways to read them: object by object, or image by image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike

from napari_itis.datasets import berkeley, folder, grabcut
from napari_itis.datasets.base import DatasetError, LabelledImage, ObjectSample


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
    "grabcut": Layout(grabcut.images, grabcut.LAYOUT),
    "berkeley": Layout(berkeley.images, berkeley.LAYOUT),
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
    name: str, root: str | PathLike[str], split: str | None = None
) -> list[ObjectSample]:
    """List the objects of a data set by the name of its layout.

    Parameters
    ----------
    name : str
        One of `DATASETS`.
    root : str or path-like
        The data set's folder.
    split : str, optional
        Which of the layout's lists to read; by default the one that is evaluated on.

    Returns
    -------
    list of ObjectSample
        Sorted by id; pixels are read when asked for.

    Raises
    ------
    DatasetError
        If the name or the split is unknown, the folder does not follow the layout, or it holds
        no object.
    """
    images = find_layout(name).read(root, split)
    samples = [sample for image in images for sample in image.samples()]
    if not samples:
        raise DatasetError(f"no objects in {root}: every mask is empty")
    return samples


def read_training_set(
    layout: str, root: str | PathLike[str], split: str | None = None
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

    Returns
    -------
    list of LabelledImage
        Sorted by id, at least one; pixels are read when asked for.

    Raises
    ------
    DatasetError
        If the name or the split is unknown or the folder does not follow the layout.
    """
    found = find_layout(layout)
    images = found.read(root, split or found.trained)
    if not images:
        raise DatasetError(f"no images in {root}: expected {found.description}")
    return images
