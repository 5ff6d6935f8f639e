"""The page that ``napari-itis evaluate --report`` adds a run to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from napari_itis.cli.errors import InputError
from napari_itis.cli.output import check_folder, write_json, write_picture
from napari_itis.clicks import Click
from napari_itis.datasets import ObjectSample
from napari_itis.evaluation.benchmark import Segmenter
from napari_itis.evaluation.metrics import clicks_to_reach
from napari_itis.evaluation.page import to_html, to_markdown
from napari_itis.evaluation.pictures import choose, draw
from napari_itis.evaluation.plots import plot_click_counts, plot_curves, plot_reached
from napari_itis.evaluation.report import (
    TITLE,
    Run,
    blocks,
    file_name,
    group_name,
    groups,
    highest_target,
    plot_files,
    run_name,
)
from napari_itis.evaluation.starting_masks import StartingMasks
from napari_itis.video.writing import atomically


def check_report(folder: Path) -> None:
    """Refuse a folder that `add_to_report` could not use, before anything is measured for it.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    InputError
        If it cannot be written into, or holds a file that is no run.
    """
    check_folder(folder)
    _read_runs(folder / "runs")


def add_to_report(
    folder: Path,
    summary: dict[str, Any],
    samples: Sequence[ObjectSample],
    method: Segmenter,
    masks: StartingMasks | None,
    name: str | None,
    command: str,
) -> Path:
    """Keep a run in a report's folder and write the page of all its runs anew.

    Parameters
    ----------
    folder : Path
        Gets ``index.html``, ``report.md``, ``plots/``, ``pictures/`` and ``runs/``.
    summary : dict
        As ``--json`` writes it.
    samples : sequence of ObjectSample
        Those that were measured, at least.
    method : Segmenter
        What was measured; it is asked once more for the masks in the pictures.
    masks : callable or None
        What the clicks started from.
    name : str or None
        Of the run; one that tells it from others by default, with a number where other weights
        are called the same. A run of the same name on the same objects is replaced.
    command : str
        The command line.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    InputError
        If the folder holds a file that is no run.
    """
    runs, group = _read_runs(folder / "runs"), group_name(summary)
    beside = {run["name"]: run for run in runs if group_name(run) == group}
    name = name or _free_name(summary, beside)
    before = beside.get(name)
    stem = file_name(f"{group} {name}") if before is None else before["stem"]
    runs = [run for run in runs if run is not before]
    pictures = _draw_pictures(folder, stem, summary, samples, method, masks)
    run = {"name": name, "command": command, "pictures": pictures, **summary}
    write_json(folder / "runs" / f"{stem}.json", run)
    return _write_page(folder, [*runs, run])


def _free_name(summary: dict[str, Any], beside: dict[str, Any]) -> str:
    """The run's own name, with a number where it is that of a run with other weights."""
    name = unique = run_name(summary)
    weights, number = summary["weights_sha256"], 1
    while unique in beside and beside[unique].get("weights_sha256", weights) != weights:
        number += 1
        unique = f"{name} ({number})"
    return unique


def _read_runs(folder: Path) -> list[dict[str, Any]]:
    runs = []
    for path in sorted(folder.glob("*.json")):
        try:
            run = json.loads(path.read_text("utf-8"))
            complete = {"name", "command", "pictures", "mean_iou", "iou_against_clicks"} <= set(run)
        except (ValueError, TypeError):
            complete = False
        if not complete:
            raise InputError(f"{path} is no run of a report: remove it or choose another folder")
        runs.append({**run, "stem": path.stem})
    return runs


def _write_page(folder: Path, runs: Sequence[Run]) -> Path:
    for group, members in groups(runs).items():
        _write_plots(folder, group, members)
    content = blocks(runs)
    for file, text in (
        ("report.md", to_markdown(TITLE, content)),
        ("index.html", to_html(TITLE, content)),
    ):
        atomically(folder / file, lambda path, text=text: path.write_text(text, encoding="utf-8"))
    return folder / "index.html"


def _write_plots(folder: Path, group: str, runs: Sequence[Run]) -> None:
    files = plot_files(group)
    targets = sorted({float(target) for run in runs for target in run["noc"]})
    highest = highest_target(runs)
    curves = {
        run["name"]: [run["initial_iou"] if run["initial_masks"] else None, *run["mean_iou"]]
        for run in runs
    }
    counts = {
        run["name"]: [
            clicks_to_reach(one["ious"], highest, one["initial_iou"]) for one in run["per_object"]
        ]
        for run in runs
    }
    reached = {run["name"]: run["iou_against_clicks"] for run in runs}
    most = max(run["max_clicks"] for run in runs)
    atomically(folder / files["curves"], lambda path: plot_curves(curves, path, targets=targets))
    atomically(
        folder / files["counts"], lambda path: plot_click_counts(counts, path, max_clicks=most)
    )
    atomically(folder / files["reached"], lambda path: plot_reached(reached, path))


def _draw_pictures(
    folder: Path,
    stem: str,
    summary: dict[str, Any],
    samples: Sequence[ObjectSample],
    method: Segmenter,
    masks: StartingMasks | None,
) -> list[dict[str, str]]:
    known = {sample.id: sample for sample in samples}
    target = highest_target([summary])
    pictures = []
    measured = summary["per_object"]
    for kind, chosen in choose([np.mean(one["ious"]) for one in measured]).items():
        for number, index in enumerate(chosen, 1):
            one = measured[index]
            sample = known[one["id"]]
            image, truth, _ = sample.load()
            start = masks(sample) if masks else None
            needed = clicks_to_reach(one["ious"], target, one["initial_iou"])
            clicks = [Click(*click) for click in one["clicks"][:needed]]
            mask = np.zeros_like(truth) if start is None else start
            if clicks:
                method.set_image(image)
                mask = method.predict(clicks, start).mask
            file = f"pictures/{stem}/{kind}-{number}.jpg"
            write_picture(folder / file, draw(image, mask, truth, clicks))
            after = one["ious"][len(clicks) - 1] if clicks else one["initial_iou"]
            plural = "" if len(clicks) == 1 else "s"
            caption = f"{one['id']}, IoU {after:.3f} after {len(clicks)} click{plural}"
            pictures.append({"kind": kind, "file": file, "caption": caption})
    return pictures
