"""How a session is written into the zip of its file."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from typing import BinaryIO

import napari_itis
from napari_itis.annotation import archive
from napari_itis.annotation.contents import SessionContents
from napari_itis.annotation.mask_files import EncodedMasks
from napari_itis.annotation.metadata import SessionMetadata, readable
from napari_itis.annotation.packed import PackedMask
from napari_itis.annotation.record import Frame, Record
from napari_itis.annotation.schema import (
    MOST_CLICKS,
    MOST_RECORDS,
    RECORD_FIELDS,
    RECORD_MASKS,
    ClickEntry,
    HeaderEntry,
    ObjectEntry,
    RecordEntry,
    json_schema,
)


def make_header(contents: SessionContents, metadata: SessionMetadata) -> HeaderEntry:
    """What goes into session.json; raises ValidationError if it cannot be read back."""
    image, masks = metadata.image, metadata.masks
    return HeaderEntry(
        written_by=f"napari-itis {napari_itis.__version__}",
        saved=datetime.now(UTC),
        # Arrays and layers may hand over sizes that are numpy's integers.
        image=replace(
            image,
            shape=contents.shape,
            slices=contents.slices,
            name=readable(image.name),
            path=readable(image.path),
        ),
        weights=metadata.weights,
        masks=replace(masks, path=readable(masks.path)) if masks is not None else None,
        label=metadata.label,
        frame=metadata.frame,
        pixel_size=metadata.pixel_size,
        objects=[
            ObjectEntry(label=label, name=facts.name, covers=facts.covers, deleted=facts.deleted)
            for label, facts in sorted(contents.facts.items())
        ],
    )


def write_session(
    file: BinaryIO, header: HeaderEntry, contents: SessionContents, encoded: EncodedMasks
) -> None:
    """Write everything; raises ValueError if it cannot be read back."""
    records = contents.records.items()
    clicks = sum(len(record.clicks) for _, record in records)
    if len(records) > MOST_RECORDS or clicks > MOST_CLICKS:
        raise ValueError(
            f"{len(records)} records with {clicks} clicks; a file takes {MOST_RECORDS} "
            f"with {MOST_CLICKS}"
        )
    deflated = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as target:
        target.writestr(archive.HEADER, header.model_dump_json(indent=1), deflated)
        target.writestr(archive.SCHEMA, json_schema(), deflated)
        masks = _MaskWriter(target, encoded)
        lines = [
            _line(frame, label, record, contents.held(frame).get(label), masks)
            for (frame, label), record in records
        ]
        target.writestr(archive.RECORDS, "".join(lines), deflated)
    encoded.forget_unused()


class _MaskWriter:
    """Numbers masks, and writes each the first time."""

    def __init__(self, target: zipfile.ZipFile, encoded: EncodedMasks) -> None:
        self._target = target
        self._encoded = encoded
        self._numbers: dict[tuple[int, int, int, int, bytes], int] = {}

    def number(self, mask: PackedMask | None) -> int | None:
        if mask is None or not mask.area:
            return None if mask is None else 0
        rows, columns = mask.box
        key = (rows.start, rows.stop, columns.start, columns.stop, mask.bits)
        if key not in self._numbers:
            if len(self._numbers) == archive.MOST_MASKS:
                raise ValueError(f"a file takes no more than {archive.MOST_MASKS} masks")
            self._numbers[key] = len(self._numbers) + 1
            name = archive.MASK_NAME.format(self._numbers[key])
            self._target.writestr(name, self._encoded.encode(key, mask))
        return self._numbers[key]


def _line(
    frame: Frame, label: int, record: Record, held: PackedMask | None, masks: _MaskWriter
) -> str:
    times = (*record.made, *[0.0] * len(record.clicks))
    entry = RecordEntry(
        frame=frame,
        object=label,
        state=record.state,
        clicks=[
            ClickEntry(y=float(click.y), x=float(click.x), positive=bool(click.positive), made=made)
            for click, made in zip(record.clicks, times)
        ],
        held=masks.number(held),
        **{name: getattr(record, name) for name in RECORD_FIELDS},
        **{name: masks.number(getattr(record, name)) for name in RECORD_MASKS},
    )
    return entry.model_dump_json(exclude_defaults=True) + "\n"
