"""``napari-itis propagate``: the masks of a frame, carried on to the frames before or after it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from napari_itis.cli.errors import InputError
from napari_itis.cli.output import check_folder
from napari_itis.cli.predictor import make_predictor
from napari_itis.video.frames import FrameSequence
from napari_itis.video.mask_files import present_ids
from napari_itis.video.masks import MaskSequence
from napari_itis.video.movie import MovieSequence
from napari_itis.video.sources import find_video
from napari_itis.video.writing import LARGEST_IN_PNG, check_mask_folder, write_masks


def propagate(
    frames_path: Path,
    masks_folder: Path,
    start: int,
    stop: int | None,
    labels: Sequence[int],
    *,
    output: Path,
    keep_better: bool,
    overwrite: bool,
    weights: str | None,
    device: str,
) -> None:
    """Carry the objects of a frame on, writing the masks of each frame as they come.

    Parameters
    ----------
    frames_path : Path
        See `napari_itis.video.sources.find_video`.
    masks_folder : Path
        With a mask of frame `start`.
    start, stop : int
        The frame to begin with and the last one to carry to, backwards if that comes first; to the
        end of the video by default. They count from 0.
    labels : sequence of int
        Objects to carry on; all of the mask where none is named.
    output : Path
        A folder.
    keep_better : bool
        Whether the folder's masks of the other frames have a say, and stay where they look better.
    overwrite : bool
        Whether masks that are there may be replaced.
    weights, device
        See `napari_itis.inference.Predictor`.

    Raises
    ------
    InputError, VideoError
        If an option, the frames or the mask make no sense.
    """
    check_folder(output)
    source = find_video(frames_path)
    if len(source.among) > 1:
        raise InputError(
            f"{frames_path} has {len(source.among)} sequences: name one of them, such as "
            f"{source.frames}"
        )
    odd = _Oddities()
    frames = source.open_frames(odd)
    wanted = _wanted(len(frames), start, stop)
    masks = MaskSequence(masks_folder, frames.names, frames.shape[1:3], on_problem=odd)
    objects = _objects(frames, masks, start, labels, odd)
    names = [frames.names[index] for index in wanted]
    sources = (source.frames, source.truth, masks_folder)
    check_mask_folder(output, names, overwrite=overwrite, sources=sources)
    predictor = make_predictor(weights, device=device, paper=False, zoom_in=True, promise=True)

    # With the network, which nobody waits for who has mistyped something.
    from napari_itis.video.objects import propagate_objects

    there = masks.__getitem__ if keep_better else None
    steps = propagate_objects(predictor, frames, objects, start, wanted[-1], there)
    current: list[NDArray[np.int32]] = []
    errors = Console(stderr=True)
    written = 0

    def through(places: Sequence[int]) -> Iterator[int]:
        nonlocal written
        title = f"carrying {_counted(len(objects), 'object')} on"
        bar = track(places, title, console=errors, transient=True, disable=not errors.is_terminal)
        for place, step in zip(bar, steps):
            odd.tell()
            for label in step.lost:
                name = frames.names[step.frame]
                _say(f"object {label} was lost on frame {step.frame} ({name})")
            # Nothing is left then, and a mask that says so would be a claim.
            if not step.labels.any():
                return
            current[:] = [step.labels]
            yield place
            written += 1

    try:
        write_masks(
            output,
            names,
            lambda place: current[0],
            frames.shape[1:3],
            overwrite=overwrite,
            sources=sources,
            progress=through,
        )
    finally:
        typer.echo(f"wrote {_counted(written, 'mask')} of {len(names)} to {output}")


class _Oddities:
    """What is not as it should be about files, from any thread, told when there is time."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def __call__(self, line: str) -> None:
        self._lines.append(line)

    def take(self) -> list[str]:
        """What was not told yet; it counts as told."""
        lines, self._lines = self._lines, []
        return lines

    def tell(self) -> None:
        """Tell what was not told yet."""
        for line in self.take():
            _say(line)


def _wanted(count: int, start: int, stop: int | None) -> range:
    """The frames to carry masks to, in order."""
    stop = count - 1 if stop is None else stop
    for option, frame in (("--from", start), ("--to", stop)):
        if not 0 <= frame < count:
            raise InputError(f"{option} {frame}: the video has frames 0 to {count - 1}")
    if stop == start:
        raise InputError(f"there is nothing to do from frame {start} to frame {stop}")
    way = 1 if stop > start else -1
    return range(start + way, stop + way, way)


def _objects(
    frames: FrameSequence | MovieSequence,
    masks: MaskSequence,
    start: int,
    labels: Sequence[int],
    odd: _Oddities,
) -> dict[int, NDArray[np.bool_]]:
    """The objects to carry on, by label."""
    odd.tell()
    name = frames.names[start]
    path = masks.path(start)
    if path is None:
        there = [frames.names[index] for index in range(len(frames)) if masks.path(index)]
        known = ", ".join(there[:5]) + (", ..." if len(there) > 5 else "")
        raise InputError(
            f"no mask of frame {start} in {masks.folder}: expected {name}.png, there is {known}"
        )
    found = masks.read(start)
    if found is None:
        raise InputError(odd.take()[0])
    odd.tell()
    if not frames[start].any():
        reason = "; ".join(odd.take()) or "it is black"
        raise InputError(f"frame {start} ({name}) cannot be used: {reason}")
    known = [label for label in present_ids(found) if label]
    if not known:
        raise InputError(f"the mask {path} is empty: there is nothing to carry on")
    for label in labels:
        if label not in known:
            objects = ", ".join(map(str, known[:10])) + (", ..." if len(known) > 10 else "")
            raise InputError(f"--object {label}: the mask {path} has {objects}")
    wanted = sorted(set(labels)) or known
    if wanted[-1] > LARGEST_IN_PNG:
        raise InputError(
            f"the mask {path} has object {wanted[-1]}: DAVIS's PNGs hold ids up to {LARGEST_IN_PNG}"
        )
    return {label: found == label for label in wanted}


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" + ("" if count == 1 else "s")


def _say(line: str) -> None:
    print(f"napari-itis: {line}", file=sys.stderr)
