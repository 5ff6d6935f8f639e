"""``napari-itis evaluate``: the robot user on a data set, as a table and as JSON."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from napari_itis.cli.errors import InputError
from napari_itis.cli.output import atomically, check_output, write_json
from napari_itis.cli.predictor import make_predictor
from napari_itis.datasets import DATASETS, DatasetError, ObjectSample, read_array, read_dataset

METHODS = ("itis",)
ROBOTS = ("largest", "cluster", "random")
_PLOT_SUFFIXES = (".png", ".svg", ".pdf")
_CLICKS_SHOWN = (1, 2, 3, 5, 10, 20)


def evaluate(
    dataset: str,
    root: Path,
    *,
    weights: str | None,
    method: str,
    robot: str,
    max_clicks: int,
    targets: Sequence[float],
    initial_masks: Path | None,
    limit: int | None,
    min_area: int,
    skip_bad: bool,
    seed: int,
    device: str,
    paper: bool,
    zoom_in: bool,
    promise: bool,
    json_path: Path | None,
    plot: Path | None,
) -> None:
    """Measure a method on a data set and print a table.

    Parameters
    ----------
    dataset, root
        Layout and folder, see `napari_itis.datasets.read_dataset`.
    weights, device, paper, zoom_in, promise
        See `napari_itis.inference.Predictor`.
    method : str
        One of `METHODS`.
    robot, max_clicks, initial_masks, limit, min_area, skip_bad, seed
        See `napari_itis.evaluation.run_benchmark`; `initial_masks` is a folder with one mask per
        object, named by its id.
    targets : sequence of float
        IoUs to reach.
    json_path, plot : Path or None
        Files to write.

    Raises
    ------
    InputError, DatasetError
        If an option or the data set makes no sense.
    """
    for name, value, known in (
        ("dataset", dataset, DATASETS),
        ("method", method, METHODS),
        ("robot", robot, ROBOTS),
    ):
        if value not in known:
            raise InputError(f"unknown {name} {value!r}: expected one of {', '.join(known)}")
    for target in targets:
        if not 0 < target <= 1:
            raise InputError(f"--target {target:g}: an IoU is above 0 and at most 1, such as 0.90")
    if json_path:
        check_output(json_path, (".json",))
    if plot:
        check_output(plot, _PLOT_SUFFIXES)
        if importlib.util.find_spec("matplotlib") is None:
            raise InputError('--plot needs matplotlib: pip install "napari-itis[train]"')
    if initial_masks and not initial_masks.is_dir():
        raise InputError(f"no such folder: {initial_masks}")
    samples = read_dataset(dataset, root)

    predictor = make_predictor(
        weights, device=device, paper=paper, zoom_in=zoom_in, promise=promise
    )
    from napari_itis import __version__
    from napari_itis.evaluation import run_benchmark

    errors = Console(stderr=True)

    def progress(items: Sequence[ObjectSample]) -> Iterator[ObjectSample]:
        title = f"{method} on {dataset}"
        yield from track(
            items, title, console=errors, transient=True, disable=not errors.is_terminal
        )

    result = run_benchmark(
        predictor,
        samples,
        robot=robot,
        max_clicks=max_clicks,
        seed=seed,
        limit=limit,
        min_area=min_area,
        skip_bad=skip_bad,
        initial_masks=_MaskFolder(initial_masks) if initial_masks else None,
        progress=progress,
    )
    summary: dict[str, Any] = {
        "dataset": dataset,
        "method": method,
        "weights": str(predictor.weights),
        "robot": robot,
        "paper": paper,
        "max_clicks": max_clicks,
        **result.summary(targets),
        "zoom_in": zoom_in and not paper,
        "promise": promise and not paper,
        "device": str(predictor.device),
        "seed": seed,
        "skipped": result.skipped,
        "version": __version__,
    }
    console = Console()
    console.print(_table(summary))
    if result.skipped:
        errors.print(f"{len(result.skipped)} objects left out, such as: {result.skipped[0]}")
    if json_path:
        write_json(json_path, summary)
        print(f"wrote {json_path}")
    if plot:
        from napari_itis.evaluation.report import plot_curves

        curves = {method: summary["mean_iou"]}
        atomically(plot, lambda path: plot_curves(curves, path, targets=targets, title=dataset))
        print(f"wrote {plot}")


class _MaskFolder:
    """Masks to start from, by the object's id."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, sample: ObjectSample) -> NDArray[np.bool_]:
        # The ids of the layout `folder` name the object behind a colon, which files cannot carry.
        stem = sample.id.replace(":", "_")
        path = self.folder / f"{stem}.png"
        if not path.is_file():
            raise DatasetError(f"no initial mask for {sample.id}: expected {path}")
        mask = read_array(path)
        if mask.ndim != 2:
            raise DatasetError(f"the initial mask {path} has {mask.shape[2]} channels")
        return mask != 0


def _table(summary: dict[str, Any]) -> Table:
    most = summary["max_clicks"]
    table = Table(
        title=f"{summary['method']} ({summary['weights']}) on {summary['dataset']}, "
        f"{summary['objects']} objects, robot user: {summary['robot']}",
        title_justify="left",
        show_header=False,
    )
    for key, value in summary["noc"].items():
        whole = summary["noc_whole_set"][key]
        table.add_row(
            f"NoC@{round(100 * float(key))}",
            f"{value:.2f} clicks per object; whole set {whole if whole is not None else f'>{most}'}"
            f"; {summary['failures'][key]} objects never reach it",
        )
    shown = [count for count in _CLICKS_SHOWN if count <= most]
    if summary["initial_iou"] > 0:
        table.add_row("IoU before", f"{summary['initial_iou']:.3f}")
    table.add_row("clicks", "  ".join(f"{count:5d}" for count in shown))
    table.add_row("mean IoU", "  ".join(f"{summary['mean_iou'][count - 1]:.3f}" for count in shown))
    spent = summary["seconds_per_click"]
    if spent["median"] is not None:
        table.add_row(
            "s per click",
            f"first {spent['first']:.3f} with the image, median {spent['median']:.3f}, "
            f"95 % within {spent['p95']:.3f} ({summary['device']})",
        )
    return table
