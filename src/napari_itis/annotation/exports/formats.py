"""The formats by their names, and how a file of one is written."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from napari_itis.annotation.archive import replace_file
from napari_itis.annotation.exports import coco, geojson, images, tables
from napari_itis.annotation.exports.export import Export, ExportError, ExportStopped, Progress

__all__ = ["FORMATS", "Export", "ExportError", "ExportFormat", "Progress", "export"]


@dataclass(frozen=True)
class ExportFormat:
    """A format.

    Parameters
    ----------
    title, tip : str
        What a menu says.
    suffix : str
        Of its file.
    write : callable, optional
        Takes a binary file and an `Export`; None: it is a folder of files.
    write_folder : callable, optional
        Takes the folder and an `Export`. With `write`, for stacks: a file cannot hold them.
    others : tuple of str
        Other suffixes that its file may have.
    """

    title: str
    tip: str
    suffix: str
    write: Callable[[BinaryIO, Export], None] | None = None
    write_folder: Callable[[Path, Export], None] | None = None
    others: tuple[str, ...] = ()

    def is_folder(self, slices: tuple[int, ...]) -> bool:
        """Whether an image of such slices becomes a folder."""
        return self.write is None or (self.write_folder is not None and bool(slices))


FORMATS: dict[str, ExportFormat] = {
    "tiff": ExportFormat(
        "Masks as TIFF",
        "One label image, or a stack of them; 16 bits from object 255 on",
        ".tif",
        images.write_tiff,
        others=(".tiff",),
    ),
    "png": ExportFormat(
        "Masks as PNG",
        "One label image, or a folder of them for a stack; 16 bits from object 255 on",
        ".png",
        images.write_png,
        images.write_pngs,
    ),
    "object-pngs": ExportFormat(
        "One PNG per object",
        "A folder of black and white images, for each object and slice",
        "",
        None,
        images.write_object_pngs,
    ),
    "coco": ExportFormat(
        "COCO JSON",
        "Masks as run lengths; objects of the same name are of the same category",
        ".json",
        coco.write_coco,
    ),
    "geojson": ExportFormat(
        "GeoJSON polygons",
        "Outlines with holes along the edges of the pixels; x, y in pixels",
        ".geojson",
        geojson.write_geojson,
        others=(".json",),
    ),
    "clicks": ExportFormat(
        "Clicks as CSV", "Every click with object, sign and time", ".csv", tables.write_clicks
    ),
    "objects": ExportFormat(
        "Table of objects as CSV",
        "Names, areas and clicks, a line for each object and slice",
        ".csv",
        tables.write_objects,
    ),
}


def export(path: Path, name: str, what: Export, *, overwrite: bool = False) -> bool:
    """Write a file or folder, whole or not at all.

    Parameters
    ----------
    path : Path
        Its folder must exist.
    name : str
        One of `FORMATS`.
    what : Export
    overwrite : bool
        Whether a file may be replaced. A folder with something in it never is.

    Returns
    -------
    bool
        False if the export was stopped: nothing was written.

    Raises
    ------
    ExportError
        If there is a file already, a folder that is not empty, or something does not fit.
    OSError
        If it cannot be written.
    """
    kind = FORMATS[name]
    folder = kind.is_folder(what.contents.slices)
    if folder and path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise ExportError(f"{path} is there already and not empty: choose another folder")
    if not folder and path.is_dir():
        raise ExportError(f"{path} is a folder: choose a file")
    if not folder and path.exists() and not overwrite:
        raise ExportError(f"{path} is there already: choose another file, or overwrite it")
    try:
        if folder:
            _write_folder(path, kind, what)
        else:
            replace_file(path, lambda file: kind.write(file, what))
    except ExportStopped:
        return False
    return True


def _write_folder(path: Path, kind: ExportFormat, what: Export) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    try:
        kind.write_folder(temporary, what)
        if path.exists():
            # Empty: not everywhere may a folder be renamed over it.
            path.rmdir()
        temporary.rename(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
