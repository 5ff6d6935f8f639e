"""What is known before a training starts: its data, what it needs, how long it takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from napari_itis.datasets import DatasetError
from napari_itis.network import WeightsError
from napari_itis.runs.folder import CHECKPOINT
from napari_itis.training.config import ConfigError, TrainingConfig
from napari_itis.training.failures import LACK_OF_MEMORY, is_lack_of_memory
from napari_itis.training.listing import Listing, is_held_back, scan_source
from napari_itis.training.plan import Plan
from napari_itis.training.resources import free_disk, free_memory, human

Progress = Callable[[str, int, int], None]

_LISTED = 5
_FEW = 5


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
        In bytes; free memory is 0 where the system does not say, needed memory where no step was
        made.
    samples : int
        Training samples in all.
    seconds : float or None
        Of the whole training on this machine, measurements included, from a few steps; None if none
        were made.
    device : str
        Where it is trained; empty if no step was made.
    problems : tuple of str
        With any of them the training must not start; one line each, with what to do about it.
    remarks : tuple of str
        Worth knowing; one line each.
    """

    images: int = 0
    objects: int = 0
    held_back: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
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
    device: str = ""
    problems: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Report:
        """The reverse of `as_dict`, after JSON too."""
        known = {key.name: values[key.name] for key in fields(cls) if key.name in values}
        listed = {key: tuple(v) if isinstance(v, list) else v for key, v in known.items()}
        return cls(**listed)

    def lines(self) -> Iterator[str]:
        """What to tell the user, problems last."""
        yield f"{self.images} images with {self.objects} objects; {self.held_back} held back"
        for reason, count in self.left_out.items():
            yield f"left out: {count} {reason}"
        if self.objects:
            yield (
                f"objects of {self.smallest} to {self.largest} px (median {self.median}) "
                f"on images of {' to '.join(dict.fromkeys(self.image_sizes))}"
            )
        yield f"disk: {human(self.disk_needed)} needed, {human(self.disk_free)} free"
        if self.memory_needed:
            free = human(self.memory_free) if self.memory_free else "who knows how much"
            yield f"memory: {human(self.memory_needed)} needed, {free} free"
        if self.seconds is not None:
            yield f"about {_duration(self.seconds)} for {self.samples} samples on {self.device}"
        yield from (f"note: {remark}" for remark in self.remarks)
        yield from (f"problem: {problem}" for problem in self.problems)


def check(
    config: TrainingConfig, folder: Path | None = None, progress: Progress | None = None
) -> Report:
    """Look at everything a training needs, and make a few steps to see how long it takes.

    Parameters
    ----------
    config : TrainingConfig
    folder : Path, optional
        Where the training is to write; ``runs/NAME`` by default. Nothing is written to it.
    progress : callable, optional
        Told what is done, how much of it, and out of how much.

    Returns
    -------
    Report
        What is wrong is in it, never raised.
    """
    folder = Path("runs") / config.name if folder is None else folder
    tell = progress or (lambda *_: None)
    found = _Findings()
    listing = found.look_at(config, tell)
    if (folder / CHECKPOINT).exists():
        found.problems.append(
            f"{folder} holds a training already: resume it, or take another folder"
        )
    report = found.report()
    if not report.objects:
        found.problems.append(
            "there is nothing to train on: add images with masks of "
            f"{config.min_area} pixels or more"
        )
        return replace(report, problems=tuple(found.problems))
    try:
        plan = Plan.of(config, report.objects)
    except ConfigError as error:
        found.problems.append(str(error))
        return replace(report, problems=tuple(found.problems))
    report = replace(report, samples=plan.steps * config.batch_size)
    if not found.problems:
        tell("making a few steps", 0, 1)
        report = _tried(config, listing, report, plan, found)
    report = replace(report, disk_free=free_disk(folder), memory_free=free_memory())
    found.compare(config, folder, report)
    return replace(report, problems=tuple(found.problems), remarks=tuple(found.remarks))


