"""Saving masks from napari: PNGs as DAVIS has them, or one TIFF."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from napari_itis.plugin.readers import METADATA
from napari_itis.video.masks import MaskSequence
from napari_itis.video.stack import VideoError
from napari_itis.video.writing import Labels, write_masks, write_png, write_tiff

Write = Callable[[str, Any, dict[str, Any]], list[str]]


class SavingError(RuntimeError):
    """Masks that could not be saved; the message is one line."""


def _in_one_line(write: Write) -> Write:
    # napari takes a ValueError for a writer that does not want the file, and drops its message.
    @functools.wraps(write)
    def told(path: str, data: Any, attributes: dict[str, Any]) -> list[str]:
        try:
            return write(path, data, attributes)
        except VideoError as error:
            raise SavingError(str(error)) from None

    return told


@_in_one_line
def write_pngs(path: str, data: Any, attributes: dict[str, Any]) -> list[str]:
    """Write a Labels layer as palette PNGs: a folder with one for each frame, named as the frames.

    A folder that this layer was saved to before is brought up to date: frames that have changed
    since are written again. Other files are never replaced. The masks of a still image are the
    one file that the path names.

    Parameters
    ----------
    path : str
        ``NAME.png`` for the folder ``NAME``.
    data : array-like of integers, shape (t, y, x) or (y, x)
    attributes : dict
        The layer's.

    Returns
    -------
    list of str
        The folder or file.

    Raises
    ------
    SavingError
        If the masks cannot be written there; see `napari_itis.video.writing.write_masks`.
    """
    target = Path(path)
    # napari's dialog asks for a file's name, and completes it.
    stem = target.with_suffix("") if target.suffix.lower() == ".png" else target
    if _finest(data).ndim == 2:
        write_png(stem.with_name(f"{stem.name}.png"), np.asarray(_finest(data)))
        return [str(stem.with_name(f"{stem.name}.png"))]
    data, labels = _frames_of(data)
    count, *size = data.shape
    saved = data.saved if isinstance(data, MaskSequence) else {}
    place = stem.resolve()
    # What derives from it may change without being written to.
    counted = type(data) is MaskSequence and place in saved
    # Taken first: what is painted while files are written is not in them for sure.
    changes = data.changes if isinstance(data, MaskSequence) else 0
    write_masks(
        stem,
        _names(data, attributes, count),
        labels,
        tuple(size),
        only=data.edited_since(saved[place]) if counted else None,
        overwrite=place in saved,
        sources=_sources(data, attributes),
        progress=_progress(f"Saving masks to {stem.name}"),
    )
    saved[place] = changes
    return [str(stem)]


@_in_one_line
def write_tiff_stack(path: str, data: Any, attributes: dict[str, Any]) -> list[str]:
    """Write a Labels layer as one TIFF with a page for each frame, for ids of any size.

    Parameters
    ----------
    path, data, attributes
        See `write_pngs`; the path is that of the file.

    Returns
    -------
    list of str
        The file.

    Raises
    ------
    SavingError
        If it cannot be written.
    """
    data, labels = _frames_of(data)
    count, *size = data.shape
    progress = _progress(f"Saving masks to {Path(path).name}")
    # Whoever saves to a file that is there was asked by the dialog.
    write_tiff(path, count, labels, tuple(size), overwrite=True, progress=progress)
    return [path]


def _frames_of(data: Any) -> tuple[Any, Labels]:
    data = _finest(data)
    if data.ndim == 2:
        data = np.asarray(data)[None]
    if data.ndim != 3:
        raise VideoError(
            f"masks of a video have axes t, y, x: this layer has {data.ndim} and is not saved so"
        )
    if isinstance(data, MaskSequence):
        return data, data.read
    return data, lambda index: np.asarray(data[index])


def _finest(data: Any) -> Any:
    # Multiscale layers are sequences of arrays, the finest first.
    return data if hasattr(data, "ndim") else data[0]


def _names(data: Any, attributes: dict[str, Any], count: int) -> Sequence[str]:
    known = attributes.get("metadata", {}).get(METADATA, {})
    names = known.get("names") or getattr(data, "names", ())
    return names if len(names) == count else [f"{index:05d}" for index in range(count)]


def _sources(data: Any, attributes: dict[str, Any]) -> list[Path]:
    known = attributes.get("metadata", {}).get(METADATA, {})
    source = known.get("source")
    folders = [] if source is None else [source.frames, source.truth]
    folders.append(data.folder if isinstance(data, MaskSequence) else None)
    return [folder for folder in folders if folder is not None]


def _progress(text: str) -> Callable[[Sequence[int]], Iterable[int]]:
    from napari.utils import progress

    return lambda places: progress(places, desc=text)
