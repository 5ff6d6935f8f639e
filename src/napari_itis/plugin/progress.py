"""How far long work has come, as it is shown to the user."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """How far long work has come.

    Attributes
    ----------
    done, total : int
        Frames.
    paused : bool
    text : str
        What is being done, for the user.
    """

    done: int
    total: int
    paused: bool
    text: str
