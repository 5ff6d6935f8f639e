"""The library of a user's own weights: a folder of .safetensors files, by their names.

`own_weights` lists it; `find_weights` and the docks know the names at once. Without PyTorch, but
for `add`. Several windows may change it at once.
"""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path

from filelock import FileLock, Timeout

from napari_itis.network.names import (
    SUFFIX,
    WeightsError,
    named_weights,
    own_folder,
    own_weights,
)

__all__ = ["add", "check_name", "delete", "export", "own_weights", "rename", "restore"]

LARGEST_FILE = 1 << 30
"""Bytes; the largest network of ours has half of it."""
LONGEST_NAME = 60
"""Characters."""

_NAME = re.compile(r"\w(?:[\w .()+-]*[\w)+-])?")
# No file can be called so on Windows.
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)
_KEPT = 20
_PATIENCE_S = 5
_ABANDONED_S = 3600
_BLOCK = 1 << 20


def add(path: str | PathLike, name: str | None = None) -> str:
    """Copy a file of weights into the library, once it has been verified.

    Nothing in the file is ever executed: it must be safetensors, and its config is bounded before
    anything is built from it. Takes a second or more: not on the main thread.

    Parameters
    ----------
    path : path-like
        Left as it is.
    name : str, optional
        The file's own name by default. Where it is taken, a number is added.

    Returns
    -------
    str
        The name under which the weights are known now.

    Raises
    ------
    WeightsError
        If the file is none of ours or damaged, cannot be copied, or the name cannot be one; the
        library is as it was.
    """
    from napari_itis.network.weights import verify

    path = Path(path)
    wanted = _name_from(path) if name is None else check_name(name)
    temporary = own_folder() / f".{secrets.token_hex(8)}.tmp"
    try:
        temporary.parent.mkdir(parents=True, exist_ok=True)
        _copy(path, temporary)
        # The copy: what is verified is what is kept. Nobody has to wait for that.
        verify(temporary)
        with _library() as folder:
            unique = _unused(wanted)
            temporary.replace(folder / f"{unique}{SUFFIX}")
    except WeightsError as error:
        raise WeightsError(str(error).replace(str(temporary), str(path))) from None
    except OSError as error:
        raise _not_written(path, error) from None
    finally:
        temporary.unlink(missing_ok=True)
    return unique


def rename(old: str, new: str) -> str:
    """Give weights of the library another name; returns it.

    Raises
    ------
    WeightsError
        If there are none of the old name, or the new one is taken or cannot be a name.
    """
    new = check_name(new)
    with _library() as folder:
        path = _own(old)
        # Another spelling of the same name is no other file where case does not count.
        if new.casefold() in _taken() - {old.casefold()}:
            raise WeightsError(f"there are weights {new!r} already: choose another name")
        _move(path, folder / f"{new}{SUFFIX}")
    return new


def delete(name: str) -> None:
    """Take weights out of the library; `restore` brings them back.

    Raises
    ------
    WeightsError
        If there are none of this name.
    """
    with _library() as folder:
        path = _own(name)
        deleted = _deleted(folder)
        number = deleted[-1][0] + 1 if deleted else 1
        bin_ = folder / "deleted"
        bin_.mkdir(exist_ok=True)
        _move(path, bin_ / f"{number:05}-{name}{SUFFIX}")
        for _, _, old in deleted[: max(0, len(deleted) + 1 - _KEPT)]:
            old.unlink(missing_ok=True)


def restore(name: str) -> str:
    """Bring back the weights of a name that were deleted last.

    The twenty that were deleted last are kept.

    Returns
    -------
    str
        Their name now: with a number where it was given away meanwhile.

    Raises
    ------
    WeightsError
        If there are none.
    """
    with _library() as folder:
        found = [path for _, known, path in _deleted(folder) if known == name]
        if not found:
            raise WeightsError(f"no weights {name!r} were deleted: nothing to bring back")
        unique = _unused(name)
        _move(found[-1], folder / f"{unique}{SUFFIX}")
    return unique


