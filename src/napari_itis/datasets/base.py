"""What every reader of a data set yields: objects whose pixels are read when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_itis.datasets.images import ImageError, read_image

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")


class DatasetError(ValueError):
    """A data set that does not follow its layout; the message is one line that names the file."""


Masks = tuple[NDArray[np.bool_], NDArray[np.bool_]]


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
        if image.shape[:2] != truth.shape:
            raise DatasetError(
                f"the mask {self.mask_path} is {_size(truth)}, its photo "
                f"{self.image_path.name} is {_size(image)}; they must be of one size"
            )
        return image, truth, void

    def require_files(self) -> None:
        """Look, without reading, whether photo and mask are there.

        Raises
        ------
        DatasetError
            If one of the files is missing.
        """
        if not self.image_path.is_file():
            raise DatasetError(
                f"no photo for the mask {self.mask_path}: expected {self.image_path}"
            )
        if not self.mask_path.is_file():
            raise DatasetError(
                f"no mask for the photo {self.image_path}: expected {self.mask_path}"
            )


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


def require_folder(root: Path, name: str, layout: str) -> Path:
    """Give the folder `name` of a data set, or say what the layout should be.

    Parameters
    ----------
    root : Path
        The data set's folder.
    name : str
        A folder in it.
    layout : str
        One phrase for the message, such as ``"images/ and masks/"``.

    Returns
    -------
    Path

    Raises
    ------
    DatasetError
        If `root` or the folder in it does not exist.
    """
    if not root.is_dir():
        raise DatasetError(f"no such folder: {root}")
    folder = root / name
    if not folder.is_dir():
        raise DatasetError(f"no folder {name}/ in {root}: expected {layout}")
    return folder


def image_files(folder: Path) -> dict[str, Path]:
    """List the image files of a folder by their stem.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    dict of str to Path
        Sorted by stem; hidden files are left out.

    Raises
    ------
    DatasetError
        If two files share a stem.
    """
    files: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in IMAGE_SUFFIXES or path.name.startswith("."):
            continue
        if path.stem in files:
            raise DatasetError(f"{files[path.stem]} and {path.name} share a name: keep one of them")
        files[path.stem] = path
    return dict(sorted(files.items()))


def _size(array: NDArray) -> str:
    return f"{array.shape[1]} x {array.shape[0]} pixels"
