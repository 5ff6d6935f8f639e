"""Finding what a layout promises: folders, image files by name, lists of a split; writing files."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from napari_itis.datasets.base import DatasetError, report

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")


def require_folder(root: Path, name: str, layout: str) -> Path:
    """Give the folder `name` of a data set, or say what the layout should be.

    Parameters
    ----------
    root : Path
        The data set's folder.
    name : str
        A folder in it.
    layout : str
        One phrase for the message, such as ``"images/ and masks/"``.

    Returns
    -------
    Path

    Raises
    ------
    DatasetError
        If `root` or the folder in it does not exist.
    """
    if not root.is_dir():
        raise DatasetError(f"no such folder: {root}")
    folder = root / name
    if not folder.is_dir():
        raise DatasetError(f"no folder {name}/ in {root}: expected {layout}")
    return folder


def image_files(folder: Path, faults: list[str] | None = None) -> dict[str, Path]:
    """List the image files of a folder by their stem.

    Parameters
    ----------
    folder : Path
    faults : list of str, optional
        Where to note what is wrong instead of raising.

    Returns
    -------
    dict of str to Path
        Sorted by stem; hidden files are left out.

    Raises
    ------
    DatasetError
        If two files share a stem.
    """
    files: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in IMAGE_SUFFIXES or path.name.startswith("."):
            continue
        if path.stem in files:
            report(f"{files[path.stem]} and {path.name} share a name: keep one of them", faults)
        files.setdefault(path.stem, path)
    return dict(sorted(files.items()))


def find_tree(root: Path, marker: str, places: tuple[str, ...], layout: str) -> Path:
    """Find the folder that a layout starts in: the given one, or one that archives unpack to.

    Parameters
    ----------
    root : Path
        What the user gave.
    marker : str
        A folder that the layout has.
    places : tuple of str
        Where else to look, relative to `root`.
    layout : str
        One phrase for the message.

    Returns
    -------
    Path
        The first folder with `marker` in it.

    Raises
    ------
    DatasetError
        If there is none.
    """
    for place in (".", *places):
        if (root / place / marker).is_dir():
            return root / place
    require_folder(root, marker, layout)
    raise AssertionError("unreachable: the folder was missing a moment ago")


def read_list(folder: Path, split: str, faults: list[str] | None = None) -> list[str]:
    """Read the names that a split consists of.

    Parameters
    ----------
    folder : Path
        Where the lists are, ``SPLIT.txt`` each.
    split : str
        Which one.
    faults : list of str, optional
        Where to note an empty list instead of stopping at it.

    Returns
    -------
    list of str
        The lines that are not blank, sorted, each once.

    Raises
    ------
    DatasetError
        If there is no such list, or it is empty or no text.
    """
    path = folder / f"{split}.txt"
    if not path.is_file():
        known = sorted(file.stem for file in folder.glob("*.txt"))
        raise DatasetError(unknown_split(split, folder, known))
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"cannot read the list {path}: {error}; expected UTF-8 text") from None
    names = sorted({line.strip() for line in lines if line.strip()})
    if not names:
        report(f"the list {path} is empty: expected one name a line", faults)
    return names


def unknown_split(split: str, folder: Path, known: list[str]) -> str:
    """Say that a split does not exist, and which do."""
    if not known:
        return f"no split {split!r} in {folder}: there is no list of any split"
    return f"no split {split!r} in {folder}: expected one of {', '.join(known)}"


def atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file under a temporary name beside its place, then rename it.

    Parameters
    ----------
    path : Path
        To be written; missing folders are made.
    write : callable
        Takes the temporary path, which has the same suffix.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        write(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
