"""Sessions as files: a zip of JSON and masks, from which the session goes on bit by bit.

session.json says what the session was made on and names the objects, each line of records.jsonl
is one object on one frame, masks/N.tif are the masks that they refer to, each once; schema.json
describes the first two. Only objects that were touched are in it: of existing masks it says where
they came from. What can be undone is not stored.
"""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import BinaryIO

from pydantic import ValidationError

from napari_itis.annotation.archive import Archive, SessionFileError, replace_file
from napari_itis.annotation.contents import SessionContents
from napari_itis.annotation.mask_files import EncodedMasks
from napari_itis.annotation.metadata import ImageFacts, SessionMetadata, differences, fits
from napari_itis.annotation.schema import HeaderEntry, first_problem
from napari_itis.annotation.session import AnnotationSession
from napari_itis.annotation.session_reader import SessionReader, read_header
from napari_itis.annotation.session_writer import make_header, write_session

__all__ = [
    "EncodedMasks",
    "SessionFileError",
    "check_against",
    "load_session",
    "read_metadata",
    "save_session",
]


def save_session(
    path: str | PathLike[str],
    contents: SessionContents,
    metadata: SessionMetadata,
    encoded: EncodedMasks | None = None,
) -> None:
    """Write a session to a file, whole or not at all.

    Parameters
    ----------
    path : str or path-like
        Replaced if it exists; its folder must exist.
    contents : SessionContents
        A session, or a snapshot of one (:meth:`AnnotationSession.snapshot`), which another thread
        can save while the user goes on.
    metadata : SessionMetadata
    encoded : EncodedMasks, optional
        Makes saving the same session again quicker.

    Raises
    ------
    SessionFileError
        If the image of `metadata` has not the size of the session, or a mask is too large.
    OSError
        If the file cannot be written; what was there before still is.
    """
    path = Path(path)
    image = metadata.image
    if not fits(image, ImageFacts("", contents.shape, contents.slices)):
        raise SessionFileError(
            f"cannot save {path}: the session is for {contents.slices} x {contents.shape} pixels, "
            f"the image has {image.slices} x {image.shape}"
        )
    try:
        header = make_header(contents, metadata)
        encoded = EncodedMasks() if encoded is None else encoded
        replace_file(path, lambda file: write_session(file, header, contents, encoded))
    except ValueError as error:
        problem = first_problem(error) if isinstance(error, ValidationError) else error
        raise SessionFileError(f"cannot save {path}: {problem}") from None


def load_session(path: str | PathLike[str]) -> tuple[AnnotationSession, SessionMetadata]:
    """Read a session from a file.

    The file may come from anywhere: nothing in it is executed or unpacked to the disk, and no more
    memory is taken than an honest file of its size would need.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    session : AnnotationSession
        With the same records, bit by bit, and nothing to undo. It has no existing masks: give them
        to it again (:meth:`AnnotationSession.give_masks`).
    metadata : SessionMetadata

    Raises
    ------
    SessionFileError
        If the file is missing, damaged, of a newer version or not a session, in one line.
    """
    path = Path(path)
    with _opened(path) as file:
        opened = Archive(path, file)
        header = read_header(opened)
        opened.require_known_names()
        contents = SessionReader(opened, header).contents()
    return AnnotationSession.restore(contents), _metadata(header)


def read_metadata(path: str | PathLike[str]) -> SessionMetadata:
    """Read what a session was made on, without its records; raises as :func:`load_session`."""
    path = Path(path)
    with _opened(path) as file:
        return _metadata(read_header(Archive(path, file)))


def check_against(stored: ImageFacts, image: ImageFacts) -> list[str]:
    """Compare the image that a session was made on with the one that it is opened on.

    Parameters
    ----------
    stored : ImageFacts
        `metadata.image` of the session.
    image : ImageFacts

    Returns
    -------
    list of str
        What differs, a line each, fit for a question to the user; empty if nothing does.

    Raises
    ------
    SessionFileError
        If the image has another size: the session cannot be used on it.
    """
    found = differences(stored, image)
    if not fits(stored, image):
        raise SessionFileError(found[0])
    return found


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise SessionFileError(f"cannot open {path}: {error.strerror or error}") from None


def _metadata(header: HeaderEntry) -> SessionMetadata:
    return SessionMetadata(
        header.image,
        header.weights,
        header.masks,
        header.saved,
        header.label,
        header.frame,
        header.pixel_size,
    )
