"""What is known before a training starts: its data, what it needs, how long it takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from napari_itis.training.config import TrainingConfig


@dataclass(frozen=True)
class Report:
    """What was found; plain values, as JSON has them.

    Attributes
    ----------
    images, objects : int
        That are trained on, those held back left out.
    held_back : int
        Images that are held back to measure.
    left_out : dict of str to int
        Why objects and images are not used, and how many of them.
    smallest, median, largest : int
        Objects' longer sides in pixels.
    image_sizes : tuple of str
        "HxW" of the smallest and the largest image.
    disk_free, disk_needed, memory_free, memory_needed : int
        In bytes; free memory is 0 where the system does not say.
    samples : int
        Training samples in all.
    seconds : float or None
        Of the whole training on this machine, from a few steps; None if none were made.
    problems : tuple of str
        With any of them the training must not start; one line each, with what to do about it.
    remarks : tuple of str
        Worth knowing; one line each.
    """

    images: int = 0
    objects: int = 0
    held_back: int = 0
    left_out: dict[str, int] | None = None
    smallest: int = 0
    median: int = 0
    largest: int = 0
    image_sizes: tuple[str, ...] = ()
    disk_free: int = 0
    disk_needed: int = 0
    memory_free: int = 0
    memory_needed: int = 0
    samples: int = 0
    seconds: float | None = None
    problems: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Report:
        """The reverse of `as_dict`."""
        raise NotImplementedError


def check(config: TrainingConfig, progress: Callable[[str], None] | None = None) -> Report:
    """Look at everything a training needs, and make a few steps to see how long it takes."""
    raise NotImplementedError


def suggest(images: int, objects: int = 0, longer_side: float = 0.0) -> dict[str, Any]:
    """Sensible settings from the data's size; keys of `TrainingConfig` over those of `finetune`.

    Parameters
    ----------
    images, objects : int
        How many there are; 0 objects where nobody counted.
    longer_side : float
        Median of the objects' longer sides in pixels, 0 where nobody measured.
    """
    raise NotImplementedError
