"""The inference thread: one per viewer, for as long as the viewer lives."""

from __future__ import annotations

import atexit
import os
import threading
import time
import weakref
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_itis.annotation import PackedMask, Request, Result
from napari_itis.plugin.image_source import Plane

Slot = tuple[Hashable, ...]


class PredictorLike(Protocol):
    """What the thread needs of a :class:`napari_itis.inference.Predictor`."""

    device: Any
    weights: Any

    def set_image(
        self,
        image: np.ndarray,
        *,
        contrast_limits: tuple[float, float] | None = None,
        key: Hashable = None,
    ) -> None: ...

    def predict(self, clicks: Any, mask: np.ndarray | None = None, *, seen: int = 0) -> Any: ...


@dataclass(frozen=True, slots=True)
class PredictorOptions:
    """How the predictor is to be made.

    Parameters
    ----------
    weights : str, optional
        Name or file; None for the default weights.
    device : str
        auto, cpu, cuda or mps.
    zoom_in : bool
        Whether later clicks look at the region around the object.
    """

    weights: str | None = None
    device: str = "auto"
    zoom_in: bool = True


PredictorFactory = Callable[[PredictorOptions, Callable[[str], None]], PredictorLike]


@dataclass(frozen=True, slots=True)
class Job:
    """One prediction that is wanted.

    Parameters
    ----------
    owner : hashable
        Whom the result is for; with frame and object it is the slot.
    request : Request
    plane : Plane
    asked : float
        :func:`time.perf_counter` when the user's change was noticed.
    """

    owner: Hashable
    request: Request
    plane: Plane
    asked: float

    @property
    def slot(self) -> Slot:
        return (self.owner, self.request.frame, self.request.object)

    def asks_the_same(self, other: Job) -> bool:
        """Whether another job would bring the same result."""
        return (
            self.slot == other.slot
            and self.request.revision == other.request.revision
            and self.plane.key == other.plane.key
        )


def make_predictor(options: PredictorOptions, notice: Callable[[str], None]) -> PredictorLike:
    """Load torch and the weights: seconds, never on the main thread."""
    import torch

    # The window needs a core of its own, or it stutters while the network runs.
    torch.set_num_threads(max(1, _cores() - 1))
    from napari_itis.inference import Predictor

    return Predictor(options.weights, options.device, zoom_in=options.zoom_in, on_notice=notice)


class InferenceWorker(QObject):
    """Predicts masks in one thread of its own and hands them back through Qt signals.

    There is one pending slot per owner, frame and object. A newer job replaces the older one in
    its slot, the slot on screen goes first, and every slot is served in the end.

    Parameters
    ----------
    factory : callable, optional
        Makes the predictor, in the thread.
    """

    finished = Signal(object, object)
    """(Job, Result): a mask is there."""
    failed = Signal(object, str)
    """(Job, message): a prediction went wrong; the thread goes on."""
    loading = Signal()
    """The network is being loaded."""
    ready = Signal(str, str)
    """(device, weights): the network can be used."""
    unusable = Signal(str)
    """(message): the network cannot be loaded; jobs wait until :meth:`configure`."""
    notice = Signal(str)
    """(message): something the user should know, such as a fallback to the CPU."""

    def __init__(self, factory: PredictorFactory = make_predictor) -> None:
        super().__init__()
        self._factory = factory
        self._options = PredictorOptions()
        self._jobs: dict[Slot, Job] = {}
        self._first: Slot | None = None
        self._changed = threading.Condition()
        self._stopping = False
        self._outdated = True
        self._current: Job | None = None
        self._thread: threading.Thread | None = None
        self.predictions = 0

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
            with self._changed:
                while not (self._stopping or self._outdated or (self._jobs and predictor)):
                    self._changed.wait()
                if self._stopping:
                    return
                reload, self._outdated = self._outdated, False
                options = self._options
                job = None if reload else self._jobs.pop(self._next_slot())
                self._current = job
            if job is None:
                predictor, shown = None, None
                predictor = self._load(options)
                continue
            try:
                if shown != job.plane.key:
                    # Forgotten first: a plane that cannot be read leaves no image set.
                    shown = None
                    predictor.set_image(
                        job.plane.read(),
                        contrast_limits=job.plane.contrast_limits,
                        key=job.plane.key,
                    )
                    shown = job.plane.key
                device = str(predictor.device)
                result = _predict(predictor, job.request)
                if str(predictor.device) != device:
                    # Out of memory: the predictor goes on with the CPU.
                    self._emit(self.ready, str(predictor.device), str(predictor.weights))
            except Exception as error:
                self._done(self.failed, job, one_line(error))
            else:
                self._done(self.finished, job, result)

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


def one_line(error: BaseException) -> str:
    """An exception as one line for the user."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _predict(predictor: PredictorLike, request: Request) -> Result:
    base = None if request.base is None else request.base.unpack()
    prediction = predictor.predict(request.clicks, base, seen=request.seen)
    mask = PackedMask.pack(prediction.mask)
    return Result(request.frame, request.object, request.revision, mask)


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def _stop_at_exit(worker: InferenceWorker) -> None:
    # A thread that still runs torch while the interpreter goes down crashes the process.
    reference = weakref.ref(worker)

    def stop() -> None:
        alive = reference()
        if alive is not None:
            alive.stop(timeout=10)

    atexit.register(stop)


def now() -> float:
    """The clock of :attr:`Job.asked`."""
    return time.perf_counter()
