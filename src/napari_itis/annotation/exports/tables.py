"""Clicks and objects as tables, CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, BinaryIO

from napari_itis.annotation.exports.export import Export, rounded
from napari_itis.annotation.record import Frame


def write_clicks(file: BinaryIO, export: Export) -> None:
    """Write a line for every click.

    `number` counts the clicks of an object on a slice in their order, from 1; y and x are pixels;
    `made` is when, in UTC, empty where that is not known.

    Parameters
    ----------
    file : binary file
    export : Export
    """
    contents = export.contents
    lines = []
    for (frame, label), record in sorted(contents.records.items(), key=lambda item: item[0]):
        times = (*record.made, *[0.0] * len(record.clicks))
        for number, (click, made) in enumerate(zip(record.clicks, times), 1):
            place = (label, export.name(label), *frame, number, click.y, click.x)
            when = datetime.fromtimestamp(made, UTC).isoformat("T", "milliseconds") if made else ""
            lines.append((*place, "positive" if click.positive else "negative", when))
    slices = slice_columns(contents.slices)
    _write(file, ("object", "name", *slices, "number", "y", "x", "sign", "made"), lines)


def write_objects(file: BinaryIO, export: Export) -> None:
    """Write a line for every object and slice that it is on.

    `area_px` and `area` are of what is seen, without pixels that another object covers; `state`
    says whether the user has corrected or accepted it.

    Parameters
    ----------
    file : binary file
    export : Export
    """
    contents, size = export.contents, export.size
    lines = []
    for frame in export.frames():
        for one in export.instances(frame):
            top, left = (part.start for part in one.box)
            bottom, right = (part.stop for part in one.box)
            lines.append(
                (
                    one.label,
                    export.name(one.label),
                    *frame,
                    contents.state(frame, one.label),
                    len(contents.clicks(frame, one.label)),
                    one.area,
                    rounded(one.area * size.area),
                    size.area_unit,
                    *(top, left, bottom, right),
                )
            )
    box = ("top", "left", "bottom", "right")
    columns = ("state", "clicks", "area_px", "area", "area_unit", *box)
    _write(file, ("object", "name", *slice_columns(contents.slices), *columns), sorted(lines))


def slice_columns(slices: Frame) -> tuple[str, ...]:
    """The columns that say on which slice something is: as many as a stack has axes."""
    if len(slices) == 1:
        return ("slice",)
    return tuple(f"slice_{axis}" for axis in range(len(slices)))


def _write(file: BinaryIO, header: Sequence[str], lines: Iterable[Sequence[Any]]) -> None:
    text = io.TextIOWrapper(file, "utf-8", newline="")
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(lines)
    text.detach()
