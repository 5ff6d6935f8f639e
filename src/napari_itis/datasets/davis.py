"""DAVIS 2016 and 2017 (Perazzi et al. 2016, Pont-Tuset et al. 2017): objects in video frames.

Layout: ``JPEGImages/480p/SEQUENCE/NUMBER.jpg`` and ``Annotations/480p/SEQUENCE/NUMBER.png`` with
lists under ``ImageSets``: ``480p/SPLIT.txt`` (2016: photo and mask of a frame on each line, one
object) or ``2017/SPLIT.txt`` (names of sequences, objects 1..n; ``2016/SPLIT.txt`` of the same
archive: the objects of a sequence count as one). Nothing is void.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_itis.datasets.base import DatasetError, ObjectSample, report
from napari_itis.datasets.files import find_tree, image_files, read_list, unknown_split
from napari_itis.datasets.images import read_array, read_indices
from napari_itis.datasets.labelled import LabelledImage, Labels, SingleObjectImage

LAYOUT = (
    "JPEGImages/480p/SEQUENCE/NUMBER.jpg, Annotations/480p/SEQUENCE/NUMBER.png and "
    "ImageSets/{480p,2016,2017}/SPLIT.txt"
)

# Where a split without a year is looked for, the multi-object task first.
_LISTS = ("2017", "480p", "2016", "1080p")


@dataclass(frozen=True)
class OneObjectFrame(SingleObjectImage):
    """A frame with one object, which may be out of sight."""

    def samples(self) -> list[ObjectSample]:
        """Give the object, if it is in sight; see `LabelledImage.samples`."""
        return [self.sample()] if self.checked_labels().any() else []

    def areas(self, labels: NDArray[np.int32]) -> dict[str, int]:
        """Size of the object in pixels, by its id, if it is in sight."""
        return super().areas(labels) if labels.any() else {}


def images(
    root: str | PathLike[str], split: str = "val", faults: list[str] | None = None
) -> list[LabelledImage]:
    """List the annotated frames of a DAVIS split.

    Parameters
    ----------
    root : str or path-like
        The folder with ``ImageSets``, or the one with ``DAVIS`` in it.
    split : str
        ``val``, or with its list: ``2017/val``, ``480p/val``.
    faults : list of str, optional
        Where to note what is wrong with the layout instead of stopping at it.

    Returns
    -------
    list of LabelledImage
        With ids ``SEQUENCE/NUMBER``, sorted; their objects, where there may be several, have
        ``SEQUENCE/NUMBER:LABEL``. Files that a list names and that are missing are
        listed too; reading them raises.

    Raises
    ------
    DatasetError
        If the folders or the list are missing or the list is empty.
    """
    # The archive unpacks to DAVIS.
    root = find_tree(Path(root), "ImageSets", ("DAVIS",), LAYOUT)
    lists = root / "ImageSets"
    kind, name = _find_list(lists, split)
    lines = read_list(lists / kind, name, faults)
    if kind in ("480p", "1080p"):
        found = _listed_frames(root, lists / kind / f"{name}.txt", lines, faults)
    else:
        found = [
            frame
            for sequence in lines
            for frame in _sequence_frames(root, sequence, kind == "2016", faults)
        ]
    return sorted(found, key=lambda image: image.id)


def _find_list(lists: Path, split: str) -> tuple[str, str]:
    kind, _, name = split.rpartition("/")
    for folder in (kind,) if kind else _LISTS:
        if (lists / folder / f"{name}.txt").is_file():
            return folder, name
    known = sorted(f"{p.parent.name}/{p.stem}" for p in lists.glob("*/*.txt"))
    raise DatasetError(unknown_split(split, lists, known))


def _listed_frames(
    root: Path, path: Path, lines: list[str], faults: list[str] | None
) -> list[LabelledImage]:
    found: list[LabelledImage] = []
    for line in lines:
        # From the right: the photo's path may be all that holds a blank.
        parts = [part.lstrip("/") for part in line.rsplit(maxsplit=1)]
        if len(parts) != 2:
            report(f"{path} has the line {line!r}: expected a photo and its mask", faults)
            continue
        photo, mask = root / parts[0], root / parts[1]
        read_labels = partial(read_frame, merge=True)
        sequence = mask.parent.name
        frame_id = f"{sequence}/{mask.stem}"
        found.append(OneObjectFrame(frame_id, photo, mask, read_labels, scene=sequence))
    return found


def _sequence_frames(
    root: Path, sequence: str, merge: bool, faults: list[str] | None
) -> list[LabelledImage]:
    photo_folder = root / "JPEGImages" / "480p" / sequence
    mask_folder = root / "Annotations" / "480p" / sequence
    for folder in (photo_folder, mask_folder):
        if not folder.is_dir():
            report(f"no folder {folder} for the sequence {sequence}: expected {LAYOUT}", faults)
            return []
    photos, masks = image_files(photo_folder, faults), image_files(mask_folder, faults)
    if not masks:
        report(f"no masks in {mask_folder}: expected one PNG per frame", faults)
    kind = OneObjectFrame if merge else LabelledImage
    # The test sequences come with the mask of their first frame alone.
    numbers = masks if len(masks) <= 1 else photos | masks
    return [
        kind(
            f"{sequence}/{number}",
            photos.get(number, photo_folder / f"{number}.jpg"),
            masks.get(number, mask_folder / f"{number}.png"),
            partial(read_frame, merge=merge),
            # As masks of other methods and tracks are told: an object of SEQUENCE/NUMBER.
            ":",
            scene=sequence,
        )
        for number in sorted(numbers)
    ]


def read_frame(path: Path, merge: bool) -> Labels:
    """Read the mask of a frame; see `LabelledImage.read_labels`.

    Parameters
    ----------
    path : Path
        Palette or gray image. A mask of 0 and 255 alone is one object.
    merge : bool
        Make one object of all.
    """
    if merge:
        # Some masks of 2016 were saved with colour channels.
        values = read_array(path)
        truth = values[..., :3].any(axis=2) if values.ndim == 3 else values != 0
        return truth.astype(np.int32), np.zeros_like(truth)
    labels = read_indices(path).astype(np.int32)
    if set(np.unique(labels)) <= {0, 255}:
        labels = (labels == 255).astype(np.int32)
    return labels, np.zeros(labels.shape, bool)
