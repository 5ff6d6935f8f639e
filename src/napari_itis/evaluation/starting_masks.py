"""Masks of another method that the clicks start from, and which frames are corrected (Table 2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_itis.datasets import DatasetError, ImageError, ObjectSample, read_array
from napari_itis.evaluation.metrics import iou

StartingMasks = Callable[[ObjectSample], NDArray[np.bool_]]


class MaskFolder:
    """Masks to start from, by the object's id.

    The mask of an object is ``ID.png`` with ``_`` for a colon, every pixel that is not 0 being
    object. Where there is none, an id ``IMAGE:LABEL`` is looked for in ``IMAGE.png``, which holds
    the labels of all objects (0 and 255 alone stand for one object); so that the results of a
    video method, ``SEQUENCE/FRAME.png``, are read as they are.

    Parameters
    ----------
    folder : path-like
        Where the files are.
    """

    def __init__(self, folder: str | PathLike[str]) -> None:
        self.folder = Path(folder)

    def __call__(self, sample: ObjectSample) -> NDArray[np.bool_]:
        """Read the mask of an object.

        Parameters
        ----------
        sample : ObjectSample

        Returns
        -------
        ndarray of bool, shape (H, W)

        Raises
        ------
        DatasetError
            If the file is missing, unreadable or has colour channels.
        """
        own = self.folder / f"{sample.id.replace(':', '_')}.png"
        image, _, label = sample.id.rpartition(":")
        shared = self.folder / f"{image}.png"
        path = shared if image and shared.is_file() and not own.is_file() else own
        if not path.is_file():
            raise DatasetError(f"no initial mask for {sample.id}: expected {path}")
        try:
            values = read_array(path)
        except ImageError as error:
            raise DatasetError(str(error)) from None
        if values.ndim != 2:
            raise DatasetError(f"the initial mask {path} has {values.shape[2]} channels, not one")
        if path is own or (values.max() == 255 and set(np.unique(values)) <= {0, 255}):
            return values != 0
        return values == int(label)


def sequence_of(sample: ObjectSample) -> str | None:
    """Name the track that a sample is a frame of.

    Parameters
    ----------
    sample : ObjectSample

    Returns
    -------
    str or None
        ``SEQUENCE`` or ``SEQUENCE:LABEL`` of an id ``SEQUENCE/FRAME`` or ``SEQUENCE/FRAME:LABEL``;
        None where the id names no sequence.
    """
    sequence, slash, frame = sample.id.rpartition("/")
    _, colon, label = frame.partition(":")
    return f"{sequence}{colon}{label}" if slash else None


def every_nth(samples: Sequence[ObjectSample], step: int) -> list[ObjectSample]:
    """Leave frames out.

    Parameters
    ----------
    samples : sequence of ObjectSample
        The frames of each track in their order.
    step : int
        Keep the first frame of each track, and every `step`-th after it.

    Returns
    -------
    list of ObjectSample

    Raises
    ------
    DatasetError
        If an object is no frame of a sequence.
    """
    return [sample for track in _tracks(samples).values() for sample in track[::step]]


def worst_frames(
    samples: Sequence[ObjectSample],
    masks: StartingMasks,
    *,
    min_area: int = 0,
    skip_bad: bool = False,
    progress: Callable[[Sequence[ObjectSample]], Iterable[ObjectSample]] | None = None,
) -> list[ObjectSample]:
    """Find the frame of each track whose mask is worst (paper, Table 2).

    Parameters
    ----------
    samples : sequence of ObjectSample
        The frames.
    masks : callable
        Gives the mask of a frame, such as a `MaskFolder`.
    min_area : int
        Frames that show less of the object, in pixels, are not looked at.
    skip_bad : bool
        Neither are those that cannot be read, instead of raising.
    progress : callable, optional
        Wraps the samples while they are gone through, as `tqdm` does.

    Returns
    -------
    list of ObjectSample
        One per track, the first of those with the lowest IoU.

    Raises
    ------
    DatasetError
        If an object is no frame of a sequence, or cannot be read.
    """
    tracks = _tracks(samples)
    lowest = dict.fromkeys(tracks, (np.inf, samples[0]))
    for sample in progress(samples) if progress else samples:
        try:
            start, (truth, void) = masks(sample), sample.masks()
            if start.shape != truth.shape:
                raise DatasetError(
                    f"the initial mask of {sample.id} has shape {start.shape}, not {truth.shape}"
                )
        except DatasetError:
            if not skip_bad:
                raise
            continue
        if np.count_nonzero(truth) < min_area:
            continue
        name, value = sequence_of(sample), iou(start, truth, void)
        if value < lowest[name][0]:
            lowest[name] = (value, sample)
    return [sample for value, sample in lowest.values() if value < np.inf]


def _tracks(samples: Sequence[ObjectSample]) -> dict[str, list[ObjectSample]]:
    tracks = defaultdict(list)
    for sample in samples:
        name = sequence_of(sample)
        if name is None:
            raise DatasetError(
                f"the object {sample.id} is no frame of a sequence: expected ids SEQUENCE/FRAME, "
                "as the layout davis has them"
            )
        tracks[name].append(sample)
    return dict(tracks)
