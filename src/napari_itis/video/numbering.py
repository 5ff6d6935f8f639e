"""Files of frames: which of a folder's files are frames, and in which order they follow."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from napari_itis.datasets.files import IMAGE_SUFFIXES

_DIGITS = re.compile(r"(\d+)")


def natural_key(name: str) -> tuple:
    """Sort key by which ``frame10`` follows ``frame9``.

    Parameters
    ----------
    name : str
        A file name.

    Returns
    -------
    tuple
        Numbers by their value, everything else by its letters, and the name itself at last, so
        that ``1`` and ``01`` have an order too.
    """
    parts = _DIGITS.split(name)
    return (*[(int(p), "") if i % 2 else (-1, p) for i, p in enumerate(parts)], (-2, name))


def frame_number(name: str) -> int | None:
    """Read the last number of a file's stem; None if it has no digit."""
    digits = _DIGITS.findall(name)
    return int(digits[-1]) if digits else None


def image_names(folder: Path) -> list[str]:
    """List the image files of a folder.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    list of str
        File names in natural order; hidden files are left out.

    Raises
    ------
    OSError
        If the folder cannot be listed.
    """
    # Nothing is asked of the files: their number may be large and the disk far away.
    with os.scandir(folder) as entries:
        found = [entry.name for entry in entries if is_image_name(entry.name)]
    return sorted(found, key=natural_key)


def is_image_name(name: str) -> bool:
    """Whether a file's name is that of an image, and no hidden file's."""
    return name.lower().endswith(IMAGE_SUFFIXES) and not name.startswith(".")


def of_one_kind(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Tell frames from other images that lie beside them, such as masks beside photos.

    Parameters
    ----------
    names : sequence of str
        File names.

    Returns
    -------
    frames, others : list of str
        Those with the suffix that most have, and the rest. Between equals, photos' suffixes win.
    """
    suffixes = [os.path.splitext(name)[1].lower() for name in names]  # noqa: PTH122
    counts = Counter(suffixes)
    if len(counts) <= 1:
        return list(names), []
    most = min(counts, key=lambda suffix: (-counts[suffix], IMAGE_SUFFIXES.index(suffix)))
    frames = [name for name, suffix in zip(names, suffixes) if suffix == most]
    return frames, [name for name, suffix in zip(names, suffixes) if suffix != most]


def stem(name: str) -> str:
    """The name of a file without its suffix; many times faster than by a `Path`."""
    return os.path.splitext(name)[0]  # noqa: PTH122


def files_of_frames(
    files: Iterable[str], frames: Sequence[str]
) -> tuple[dict[int, str], list[str], int]:
    """Find the file that belongs to each frame.

    Parameters
    ----------
    files : iterable of str
        File names.
    frames : sequence of str
        Stems of the frames.

    Returns
    -------
    found : dict of int to str
        Position of a frame and the file with the same stem. Where no stem is the same, files and
        frames are matched by the last number in their names.
    others : list of str
        Files that belong to no frame.
    first : int
        What the numbers of the files start with where the frames start with 0: 1 for files that
        are numbered 1..n for n frames 0..n-1, 0 otherwise.
    """
    files = list(files)
    places = {name: place for place, name in enumerate(frames)}
    stems = [stem(file) for file in files]
    found = {places[name]: file for name, file in zip(stems, files) if name in places}
    first = 0
    if not found:
        numbers = _by_number(frames)
        numbered = {number: files[i] for number, i in _by_number(stems).items()}
        one_based = set(numbers) == set(range(len(frames))) and set(numbered) == {
            number + 1 for number in numbers
        }
        first = int(one_based)
        found = {
            numbers[number - first]: file
            for number, file in numbered.items()
            if number - first in numbers
        }
    taken = set(found.values())
    return found, [file for file in files if file not in taken], first


def _by_number(stems: Iterable[str]) -> dict[int, int]:
    """Positions by number; numbers that occur twice are no names."""
    numbers = [frame_number(name) for name in stems]
    counts = Counter(numbers)
    return {n: place for place, n in enumerate(numbers) if n is not None and counts[n] == 1}
