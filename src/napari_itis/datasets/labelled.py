"""One photo with all its objects: what every reader of a data set yields."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_itis.datasets.base import (
    DatasetError,
    Masks,
    ObjectSample,
    read_photo,
    report,
    require_files_of,
    require_one_size,
)
from napari_itis.datasets.files import image_files
from napari_itis.datasets.images import ImageError, verified_size

Labels = tuple[NDArray[np.int32], NDArray[np.bool_]]


@dataclass(frozen=True)
class LabelledImage:
    """One photo with all its objects, as training wants it.

    Creating it reads nothing. It can be sent to worker processes.

    Attributes
    ----------
    id : str
        Unique in its data set; data sets are sorted by it.
    image_path : Path
        The photo.
    mask_path : Path
        The file that the objects come from.
    read_labels : callable
        Takes `mask_path`; returns int32 (H, W), objects 1..n with gaps allowed, 0 background
        and void, and bool (H, W), what is void.
    separator : str
        Stands between this id and the label in the id of an object.
    scene : str, optional
        What the photo shares with others that show the same objects, such as a video's name.
    """

    id: str
    image_path: Path
    mask_path: Path
    read_labels: Callable[[Path], Labels]
    separator: str = "/"
    scene: str | None = field(default=None, kw_only=True)

    def image(self) -> NDArray[np.uint8]:
        """Read the photo, uint8 (H, W, 3).

        Raises
        ------
        DatasetError
            If the file is missing or no image.
        """
        return read_photo(self.image_path)

    def labels(self) -> Labels:
        """Read the objects and the pixels that must not count.

        Returns
        -------
        labels : ndarray of int32, shape (H, W)
            Objects 1..n, gaps allowed; 0 is background and void.
        void : ndarray of bool, shape (H, W)

        Raises
        ------
        DatasetError
            If the file is missing, unreadable or breaks the layout.
        """
        try:
            return self.read_labels(self.mask_path)
        except ImageError as error:
            raise DatasetError(str(error)) from None

    def load(self) -> tuple[NDArray[np.uint8], NDArray[np.int32], NDArray[np.bool_]]:
        """Read photo, labels and void together and compare their sizes.

        Returns
        -------
        image : ndarray of uint8, shape (H, W, 3)
        labels : ndarray of int32, shape (H, W)
        void : ndarray of bool, shape (H, W)

        Raises
        ------
        DatasetError
            As `image` and `labels`, and if photo and mask differ in size.
        """
        image = self.image()
        labels, void = self.labels()
        require_one_size(image.shape[:2], self.image_path, labels.shape, self.mask_path)
        return image, labels, void

    def samples(self) -> list[ObjectSample]:
        """List the objects, and look whether photo and mask are whole.

        Returns
        -------
        list of ObjectSample
            With ids ``IMAGE/LABEL``, sorted by label.

        Raises
        ------
        DatasetError
            As `load`.
        """
        labels = self.checked_labels()
        return [
            ObjectSample(
                f"{self.id}{self.separator}{label}",
                self.image_path,
                self.mask_path,
                partial(object_masks, read_labels=self.read_labels, label=label),
            )
            for label, _ in _counts(labels)
        ]

    def areas(self, labels: NDArray[np.int32]) -> dict[str, int]:
        """Size of every object in pixels, by its id.

        Parameters
        ----------
        labels : ndarray of int32, shape (H, W)
            As `labels` gives them.
        """
        return {f"{self.id}{self.separator}{label}": n for label, n in _counts(labels)}

    def checked_labels(self) -> NDArray[np.int32]:
        """Read the labels and see that the photo is whole and of their size.

        Returns
        -------
        ndarray of int32, shape (H, W)

        Raises
        ------
        DatasetError
            As `load`.
        """
        self.require_files()
        labels, _ = self.labels()
        self.require_photo(labels.shape)
        return labels

    def require_photo(self, size: tuple[int, ...]) -> None:
        """See, with as little decoding as that takes, that the photo is whole and of a size.

        Parameters
        ----------
        size : tuple of int
            Height and width.

        Raises
        ------
        DatasetError
            If it is not.
        """
        try:
            found = verified_size(self.image_path)
        except ImageError as error:
            raise DatasetError(str(error)) from None
        require_one_size(found, self.image_path, size, self.mask_path)

    def require_files(self) -> None:
        """Look, without reading, whether photo and mask are there.

        Raises
        ------
        DatasetError
            If one of the files is missing.
        """
        require_files_of(self.image_path, self.mask_path)


@dataclass(frozen=True)
class SingleObjectImage(LabelledImage):
    """A photo with one object, label 1, which bears the image's own id."""

    def samples(self) -> list[ObjectSample]:
        """Give the one object; see `LabelledImage.samples`.

        Raises
        ------
        DatasetError
            As `load`, and if the mask does not hold the object.
        """
        if not self.checked_labels().any():
            raise DatasetError(f"the mask {self.mask_path} holds no pixel of object {self.id}")
        return [self.sample()]

    def sample(self) -> ObjectSample:
        """Give the one object; nothing is read."""
        read_masks = partial(object_masks, read_labels=self.read_labels, label=1)
        return ObjectSample(self.id, self.image_path, self.mask_path, read_masks)

    def areas(self, labels: NDArray[np.int32]) -> dict[str, int]:
        """Size of the object in pixels, by its id; see `LabelledImage.areas`."""
        return {self.id: int(np.count_nonzero(labels == 1))}


def images_by_name(
    kind: type[LabelledImage],
    photo_folder: Path,
    mask_folder: Path,
    suffix: str,
    read_labels: Callable[[Path], Labels],
    layout: str,
    faults: list[str] | None,
) -> list[LabelledImage]:
    """List photos and masks of the same names, those without their counterpart too.

    Parameters
    ----------
    kind : type
        `LabelledImage`, or what derives from it.
    photo_folder, mask_folder : Path
    suffix : str
        Of a photo that is missing.
    read_labels : callable
        See `LabelledImage`.
    layout : str
        One phrase for the message.
    faults : list of str or None
        Where to note what is wrong with the layout instead of stopping at it.

    Raises
    ------
    DatasetError
        If there is no photo.
    """
    photos, masks = image_files(photo_folder, faults), image_files(mask_folder, faults)
    if not photos:
        report(f"no photos in {photo_folder}: expected {layout}", faults)
    return [
        kind(
            name,
            photos.get(name, photo_folder / f"{name}{suffix}"),
            masks.get(name, mask_folder / f"{name}.png"),
            read_labels,
        )
        for name in sorted(photos | masks)
    ]


def object_masks(path: Path, read_labels: Callable[[Path], Labels], label: int) -> Masks:
    """Read one object out of a label image.

    Parameters
    ----------
    path : Path
        The file that `read_labels` takes.
    read_labels : callable
        See `LabelledImage`.
    label : int
        The object.

    Returns
    -------
    truth, void : ndarray of bool, shape (H, W)
    """
    labels, void = read_labels(path)
    return labels == label, void


def _counts(labels: NDArray[np.int32]) -> list[tuple[int, int]]:
    # Counting is many times faster than sorting, unless someone's ids are numbers of database rows.
    if labels.size and labels.max() < 1 << 20:
        counts = np.bincount(labels.ravel())
        ids = np.flatnonzero(counts)
        counts = counts[ids]
    else:
        ids, counts = np.unique(labels, return_counts=True)
    return [(int(i), int(n)) for i, n in zip(ids, counts) if i]
