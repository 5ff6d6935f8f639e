"""Files that commands write: whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from napari_itis.cli.errors import InputError
from napari_itis.clicks import Click
from napari_itis.video.writing import atomically

MASK_SUFFIXES = (".png", ".tif", ".tiff", ".bmp")
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp")

_OBJECT = np.array([255, 140, 0], np.float32)
_GREEN, _RED, _WHITE = (0, 200, 0), (230, 0, 0), (255, 255, 255)


def check_output(path: Path, suffixes: Sequence[str], inputs: Iterable[Path] = ()) -> None:
    """Refuse an output file before any work is done for it.

    Parameters
    ----------
    path : Path
        To be written.
    suffixes : sequence of str
        What its name may end with.
    inputs : iterable of Path
        Files that must not be overwritten.

    Raises
    ------
    InputError
        If the suffix is unknown, the path is a folder, or an input would be overwritten.
    """
    if path.suffix.lower() not in suffixes:
        raise InputError(
            f"cannot write {path}: its name must end with one of {', '.join(suffixes)}"
        )
    if path.is_dir():
        raise InputError(f"cannot write {path}: it is a folder")
    check_folder(path.parent)
    for taken in inputs:
        if path.resolve() == taken.resolve():
            raise InputError(f"cannot write {path}: it is also an input")


def check_folder(folder: Path) -> None:
    """Refuse a folder that cannot be written into, or be made.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    InputError
        If it, or the nearest one above it that exists, is no folder or is read-only.
    """
    nearest = next(part for part in (folder, *folder.absolute().parents) if part.exists())
    if not nearest.is_dir():
        raise InputError(f"cannot write into {folder}: {nearest} is a file, not a folder")
    if not os.access(nearest, os.W_OK):
        raise InputError(f"cannot write into {folder}: {nearest} is read-only")


def write_mask(path: Path, mask: NDArray[np.bool_]) -> None:
    """Write a mask as uint8, 0 background and 255 object.

    Parameters
    ----------
    path : Path
        One of `MASK_SUFFIXES`, lossless all of them.
    mask : ndarray of bool, shape (H, W)
    """
    write_picture(path, mask.astype(np.uint8) * np.uint8(255))


def write_picture(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write 8-bit pixels.

    Parameters
    ----------
    path : Path
        One of `PICTURE_SUFFIXES`.
    pixels : ndarray of uint8, shape (H, W) or (H, W, 3)
    """
    if path.suffix.lower() in (".tif", ".tiff"):
        atomically(path, lambda temporary: tifffile.imwrite(temporary, pixels))
    else:
        atomically(path, lambda temporary: Image.fromarray(pixels).save(temporary))


def write_json(path: Path, content: Any) -> None:
    """Write JSON with sorted insertion order kept and a final line break.

    Parameters
    ----------
    path : Path
    content : any
        What `json.dumps` takes.
    """
    text = json.dumps(content, indent=2) + "\n"
    atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def overlay(
    image: NDArray[np.uint8], mask: NDArray[np.bool_], clicks: Sequence[Click]
) -> NDArray[np.uint8]:
    """Draw a mask and its clicks over a photo.

    Parameters
    ----------
    image : ndarray of uint8, shape (H, W, 3)
    mask : ndarray of bool, shape (H, W)
    clicks : sequence of Click
        Green where positive, red where negative.

    Returns
    -------
    ndarray of uint8, shape (H, W, 3)
    """
    drawn = image.astype(np.float32)
    drawn[mask] = 0.55 * drawn[mask] + 0.45 * _OBJECT
    inner = cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    drawn[mask & ~inner] = _OBJECT
    picture = Image.fromarray(np.rint(drawn).astype(np.uint8))
    canvas = ImageDraw.Draw(picture)
    radius = max(3, round(min(mask.shape) / 90))
    for click in clicks:
        colour = _GREEN if click.positive else _RED
        box = (click.x - radius, click.y - radius, click.x + radius, click.y + radius)
        canvas.ellipse(box, fill=colour, outline=_WHITE)
    return np.asarray(picture)
