"""What becomes of unsaved sessions when the user closes the window."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QFileDialog, QMessageBox, QWidget

from napari_itis.plugin.session_reader import SUFFIX
from napari_itis.plugin.writers import SavingError

if TYPE_CHECKING:
    from napari_itis.plugin.session_files import SessionFiles
    from napari_itis.plugin.workspace import Workspace


class Closing(Enum):
    """An answer."""

    SAVE = auto()
    LEAVE = auto()
    """Close without saving: an autosave is offered by the next window."""
    STAY = auto()


class AskUser:
    """The questions in dialogs of a window; tests answer in its place.

    Parameters
    ----------
    window : QWidget
    """

    def __init__(self, window: QWidget) -> None:
        self._window = window

    def closing(self, images: Sequence[str], autosaved: bool) -> Closing:
        """Ask what to do with the sessions of some images."""
        box = QMessageBox(self._window)
        box.setIcon(QMessageBox.Icon.Warning)
        names = ", ".join(f"“{name}”" for name in images)
        box.setText(f"What you have done on {names} is not saved.")
        if autosaved:
            box.setInformativeText("Left to the autosave, it is offered when napari is next open.")
        save = box.addButton("Save", QMessageBox.ButtonRole.AcceptRole)
        leave = box.addButton(
            "Leave to autosave" if autosaved else "Close without saving",
            QMessageBox.ButtonRole.DestructiveRole,
        )
        stay = box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(save)
        box.setEscapeButton(stay)
        box.exec()
        answers = {save: Closing.SAVE, leave: Closing.LEAVE}
        return answers.get(box.clickedButton(), Closing.STAY)

    def file(self, image: str, suggested: Path) -> Path | None:
        """Ask where to save the session of an image; None: nowhere."""
        chosen, _ = QFileDialog.getSaveFileName(
            self._window, f"Save the session of {image}", str(suggested), f"Sessions (*{SUFFIX})"
        )
        if not chosen:
            return None
        path = Path(chosen)
        return path if path.suffix == SUFFIX else path.with_name(path.name + SUFFIX)

    def failed(self, message: str) -> None:
        """Say that it could not be saved, and why."""
        QMessageBox.warning(self._window, "Not saved", message)


def may_close(files: SessionFiles, ask: AskUser) -> bool:
    """Ask what to do with unsaved sessions, and do it.

    Parameters
    ----------
    files : SessionFiles
    ask : AskUser

    Returns
    -------
    bool
        Whether the window may close.
    """
    files.take_over()
    unsaved = [one for one in files.controller.workspaces if files.is_unsaved(one)]
    if not unsaved:
        return True
    answer = ask.closing([one.name for one in unsaved], bool(files.autosaving.minutes()))
    if answer is Closing.SAVE:
        return all(_save(files, workspace, ask) for workspace in unsaved)
    return answer is Closing.LEAVE


def _save(files: SessionFiles, workspace: Workspace, ask: AskUser) -> bool:
    from napari_itis.plugin.session_saving import save_now

    path = files.kept(workspace).path
    if files.written_by_others(workspace):
        ask.failed(f"{path.name} was written by another window: choose where this session goes")
        path = None
    path = path or ask.file(workspace.name, files.suggested(workspace))
    if path is None:
        return False
    try:
        save_now(files, workspace, path)
    except SavingError as error:
        ask.failed(str(error))
        return False
    return True
