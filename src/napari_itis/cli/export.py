"""``napari-itis export``: a session file in the formats of others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_itis.cli.errors import InputError

if TYPE_CHECKING:
    from napari_itis.annotation import AnnotationSession, Frame, ReadMasks
    from napari_itis.annotation.exports import Export
    from napari_itis.annotation.metadata import SessionMetadata
    from napari_itis.video.frames import FrameSequence

_FORMATS = "tiff|png|object-pngs|coco|geojson|clicks|objects"


def export(
    session: Annotated[Path, typer.Argument(metavar="SESSION", help="A session file (.itis).")],
    kind: Annotated[str, typer.Option("--format", metavar=_FORMATS)],
    output: Annotated[
        Path | None,
        typer.Option(metavar="FILE|DIR", help="SESSION-FORMAT beside it by default."),
    ] = None,
    masks: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE|DIR", help="The masks that it corrects, if they are elsewhere by now."
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a file that is there.")
    ] = False,
) -> None:
    """Write the masks, polygons, clicks or the table of objects of a session."""
    from napari_itis.annotation.exports import FORMATS
    from napari_itis.annotation.exports import export as write
    from napari_itis.annotation.storage import load_session
    from napari_itis.cli.output import check_folder

    if kind not in FORMATS:
        raise InputError(f"there is no format {kind}: choose one of {', '.join(FORMATS)}")
    loaded, metadata = load_session(session)
    _give_masks(loaded, metadata, masks, session)
    chosen = FORMATS[kind]
    if output is None:
        suffix = "" if chosen.is_folder(loaded.slices) else chosen.suffix
        output = session.with_name(f"{session.stem}-{kind}{suffix}")
    check_folder(output.parent)
    output.parent.mkdir(parents=True, exist_ok=True)
    write(output, kind, _what(loaded, metadata), overwrite=overwrite)
    typer.echo(f"wrote {output}")


def _what(session: AnnotationSession, metadata: SessionMetadata) -> Export:
    from rich.console import Console
    from rich.progress import track

    from napari_itis.annotation.exports import Export
    from napari_itis.annotation.metadata import PixelSize

    errors = Console(stderr=True)
    image = Path(metadata.image.path).name if metadata.image.path else metadata.image.name

    def through(frames: Sequence[Frame]) -> Iterable[Frame]:
        hidden = len(frames) == 1 or not errors.is_terminal
        return track(frames, "exporting", console=errors, transient=True, disable=hidden)

    frames = _frames(session, metadata)
    files = [frames.path(index).name for index in range(len(frames))] if frames else []
    return Export(session, image, metadata.pixel_size or PixelSize(), files, through)


def _frames(session: AnnotationSession, metadata: SessionMetadata) -> FrameSequence | None:
    """The folder of frames that a session was made on, if it is still there."""
    from napari_itis.video.frames import FrameSequence
    from napari_itis.video.stack import VideoError

    folder = Path(metadata.image.path)
    if not metadata.image.path or len(session.slices) != 1 or not folder.is_dir():
        return None
    try:
        frames = FrameSequence(folder)
    except VideoError:
        return None
    return frames if len(frames) == session.slices[0] else None


def _give_masks(
    session: AnnotationSession, metadata: SessionMetadata, masks: Path | None, path: Path
) -> None:
    """Open the masks that a session corrects: what nobody has touched is not in its file."""
    if metadata.masks is None and masks is None:
        return
    place = masks if masks is not None else Path(metadata.masks.path)
    if masks is None and not (metadata.masks.path and place.exists()):
        said = f" ({metadata.masks.path})" if metadata.masks.path else ""
        raise InputError(
            f"{path} corrects masks that are not there{said}: say where they are with --masks"
        )
    if place.is_dir():
        read, labels = _folder_of_masks(session, metadata, place)
    else:
        read, labels = _file_of_masks(session, place)
    session.give_masks(read, labels=labels)
    changed = metadata.masks is not None and metadata.masks.fingerprint
    if changed and _fingerprint(session, read) != metadata.masks.fingerprint:
        typer.echo(f"napari-itis: {place}: these masks have changed since the session", err=True)


def _file_of_masks(session: AnnotationSession, path: Path) -> tuple[ReadMasks, Sequence[int]]:
    import tifffile

    from napari_itis.annotation import labels_in
    from napari_itis.datasets.images import read_indices

    if path.suffix.lower() in (".tif", ".tiff"):
        labels = tifffile.imread(path)
    else:
        labels = read_indices(path)
    expected = (*session.slices, *session.shape)
    if labels.shape != expected:
        raise InputError(f"{path} has {labels.shape} pixels: expected {expected}, as the session")
    return labels.__getitem__, labels_in(labels)


def _folder_of_masks(
    session: AnnotationSession, metadata: SessionMetadata, folder: Path
) -> tuple[ReadMasks, Sequence[int]]:
    from napari_itis.video.masks import MaskSequence

    if len(session.slices) != 1:
        raise InputError(f"{folder} is a folder: the session is for no stack of frames")
    frames = _frames(session, metadata)
    names = frames.names if frames else sorted(path.stem for path in folder.glob("*.png"))
    if len(names) != session.slices[0]:
        raise InputError(
            f"{folder} has {len(names)} masks: expected {session.slices[0]}, one for each frame"
        )
    found = MaskSequence(folder, names, session.shape)
    return lambda frame: found.read(frame[0]), found.labels()


def _fingerprint(session: AnnotationSession, read: ReadMasks) -> str:
    import numpy as np

    from napari_itis.annotation.metadata import fingerprint

    def plane(frame: tuple[int, ...]) -> np.ndarray:
        found = read(frame)
        return np.zeros(session.shape, np.int32) if found is None else np.asarray(found)

    return fingerprint(plane, session.shape, session.slices)
