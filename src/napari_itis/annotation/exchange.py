"""What a session asks of a predictor, and what it gets back."""

from __future__ import annotations

from dataclasses import dataclass

from napari_itis.annotation.packed import PackedMask
from napari_itis.annotation.record import Frame
from napari_itis.clicks import Click


@dataclass(frozen=True, slots=True)
class Request:
    """What a predictor needs for one object on one frame.

    Parameters
    ----------
    frame : tuple of int
    object : int
    revision : int
        To be handed back with the result.
    clicks : tuple of Click
        Every click in order.
    base : PackedMask or None
        The mask from which the clicks are replayed.
    seen : int
        How many leading clicks `base` already reflects.
    """

    frame: Frame
    object: int
    revision: int
    clicks: tuple[Click, ...]
    base: PackedMask | None
    seen: int


@dataclass(frozen=True, slots=True)
class Result:
    """The answer to a :class:`Request`; `mask` is packed in the thread that predicted it."""

    frame: Frame
    object: int
    revision: int
    mask: PackedMask
