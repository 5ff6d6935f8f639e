"""Objects as COCO's JSON, with masks as compressed run lengths: exact, and with holes."""

from __future__ import annotations

import json
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from napari_itis.annotation.exports.export import Export, Instance

UNNAMED = "object"
"""The category of objects without a name."""


def write_coco(file: BinaryIO, export: Export) -> None:
    """Write images, annotations and categories.

    Objects of the same name are of the same category. Every frame of a stack is an image.

    Parameters
    ----------
    file : binary file
    export : Export
    """
    names = sorted({export.name(label) or UNNAMED for label in export.contents.objects()})
    categories = {name: number for number, name in enumerate(names, 1)}
    height, width = export.contents.shape
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, frame in enumerate(export.frames(), 1):
        name = export.file(frame)
        images.append({"id": number, "file_name": name, "width": width, "height": height})
        if frame:
            images[-1]["frame"] = list(frame)
        for one in export.instances(frame):
            said = export.name(one.label) or UNNAMED
            # An object that is known only since it was looked at.
            category = categories.setdefault(said, len(categories) + 1)
            entry = _annotation(one, (height, width))
            place = {"id": len(annotations) + 1, "image_id": number, "category_id": category}
            annotations.append({**place, **entry})
    text = json.dumps(
        {
            "info": {"description": export.image, "version": "1.0"},
            "licenses": [],
            "images": images,
            "annotations": annotations,
            "categories": [
                {"id": number, "name": name, "supercategory": ""}
                for name, number in categories.items()
            ],
        },
        ensure_ascii=False,
    )
    file.write(text.encode())


def _annotation(one: Instance, shape: tuple[int, int]) -> dict[str, Any]:
    rows, columns = one.box
    top, left = rows.start, columns.start
    return {
        "object": one.label,
        "iscrowd": 0,
        "area": one.area,
        "bbox": [left, top, columns.stop - left, rows.stop - top],
        "segmentation": {
            "size": list(shape),
            "counts": compress(run_lengths(one.mask, (top, left), shape)),
        },
    }


def run_lengths(
    mask: NDArray[np.bool_], corner: tuple[int, int], shape: tuple[int, int]
) -> list[int]:
    """Lengths of the runs outside, inside, outside, … of a mask, down the columns of an image.

    Parameters
    ----------
    mask : ndarray of bool, shape (h, w)
        A part of the image; outside of it there is nothing.
    corner : tuple of int
        Row and column of the image at which the part begins.
    shape : tuple of int
        (H, W) of the image.

    Returns
    -------
    list of int
    """
    height, width = shape
    steps = np.diff(np.pad(mask, ((1, 1), (0, 0))).astype(np.int8), axis=0).T
    columns, begins = np.nonzero(steps == 1)
    _, ends = np.nonzero(steps == -1)
    # Nothing is set above or below the part: every column has as many ends as beginnings.
    offset = (columns + corner[1]) * height + corner[0]
    begins, ends = begins + offset, ends + offset
    # From the bottom of a column to the top of the next one it is the same run.
    apart = begins[1:] != ends[:-1]
    begins = begins[np.r_[True, apart]] if begins.size else begins
    ends = ends[np.r_[apart, True]] if ends.size else ends
    edges = np.stack([begins, ends], axis=1).ravel()
    lengths = np.diff(np.r_[0, edges, height * width])
    return lengths[: len(lengths) if lengths[-1] else -1].tolist()


def compress(lengths: list[int]) -> str:
    """Run lengths in COCO's text form.

    Parameters
    ----------
    lengths : list of int
        As `run_lengths` gives them.

    Returns
    -------
    str
        Five bits a character, the low ones first; from the fourth length on it is the difference
        to the one two before.
    """
    letters = []
    for index, length in enumerate(lengths):
        value = length - lengths[index - 2] if index > 2 else length
        more = True
        while more:
            bits, value = value & 31, value >> 5
            more = value != (-1 if bits & 16 else 0)
            letters.append(chr(48 + (bits | 32 if more else bits)))
    return "".join(letters)
