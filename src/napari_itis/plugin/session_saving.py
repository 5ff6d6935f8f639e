"""Saving a session in one go: from napari's menu, and before a window closes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari_itis.annotation.archive import SessionFileError
from napari_itis.annotation.storage import save_session
from napari_itis.plugin.session_facts import session_facts
from napari_itis.plugin.session_files import SessionFiles
from napari_itis.plugin.workspace import Workspace
from napari_itis.plugin.writers import SavingError


def save_now(files: SessionFiles, workspace: Workspace, path: Path) -> None:
    """Save a session; the window waits for it. The file is the session's own one from then on.

    Parameters
    ----------
    files : SessionFiles
    workspace : Workspace
    path : Path
        Replaced if it exists: ask before.

    Raises
    ------
    SavingError
        If it cannot be written, in one line.
    """
    files.take_over()
    changes = workspace.session.changes
    facts = session_facts(files.controller, workspace)
    try:
        save_session(path, workspace.session, facts())
    except SessionFileError as error:
        raise SavingError(str(error)) from None
    except OSError as error:
        raise SavingError(f"cannot save {path}: {error.strerror or error}") from None
    files.saved(workspace, path, changes)


def write_session(path: str, layers: list[tuple[Any, dict[str, Any], str]]) -> list[str]:
    """Save the session that layers of the plugin show: napari's writer of session files.

    Parameters
    ----------
    path : str
    layers : list of tuple
        Data, attributes and type of each; one of them is a mask layer of the plugin.

    Returns
    -------
    list of str
        The file.

    Raises
    ------
    SavingError
        If none of the layers is one of the plugin's, or it cannot be written.
    """
    from napari_itis.plugin.controllers import all_session_files

    for files in all_session_files():
        for workspace in files.controller.workspaces:
            mask = workspace.layers.mask
            if mask is not None and any(data is mask.data for data, _, _ in layers):
                save_now(files, workspace, Path(path))
                return [path]
    raise SavingError(
        f"{Path(path).name} would be a session: select the mask layer that the ITIS dock has made"
    )
