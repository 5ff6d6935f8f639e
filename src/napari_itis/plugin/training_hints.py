"""What a user of the training dock reads: the next step, and figures as words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_itis.evaluation.comparison import FEWEST_IMAGES, Comparison
from napari_itis.plugin.lines import counted
from napari_itis.plugin.run_watcher import RunFacts

if TYPE_CHECKING:
    from napari_itis.plugin.training_controller import TrainingController
    from napari_itis.training.checking import Report


def next_step(controller: TrainingController) -> str:
    """What can be done now, in a line or two."""
    state, status = controller.state, controller.status
    report = controller.setup.report
    if state == "ready" and report is not None and report.problems:
        return "Something has to be mended before it can start: see below"
    if state == "ready" and report is not None:
        return "Nothing is wrong. Press <b>Check and start</b> when you like"
    if state == "compared":
        return _after_comparison(controller.comparison.result)
    if state == "stopped":
        return _sentence(status.message) or (
            f"Stopped at step {status.step} of {status.steps}. <b>Resume</b> goes on from there"
        )
    if state == "failed":
        return _sentence(status.message) or "It has failed: the log below says why"
    return _HINTS[state]


_HINTS = {
    "empty": (
        "<b>1.</b> Say what to learn from: folders, or what you have corrected in this window. "
        "Twenty images are a good start"
    ),
    "ready": (
        "<b>2.</b> Press <b>Check and start</b>: the data and this computer are looked at first. "
        "The settings below are sensible as they are"
    ),
    "checking": "Looking at the data and at this computer. It starts if nothing is wrong",
    "starting": "Starting: the images are read",
    "running": (
        "It learns. You can go on working, or close napari and leave it running. "
        "<b>Stop</b> loses nothing"
    ),
    "stopping": "Stopping: it writes a checkpoint and ends",
    "done": (
        "<b>3.</b> Done. <b>Compare</b> the new weights with the old ones, then <b>Use in "
        "segmentation</b>"
    ),
    "comparing": "A robot user clicks on the images held back, with the old and the new weights",
}


def _after_comparison(result: Comparison) -> str:
    if result.images < FEWEST_IMAGES:
        return (
            "Too few images were held back to tell. Train with more images, or with a larger "
            "<b>held back</b> under <b>More settings</b>"
        )
    return {
        "better": "The new weights are better: <b>Use in segmentation</b>",
        "worse": "The old weights are better: keep them. More images, or fewer samples, may help",
    }.get(
        result.verdict().kind,
        "No clear difference: more images, or more samples, may make one. The old weights stay",
    )


def run_title(run: RunFacts) -> str:
    """A training in the list, such as "cells · running 40 %"."""
    status = run.status
    share = f" {100 * status.step // status.steps} %" if status.steps else ""
    known = status.state in ("running", "stopping", "stopped")
    return f"{run.name} · {status.state}{share if known else ''}"


def found_lines(report: Report) -> list[str]:
    """What a check has found, a line each."""
    lines = [
        f"<b>{counted(report.images, 'image')}</b> with {counted(report.objects, 'object')} to "
        f"learn from; {report.held_back} held back to measure"
    ]
    if report.median:
        lines.append(
            f"Objects {report.smallest} to {report.largest} px long, most about {report.median} px"
        )
    lines += [f"Left out: {count} ({why})" for why, count in (report.left_out or {}).items()]
    if report.disk_needed:
        lines.append(f"Disk: {in_bytes(report.disk_needed)} of {in_bytes(report.disk_free)} free")
    if report.memory_needed and report.memory_free:
        lines.append(
            f"Memory: {in_bytes(report.memory_needed)} of {in_bytes(report.memory_free)} free"
        )
    if report.seconds:
        lines.append(f"It will take <b>{in_time(report.seconds)}</b> on this computer")
    return lines


def progress_text(controller: TrainingController) -> str:
    """How far the training is, how fast, and how long it takes."""
    status = controller.status
    doing = _sentence(status.message) if controller.state in ("starting", "running") else ""
    if not status.steps:
        return doing
    parts = [f"Step {status.step} of {status.steps}"]
    if status.samples_per_second and controller.state in ("running", "stopping"):
        parts.append(f"{status.samples_per_second:.1f} samples/s")
    if status.seconds_left is not None and controller.state == "running":
        parts.append(f"<b>{in_time(status.seconds_left)} left</b>")
    return "<br>".join(line for line in (" · ".join(parts), doing) if line)


def in_time(seconds: float) -> str:
    """A time as people say it."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"


def in_bytes(count: float) -> str:
    """An amount of memory as people say it."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def short_path(path: Path) -> str:
    """The end of a path, as narrow docks have room for it."""
    return "/".join(path.parts[-2:])


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
