"""A training that is asked to stop ends a step later, with a checkpoint."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType


class TrainingStopped(KeyboardInterrupt):
    """A training was asked to stop and did, after a checkpoint.

    Attributes
    ----------
    step, steps : int
        Where it stands.
    folder : Path
        Where its checkpoint is.
    signal : int
        What asked for it; SIGINT unless it was another signal.
    """

    def __init__(self, step: int, steps: int, folder: Path, number: int) -> None:
        super().__init__(
            f"stopped at step {step} of {steps}; the checkpoint is in {folder}"
            if step
            else "stopped before the first step"
        )
        self.step, self.steps, self.folder, self.signal = step, steps, folder, number


@contextmanager
def stop_on_signals(stop: Callable[[int], None]) -> Iterator[None]:
    """Within this context SIGINT and SIGTERM call `stop`; a second SIGINT interrupts at once.

    Outside the main thread, where Python takes no signals, nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, _: FrameType | None) -> None:
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        stop(number)

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
