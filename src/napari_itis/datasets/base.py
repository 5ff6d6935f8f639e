"""What every reader of a data set yields: images whose objects are read when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_itis.datasets.images import ImageError, read_image, read_size


class DatasetError(ValueError):
    """A data set that does not follow its layout; the message is one line that names the file."""


Masks = tuple[NDArray[np.bool_], NDArray[np.bool_]]
Labels = tuple[NDArray[np.int32], NDArray[np.bool_]]


@dataclass(frozen=True)
class ObjectSample:
    """One object of one photo.

    Creating a sample reads nothing, so that a data set of any size is listed at once; samples
    can be sent to worker processes when `read_masks` can be pickled (a module's function or a
    `functools.partial` of one).

    Attributes
    ----------
    id : str
        Unique in its data set; data sets are sorted by it.
    image_path : Path
        The photo.
    mask_path : Path
        The file that the object comes from.
    read_masks : callable
        Takes `mask_path`; returns the object mask and the void mask, both bool (H, W).
    """

    id: str
    image_path: Path
    mask_path: Path
    read_masks: Callable[[Path], Masks]

    def image(self) -> NDArray[np.uint8]:
        """Read the photo.

        Returns
        -------
        ndarray of uint8, shape (H, W, 3)

        Raises
        ------
        DatasetError
            If the file is missing or no image.
        """
        try:
            return read_image(self.image_path)
        except ImageError as error:
            raise DatasetError(str(error)) from None

    def masks(self) -> Masks:
        """Read the object and the pixels that must not count.

        Returns
        -------
        truth, void : ndarray of bool, shape (H, W)
            They never overlap; `truth` has at least one pixel.

        Raises
        ------
        DatasetError
            If the file is missing, unreadable, or holds no pixel of the object.
        """
        try:
            truth, void = self.read_masks(self.mask_path)
        except ImageError as error:
            raise DatasetError(str(error)) from None
        if not truth.any():
            raise DatasetError(f"the mask {self.mask_path} holds no pixel of object {self.id}")
        return truth & ~void, void

    def load(self) -> tuple[NDArray[np.uint8], NDArray[np.bool_], NDArray[np.bool_]]:
        """Read photo, object and void together and compare their sizes.

        Returns
        -------
        image : ndarray of uint8, shape (H, W, 3)
        truth, void : ndarray of bool, shape (H, W)

        Raises
        ------
        DatasetError
            As `image` and `masks`, and if photo and mask differ in size.
        """
        image = self.image()
        truth, void = self.masks()
        _require_one_size(image.shape[:2], self.image_path, truth.shape, self.mask_path)
        return image, truth, void

    def require_files(self) -> None:
        """Look, without reading, whether photo and mask are there.

        Raises
        ------
        DatasetError
            If one of the files is missing.
        """
        _require_files(self.image_path, self.mask_path)


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
    """

    id: str
    image_path: Path
    mask_path: Path
    read_labels: Callable[[Path], Labels]
    separator: str = "/"

    def image(self) -> NDArray[np.uint8]:
        """Read the photo, uint8 (H, W, 3).

        Raises
        ------
        DatasetError
            If the file is missing or no image.
        """
        try:
            return read_image(self.image_path)
        except ImageError as error:
            raise DatasetError(str(error)) from None

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
        _require_one_size(image.shape[:2], self.image_path, labels.shape, self.mask_path)
        return image, labels, void

    def samples(self) -> list[ObjectSample]:
        """List the objects; the mask is read to find them, unless the layout knows them.

        Returns
        -------
        list of ObjectSample
            With ids ``IMAGE/LABEL``, sorted by label.

        Raises
        ------
        DatasetError
            As `labels`, and if the photo is missing or of another size.
        """
        self.require_files()
        labels, _ = self.labels()
        self.require_size(labels)
        return [
            ObjectSample(
                f"{self.id}{self.separator}{label}",
                self.image_path,
                self.mask_path,
                partial(object_masks, read_labels=self.read_labels, label=int(label)),
            )
            for label in np.unique(labels[labels > 0])
        ]

    def areas(self, labels: NDArray[np.int32]) -> dict[str, int]:
        """Size of every object in pixels, by its id.

        Parameters
        ----------
        labels : ndarray of int32, shape (H, W)
            As `labels` gives them.
        """
        ids, counts = np.unique(labels[labels > 0], return_counts=True)
        return {f"{self.id}{self.separator}{i}": int(n) for i, n in zip(ids, counts)}

    def require_size(self, labels: NDArray[np.int32]) -> None:
        """Compare the size of the photo, by its header, with that of its labels.

        Parameters
        ----------
        labels : ndarray of int32, shape (H, W)
            As `labels` gives them.

        Raises
        ------
        DatasetError
            If they differ or the photo is no image.
        """
        try:
            size = read_size(self.image_path)
        except ImageError as error:
            raise DatasetError(str(error)) from None
        _require_one_size(size, self.image_path, labels.shape, self.mask_path)

    def require_files(self) -> None:
        """Look, without reading, whether photo and mask are there.

        Raises
        ------
        DatasetError
            If one of the files is missing.
        """
        _require_files(self.image_path, self.mask_path)


@dataclass(frozen=True)
class SingleObjectImage(LabelledImage):
    """A photo with one object, label 1, which bears the image's own id."""

    def samples(self) -> list[ObjectSample]:
        """Give the one object; nothing is read."""
        read_masks = partial(object_masks, read_labels=self.read_labels, label=1)
        return [ObjectSample(self.id, self.image_path, self.mask_path, read_masks)]

    def areas(self, labels: NDArray[np.int32]) -> dict[str, int]:
        """Size of the object in pixels, by its id; see `LabelledImage.areas`."""
        return {self.id: int(np.count_nonzero(labels == 1))}


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


def report(message: str, faults: list[str] | None) -> None:
    """Stop at a fault of a data set, or note it where all of them are collected.

    Parameters
    ----------
    message : str
        One line that names the file and what would be right.
    faults : list of str or None
        Where to note it; None to stop.

    Raises
    ------
    DatasetError
        If `faults` is None.
    """
    if faults is None:
        raise DatasetError(message)
    faults.append(message)


def problems(samples: Iterable[ObjectSample]) -> Iterator[tuple[ObjectSample, str | None]]:
    """Read every sample and say what is wrong with it.

    Parameters
    ----------
    samples : iterable of ObjectSample

    Yields
    ------
    sample : ObjectSample
    problem : str or None
        One line, or None where the sample is fine.
    """
    for sample in samples:
        try:
            sample.require_files()
            sample.load()
        except DatasetError as error:
            yield sample, str(error)
        else:
            yield sample, None


def _require_files(image: Path, mask: Path) -> None:
    if not image.is_file():
        raise DatasetError(f"no photo for the mask {mask}: expected {image}")
    if not mask.is_file():
        raise DatasetError(f"no mask for the photo {image}: expected {mask}")


def _require_one_size(
    image: tuple[int, ...], image_path: Path, mask: tuple[int, ...], mask_path: Path
) -> None:
    if image != mask:
        raise DatasetError(
            f"the mask {mask_path} is {size_text(mask)}, its photo "
            f"{image_path.name} is {size_text(image)}; they must be of one size"
        )


def size_text(shape: tuple[int, ...]) -> str:
    """Say a shape (H, W) as users know it, such as ``640 x 480 pixels``."""
    return f"{shape[1]} x {shape[0]} pixels"
