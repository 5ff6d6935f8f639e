"""From what a user drops on the window to frames, masks and ground truth."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from os import PathLike
from pathlib import Path

from PIL import Image

from napari_itis.video.frames import FrameSequence
from napari_itis.video.masks import MaskSequence
from napari_itis.video.movie import MovieSequence, is_movie_name
from napari_itis.video.numbering import image_names, is_image_name, of_one_kind, stem
from napari_itis.video.stack import OnProblem, VideoError
from napari_itis.video.trees import DavisTree, find_tree

OWN_METHOD = "napari-itis"
"""The method's name under which corrected masks lie among the results of others."""
TRUTH = "Annotations"

# Where the masks of a folder of frames lie, beside it.
_MASK_FOLDERS = ("masks", "Masks", "annotations", TRUTH, "labels")
# Files that are looked at to tell a video from any other folder.
_GLANCE = 64
_NUMBER = re.compile(r"\d+(?=\D*$)")


@dataclass(frozen=True)
class VideoSource:
    """Where the frames of a video are, and what masks there are for them. Nothing is open.

    Attributes
    ----------
    name : str
        Of the sequence.
    frames : Path
        A folder of frames, or a movie.
    masks : mapping of str to Path
        Folders of masks by the name of the method that made them; ground truth is among them,
        as ``Annotations``.
    truth : Path or None
        The folder with ground truth.
    chosen : str or None
        The method whose masks the user asked for by naming their folder.
    tree : DavisTree or None
        The data set that the sequence belongs to.
    among : tuple of str
        The sequences of which this one is the first, if the path named none of them.
    """

    name: str
    frames: Path
    masks: Mapping[str, Path] = field(default_factory=dict)
    truth: Path | None = None
    chosen: str | None = None
    tree: DavisTree | None = None
    among: tuple[str, ...] = ()

    @property
    def first_masks(self) -> str | None:
        """The method whose masks to correct, unless the user says otherwise.

        What the user named; else what was corrected here before; else the first method by name;
        ground truth only where there is nothing else.
        """
        methods = [method for method in self.masks if method != TRUTH]
        for method in (self.chosen, OWN_METHOD, *sorted(methods), TRUTH):
            if method is not None and method in self.masks:
                return method
        return None

    @property
    def output(self) -> Path:
        """Where corrected masks belong, and are found again: a folder that need not exist."""
        if self.tree is not None:
            return self.tree.root / "Results" / OWN_METHOD / self.name
        return self.frames.parent / f"{self.name}_masks"

    def open_frames(self, on_problem: OnProblem | None = None) -> FrameSequence | MovieSequence:
        """Open the frames; see `FrameSequence` and `MovieSequence`."""
        opened = FrameSequence if self.frames.is_dir() else MovieSequence
        return opened(self.frames, on_problem=on_problem)

    def open_masks(
        self,
        method: str | None,
        frames: FrameSequence | MovieSequence,
        on_problem: OnProblem | None = None,
    ) -> MaskSequence:
        """Open masks for frames that are open.

        Parameters
        ----------
        method : str or None
            One of `masks`; None for masks that do not exist yet.
        frames : FrameSequence or MovieSequence
            See `open_frames`.
        on_problem : callable, optional
            See `MaskSequence`.

        Raises
        ------
        VideoError
            If the folder cannot be listed or holds no mask for these frames.
        """
        folder = None if method is None else self.masks[method]
        return MaskSequence(folder, frames.names, frames.shape[1:3], on_problem=on_problem)


def find_video(path: str | PathLike[str], sequence: str | None = None) -> VideoSource:
    """Find frames, masks and ground truth for a path.

    Parameters
    ----------
    path : str or path-like
        A DAVIS root or a folder in it (``JPEGImages/480p/SEQUENCE``,
        ``Annotations/480p/SEQUENCE``, ``Results/METHOD/SEQUENCE``), a folder of frames, or a
        movie.
    sequence : str, optional
        Which one of a DAVIS root; by default the one that the path names, or the first. See
        `sequences`.

    Returns
    -------
    VideoSource

    Raises
    ------
    VideoError
        If there are no frames, or no such sequence.
    """
    path = Path(path).absolute()
    if path.is_file() and is_movie_name(path.name):
        return _movie(path)
    if not path.is_dir():
        raise VideoError(f"no such folder or movie: {path}")
    found = find_tree(path)
    if found is not None:
        return _of_tree(*found, sequence)
    return _folder(path)


