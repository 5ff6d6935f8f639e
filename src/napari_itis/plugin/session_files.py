"""Sessions of one viewer as files: saved, opened, and whether anything has changed since."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from pathlib import Path

from qtpy.QtCore import QObject, Signal

from napari_itis.annotation.archive import SessionFileError
from napari_itis.annotation.autosave import Autosave, LeftBehind
from napari_itis.annotation.storage import save_session
from napari_itis.plugin.autosaving import Autosaving
from napari_itis.plugin.background import Background
from napari_itis.plugin.controller import Controller
from napari_itis.plugin.exporting import Exporting
from napari_itis.plugin.lines import one_line
from napari_itis.plugin.questions import Ask, Question, ask_user
from napari_itis.plugin.readers import METADATA
from napari_itis.plugin.session_facts import session_facts
from napari_itis.plugin.session_opening import SessionOpening
from napari_itis.plugin.session_reader import SUFFIX
from napari_itis.plugin.workspace import Workspace

_NEVER = -1


@dataclass(eq=False)
class Kept:
    """What there is on the disk of the session of a workspace.

    Attributes
    ----------
    path : Path or None
        The user's file.
    saved : int
        `AnnotationSession.changes` of what is in it.
    stamp : int or None
        When the file was written, in nanoseconds: another window may write it too.
    autosave : Autosave or None
    autosaved : int
        As `saved`, of the autosave.
    """

    path: Path | None = None
    saved: int = 0
    stamp: int | None = None
    autosave: Autosave | None = None
    autosaved: int = 0


class SessionFiles(QObject):
    """What the docks and napari's reader do with session files. Main thread only.

    Parameters
    ----------
    controller : Controller
    ask : callable, optional
        Asks the user a `Question`.

    Attributes
    ----------
    autosaving : Autosaving
    exporting : Exporting
    """

    changed = Signal()
    """What is saved, offered or under way."""

    def __init__(self, controller: Controller, ask: Ask = ask_user) -> None:
        super().__init__()
        self.controller = controller
        self.ask = ask
        self._kept: weakref.WeakKeyDictionary[Workspace, Kept] = weakref.WeakKeyDictionary()
        self._saving: Background | None = None
        self._written_by_others: Path | None = None
        self._opening: SessionOpening | None = None
        self.autosaving = Autosaving(self)
        self.exporting = Exporting(self)
        self.autosaving.changed.connect(self.changed)
        self.exporting.changed.connect(self.changed)
        controller.changed.connect(self.changed)
        controller.layers_changed.connect(self.changed)

    # What there is.

    @property
    def path(self) -> Path | None:
        """The file of the session on screen."""
        workspace = self.controller.workspace
        return self.kept(workspace).path if workspace is not None else None

    @property
    def unsaved(self) -> bool:
        """Whether there is something in the session on screen that its file has not."""
        workspace = self.controller.workspace
        return workspace is not None and self.is_unsaved(workspace)

    @property
    def busy(self) -> str:
        """What is being done, in a word or two; empty: nothing."""
        if self._opening is not None:
            return "Opening …"
        return "Saving …" if self._saving is not None else ""

    def kept(self, workspace: Workspace) -> Kept:
        """What there is on the disk of a session."""
        return self._kept.setdefault(workspace, Kept())

    def is_unsaved(self, workspace: Workspace) -> bool:
        """Whether there is something in a session that its file has not."""
        kept, session = self.kept(workspace), workspace.session
        something = kept.path is not None or session.records or session.facts
        return session.changes != kept.saved and bool(something)

    def suggested(self, workspace: Workspace | None = None) -> Path:
        """A file for a session, that on screen by default: its own, or one beside the image."""
        workspace = workspace or self.controller.workspace
        path = self.kept(workspace).path if workspace is not None else None
        if workspace is None or path is not None:
            return path or Path(f"session{SUFFIX}")
        image = workspace.image
        known = (image.metadata.get(METADATA) if image is not None else None) or {}
        source = known.get("source")
        # Beside the masks of a video: a folder of frames belongs to its data set.
        beside = source.output if source is not None else Path(workspace.path or Path.home() / "a")
        folder = next((parent for parent in beside.parents if parent.is_dir()), Path.home())
        name = workspace.name.replace("/", "-").replace("\\", "-")
        return folder / f"{Path(name).stem if workspace.path else name}{SUFFIX}"

    # What a user does.

    def save(self, path: Path | None = None, *, overwrite: bool = False) -> None:
        """Save the session on screen, in the background.

        Parameters
        ----------
        path : Path, optional
            Replaced if it exists; the session's own file by default.
        overwrite : bool
            Also where another program has written the session's own file.
        """
        workspace = self.controller.workspace
        path = path or self.path
        if workspace is None or path is None:
            return
        if self._saving is not None:
            self.tell("A session is being saved: wait for that")
            return
        self.take_over()
        kept, session = self.kept(workspace), workspace.session
        snapshot, changes = session.snapshot(), session.changes
        gather = session_facts(self.controller, workspace)
        stamp = kept.stamp if path == kept.path and not overwrite else None

        def work(background: Background) -> None:
            if stamp is not None and _is_newer(path, stamp):
                background.tell(None)
                return
            try:
                save_session(path, snapshot, gather())
            except SessionFileError as error:
                raise RuntimeError(str(error).removeprefix("cannot save ")) from None
            except OSError as error:
                raise RuntimeError(f"{path}: {error.strerror or error}") from None
            background.tell(_stamp_of(path))

        def told(written: int | None) -> None:
            if written is None:
                self._written_by_others = path
                return
            self.saved(workspace, path, changes, written)
            self.tell(f"Session saved to {path.name}")
            if session.changes != changes:
                # Meanwhile the user has gone on.
                self.autosaving.save()

        self._saving = Background(work, told, self._on_saved, finish=True).start()
        self.changed.emit()

    def saved(
        self, workspace: Workspace, path: Path, changes: int, stamp: int | None = None
    ) -> None:
        """Take note that a session, as it was when it had so many changes, is in a file."""
        kept = self.kept(workspace)
        kept.path, kept.saved, kept.stamp = path, changes, stamp or _stamp_of(path)
        self.autosaving.forget(kept)
        self.changed.emit()

    def open(self, path: Path) -> None:
        """Open a session file on the image that it was made on, in the background.

        The image, and the masks that were corrected, are opened too if they are not, and the file
        says where they are. The user is asked before anything is lost.
        """
        self._open(SessionOpening(self, Path(path)))

    def restore(self, left: LeftBehind) -> None:
        """Open a session that a crash has left behind; it counts as not saved."""
        self._open(SessionOpening(self, left.path, left))

    def opened(self, workspace: Workspace, opening: SessionOpening, stamp: int) -> None:
        """Take note that a session is on screen; for the opening."""
        kept = self._kept[workspace] = Kept(autosave=opening.claimed)
        kept.saved = kept.autosaved = workspace.session.changes
        if opening.left is None:
            kept.path, kept.stamp = opening.path, stamp
        else:
            kept.saved = _NEVER
            self.autosaving.drop(opening.left)

    def tell(self, line: str) -> None:
        """Say something to the user, whether a dock is open or not."""
        if self.controller.attended:
            self.controller.notice.emit(line)
        else:
            from napari.utils.notifications import show_info

            show_info(line)

    def take_over(self) -> None:
        """Take over what was changed in the layers.

        Whatever goes wrong in that is told: it must keep nobody from saving what there is.
        """
        try:
            self.controller.take_over()
        except Exception as error:
            self.tell(f"What was changed last in the layers cannot be read: {one_line(error)}")

    def written_by_others(self, workspace: Workspace) -> bool:
        """Whether somebody else has written the file of a session since this window did."""
        kept = self.kept(workspace)
        return kept.path is not None and _is_newer(kept.path, kept.stamp)

    # Underneath.

    def _open(self, opening: SessionOpening) -> None:
        if self._opening is not None:
            self.tell("A session is being opened: wait for that")
            return
        self._opening = opening
        opening.ended.connect(self._on_opened)
        opening.begin()
        self.changed.emit()

    def _on_opened(self, message: str) -> None:
        self._opening = None
        if message:
            self.tell(message)
        self.changed.emit()

    def _on_saved(self, message: str) -> None:
        self._saving = None
        if message:
            self.tell(f"Session not saved: {message}")
        self.changed.emit()
        path, self._written_by_others = self._written_by_others, None
        if path is not None:
            self._ask_overwrite(path)

    def _ask_overwrite(self, path: Path) -> None:
        if self.ask(Question(f"{path.name} was written by another window. Replace it?", "Replace")):
            self.save(path, overwrite=True)
        else:
            self.tell(f"Session not saved: {path.name} stays as it is, choose another file")


def _is_newer(path: Path, stamp: int | None) -> bool:
    return _stamp_of(path) not in (stamp, None)


def _stamp_of(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None
