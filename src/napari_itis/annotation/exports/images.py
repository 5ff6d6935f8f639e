"""Masks as images: all objects in one, or one image for each."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from napari_itis.annotation.exports.export import Export, ExportError, file_name

_BIG = 2**32 - 2**25


def label_type(largest: int) -> np.dtype:
    """The smallest type of pixels for labels up to a largest one.

    255 is void to many readers: from there on it is 16 bits.
    """
    if largest < 255:
        return np.dtype(np.uint8)
    return np.dtype(np.uint16 if largest < 2**16 else np.uint32)


def write_tiff(file: BinaryIO, export: Export) -> None:
    """Write the label image: 0 is background, every other value an object.

    Parameters
    ----------
    file : binary file
    export : Export
        A stack becomes a stack of pages, with the axes of the image.
    """
    contents = export.contents
    kind = label_type(export.largest_label())
    shape = (*contents.slices, *contents.shape)
    # Planes come as they are drawn: a long stack fits into no memory.
    planes = (contents.compose(frame).astype(kind) for frame in export.frames())
    with tifffile.TiffWriter(file, bigtiff=int(np.prod(shape)) * kind.itemsize > _BIG) as writer:
        writer.write(
            planes,
            shape=shape,
            dtype=kind,
            compression="zlib",
            photometric="minisblack",
            metadata={"axes": "QQQQQQQQQQ"[: len(contents.slices)] + "YX"},
        )


def write_png(file: BinaryIO, export: Export) -> None:
    """Write the label image of an image of one plane, 8 or 16 bits.

    Raises
    ------
    ExportError
        If a label does not fit.
    """
    largest = export.largest_label()
    for frame in export.frames():
        _save(file, export.contents.compose(frame), largest)


def write_pngs(folder: Path, export: Export) -> None:
    """Write a label image for every frame; see `write_png`."""
    largest = export.largest_label()
    for frame in export.frames():
        with (folder / f"{Path(export.file(frame)).stem}.png").open("wb") as file:
            _save(file, export.contents.compose(frame), largest)


def write_object_pngs(folder: Path, export: Export) -> None:
    """Write an image for every object and frame that it is on: 0 is background, 255 the object."""
    for frame in export.frames():
        for one in export.instances(frame):
            pixels = np.zeros(export.contents.shape, np.uint8)
            pixels[one.box][one.mask] = 255
            said = file_name(export.name(one.label))
            name = f"object-{one.label:05d}{f'-{said}' if said else ''}{export.suffix(frame)}.png"
            Image.fromarray(pixels).save(folder / name, format="PNG")


def _save(file: BinaryIO, labels: NDArray[np.int32], largest: int) -> None:
    kind = label_type(largest)
    if kind.itemsize > 2:
        raise ExportError(f"object {largest} does not fit into a PNG of 16 bits: export a TIFF")
    Image.fromarray(labels.astype(kind)).save(file, format="PNG")
