"""Masks of a video as files: palette PNGs as DAVIS has them, or one TIFF."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from os import PathLike
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from napari_itis.datasets.files import atomically
from napari_itis.video.palette import davis_palette
from napari_itis.video.stack import MasksThereError, VideoError

Labels = Callable[[int], NDArray[np.integer] | None]
Progress = Callable[[Sequence[int]], Iterable[int]]

LARGEST_IN_PNG = 254
"""255 is void to most readers, and alone with 0 it is the one object."""


def write_masks(
    folder: str | PathLike[str],
    names: Sequence[str],
    labels: Labels,
    size: tuple[int, int],
    *,
    only: Collection[int] | None = None,
    overwrite: bool = False,
    sources: Iterable[str | PathLike[str] | None] = (),
    progress: Progress | None = None,
) -> list[int]:
    """Write one palette PNG a frame: uint8 indices, DAVIS's colours, the frames' names.

    Each file is written beside its place and then renamed: it is there as a whole or as it was.

    Parameters
    ----------
    folder : str or path-like
        Made if it is missing.
    names : sequence of str
        Stems of the frames.
    labels : callable
        Takes a frame's position, returns its label image, integers (H, W), or None for
        background.
    size : tuple of int
        Height and width of the frames.
    only : collection of int, optional
        Frames that were changed since the folder was written. The others are kept as they are
        there, and written where they are missing. By default all frames are written.
    overwrite : bool
        Whether files of these names may be replaced.
    sources : iterable of path-like or None
        Folders that the frames and masks were read from, which are not written to.
    progress : callable, optional
        Wraps the positions while they are gone through, as `tqdm` does. It may stop early: what
        was written until then stays.

    Returns
    -------
    list of int
        Positions of the frames that were written.

    Raises
    ------
    VideoError
        If the folder is one of `sources`, holds files of these names and `overwrite` is False, or
        cannot be written; or if an id does not fit into 8 bits. Files written before stay.
    """
    folder = Path(folder)
    there = check_mask_folder(folder, names, overwrite=overwrite, sources=sources)
    paths = [folder / f"{name}.png" for name in names]
    places = [
        index
        for index, path in enumerate(paths)
        if only is None or index in only or path.name not in there
    ]
    try:
        written = []
        for index in progress(places) if progress else places:
            indices = _indices(labels(index), size, names[index])
            atomically(paths[index], lambda path, indices=indices: write_palette_png(path, indices))
            written.append(index)
        return written
    except OSError as error:
        raise VideoError(f"cannot write to {folder}: {error.strerror or error}") from None


def check_mask_folder(
    folder: str | PathLike[str],
    names: Sequence[str],
    *,
    overwrite: bool = False,
    sources: Iterable[str | PathLike[str] | None] = (),
) -> set[str]:
    """Refuse a folder that `write_masks` would refuse, before any work is done for it.

    Parameters
    ----------
    folder, names, overwrite, sources
        See `write_masks`.

    Returns
    -------
    set of str
        The files that are there already.

    Raises
    ------
    VideoError
        As `write_masks` does.
    """
    folder = Path(folder)
    _refuse_sources(folder, sources)
    there = _existing(folder, names)
    if there and not overwrite:
        raise MasksThereError(
            f"{folder} has files of these names already ({sorted(there)[0]}, ...): "
            "choose another folder, or overwrite them"
        )
    return there


def write_tiff(
    path: str | PathLike[str],
    count: int,
    labels: Labels,
    size: tuple[int, int],
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> None:
    """Write all frames into one compressed TIFF, a page for each.

    The ids decide on the type: uint8 below 255, uint16 below 65535, int32 otherwise. Frames are
    read twice, never more than one at a time.

    Parameters
    ----------
    path : str or path-like
        Missing folders are made.
    count : int
        Number of frames.
    labels : callable
        See `write_masks`.
    size : tuple of int
        Height and width.
    overwrite : bool
        Whether the file may be replaced.
    progress : callable, optional
        See `write_masks`; a file that is not written to its end is not there.

    Raises
    ------
    VideoError
        If the file is there and `overwrite` is False, or cannot be written.
    """
    path = Path(path)
    if path.exists() and not overwrite:
        raise VideoError(f"{path} exists: choose another name, or overwrite it")
    largest = max((_checked(labels(i), size, str(i)).max() for i in range(count)), default=0)
    dtype = np.uint8 if largest < 255 else np.uint16 if largest < 65535 else np.int32
    places = range(count)

    def pages() -> Iterable[NDArray]:
        done = 0
        for index in progress(places) if progress else places:
            yield _checked(labels(index), size, str(index)).astype(dtype)
            done += 1
        if done < count:
            raise VideoError(f"{path} was not written: it was stopped after {done} frames")

    def write(temporary: Path) -> None:
        tifffile.imwrite(
            temporary,
            pages(),
            shape=(count, *size),
            dtype=dtype,
            photometric="minisblack",
            compression="zlib",
            metadata={"axes": "TYX"},
        )

    try:
        atomically(path, write)
    except OSError as error:
        raise VideoError(f"cannot write {path}: {error.strerror or error}") from None


def write_png(path: str | PathLike[str], labels: NDArray[np.integer]) -> None:
    """Write the masks of one image as `write_masks` does, replacing the file if it is there.

    Parameters
    ----------
    path : str or path-like
        Missing folders are made.
    labels : ndarray of integers, shape (H, W)

    Raises
    ------
    VideoError
        If it cannot be written, or an id does not fit into 8 bits.
    """
    path = Path(path)
    indices = _indices(labels, labels.shape, path.stem)
    try:
        atomically(path, lambda temporary: write_palette_png(temporary, indices))
    except OSError as error:
        raise VideoError(f"cannot write {path}: {error.strerror or error}") from None


def write_palette_png(path: Path, indices: NDArray[np.uint8]) -> None:
    """Write indices with DAVIS's colours.

    Parameters
    ----------
    path : Path
    indices : ndarray of uint8, shape (H, W)
    """
    image = Image.fromarray(indices)
    image.putpalette(davis_palette().tobytes(), "RGB")
    image.save(path, format="PNG")


def _checked(labels: NDArray | None, size: tuple[int, int], name: str) -> NDArray:
    if labels is None:
        return np.zeros(size, np.uint8)
    if labels.shape != tuple(size):
        raise VideoError(f"the mask of frame {name} has shape {labels.shape}, not {tuple(size)}")
    if labels.min() < 0:
        raise VideoError(f"the mask of frame {name} has negative ids: expected 0, 1, 2, ...")
    return labels


def _indices(labels: NDArray | None, size: tuple[int, int], name: str) -> NDArray[np.uint8]:
    labels = _checked(labels, size, name)
    largest = int(labels.max())
    if largest > LARGEST_IN_PNG:
        raise VideoError(
            f"frame {name} has object {largest}: DAVIS's PNGs hold ids up to {LARGEST_IN_PNG}; "
            "save as TIFF (.tif), which has no such limit"
        )
    return np.ascontiguousarray(labels, np.uint8)


def _existing(folder: Path, names: Sequence[str]) -> set[str]:
    if folder.exists() and not folder.is_dir():
        raise VideoError(f"cannot write to {folder}: it is a file, not a folder")
    there = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    return there.intersection(f"{name}.png" for name in names)


def _refuse_sources(folder: Path, sources: Iterable[str | PathLike[str] | None]) -> None:
    target = folder.resolve()
    for source in sources:
        if source is not None and Path(source).resolve() == target:
            raise VideoError(
                f"{folder} holds what was opened and is not written to: choose another folder"
            )
