"""``napari-itis evaluate``: the robot user on a data set, as a table, as JSON and as a page."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from napari_itis.cli.errors import InputError
from napari_itis.cli.evaluation_table import table
from napari_itis.cli.output import check_output, write_json
from napari_itis.cli.predictor import make_predictor
from napari_itis.clicks.sampling import ROBOTS
from napari_itis.datasets import DATASETS, ObjectSample, read_dataset
from napari_itis.evaluation import (
    BASELINES,
    BenchmarkResult,
    MaskFolder,
    every_nth,
    make_baseline,
    run_benchmark,
    worst_frames,
)
from napari_itis.network import find_weights
from napari_itis.network.files import sha256
from napari_itis.video.writing import atomically

METHODS = ("itis", *BASELINES)
_PLOT_SUFFIXES = (".png", ".svg", ".pdf")


@dataclass(frozen=True)
class EvaluateOptions:
    """What to measure, on what, and what to write.

    Attributes
    ----------
    dataset, root, split
        See `napari_itis.datasets.read_dataset`.
    method : str
        One of `METHODS`.
    weights, device, paper, zoom_in, promise
        See `napari_itis.inference.Predictor`; the other methods have no use for them.
    robot, max_clicks, limit, min_area, skip_bad, seed
        See `napari_itis.evaluation.run_benchmark`.
    targets : sequence of float
        IoUs to reach.
    initial_masks : Path or None
        See `napari_itis.evaluation.MaskFolder`.
    worst_frame : bool
        Correct only the worst frame of each sequence.
    every : int
        Look at every n-th frame of each sequence.
    json_path, plot, report : Path or None
        Files, and a folder, to write.
    name : str or None
        Of the run in the report.
    command : str
        The command line, for the report.
    """

    dataset: str
    root: Path
    split: str | None = None
    method: str = "itis"
    weights: str | None = None
    device: str = "auto"
    paper: bool = False
    zoom_in: bool = True
    promise: bool = True
    robot: str = "largest"
    max_clicks: int = 20
    targets: Sequence[float] = (0.85, 0.90)
    limit: int | None = None
    min_area: int = 100
    skip_bad: bool = False
    seed: int = 0
    initial_masks: Path | None = None
    worst_frame: bool = False
    every: int = 1
    json_path: Path | None = None
    plot: Path | None = None
    report: Path | None = None
    name: str | None = None
    command: str = ""


def evaluate(options: EvaluateOptions) -> None:
    """Measure a method on a data set, print a table and write what is asked for.

    Parameters
    ----------
    options : EvaluateOptions

    Raises
    ------
    InputError, DatasetError
        If an option or the data set makes no sense.
    """
    _check(options)
    faults: list[str] | None = [] if options.skip_bad else None
    samples = read_dataset(options.dataset, options.root, options.split, faults)
    method = _make_method(options)
    masks = MaskFolder(options.initial_masks) if options.initial_masks else None
    if options.every > 1:
        samples = every_nth(samples, options.every)
    errors = Console(stderr=True)
    if options.worst_frame and masks:
        samples = worst_frames(
            samples,
            masks,
            min_area=options.min_area,
            skip_bad=options.skip_bad,
            progress=_progress("looking for the worst frames", errors),
        )
    result = run_benchmark(
        method,
        samples,
        robot=options.robot,
        max_clicks=options.max_clicks,
        seed=options.seed,
        limit=options.limit,
        min_area=options.min_area,
        skip_bad=options.skip_bad,
        initial_masks=masks,
        progress=_progress(f"{options.method} on {options.dataset}", errors),
    )
    result.skipped[:0] = faults or []
    summary = _summary(options, method, result)
    Console().print(table(summary))
    if result.skipped:
        line = f"{len(result.skipped)} objects left out, such as: {result.skipped[0]}"
        # As it is: a path may hold what rich takes for markup, and must not be broken.
        errors.print(line, markup=False, highlight=False, soft_wrap=True)
    if options.json_path:
        write_json(options.json_path, summary)
        print(f"wrote {options.json_path}")
    if options.plot:
        _plot(options.plot, summary, options.targets)
        print(f"wrote {options.plot}")
    if options.report:
        from napari_itis.cli.report import add_to_report

        page = add_to_report(
            options.report, summary, samples, method, masks, options.name, options.command
        )
        print(f"wrote {page}")


def _check(options: EvaluateOptions) -> None:
    for name, value, known in (
        ("dataset", options.dataset, DATASETS),
        ("method", options.method, METHODS),
        ("robot", options.robot, ROBOTS),
    ):
        if value not in known:
            raise InputError(f"unknown {name} {value!r}: expected one of {', '.join(known)}")
    for target in options.targets:
        if not 0 < target <= 1:
            raise InputError(f"--target {target:g}: an IoU is above 0 and at most 1, such as 0.90")
        if round(target, 2) != target:
            raise InputError(f"--target {target:g}: an IoU has two decimals at most, such as 0.85")
    if options.json_path:
        check_output(options.json_path, (".json",))
    if options.plot:
        check_output(options.plot, _PLOT_SUFFIXES)
    for option, wanted in (("--plot", options.plot), ("--report", options.report)):
        if wanted and importlib.util.find_spec("matplotlib") is None:
            raise InputError(f'{option} needs matplotlib: pip install "napari-itis[train]"')
    if options.report:
        from napari_itis.cli.report import check_report

        check_report(options.report)
    if options.name and not options.report:
        raise InputError("--name names a run of a report: add --report DIR")
    if options.worst_frame and not options.initial_masks:
        raise InputError("--worst-frame needs masks that can be bad: add --initial-masks DIR")
    if options.initial_masks and not options.initial_masks.is_dir():
        raise InputError(f"no such folder: {options.initial_masks}")
    if options.method != "itis" and options.weights:
        raise InputError(f"--weights is for the method itis; {options.method} has none")


def _make_method(options: EvaluateOptions) -> Any:
    if options.method == "itis":
        return make_predictor(
            options.weights,
            device=options.device,
            paper=options.paper,
            zoom_in=options.zoom_in,
            promise=options.promise,
        )
    try:
        return make_baseline(options.method)
    except ModuleNotFoundError as error:
        raise InputError(str(error)) from error


def _progress(
    title: str, console: Console
) -> Callable[[Sequence[ObjectSample]], Iterator[ObjectSample]]:
    def progress(items: Sequence[ObjectSample]) -> Iterator[ObjectSample]:
        yield from track(
            items, title, console=console, transient=True, disable=not console.is_terminal
        )

    return progress


def _summary(options: EvaluateOptions, method: Any, result: BenchmarkResult) -> dict[str, Any]:
    from napari_itis import __version__

    ours = options.method == "itis"
    return {
        "dataset": options.dataset,
        "root": options.root.resolve().name,
        "split": options.split,
        "method": options.method,
        "weights": str(method.weights) if ours else None,
        "weights_sha256": sha256(find_weights(options.weights)) if ours else None,
        "parameters": None if ours else method.parameters,
        "robot": options.robot,
        "paper": options.paper and ours,
        "max_clicks": options.max_clicks,
        **result.summary(options.targets),
        "zoom_in": options.zoom_in and not options.paper and ours,
        "promise": options.promise and not options.paper and ours,
        "initial_masks": options.initial_masks.name if options.initial_masks else None,
        "worst_frame": options.worst_frame,
        "every": options.every,
        "limit": options.limit,
        "min_area": options.min_area,
        "device": str(method.device) if ours else "cpu",
        "seed": options.seed,
        "skipped": result.skipped,
        "version": __version__,
    }


def _plot(path: Path, summary: dict[str, Any], targets: Sequence[float]) -> None:
    from napari_itis.evaluation.plots import plot_curves, plot_reached

    title, name = summary["dataset"], summary["method"]
    if title == "kitti":
        reached = {name: summary["iou_against_clicks"]}
        atomically(path, lambda file: plot_reached(reached, file, title=title))
        return
    curves = {name: _from_start(summary)}
    atomically(path, lambda file: plot_curves(curves, file, targets=targets, title=title))


def _from_start(summary: dict[str, Any]) -> list[float | None]:
    return [summary["initial_iou"] if summary["initial_masks"] else None, *summary["mean_iou"]]
