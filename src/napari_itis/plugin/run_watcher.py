"""Reads what trainings leave on the disk, in a thread, and hands on only what has changed."""

from __future__ import annotations

import threading
import tomllib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from napari_itis.plugin.background import Background
from napari_itis.runs import Curves, Status, prediction_strips, read_curves, read_output
from napari_itis.runs.folder import LOG, OUTPUT, VALIDATION

_TICK = 0.5
_LIST_TICKS = 4


@dataclass(frozen=True)
class RunView:
    """What there is to see of a training.

    Attributes
    ----------
    folder : Path
    name : str
    status : Status
    curves : Curves or None
        None where they have not changed since the last view.
    output : str
        The end of what it printed.
    pictures : tuple of Path
        Of predictions, oldest first.
    weights : Path or None
    start : str
        What it started from, as in its config.
    """

    folder: Path
    name: str
    status: Status
    curves: Curves | None = None
    output: str = ""
    pictures: tuple[Path, ...] = ()
    weights: Path | None = None
    start: str = ""


@dataclass(frozen=True)
class RunFacts:
    """A training in the list of all."""

    folder: Path
    name: str
    status: Status


class RunWatcher:
    """Watches one training closely and the list of all now and then. Main thread only.

    Parameters
    ----------
    list_runs : callable
        Lists `Run` objects.
    on_view : callable
        Called in the main thread with a `RunView` whenever something of the run has changed.
    on_list : callable
        Called in the main thread with a tuple of `RunFacts` whenever the list has changed.
    on_end : callable
        Called in the main thread when it has ended, with what went wrong or an empty line.
    """

    def __init__(
        self,
        list_runs: Callable[[], list[Any]],
        on_view: Callable[[RunView], object],
        on_list: Callable[[tuple[RunFacts, ...]], object],
        on_end: Callable[[str], object],
    ) -> None:
        self._list_runs = list_runs
        self._on_view, self._on_list, self._on_end = on_view, on_list, on_end
        self._wanted: _Look | None = None
        self._wake = threading.Event()
        self._background: Background | None = None

    def start(self) -> None:
        """Begin; once is enough."""
        if self._background is None:
            self._background = Background(self._work, self._told, self._on_end).start()

    def stop(self) -> None:
        """Watch no more."""
        if self._background is not None:
            self._background.stop()
            self._wake.set()
            self._background = None

    def watch(self, run: Any) -> None:
        """Watch this run closely from now on; None: none."""
        # A new one, so that everything is told again.
        self._wanted = None if run is None else _Look(run)
        self.look()

    def look(self) -> None:
        """Look at everything at once: something has just been done."""
        self._wake.set()

    def _told(self, what: RunView | tuple[RunFacts, ...]) -> None:
        if isinstance(what, tuple):
            self._on_list(what)
        elif self._wanted is not None and what.folder == self._wanted.run.folder:
            self._on_view(what)

    # In the thread.

    def _work(self, background: Background) -> None:
        listed: tuple[RunFacts, ...] | None = None
        ticks = 0
        while not background.stopped:
            woken = self._wake.is_set()
            self._wake.clear()
            # A folder may be moved or deleted while it is read: the next look tells.
            with suppress(OSError):
                if woken or ticks % _LIST_TICKS == 0:
                    facts = self._list()
                    if facts != listed:
                        listed = facts
                        background.tell(facts)
                wanted = self._wanted
                view = None if wanted is None else wanted.again()
                if view is not None:
                    background.tell(view)
            ticks += 1
            self._wake.wait(_TICK)

    def _list(self) -> tuple[RunFacts, ...]:
        return tuple(RunFacts(run.folder, run.name, _status(run)) for run in self._list_runs())


class _Look:
    """Looks at one run again and again."""

    def __init__(self, run: Any) -> None:
        self.run = run
        self._stamps: dict[str, Any] = {}
        self._last: RunView | None = None
        self._output = self._start = ""

    def again(self) -> RunView | None:
        """What there is to see, or None if it is what there was."""
        run, folder = self.run, self.run.folder
        changed = [self._changed(folder / name) for name in (LOG, VALIDATION)]
        curves = read_curves(folder) if any(changed) else None
        if self._changed(folder / OUTPUT):
            self._output = read_output(folder)
        view = RunView(
            folder,
            run.name,
            _status(run),
            None,
            self._output,
            tuple(prediction_strips(folder)),
            run.weights,
            self._start or _start(run.config),
        )
        self._start = view.start
        if curves is None and view == self._last:
            return None
        self._last = view
        return replace(view, curves=curves)

    def _changed(self, path: Path) -> bool:
        try:
            stat = path.stat()
            stamp: Any = (stat.st_mtime_ns, stat.st_size)
        except OSError:
            stamp = None
        known = self._stamps.get(path.name, "never")
        self._stamps[path.name] = stamp
        return stamp != known and (stamp is not None or known != "never")


def _status(run: Any) -> Status:
    # One that nobody can look at must not hide the others.
    try:
        if not run.folder.is_dir():
            return Status("failed", message="its folder was moved or deleted: take it off the list")
        return run.status()
    except OSError as error:
        reason = error.strerror or error
        return Status("failed", message=f"{error.filename or run.folder} cannot be read: {reason}")


def _start(config: Path) -> str:
    try:
        return str(tomllib.loads(config.read_text("utf-8")).get("start", ""))
    except (OSError, ValueError):
        return ""
