"""Long work for the inference thread, done step by step between the clicks."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

from napari_itis.plugin.predictors import PredictorLike

Steps = Generator[Any, None, None]


@dataclass(eq=False)
class Task:
    """Work of many steps, such as a propagation: each takes about as long as a click.

    Parameters
    ----------
    make : callable
        Takes the predictor and returns a generator; called and advanced in the inference thread.
        Closing the generator is how it learns that it was cancelled.
    urgency : int
        Of the tasks that are not paused, the most urgent one goes on; any click goes first.
    paused, cancelled : bool
        Whether it waits, and whether nobody wants it any more; set by the inference thread's owner.
    """

    make: Callable[[PredictorLike], Steps]
    urgency: int = 0
    paused: bool = False
    cancelled: bool = False
    _steps: Steps | None = field(default=None, init=False, repr=False)

    def advance(self, predictor: PredictorLike) -> Any:
        """Do one step; in the inference thread.

        Raises
        ------
        StopIteration
            If there was none left.
        """
        if self._steps is None:
            self._steps = self.make(predictor)
        return next(self._steps)

    def close(self) -> None:
        """Let go of what the steps hold; in the inference thread."""
        if self._steps is not None:
            self._steps.close()
