"""One object of one photo, read when it is asked for, and how a data set says what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_itis.datasets.images import ImageError, read_image


class DatasetError(ValueError):
    """A data set that does not follow its layout; the message is one line that names the file."""


Masks = tuple[NDArray[np.bool_], NDArray[np.bool_]]


def read_photo(path: Path) -> NDArray[np.uint8]:
    """Read the photo of a data set, uint8 (H, W, 3).

    Raises
    ------
    DatasetError
        If the file is missing or no image.
    """
    try:
        return read_image(path)
    except ImageError as error:
        raise DatasetError(str(error)) from None


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
        return read_photo(self.image_path)

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
        require_one_size(image.shape[:2], self.image_path, truth.shape, self.mask_path)
        return image, truth, void

    def require_files(self) -> None:
        """Look, without reading, whether photo and mask are there.

        Raises
        ------
        DatasetError
            If one of the files is missing.
        """
        require_files_of(self.image_path, self.mask_path)


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


def require_files_of(image: Path, mask: Path) -> None:
    """Look, without reading, whether photo and mask are there, or raise `DatasetError`."""
    if not image.is_file():
        raise DatasetError(f"no photo for the mask {mask}: expected {image}")
    if not mask.is_file():
        raise DatasetError(f"no mask for the photo {image}: expected {mask}")


def require_one_size(
    image: tuple[int, ...], image_path: Path, mask: tuple[int, ...], mask_path: Path
) -> None:
    """Compare the shapes (H, W) of photo and mask, or raise `DatasetError`."""
    if image != mask:
        raise DatasetError(
            f"the mask {mask_path} is {size_text(mask)}, its photo "
            f"{image_path.name} is {size_text(image)}; they must be of one size"
        )


def size_text(shape: tuple[int, ...]) -> str:
    """Say a shape (H, W) as users know it, such as ``640 x 480 pixels``."""
    return f"{shape[1]} x {shape[0]} pixels"
