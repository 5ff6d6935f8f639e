"""Trainings of a window: what is set up, what runs, what came out. No widget code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QWidget

from napari_itis.plugin.background import Background
from napari_itis.plugin.closing import BeforeClosing
from napari_itis.plugin.questions import Ask, Choice, Choose, Question, ask_user, choose_user
from napari_itis.plugin.run_watcher import RunFacts, RunView, RunWatcher
from napari_itis.plugin.training_backend import TrainingBackend
from napari_itis.plugin.training_comparison import TrainingComparison
from napari_itis.plugin.training_setup import TrainingSetup
from napari_itis.plugin.weights_list import choose_weights, weights_list
from napari_itis.runs import Curves, Status

if TYPE_CHECKING:
    from napari.components import ViewerModel

LIVE = ("starting", "running", "stopping")
_LIBRARY = "library-name"


def _ignore(_value: object) -> None:
    """Nobody has to know."""


class TrainingController(QObject):
    """What the training dock of a viewer shows and asks. Main thread only.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    backend : TrainingBackend, optional

    Attributes
    ----------
    setup : TrainingSetup
    comparison : TrainingComparison
    runs : tuple of RunFacts
        All trainings that are known, the newest first.
    view : RunView or None
        Of the training that is shown; None: a new one is set up.
    curves : Curves or None
    using : bool
        Whether its weights are being put into the library.
    ask, choose : callable
        Put questions to the user.
    """

    changed = Signal()
    """Something about the training that is shown, or the list of all."""
    notice = Signal(str)

    def __init__(self, viewer: ViewerModel, backend: Any = None) -> None:
        super().__init__()
        self.viewer = viewer
        self.backend = TrainingBackend() if backend is None else backend
        self.ask: Ask = ask_user
        self.choose: Choose = choose_user
        self.setup = TrainingSetup(viewer, self.backend)
        self.comparison = TrainingComparison(self.backend)
        for part in (self.setup, self.comparison):
            part.changed.connect(self.changed)
            part.notice.connect(self.notice)
        self.setup.started.connect(self._on_started)
        self.runs: tuple[RunFacts, ...] = ()
        self.view: RunView | None = None
        self.curves: Curves | None = None
        self.using = False
        self._run: Any = None
        self._mine: set[Path] = set()
        self._listed = False
        self._asked_to_stop = False
        self._closing: BeforeClosing | None = None
        self._tasks: list[Background] = []
        self._watcher = RunWatcher(
            self.backend.known_runs, self._on_view, self._on_runs, self._on_unwatched
        )

    @property
    def state(self) -> str:
        """One word: empty, ready, checking; starting, running, stopping, stopped, failed, done.

        And for a training that is done or stopped: comparing, compared.
        """
        if self._run is None:
            if self.setup.busy:
                return "checking"
            return "ready" if self.setup.draft.has_data else "empty"
        if self.comparison.busy:
            return "comparing"
        state = self.status.state
        if state == "running" and self._asked_to_stop:
            return "stopping"
        return "compared" if state == "done" and self.comparison.result is not None else state

    @property
    def status(self) -> Status:
        """Of the training that is shown."""
        return Status() if self.view is None else self.view.status

    @property
    def run(self) -> Any:
        """The training that is shown; None: a new one is set up."""
        return self._run

    @property
    def folder(self) -> Path:
        """Of the training that is shown, or where a new one is kept."""
        if self._run is not None:
            return self._run.folder
        return self.setup.home or self.backend.home()

    # Windows.

    def attach(self, window: QWidget | None) -> None:
        """A dock is open: watch the trainings, and ask before this window closes."""
        self._watcher.start()
        self._watcher.look()
        self.setup.look_at_viewer()
        if window is not None and self._closing is None:
            self._closing = BeforeClosing(window, self.may_close, self.close)

    def may_close(self) -> bool:
        """Ask what becomes of trainings that run; False: the window stays."""
        running = [
            one for one in self.runs if one.status.state in LIVE and one.folder in self._mine
        ]
        if not running:
            return True
        names = " and ".join(f"“{one.name}”" for one in running)
        answers = ("Leave it running", "Stop it")
        reasons = (
            "Left running, it is found again when this dock is opened the next time",
            "Stopped, it writes a checkpoint first and can be resumed",
        )
        answer = self.choose(Choice(f"The training {names} is still running.", answers, reasons))
        if answer == 1:
            for one in running:
                self.backend.run(one.folder).stop()
        if answer is not None:
            # Of a window that is closed twice, the user is asked once.
            self._mine.clear()
        return answer is not None

    def close(self) -> None:
        """The window is gone: nothing is watched or compared any more."""
        self._watcher.stop()
        self.setup.close()
        self.comparison.close()

    # Which training is shown.

    def show_new(self) -> None:
        """Set up a new training."""
        self._show(None)

    def show_run(self, folder: Path) -> None:
        """Show a training."""
        self._show(self.backend.run(folder))

    def set_up_again(self) -> None:
        """Set up a new training with the settings of the one that is shown."""
        path = self._run.config
        self._show(None)
        self.setup.load(path)

    # What is done with it.

    def stop(self) -> None:
        """Ask for a checkpoint and the end."""
        self._asked_to_stop = True
        self._do(self._run.stop)
        self.changed.emit()

    def kill(self) -> None:
        """End it at once, if the user is sure."""
        step = self.status.checkpoint_step
        what = f"Its last checkpoint is of step {step}" if step else "It has no checkpoint yet"
        if self.ask(Question("End the training without a checkpoint?", "End it", (what,))):
            self._do(self._run.kill)

    def resume(self) -> None:
        """Go on from the checkpoint."""
        run, backend = self._run, self.backend
        if self.view is not None:
            # At once: whoever presses twice starts it once.
            starting = replace(self.view.status, state="starting", message="")
            self.view = replace(self.view, status=starting)
        self._mine.add(run.folder)

        def on_end(message: str) -> None:
            self._on_done(message)
            if message:
                self.show_run(run.folder)

        self._later(lambda: backend.start(run.config, run.folder, resume=True), on_end)
        self.changed.emit()

    def forget(self) -> None:
        """Take it off the list; its folder stays."""
        run = self._run
        self._do(lambda: self.backend.forget(run))
        self._show(None)

    def compare(self, old: str) -> None:
        """Compare its weights with others."""
        if self.view is not None and self.view.weights is not None:
            self.comparison.begin(old, self.view.weights)

    def use(self) -> None:
        """Put its weights into the library, and click with them from now on."""
        if self.using or self.view is None or self.view.weights is None:
            return
        self.using = True
        view, backend, named = self.view, self.backend, []

        def work() -> None:
            note = view.folder / _LIBRARY
            kept = note.read_text("utf-8") if note.is_file() else ""
            if kept not in backend.own_weights():
                kept = backend.add_weights(view.weights, view.name)
                note.write_text(kept, "utf-8")
            named.append(kept)

        def on_end(message: str) -> None:
            self.using = False
            if named:
                self._choose(named[0])
            else:
                self.notice.emit(f"The weights cannot be used: {message}")
            self.changed.emit()

        self._later(work, on_end)
        self.changed.emit()

    # Underneath.

    def _choose(self, name: str) -> None:
        weights_list().changed.emit()
        try:
            choose_weights(self.viewer, name)
        except ValueError as error:
            self.notice.emit(str(error))
        else:
            self.notice.emit(f"Segmentation uses “{name}” now; it is in the list of weights there")

    def _show(self, run: Any) -> None:
        self._run, self.view, self.curves = run, None, None
        if run is not None and all(one.folder != run.folder for one in self.runs):
            self.runs = (RunFacts(run.folder, run.folder.name, Status()), *self.runs)
        self._asked_to_stop = False
        self.comparison.show(None if run is None else run.folder)
        self._watcher.watch(run)
        self.changed.emit()

    def _on_started(self, run: Any) -> None:
        self._mine.add(run.folder)
        self._show(run)

    def _on_view(self, view: RunView) -> None:
        if view.curves is not None:
            self.curves = view.curves
        self.view = view
        # The list is looked at less often.
        facts = RunFacts(view.folder, view.name, view.status)
        self.runs = tuple(facts if one.folder == view.folder else one for one in self.runs)
        if view.status.ended:
            self._asked_to_stop = False
            self._later(lambda: self.backend.mark_seen(view.folder, view.status))
        elif view.status.state in LIVE:
            self._mine.add(view.folder)
        self.changed.emit()

    def _on_runs(self, runs: tuple[RunFacts, ...]) -> None:
        self.runs = runs
        if not self._listed:
            self._listed = True
            self._find_again()
        self.changed.emit()

    def _find_again(self) -> None:
        """Show what runs, or what has ended while nobody looked."""
        if self._run is not None or self.setup.draft.has_data:
            return
        running = [one for one in self.runs if one.status.state in LIVE]
        ended = [
            one
            for one in self.runs
            if one.status.ended and not self.backend.is_seen(one.folder, one.status)
        ]
        for one in [*running, *ended][:1]:
            self.show_run(one.folder)

    def _on_unwatched(self, message: str) -> None:
        if message:
            self.notice.emit(f"Trainings cannot be watched: {message}; open the dock again")
            self._watcher.stop()

    def _do(self, work: Callable[[], object]) -> None:
        """Something that takes files, in a thread; what goes wrong is told."""
        self._later(work, self._on_done)

    def _on_done(self, message: str) -> None:
        if message:
            self._asked_to_stop = False
            self.notice.emit(message)
        self._watcher.look()
        self.changed.emit()

    def _later(self, work: Callable[[], object], on_end: Callable[[str], object] = _ignore) -> None:
        self._tasks = [task for task in self._tasks if task.alive]
        self._tasks.append(Background(lambda _background: work(), _ignore, on_end).start())
