"""Opening session files by napari's own ways: dropped on the window, File > Open."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any

SUFFIX = ".itis"

Paths = str | PathLike[str] | list[str]


def get_reader(path: Paths) -> Callable[[Paths], list[tuple[Any, ...]]] | None:
    """Give a reader for a session file; None for everything else.

    Parameters
    ----------
    path : str, path-like or list of str
        Several paths to be stacked are left to others.

    Returns
    -------
    callable or None
    """
    if isinstance(path, list):
        if len(path) != 1:
            return None
        path = path[0]
    return read_session if str(path).lower().endswith(SUFFIX) else None


def read_session(path: Paths) -> list[tuple[Any, ...]]:
    """Put a session on the image that it fits, in the window that is in use.

    Returns
    -------
    list
        napari's sign for no layers: those of the plugin show the session, once it is read.

    Raises
    ------
    RuntimeError
        If napari has no window.
    """
    import napari
    from qtpy.QtCore import QTimer

    from napari_itis.plugin.controllers import session_files_of

    path = Path(path[0] if isinstance(path, list) else path)
    viewer = napari.current_viewer()
    if viewer is None:
        raise RuntimeError(f"{path.name} needs a napari window with its image in it")
    # Not now: napari is half way through opening files, the image may be one of them.
    QTimer.singleShot(0, lambda: session_files_of(viewer).open(path))
    return [(None,)]