def export(name: str, path: str | PathLike, overwrite: bool = False) -> Path:
    """Write weights of the library to a file, for a colleague.

    Parameters
    ----------
    name : str
    path : path-like
        A file; .safetensors is added where it is missing.
    overwrite : bool
        Whether the file may be replaced.

    Returns
    -------
    Path
        What was written, whole.

    Raises
    ------
    WeightsError
        If there are none of this name, the file is there already, or it cannot be written.
    """
    source, path = _own(name), Path(path)
    if path.suffix.lower() != SUFFIX:
        path = path.with_name(path.name + SUFFIX)
    if path.is_dir() or (path.exists() and not overwrite):
        raise WeightsError(f"{path} exists: choose another name")
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        _copy(source, temporary)
        temporary.replace(path)
    except OSError as error:
        raise _not_written(path, error) from None
    finally:
        temporary.unlink(missing_ok=True)
    return path


def check_name(name: str) -> str:
    """Give back a name without the spaces around it, if it can be one.

    Raises
    ------
    WeightsError
        In one line, what a name looks like.
    """
    name = name.strip()
    if not _NAME.fullmatch(name) or len(name) > LONGEST_NAME or name.endswith(SUFFIX):
        raise WeightsError(
            f"{name[:80]!r} cannot be a name: use letters, digits, spaces and any of _ - + . ( ), "
            f"at most {LONGEST_NAME} of them"
        )
    if _RESERVED.fullmatch(name):
        raise WeightsError(f"{name!r} cannot be a name: Windows knows no such file")
    return name


@contextmanager
def _library() -> Iterator[Path]:
    """The folder, changed by nobody else meanwhile."""
    folder = own_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".lock", timeout=_PATIENCE_S, thread_local=False)
        with lock:
            for left in folder.glob(".*.tmp"):
                # Whoever wrote it was killed.
                if left.stat().st_mtime < time.time() - _ABANDONED_S:
                    left.unlink(missing_ok=True)
            yield folder
    except Timeout:
        raise WeightsError("another window is changing the weights: try again") from None
    except OSError as error:
        raise _not_written(folder, error) from None


def _own(name: str) -> Path:
    path = own_weights().get(name)
    if path is None:
        raise WeightsError(f"there are no weights {name!r} of your own")
    return path


def _taken() -> set[str]:
    return {name.casefold() for name in (*named_weights(), *own_weights())}


def _unused(name: str) -> str:
    taken, number, unique = _taken(), 2, name
    while unique.casefold() in taken:
        unique = f"{name} ({number})"
        number += 1
    return unique


def _name_from(path: Path) -> str:
    name = re.sub(r"[^\w .()+-]+", "-", path.name.removesuffix(SUFFIX)).lstrip(" .()+-")
    name = name[:LONGEST_NAME].rstrip(" .(-")
    return check_name(name) if name and not _RESERVED.fullmatch(name) else "weights"


def _deleted(folder: Path) -> list[tuple[int, str, Path]]:
    """Number, name and file of what was deleted, the oldest first."""
    found = []
    for path in (folder / "deleted").glob(f"*{SUFFIX}"):
        number, _, name = path.name.removesuffix(SUFFIX).partition("-")
        if number.isdecimal():
            found.append((int(number), name, path))
    return sorted(found)


def _move(path: Path, to: Path) -> None:
    try:
        path.rename(to)
    except OSError as error:
        raise _not_written(to, error) from None


def _copy(path: Path, to: Path) -> None:
    """Copy a file of bounded size, down to the disk."""
    if not path.is_file():
        raise WeightsError(f"no such file: {path}")
    size = path.stat().st_size
    if size > LARGEST_FILE:
        raise WeightsError(
            f"{path} has {size / 1e9:.1f} GB: weights of ours have {LARGEST_FILE >> 30} GB at most"
        )
    with path.open("rb") as source, to.open("wb") as target:
        while block := source.read(_BLOCK):
            target.write(block)
        target.flush()
        os.fsync(target.fileno())


def _not_written(path: Path, error: OSError) -> WeightsError:
    return WeightsError(f"cannot write {path}: {error.strerror or error}")
