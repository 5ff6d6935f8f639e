"""One object of a video with its masks and its ground truth, as figures of videos need it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_itis.video.masks import MaskSequence
from napari_itis.video.propagation import Frames
from napari_itis.video.sources import find_video
from napari_itis.video.stack import VideoError


@dataclass(frozen=True)
class VideoObject:
    """An object of a video.

    Attributes
    ----------
    name : str
        Of the sequence.
    frames : sequence of ndarray of uint8, shape (H, W, 3)
        Read one by one.
    masks, truths : list of ndarray of bool, shape (H, W)
        What some method made, and what is right.
    """

    name: str
    frames: Frames
    masks: list[NDArray[np.bool_]]
    truths: list[NDArray[np.bool_]]


def read_video_object(
    root: str | PathLike[str],
    sequence: str,
    initial_masks: str | PathLike[str],
    label: int | None = None,
    on_problem: Callable[[str], None] | None = None,
) -> VideoObject:
    """Read an object of a DAVIS sequence.

    Parameters
    ----------
    root : str or path-like
        The folder of the data set.
    sequence : str
    initial_masks : str or path-like
        Folder with a mask for each frame, or with a folder ``SEQUENCE`` that has.
    label : int, optional
        The object; by default all of them are taken as one, as DAVIS 2016 does.
    on_problem : callable, optional
        Takes one line for each file that is not as it should be.

    Returns
    -------
    VideoObject

    Raises
    ------
    VideoError
        If the sequence, its ground truth or the masks are missing, or lack the object.
    """
    source = find_video(root, sequence)
    if source.truth is None:
        raise VideoError(f"{source.name} has no ground truth: expected Annotations/480p/SEQUENCE")
    folder = Path(initial_masks)
    if (folder / source.name).is_dir():
        folder = folder / source.name
    if not folder.is_dir():
        raise VideoError(f"no such folder: {folder}")
    frames = source.open_frames(on_problem)
    names, size = frames.names, frames.shape[1:3]
    truths, masks = (
        [mask != 0 if label is None else mask == label for mask in opened]
        for opened in (
            MaskSequence(source.truth, names, size, on_problem=on_problem),
            MaskSequence(folder, names, size, on_problem=on_problem),
        )
    )
    if not any(truth.any() for truth in truths):
        raise VideoError(f"{source.truth} has no object{'' if label is None else f' {label}'}")
    return VideoObject(source.name, frames, masks, truths)
