"""How a session is read from its file, which may come from anywhere."""

from __future__ import annotations

from pydantic import ValidationError

from napari_itis.annotation import archive
from napari_itis.annotation.archive import Archive, SessionFileError, shortened
from napari_itis.annotation.contents import ObjectFacts, SessionContents
from napari_itis.annotation.mask_files import decode_mask
from napari_itis.annotation.packed import PackedMask
from napari_itis.annotation.record import Record
from napari_itis.annotation.schema import (
    MOST_CLICKS,
    MOST_RECORDS,
    RECORD_FIELDS,
    RECORD_MASKS,
    VERSION,
    FormatEntry,
    HeaderEntry,
    RecordEntry,
    first_problem,
)
from napari_itis.clicks import Click

_LARGEST_AXIS = 2**31


def read_header(opened: Archive) -> HeaderEntry:
    """Read and check session.json."""
    data = opened.read(archive.HEADER, archive.LARGEST_HEADER)
    try:
        version = FormatEntry.model_validate_json(data).version
        if version > VERSION:
            raise opened.error(
                f"it is of version {version}, this napari-itis reads {VERSION}: get a newer one"
            )
        header = HeaderEntry.model_validate_json(data)
    except ValidationError as error:
        raise opened.error(f"{archive.HEADER}: {first_problem(error)}") from None
    frame, slices = header.frame, header.image.slices
    if frame is not None and not (
        len(frame) == len(slices) and all(index < size for index, size in zip(frame, slices))
    ):
        raise opened.error(f"{archive.HEADER}: frame {frame} lies outside the stack")
    return header


class SessionReader:
    """Reads records and masks, each mask once.

    Parameters
    ----------
    opened : Archive
    header : HeaderEntry
        Its session.json.
    """

    def __init__(self, opened: Archive, header: HeaderEntry) -> None:
        self._opened = opened
        self._header = header
        self._masks: dict[int, PackedMask] = {}
        self._clicks = 0

    def contents(self) -> SessionContents:
        """Everything that is in the file; raises SessionFileError where it cannot be."""
        image, opened = self._header.image, self._opened
        if not all(1 <= size <= _LARGEST_AXIS for size in (*image.slices, *image.shape)):
            raise opened.error(f"{archive.HEADER}: no image has such a size")
        facts = {
            entry.label: ObjectFacts(entry.name, entry.covers, entry.deleted)
            for entry in self._header.objects
        }
        contents = SessionContents.of(image.shape, image.slices, facts)
        for number, line in enumerate(opened.lines(archive.RECORDS, archive.LARGEST_LINE), 1):
            try:
                if number > MOST_RECORDS:
                    raise ValueError(f"more than {MOST_RECORDS} records")
                entry = RecordEntry.model_validate_json(line)
                contents.add(entry.frame, entry.object, *self._record(entry))
            except ValidationError as error:
                problem = first_problem(error)
            except SessionFileError:
                raise
            except ValueError as error:
                problem = str(error)
            else:
                continue
            raise opened.error(f"{archive.RECORDS}, line {number}: {shortened(problem)}")
        return contents

    def _record(self, entry: RecordEntry) -> tuple[Record, PackedMask | None]:
        clicks = tuple(Click(click.y, click.x, click.positive) for click in entry.clicks)
        self._clicks += len(clicks)
        if self._clicks > MOST_CLICKS:
            raise ValueError(f"more than {MOST_CLICKS} clicks")
        for click in clicks:
            if not click.inside(self._header.image.shape):
                raise ValueError(f"a click at y {click.y:g}, x {click.x:g} outside the image")
        if entry.seen > len(clicks):
            raise ValueError(f"{entry.seen} of {len(clicks)} clicks seen")
        masks = {name: self._mask(getattr(entry, name)) for name in RECORD_MASKS}
        record = Record(
            clicks=clicks,
            made=tuple(click.made for click in entry.clicks),
            **{name: getattr(entry, name) for name in RECORD_FIELDS},
            **masks,
        )
        return record, self._mask(entry.held)

    def _mask(self, number: int | None) -> PackedMask | None:
        if number is None:
            return None
        if number not in self._masks:
            self._masks[number] = self._read_mask(number)
        return self._masks[number]

    def _read_mask(self, number: int) -> PackedMask:
        shape = self._header.image.shape
        if number == 0:
            return PackedMask.empty(shape)
        name = archive.MASK_NAME.format(number)
        data = self._opened.read(name, archive.LARGEST_MASK_FILE)
        try:
            return decode_mask(data, shape)
        except ValueError as error:
            raise self._opened.error(f"{name} {shortened(error)}") from None
