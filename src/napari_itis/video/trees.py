"""The folders of a DAVIS root: frames, annotations, and the results of methods.

``JPEGImages/RESOLUTION/SEQUENCE``, ``Annotations/RESOLUTION/SEQUENCE`` and
``Results/.../METHOD/SEQUENCE``; without resolutions as in YouTube-VOS, too.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from napari_itis.video.numbering import is_image_name

_IMAGES, _TRUTH, _RESULTS, _LISTS = "JPEGImages", "Annotations", "Results", "ImageSets"
_PREFERRED = "480p"
# How deep methods lie under Results, and a path under its root.
_DEPTH = 4
_GLANCE = 16


@dataclass(frozen=True)
class DavisTree:
    """A DAVIS root at one resolution.

    Attributes
    ----------
    root : Path
        The folder with ``JPEGImages``.
    resolution : str
        Such as ``480p``; empty where the sequences lie in ``JPEGImages`` itself.
    """

    root: Path
    resolution: str

    @property
    def frames(self) -> Path:
        """The folder of the sequences' frames."""
        return self.root / _IMAGES / self.resolution

    def sequences(self) -> list[str]:
        """Names of the sequences, sorted."""
        return sorted(folder.name for folder in _folders(self.frames))

    def truth(self, sequence: str) -> Path | None:
        """The annotations of a sequence; of another resolution, if there are no others."""
        folder = self.root / _TRUTH
        places = [folder / self.resolution, folder, *sorted(_folders(folder))]
        return next((p / sequence for p in places if _holds_images(p / sequence)), None)

    def results(self, sequence: str) -> dict[str, Path]:
        """Masks of a sequence by the method that made them, sorted."""
        top = self.root / _RESULTS
        found = {self.method(folder): folder for folder in _results(top, sequence, _DEPTH)}
        return dict(sorted(found.items()))

    def method(self, folder: Path) -> str:
        """Name of the method whose masks a sequence's folder under ``Results`` holds."""
        parts = folder.parent.relative_to(self.root / _RESULTS).parts
        # DAVIS 2016 has Results/Segmentations/480p/METHOD.
        named = [part for part in parts if part not in ("Segmentations", self.resolution)]
        return "/".join(named) or _RESULTS


def find_tree(path: Path) -> tuple[DavisTree, str | None, str | None] | None:
    """Find the DAVIS root that a path belongs to.

    Parameters
    ----------
    path : Path

    Returns
    -------
    tuple or None
        The tree; the sequence and the method that the path names, or None. None for a path that
        is no part of a DAVIS root.
    """
    path = path.absolute()
    # As the archive unpacks.
    if (path / "DAVIS" / _IMAGES).is_dir():
        path = path / "DAVIS"
    for root in (path, *islice(path.parents, _DEPTH + 1)):
        if (root / _IMAGES).is_dir():
            return _locate(root, path.relative_to(root).parts)
    return None


def _locate(root: Path, parts: tuple[str, ...]) -> tuple[DavisTree, str | None, str | None] | None:
    top, *inner = parts or ("",)
    if top not in ("", _IMAGES, _TRUTH, _RESULTS, _LISTS):
        return None
    resolutions = _resolutions(root)
    if not resolutions:
        return None
    named = next((name for name in resolutions if name and name in inner), None)
    preferred = _PREFERRED if _PREFERRED in resolutions else resolutions[0]
    tree = DavisTree(root, preferred if named is None else named)
    if top in ("", _LISTS) or not inner:
        return tree, None, None
    last = None if inner[-1] == named else inner[-1]
    if top != _RESULTS:
        return tree, last, _TRUTH if top == _TRUTH and last else None
    sequence = last if last and (tree.frames / last).is_dir() else None
    folder = root.joinpath(*parts) / ("" if sequence else "any")
    return tree, sequence, tree.method(folder)


def _resolutions(root: Path) -> list[str]:
    """Folders of sequences' folders in ``JPEGImages``, which may be one itself."""
    folders = sorted(_folders(root / _IMAGES))
    if any(_holds_images(folder) for folder in islice(folders, 3)):
        return [""]
    return [
        folder.name
        for folder in folders
        if any(_holds_images(inner) for inner in islice(_folders(folder), 3))
    ]


def _results(folder: Path, sequence: str, depth: int) -> Iterator[Path]:
    if _holds_images(folder / sequence):
        yield folder / sequence
    elif depth and not _holds_images(folder):
        for inner in sorted(_folders(folder)):
            yield from _results(inner, sequence, depth - 1)


def _folders(folder: Path) -> Iterator[Path]:
    try:
        with os.scandir(folder) as entries:
            found = [e.name for e in entries if not e.name.startswith(".") and e.is_dir()]
    except OSError:
        return iter(())
    return (folder / name for name in found)


def _holds_images(folder: Path) -> bool:
    try:
        with os.scandir(folder) as entries:
            return any(is_image_name(entry.name) for entry in islice(entries, _GLANCE))
    except OSError:
        return False
