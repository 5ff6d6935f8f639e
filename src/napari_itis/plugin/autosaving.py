"""Autosaves of one viewer's sessions, and the offers of what others have left behind."""

from __future__ import annotations

import atexit
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QObject, QTimer, Signal
from qtpy.QtWidgets import QWidget

from napari_itis.annotation.autosave import Autosaves, LeftBehind, discard
from napari_itis.plugin.background import Background
from napari_itis.plugin.closing import closed_by_user
from napari_itis.plugin.questions import Question
from napari_itis.plugin.session_closing import AskUser, may_close
from napari_itis.plugin.session_facts import session_facts
from napari_itis.plugin.settings import autosave_minutes

if TYPE_CHECKING:
    from napari_itis.plugin.session_files import Kept, SessionFiles

_TICK_MS = 5_000
_PATIENCE = 30.0

# Those that hold files on the disk: what closes a window deletes everything else of it.
_unfinished: set[Autosaving] = set()


class Autosaving(QObject):
    """Saves what has changed every minute and when the window closes. Main thread only.

    Parameters
    ----------
    files : SessionFiles

    Attributes
    ----------
    minutes : callable
        Returns the minutes between two autosaves; 0: none, not even when the window closes.
    ask : AskUser or None
        Who answers what becomes of unsaved sessions; None: dialogs of the window that is closed.
    active : bool
        Off for a window in which a script works: nothing is saved by itself, or offered.
    offers : list of LeftBehind
        Sessions of processes that are gone, the newest first; what the user was not asked about.
    """

    changed = Signal()

    def __init__(self, files: SessionFiles) -> None:
        super().__init__()
        self.minutes = autosave_minutes
        self.ask: AskUser | None = None
        self.active = True
        self.offers: list[LeftBehind] = []
        self.autosaves = Autosaves()
        self._files = files
        self._running: Background | None = None
        self._looking: Background | None = None
        self._window: QWidget | None = None
        self._finished = False
        self._last = time.monotonic()
        self._timer = QTimer(self, interval=_TICK_MS)
        self._timer.timeout.connect(self._on_tick)

    # A window.

    def watch(self, window: QWidget) -> None:
        """Autosave until this window closes, and look for what others have left behind."""
        if self.active and self._window is None and not self._finished:
            self._window = window
            window.installEventFilter(self)
            self._timer.start()
            self.look()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Notice that the window is being closed; it stays if the user decides so."""
        if event.type() == QEvent.Type.Close:
            if closed_by_user() and not may_close(self._files, self.ask or AskUser(watched)):
                event.ignore()
                return True
            self.save()
            _unfinished.add(self)
            # Somebody may still be asked, and stay.
            QTimer.singleShot(0, self._on_close)
        return False

    def finish(self) -> None:
        """The window is gone: what was not saved counts as left behind from now on."""
        if self._finished:
            return
        self._finished = True
        self._timer.stop()
        saving = self._running

        def work(_background: Background) -> None:
            if saving is not None:
                saving.wait(_PATIENCE)
            self.autosaves.close()

        self._running = Background(work, _ignore, lambda _: _unfinished.discard(self)).start()

    def wait(self, timeout: float = _PATIENCE) -> None:
        """Let what is being saved get onto the disk."""
        if self._running is not None:
            self._running.wait(timeout)

    # Saving.

    def save(self) -> None:
        """Autosave every session that has changed since it was saved, in the background."""
        files, controller = self._files, self._files.controller
        if self._finished or not self.minutes():
            return
        self._last = time.monotonic()
        files.take_over()
        due: list[tuple[Any, ...]] = []
        for workspace in controller.workspaces:
            kept, session = files.kept(workspace), workspace.session
            if not files.is_unsaved(workspace):
                self.forget(kept)
            elif kept.autosave is None or kept.autosaved != session.changes:
                kept.autosave = kept.autosave or self.autosaves.new(workspace.name)
                facts = session_facts(controller, workspace)
                # Until the thread comes to it, it may be saved properly, and forgotten.
                autosave = partial(kept.autosave.save, discarded=kept.autosave.discarded)
                due.append((kept, session.changes, session.snapshot(), facts, autosave))
        if not due:
            return
        _unfinished.add(self)
        before = self._running

        def work(background: Background) -> None:
            if before is not None:
                before.wait(_PATIENCE)
            for kept, changes, snapshot, facts, autosave in due:
                autosave(snapshot, facts())
                background.tell((kept, changes))

        saving = Background(work, self._on_saved, lambda line: self._on_saved_all(saving, line))
        self._running = saving.start()

    def forget(self, kept: Kept) -> None:
        """Delete the autosave of a session: it was saved properly, or nothing is in it."""
        if kept.autosave is not None:
            kept.autosave.discard()
            kept.autosave = None

    # What others have left behind.

    def look(self) -> None:
        """Look for sessions that were not saved, in the background."""
        autosaves = self.autosaves

        def work(background: Background) -> None:
            autosaves.prune()
            background.tell([left for left in autosaves.left_behind() if left.metadata])

        self._looking = Background(work, self._on_found, _ignore).start()

    def restore(self) -> None:
        """Open the newest session on offer."""
        if self.offers:
            self._files.restore(self.offers[0])

    def discard(self) -> None:
        """Delete the newest session on offer, if the user is sure."""
        if not self.offers:
            return
        left = self.offers[0]
        text = f"Delete the session of {describe(left)}? It cannot be brought back."
        if self._files.ask(Question(text, "Delete")):
            discard(left.path)
            self.drop(left)

    def later(self) -> None:
        """Offer nothing any more until the next start."""
        self.offers = []
        self.changed.emit()

    def drop(self, left: LeftBehind) -> None:
        """Offer a session no more: it is here, or gone."""
        self.offers = [other for other in self.offers if other.path != left.path]
        self.changed.emit()

    # Underneath.

    def _on_tick(self) -> None:
        minutes = self.minutes()
        idle = self._running is None
        if minutes and idle and time.monotonic() - self._last >= 60 * minutes:
            self.save()

    def _on_close(self) -> None:
        try:
            closed = not self._window.isVisible()
        except RuntimeError:
            closed = True
        if closed:
            self.finish()

    def _on_found(self, found: list[LeftBehind]) -> None:
        self.offers = found
        self.changed.emit()

    def _on_saved(self, done: tuple[Kept, int]) -> None:
        kept, changes = done
        kept.autosaved = changes
        if changes <= kept.saved:
            # It was saved properly meanwhile.
            self.forget(kept)

    def _on_saved_all(self, saving: Background, message: str) -> None:
        # Another one may have begun that waits for this one.
        if not self._finished and self._running is saving:
            self._running = None
        if message:
            self._files.tell(f"The session could not be autosaved: {message}")


def describe(left: LeftBehind) -> str:
    """A session that was left behind in some words: image and time."""
    saved = left.saved.astimezone()
    today = saved.date() == saved.now().date()
    return f"“{left.metadata.image.name}”, {saved:%H:%M}" + ("" if today else f" on {saved:%b %d}")


def _ignore(_value: object) -> None:
    """Nobody has to know."""


@atexit.register
def _finish_all() -> None:
    # Threads die with the interpreter: what they write would be lost.
    for autosaving in list(_unfinished):
        autosaving.finish()
        autosaving.wait()