def suggest(images: int, objects: int = 0, longer_side: float = 0.0) -> dict[str, Any]:
    """Sensible settings from the data's size; keys of `TrainingConfig` over those of `finetune`.

    Parameters
    ----------
    images, objects : int
        How many there are; 0 objects where nobody counted.
    longer_side : float
        Median of the objects' longer sides in pixels, 0 where nobody measured.

    Returns
    -------
    dict
        `samples`, `samples_per_epoch`, `validate_every`, `held_back`, `min_area`.
    """
    objects = objects or 4 * images
    samples = int(np.clip(250 * np.sqrt(objects), 1200, 40_000)) // 8 * 8
    # Each epoch adds a click to what an object has; later ones are worth learning from too.
    per_epoch = int(np.clip(samples / 8, 160, 2000)) // 8 * 8
    epochs = max(1, samples // per_epoch)
    return {
        "samples": samples,
        "samples_per_epoch": per_epoch,
        "validate_every": max(1, epochs // 8),
        # So that three or more of twenty images are held back, and none of a handful.
        "held_back": 0.0 if images < _FEW else 0.2 if images < 50 else 0.1,
        # What is tiny beside the others is a slip of the brush more often than an object.
        "min_area": max(30, round((longer_side / 10) ** 2)),
    }


class _Findings:
    """What a look at the data brings together."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.remarks: list[str] = []
        self._left_out: Counter[str] = Counter()
        self._sizes: list[tuple[int, int]] = []
        self._sides: list[int] = []
        self._images = self._objects = self._held_back = 0
        self.pixels = 0

    def look_at(self, config: TrainingConfig, tell: Progress) -> Listing:
        """Read every photo and mask of every source."""
        listing = Listing()
        if not config.data:
            self.problems.append("no training data: add a folder with images/ and masks/")
        for source in config.data:
            faults: list[str] = []
            images = []
            try:
                for found in scan_source(source, config, faults, tell):
                    self._left_out[f"objects smaller than {config.min_area} px"] += found.small
                    self._sizes.append(found.size)
                    self.pixels += found.size[0] * found.size[1]
                    if len(found.image.labels):
                        images.append(found.image)
                    else:
                        self._left_out["images without objects"] += 1
            except DatasetError as error:
                self.problems.append(str(error))
            self._tell_faults(faults, config.skip_bad)
            held = [i for i in images if is_held_back(i.scene, config.held_back)]
            rest = [i for i in images if not is_held_back(i.scene, config.held_back)]
            listing.training.append(rest or images)
            listing.held_back.append(held if rest else [])
        self._count(listing)
        return listing

    def report(self) -> Report:
        """What was found so far."""
        sides = self._sides or [0]
        sizes = sorted(self._sizes, key=lambda size: size[0] * size[1])
        return Report(
            images=self._images,
            objects=self._objects,
            held_back=self._held_back,
            left_out={reason: count for reason, count in self._left_out.items() if count},
            smallest=min(sides),
            median=round(float(np.median(sides))),
            largest=max(sides),
            image_sizes=tuple(f"{h}x{w}" for h, w in (sizes[:1] + sizes[-1:])),
        )

    def compare(self, config: TrainingConfig, folder: Path, report: Report) -> None:
        """What is needed against what there is, and what is worth a remark."""
        if report.disk_needed > report.disk_free:
            self.problems.append(
                f"{human(report.disk_needed)} of disk are needed in {folder} and "
                f"{human(report.disk_free)} are free: make room, or take another folder"
            )
        if 0 < report.memory_free < report.memory_needed:
            self.problems.append(
                f"{human(report.memory_needed)} of memory are needed and "
                f"{human(report.memory_free)} are free: close other programs, or lower "
                "batch_size, crop or cache_gb"
            )
        if report.images < _FEW:
            few = "1 image is" if report.images == 1 else f"{report.images} images are"
            self.remarks.append(f"{few} few: twenty are a good beginning")
        if not report.held_back and config.validate_every:
            self.remarks.append(
                "no image is held back, so nothing tells how good the network gets: "
                "hold back a larger share of them"
            )

    def _tell_faults(self, faults: list[str], skip: bool) -> None:
        if skip:
            self._left_out["images that cannot be read"] += len(faults)
            return
        self.problems += [f"{fault} (mend it, or set skip_bad)" for fault in faults[:_LISTED]]
        more = len(faults) - _LISTED
        if more > 0:
            self.problems.append(f"{more} more images cannot be read: set skip_bad")

    def _count(self, listing: Listing) -> None:
        for images in listing.training:
            self._images += len(images)
            for image in images:
                self._objects += len(image.labels)
                boxes = image.boxes
                self._sides += np.maximum(*(boxes[:, 2:] - boxes[:, :2]).T).tolist()
        self._held_back = sum(len(images) for images in listing.held_back)


def _tried(
    config: TrainingConfig, listing: Listing, report: Report, plan: Plan, found: _Findings
) -> Report:
    from napari_itis.training.trial import try_out

    try:
        trial = try_out(config, listing, plan)
    except (ConfigError, DatasetError, WeightsError) as error:
        found.problems.append(str(error))
        return report
    except (RuntimeError, MemoryError, FloatingPointError, OSError) as error:
        why = " ".join(str(error).split())
        line = LACK_OF_MEMORY if is_lack_of_memory(error) else f"the first steps failed: {why}"
        found.problems.append(line)
        return report
    cache = min(7 * found.pixels, int(config.cache_gb * 2**30))
    return replace(
        report,
        seconds=trial.seconds,
        device=trial.device,
        disk_needed=trial.disk,
        memory_needed=trial.memory + cache,
    )


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} seconds"
    if seconds < 5400:
        return f"{round(seconds / 60)} minutes"
    return f"{seconds / 3600:.1f} hours"
