"""The inference thread: one per viewer, for as long as the viewer lives."""

from __future__ import annotations

import atexit
import threading
import weakref
from collections.abc import Hashable
from typing import Any

from qtpy.QtCore import QObject, Signal

from napari_itis.inference import Prediction
from napari_itis.plugin.jobs import Job, Slot
from napari_itis.plugin.lines import one_line
from napari_itis.plugin.predictors import (
    PredictorFactory,
    PredictorLike,
    PredictorOptions,
    make_predictor,
)
from napari_itis.plugin.preview import Seen, draw_seen
from napari_itis.plugin.tasks import Task


class InferenceWorker(QObject):
    """Predicts masks in one thread of its own and hands them back through Qt signals.

    There is one pending slot per owner, frame and object. A newer job replaces the older one in
    its slot, the slot on screen goes first, and every slot is served in the end. Tasks go on, a
    step at a time, while no job waits.

    Parameters
    ----------
    factory : callable, optional
        Makes the predictor, in the thread.
    """

    finished = Signal(object, object)
    """(Job, Result): a mask is there."""
    failed = Signal(object, str)
    """(Job, message): a prediction went wrong; the thread goes on."""
    stepped = Signal(object, object)
    """(Task, value): a task has done a step."""
    ended = Signal(object, str)
    """(Task, message): a task is through; the message says what went wrong, if anything did."""
    loading = Signal()
    """The network is being loaded."""
    ready = Signal(str, str)
    """(device, weights): the network can be used."""
    unusable = Signal(str)
    """(message): the network cannot be loaded; jobs wait until :meth:`configure`."""
    previewed = Signal()
    """What the network saw last was drawn: :attr:`seen`."""
    notice = Signal(str)
    """(message): something the user should know, such as a fallback to the CPU."""

    def __init__(self, factory: PredictorFactory = make_predictor) -> None:
        super().__init__()
        self._factory = factory
        self._options = PredictorOptions()
        self._jobs: dict[Slot, Job] = {}
        self._tasks: list[Task] = []
        self._first: Slot | None = None
        self._changed = threading.Condition()
        self._stopping = False
        self._outdated = True
        self._current: Job | None = None
        self._thread: threading.Thread | None = None
        self.predictions = 0
        self.seen: Seen | None = None

    @property
    def waiting(self) -> int:
        """Predictions that are wanted or under way."""
        with self._changed:
            return len(self._jobs) + (self._current is not None)

    @property
    def options(self) -> PredictorOptions:
        return self._options

    def start(self) -> None:
        """Start the thread, which loads the network at once; does nothing where it runs."""
        if self._thread is None and not self._stopping:
            self._thread = threading.Thread(target=self._run, name="itis-inference", daemon=True)
            self._thread.start()
            _stop_at_exit(self)

    def configure(self, options: PredictorOptions) -> None:
        """Use another network, device or setting from the next job on."""
        with self._changed:
            if options != self._options:
                self._options = options
                self._outdated = True
                self._changed.notify()

    def submit(self, job: Job) -> None:
        """Want a prediction; an older job in the same slot is not wanted any more."""
        with self._changed:
            if self._current is not None and self._current.asks_the_same(job):
                self._jobs.pop(job.slot, None)
                return
            self._jobs[job.slot] = job
            self._changed.notify()

    def cancel(self, slot: Slot) -> None:
        """Want nothing any more for a slot."""
        with self._changed:
            self._jobs.pop(slot, None)

    def begin(self, task: Task) -> None:
        """Do a task; `stepped` and `ended` say how it goes."""
        with self._changed:
            self._tasks.append(task)
            self._changed.notify()

    def pause(self, task: Task, paused: bool) -> None:
        """Let a task wait, or go on."""
        with self._changed:
            task.paused = paused
            self._changed.notify()

    def abandon(self, task: Task) -> None:
        """Want nothing any more of a task; no signal speaks of it from now on."""
        with self._changed:
            task.cancelled = True
            self._changed.notify()

    def look_at(self, owner: Hashable, frame: Hashable, label: int) -> None:
        """Say what is on screen: its slot is served first, then the rest of its frame."""
        with self._changed:
            self._first = (owner, frame, label)

    def stop(self, timeout: float = 0.0) -> None:
        """End the thread after the prediction under way.

        Parameters
        ----------
        timeout : float
            Seconds to wait for it.
        """
        with self._changed:
            self._stopping = True
            self._jobs.clear()
            self._changed.notify()
        if timeout and self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)

    # In the thread.

    def _run(self) -> None:
        predictor: PredictorLike | None = None
        shown: tuple[Any, ...] | None = None
        while True:
            job = task = None
            with self._changed:
                while not (self._stopping or self._outdated or (predictor and self._has_work())):
                    self._changed.wait()
                if self._stopping:
                    return
                reload, self._outdated = self._outdated, False
                options = self._options
                if not reload and self._jobs:
                    job = self._jobs.pop(self._next_slot())
                elif not reload:
                    task = self._next_task()
                self._current = job
            if reload:
                predictor, shown = None, None
                predictor = self._load(options)
            elif job is not None:
                shown = self._serve(predictor, job, shown)
            else:
                # It looks at images of its own.
                shown = None
                self._advance(predictor, task)

    def _serve(
        self, predictor: PredictorLike, job: Job, shown: tuple[Any, ...] | None
    ) -> tuple[Any, ...] | None:
        """Do a job; returns what image the predictor has now."""
        try:
            if shown != job.plane.key:
                # Forgotten first: a plane that cannot be read leaves no image set.
                shown = None
                predictor.set_image(
                    job.plane.picture(),
                    contrast_limits=job.plane.contrast_limits,
                    key=job.plane.key,
                )
                shown = job.plane.key
            device = str(predictor.device)
            result, prediction = job.answer(predictor)
            if str(predictor.device) != device:
                # Out of memory: the predictor goes on with the CPU.
                self._emit(self.ready, str(predictor.device), str(predictor.weights))
        except Exception as error:
            self._done(self.failed, job, one_line(error))
        else:
            self._done(self.finished, job, result)
            self._draw(predictor, job, prediction)
        return shown

    def _draw(self, predictor: PredictorLike, job: Job, prediction: Prediction) -> None:
        """Draw what the network saw: after its answer is on its way."""
        try:
            seen = draw_seen(predictor, job, prediction)
        except Exception:
            # A picture that cannot be drawn is no reason to lose the mask.
            return
        if seen is not None:
            self.seen = seen
            self._emit(self.previewed)

    def _advance(self, predictor: PredictorLike, task: Task) -> None:
        """Do a step of a task, or clear away one that is not wanted any more."""
        over, message, value = task.cancelled, "", None
        if not over:
            try:
                value = task.advance(predictor)
            except StopIteration:
                over = True
            except Exception as error:
                over, message = True, one_line(error)
        if over:
            with self._changed:
                self._tasks.remove(task)
            task.close()
        if not (task.cancelled or self._stopping):
            self._emit(*((self.ended, task, message) if over else (self.stepped, task, value)))

    def _has_work(self) -> bool:
        return bool(self._jobs) or self._next_task() is not None

    def _next_task(self) -> Task | None:
        gone = next((task for task in self._tasks if task.cancelled), None)
        ready = [task for task in self._tasks if not task.paused]
        return gone or max(ready, key=lambda task: task.urgency, default=None)

    def _next_slot(self) -> Slot:
        if self._first is not None:
            if self._first in self._jobs:
                return self._first
            for slot in self._jobs:
                if slot[:2] == self._first[:2]:
                    return slot
        return next(iter(self._jobs))

    def _load(self, options: PredictorOptions) -> PredictorLike | None:
        self._emit(self.loading)
        try:
            predictor = self._factory(options, lambda text: self._emit(self.notice, text))
        except Exception as error:
            self._emit(self.unusable, one_line(error))
            return None
        self._emit(self.ready, str(predictor.device), str(predictor.weights))
        return predictor

    def _done(self, signal: Any, job: Job, outcome: Any) -> None:
        with self._changed:
            self._current = None
            self.predictions += 1
            # A window that is closing wants nothing any more.
            if self._stopping:
                return
        self._emit(signal, job, outcome)

    def _emit(self, signal: Any, *values: Any) -> None:
        try:
            signal.emit(*values)
        except RuntimeError:
            # Qt has deleted its half of this object with the window.
            self._stopping = True


def _stop_at_exit(worker: InferenceWorker) -> None:
    # A thread that still runs torch while the interpreter goes down crashes the process.
    reference = weakref.ref(worker)

    def stop() -> None:
        alive = reference()
        if alive is not None:
            alive.stop(timeout=10)

    atexit.register(stop)