def sequences(path: str | PathLike[str]) -> list[str]:
    """List the sequences of the DAVIS root that a path belongs to.

    Parameters
    ----------
    path : str or path-like
        See `find_video`.

    Returns
    -------
    list of str
        Sorted; empty for what is no part of a DAVIS root.
    """
    found = find_tree(Path(path))
    return found[0].sequences() if found else []


def is_video(path: str | PathLike[str]) -> bool:
    """Tell at a glance whether a path may be a video; other folders are left to others.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    bool
        Whether it is a movie, belongs to a DAVIS root, or is a folder of at least two images of
        one size and name that differ by a number. A few entries of a folder are looked at.
    """
    path = Path(path)
    if path.is_file():
        return is_movie_name(path.name)
    return path.is_dir() and (find_tree(path) is not None or _is_numbered(path))


def _movie(path: Path) -> VideoSource:
    folders = (path.with_name(f"{path.stem}_masks"), path.parent / "masks" / path.stem)
    masks = {
        folder.parent.name if folder.name == path.stem else folder.name: folder
        for folder in folders
        if folder.is_dir() and image_names(folder)
    }
    return VideoSource(path.stem, path, masks)


def _folder(path: Path) -> VideoSource:
    stems = {stem(name) for name in of_one_kind(image_names(path))[0]}
    if not stems:
        raise VideoError(f"no frames in {path}: expected images such as 00000.jpg, or a movie")
    folders = [path.parent / f"{path.name}_masks"]
    for name in _MASK_FOLDERS:
        folders += [path.parent / name, path.parent / name / path.name]
        folders += [path.parent.parent / name / path.name]
    masks: dict[str, Path] = {}
    for folder in folders:
        if folder == path or folder in masks.values() or not folder.is_dir():
            continue
        if stems.intersection(map(stem, image_names(folder))):
            inner = folder.name == path.name
            masks.setdefault(folder.parent.name if inner else folder.name, folder)
    return VideoSource(path.name, path, masks)


def _of_tree(
    tree: DavisTree, named: str | None, method: str | None, sequence: str | None
) -> VideoSource:
    known = tree.sequences()
    wanted = sequence or named or (known[0] if known else None)
    if wanted not in known:
        listed = ", ".join(known[:8]) + (", ..." if len(known) > 8 else "")
        raise VideoError(f"no sequence {wanted} in {tree.frames}: expected one of {listed}")
    masks = tree.results(wanted)
    truth = tree.truth(wanted)
    if truth is not None:
        masks[TRUTH] = truth
    among = () if sequence or named else tuple(known)
    return VideoSource(wanted, tree.frames / wanted, masks, truth, method, tree, among)


def _is_numbered(folder: Path) -> bool:
    try:
        with os.scandir(folder) as entries:
            names = [e.name for e in islice(entries, _GLANCE) if is_image_name(e.name)]
    except OSError:
        return False
    frames, _ = of_one_kind(sorted(names))
    stems = [stem(name) for name in frames]
    prefixes = {_NUMBER.sub("", name, count=1) for name in stems if _NUMBER.search(name)}
    if len(stems) < 2 or len(prefixes) != 1 or not all(map(_NUMBER.search, stems)):
        return False
    places = (0, len(frames) // 3, 2 * len(frames) // 3, -1)
    sizes = {_size(folder / frames[place]) for place in places}
    return len(sizes) == 1 and None not in sizes


def _size(path: Path) -> tuple[int, int] | None:
    try:
        with Image.open(path) as image:
            return image.size
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None
