"""The library of a user's own weights: a folder of .safetensors files, by their names.

`own_weights` lists it; `find_weights` and the docks know the names at once. Without PyTorch, but
for `add`.
"""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from napari_itis.network.names import own_weights

__all__ = ["add", "check_name", "delete", "export", "own_weights", "rename", "restore"]


def add(path: str | PathLike, name: str | None = None) -> str:
    """Copy a file of weights into the library, once it has been verified.

    Nothing in the file is ever executed: it must be safetensors, its sizes are compared with its
    own config before a value is read. Takes a second or more: not on the main thread.

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
        If the file is none of ours or damaged, or the name cannot be one; the library is as it was.
    OSError
        If it cannot be copied.
    """
    raise NotImplementedError


def rename(old: str, new: str) -> str:
    """Give weights of the library another name; returns it.

    Raises
    ------
    WeightsError
        If there are none of the old name, or the new one is taken or cannot be a name.
    """
    raise NotImplementedError


def delete(name: str) -> None:
    """Take weights out of the library; `restore` brings them back.

    Raises
    ------
    WeightsError
        If there are none of this name.
    """
    raise NotImplementedError


def restore(name: str) -> str:
    """Bring back the weights of a name that were deleted last.

    Returns
    -------
    str
        Their name now: with a number where it was given away meanwhile.

    Raises
    ------
    WeightsError
        If there are none.
    """
    raise NotImplementedError


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
        What was written.

    Raises
    ------
    WeightsError
        If there are none of this name, or the file is there already.
    """
    raise NotImplementedError


def check_name(name: str) -> str:
    """Give back a name without the spaces around it, if it can be one.

    Raises
    ------
    WeightsError
        In one line, what a name looks like.
    """
    raise NotImplementedError
