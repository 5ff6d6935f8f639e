"""One file with the masks of a frame: palettes, 0 and 255, ids, colours, and what went wrong.

Masks come from many programs. Some save them with smoothed edges, which turns the rim of object 5
into objects 1 to 4; some write colours. What a file holds becomes an object only if it is one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from os import PathLike
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from napari_itis.datasets.base import size_text
from napari_itis.datasets.images import ImageError, read_array, require_ids
from napari_itis.video.mask_cleaning import Cleaning, Known, clean, histogram, is_soft
from napari_itis.video.palette import colour_codes, davis_palette

# How far a colour may lie from that of an object, in each channel: what saving as JPEG does.
_COLOUR_TOLERANCE = 16
# What width and height may differ in their scale: 480p of 1080p is 854 pixels wide, not 853.3.
_SCALE_TOLERANCE = 0.02
_LOSSY = (".jpg", ".jpeg")


def read_mask_file(
    path: str | PathLike[str],
    *,
    size: tuple[int, int] | None = None,
    known: Collection[int] | Known | None = None,
) -> tuple[NDArray[np.int32] | None, list[str]]:
    """Read the objects of a frame.

    - An image of 0 and 255 alone, in gray, palette or colours, is object 1.
    - Palette and gray images otherwise hold ids; 255 (65535 in 16 bits) among them is void and
      becomes background. Where a palette has DAVIS's colours in another order, the colours count.
    - Colours are DAVIS's: those near one of them count as it, others are background.
    - Smoothed edges go to the objects beside them. So do specks of ids that `known` lacks.
    - A mask in another size is enlarged or reduced if its proportions are the frame's, and
      otherwise refused.

    Parameters
    ----------
    path : str or path-like
        PNG, TIFF or another image.
    size : tuple of int, optional
        Height and width of the frame.
    known : collection of int or callable, optional
        Ids of the video's objects, for small areas that could be objects or dirt. A callable is
        asked for them if there are such areas, which most files do not have.

    Returns
    -------
    labels : ndarray of int32, shape (H, W), or None
        0 background, objects from 1 on; None where the file cannot be used.
    problems : list of str
        A line with the file's name for everything that was not plain; empty for most files.
    """
    path = Path(path)
    problems: list[str] = []
    ask = known if known is None or callable(known) else lambda: known
    try:
        labels = _labels(path, ask, problems)
    except ImageError as error:
        return None, [str(error)]
    if size is not None and labels.shape != tuple(size):
        labels = _resized(labels, tuple(size), path, problems)
    return labels, problems


def present_ids(labels: NDArray) -> list[int]:
    """List the ids that occur in a label image.

    Parameters
    ----------
    labels : ndarray of integers, any shape
        None negative.

    Returns
    -------
    list of int
        In order, background included where there is some.
    """
    # Counting is many times faster than sorting, unless ids are numbers of database rows.
    if labels.size and labels.max() < 1 << 20:
        return np.flatnonzero(np.bincount(labels.ravel())).tolist()
    return np.unique(labels).tolist()


def _labels(path: Path, known: Known | None, problems: list[str]) -> NDArray[np.int32]:
    values = read_array(path)
    if values.ndim == 3:
        values = _without_alpha(values, path)
        if (values == values[..., :1]).all():
            values = values[..., 0]
        else:
            return _from_colours(values, known, path, problems)
    require_ids(values, path)
    if values.dtype == bool:
        return values.astype(np.int32)
    if values.dtype == np.uint8:
        counts = histogram(values)
        if counts[255] and not counts[1:255].any():
            return (values == 255).astype(np.int32)
        palette = _palette(path)
        if palette is not None and _other_order(values, palette):
            problems.append(f"{path}: its palette has DAVIS's colours in another order; they count")
            return _from_colours(palette[values], known, path, problems)
        if palette is None and (path.suffix.lower() in _LOSSY or is_soft(values, counts)):
            problems.append(f"{path} has shades of gray: values from 128 on count as the object")
            return (values >= 128).astype(np.int32)
    return _from_ids(values, known, path, problems)


def _from_ids(
    values: NDArray, known: Known | None, path: Path, problems: list[str]
) -> NDArray[np.int32]:
    labels = values.astype(np.int32)
    void = {1: 255, 2: 65535}.get(values.dtype.itemsize)
    if void is None:
        return labels
    # 255 may turn out to be the one object, once the steps of its edges are gone.
    objects = None if known is None else lambda: {*known(), void}
    narrow = values.astype(np.uint8 if values.dtype.itemsize == 1 else np.uint16)
    labels = _told(clean(narrow, labels, objects), path, problems)
    is_void = labels == void
    if not is_void.any():
        return labels
    if values.dtype.itemsize == 1 and np.isin(labels, (0, void)).all():
        return is_void.astype(np.int32)
    labels[is_void] = 0
    problems.append(f"{path}: {void} beside ids is void; it became background")
    return labels


def _from_colours(
    colours: NDArray[np.uint8], known: Known | None, path: Path, problems: list[str]
) -> NDArray[np.int32]:
    codes = colour_codes(colours)
    palette = davis_palette()
    exact = {int(code): label for label, code in enumerate(colour_codes(palette))}
    found, where = np.unique(codes, return_inverse=True)
    # Minus the position stands for a colour that is no object's, until it is seen what it is.
    ids = np.array([exact.get(int(code), -1 - n) for n, code in enumerate(found)], np.int32)
    cleaning = clean(colours, ids[where].reshape(codes.shape), known)
    labels = _told(cleaning, path, problems)
    taken, refused = [], []
    for label in np.unique(labels[labels < 0]):
        code = int(found[-1 - label])
        colour = np.array([code >> 16, code >> 8 & 255, code & 255])
        distance = np.abs(palette.astype(int) - colour).max(axis=1)
        nearest = int(distance.argmin())
        near = distance[nearest] <= _COLOUR_TOLERANCE
        (taken if near else refused).append(f"#{code:06x}")
        labels[labels == label] = nearest if near else 0
    if taken:
        problems.append(f"{path}: {_listed(taken)} counted as DAVIS's nearest colour")
    if refused:
        problems.append(f"{path}: {_listed(refused)} is none of DAVIS's colours and is background")
    return labels


def _told(cleaning: Cleaning, path: Path, problems: list[str]) -> NDArray[np.int32]:
    if cleaning.stray:
        ids = [value for value in cleaning.stray if value >= 0]
        values = f" ({_listed(ids)})" if ids else ""
        problems.append(
            f"{path}: smoothed edges or specks{values} are no objects; their {cleaning.changed} "
            "pixels went to what lies beside them"
        )
    return cleaning.labels


def _without_alpha(values: NDArray, path: Path) -> NDArray[np.uint8]:
    if values.dtype != np.uint8:
        raise ImageError(f"{path} has colours of {values.dtype}: expected ids or 8-bit colours")
    colours = values[..., :3]
    if values.shape[2] == 4:
        colours = colours * (values[..., 3:] > 127)
    elif values.shape[2] == 1:
        colours = np.repeat(values, 3, axis=2)
    return np.ascontiguousarray(colours)


def _palette(path: Path) -> NDArray[np.uint8] | None:
    """The palette of an image that has one with colours in it."""
    with Image.open(path) as image:
        palette = image.getpalette("RGB") if image.mode == "P" else None
    if palette is None:
        return None
    colours = np.zeros((256, 3), np.uint8)
    given = np.array(palette, np.uint8).reshape(-1, 3)
    colours[: len(given)] = given
    return None if (given == given[:, :1]).all() else colours


def _other_order(indices: NDArray[np.uint8], palette: NDArray[np.uint8]) -> bool:
    used = np.flatnonzero(np.bincount(indices.ravel(), minlength=256))
    expected = davis_palette()
    if (palette[used] == expected[used]).all():
        return False
    known = set(colour_codes(expected).tolist())
    chosen = palette[used]
    # Two grays are DAVIS's colours too, and most gray palettes have them.
    coloured = (chosen != chosen[:, :1]).any()
    return bool(coloured) and all(int(code) in known for code in colour_codes(chosen))


def _resized(
    labels: NDArray[np.int32], size: tuple[int, int], path: Path, problems: list[str]
) -> NDArray[np.int32] | None:
    told = f"{path} is {size_text(labels.shape)}, its frame {size_text(size)}"
    scales = size[0] / labels.shape[0], size[1] / labels.shape[1]
    if abs(scales[0] / scales[1] - 1) > _SCALE_TOLERANCE:
        problems.append(f"{told}: it is not used")
        return None
    problems.append(f"{told}: it was resized")
    return cv2.resize(labels, size[::-1], interpolation=cv2.INTER_NEAREST)


def _listed(values: Sequence[object]) -> str:
    more = f" and {len(values) - 5} more" if len(values) > 5 else ""
    return ", ".join(str(value) for value in values[:5]) + more
