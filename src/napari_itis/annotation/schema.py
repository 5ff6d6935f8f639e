"""What is written in a session file, as a schema that files are checked against."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from napari_itis.annotation.archive import quoted, shortened
from napari_itis.annotation.metadata import ImageFacts, MasksFacts, PixelSize, WeightsFacts
from napari_itis.annotation.record import State

FORMAT = "napari-itis session"
VERSION = 2
"""Grows when a file may hold what older versions do not understand; all before it are read."""

# What a file may hold at most: none that is written has more, and reading one takes some hundred
# megabytes.
MOST_RECORDS = 500_000
MOST_CLICKS = 300_000

RECORD_FIELDS = ("seen", "fresh", "on_top", "cleared", "committed", "tidied", "revision")
RECORD_MASKS = ("existing", "given", "base", "prediction", "added", "removed", "mask")
"""What an entry of a record has by the same name as the record."""

Label = Annotated[int, Field(ge=1, le=2**31 - 1)]
Count = Annotated[int, Field(ge=0, le=2**53)]
MaskNumber = Annotated[int, Field(ge=0, le=999_999_999)]
"""The mask is `masks/<number>.tif`; 0 is the empty one."""


class _Entry(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class FormatEntry(BaseModel):
    """What can be asked of a file of any version."""

    model_config = ConfigDict(strict=True)

    format: Literal["napari-itis session"]
    version: int


class ObjectEntry(_Entry):
    """What is said of an object on all frames: see ObjectFacts."""

    label: Label
    name: Annotated[str, Field(max_length=200)] = ""
    covers: bool = False
    deleted: bool = False


class HeaderEntry(_Entry):
    """session.json"""

    format: Literal["napari-itis session"] = FORMAT
    version: Literal[1, 2] = VERSION
    written_by: Annotated[str, Field(max_length=200)]
    saved: datetime
    image: ImageFacts
    weights: WeightsFacts | None = None
    masks: MasksFacts | None = None
    label: Label | None = None
    frame: Annotated[tuple[Count, ...], Field(max_length=32)] | None = None
    pixel_size: PixelSize | None = None
    objects: Annotated[list[ObjectEntry], Field(max_length=100_000)] = []


class ClickEntry(_Entry):
    """A click and when it was made, in seconds since 1970 (UTC)."""

    y: FiniteFloat
    x: FiniteFloat
    positive: bool
    made: FiniteFloat = 0.0


class RecordEntry(_Entry):
    """A line of records.jsonl, one object on one frame: see Record."""

    frame: Annotated[tuple[Count, ...], Field(max_length=32)]
    object: Label
    state: State | None = None
    clicks: Annotated[list[ClickEntry], Field(max_length=5_000)] = []
    seen: Count = 0
    fresh: bool = True
    on_top: Count = 0
    cleared: bool = False
    committed: bool = False
    tidied: bool = False
    revision: Count = 0
    existing: MaskNumber | None = None
    given: MaskNumber | None = None
    base: MaskNumber | None = None
    prediction: MaskNumber | None = None
    added: MaskNumber | None = None
    removed: MaskNumber | None = None
    mask: MaskNumber | None = None
    held: MaskNumber | None = None


def json_schema() -> str:
    """The schema of both, which every file carries."""
    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": FORMAT,
        "version": VERSION,
        "session.json": HeaderEntry.model_json_schema(),
        "each line of records.jsonl": RecordEntry.model_json_schema(),
    }
    return json.dumps(schema, indent=1)


def first_problem(error: ValidationError) -> str:
    """What is wrong, as part of a line."""
    problem = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(part) for part in problem["loc"])
    message = shortened(problem["msg"])
    return f"{quoted(place)}: {message}" if place else message
