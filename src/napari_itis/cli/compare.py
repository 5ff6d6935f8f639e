"""`napari-itis compare`: old and new weights on the same objects, and which are better."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_itis.cli.errors import InputError
from napari_itis.cli.options import Device

if TYPE_CHECKING:
    from rich.table import Table

    from napari_itis.datasets import ObjectSample
    from napari_itis.evaluation.comparison import Comparison

_PLOT_SUFFIXES = (".png", ".svg", ".pdf")
_SHOWN = (1, 2, 3, 5, 10, 20)
_SECONDS = 0.5


def compare(
    weights: Annotated[
        list[str], typer.Argument(metavar="OLD NEW ...", help="Names or files of weights.")
    ],
    data: Annotated[
        list[str] | None,
        typer.Option(metavar="LAYOUT:ROOT", help="A data set, all its objects; may be repeated."),
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="A training's folder: the images that it held back."),
    ] = None,
    max_clicks: Annotated[int, typer.Option(min=1, help="On each object.")] = 10,
    limit: Annotated[
        int, typer.Option(min=1, metavar="N", help="At most so many objects, of all images.")
    ] = 100,
    json: Annotated[
        Path | None, typer.Option(metavar="FILE", help="All figures, written again and again.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="PNG, SVG or PDF.")] = None,
    device: Device = "auto",
) -> None:
    """Let the robot user click with old and new weights, and say which are better."""
    # Before anything that takes its time to import.
    _check(weights, data, run, json, plot)

    from rich.console import Console

    from napari_itis.evaluation.comparison import compare as run_comparison
    from napari_itis.evaluation.comparison import spread

    samples = spread(_gather(data or [], run), limit)
    errors = Console(stderr=True)
    with errors.status("") as status:

        def report(comparison: Comparison) -> None:
            status.update(f"{comparison.done} of {comparison.total} objects")
            write(comparison)

        write = _writer(json)
        comparison = run_comparison(
            weights, samples, max_clicks=max_clicks, device=device, report=report
        )
    # At a width of its own: names of weights may be long.
    Console(soft_wrap=True).print(_table(comparison))
    for which in range(1, len(comparison.weights)):
        print(comparison.verdict(which).line)
    if comparison.skipped:
        lines = f"{len(comparison.skipped)} objects left out, such as: {comparison.skipped[0]}"
        errors.print(lines, markup=False, highlight=False, soft_wrap=True)
    if json:
        print(f"wrote {json}")
    if plot:
        from napari_itis.evaluation.plots import plot_comparison
        from napari_itis.video.writing import atomically

        atomically(plot, lambda file: plot_comparison(comparison, file))
        print(f"wrote {plot}")


def _check(
    weights: list[str],
    data: list[str] | None,
    run: Path | None,
    json: Path | None,
    plot: Path | None,
) -> None:
    if len(weights) < 2:
        raise InputError("compare needs two weights: napari-itis compare OLD NEW --run DIR")
    if not data and run is None:
        raise InputError("compare on which images? add --run DIR or --data LAYOUT:ROOT")
    from napari_itis.cli.output import check_output
    from napari_itis.network.names import find_weights

    for one in weights:
        find_weights(one)
    if json:
        check_output(json, (".json",))
    if plot:
        check_output(plot, _PLOT_SUFFIXES)
        if importlib.util.find_spec("matplotlib") is None:
            raise InputError('--plot needs matplotlib: pip install "napari-itis[train]"')


def _gather(data: list[str], run: Path | None) -> list[tuple[str, ObjectSample]]:
    """Objects with the image or the video that they share with others."""
    from napari_itis.datasets import DatasetError
    from napari_itis.datasets.layouts import find_layout, in_threads
    from napari_itis.training.held_back import held_back_of_run

    samples = held_back_of_run(run) if run else []
    for entry in data:
        layout, colon, root = entry.partition(":")
        if not (colon and layout and root):
            raise InputError(f"--data {entry!r} must be LAYOUT:ROOT, such as folder:cells")
        before, images = len(samples), find_layout(layout).read(root)
        for image, found in in_threads(lambda one: one.samples(), images):
            samples += [(f"{entry}/{image.scene or image.id}", sample) for sample in found]
        if len(samples) == before:
            raise DatasetError(f"no objects in {root}: every mask is empty")
    return samples


def _writer(path: Path | None) -> Callable[[Comparison], None]:
    """Writes a comparison to a file, now and then and in the end; it is always a whole one."""
    from napari_itis.cli.output import write_json

    due = 0.0

    def write(comparison: Comparison) -> None:
        nonlocal due
        now = time.monotonic()
        if path and (now >= due or comparison.done in (0, comparison.total)):
            write_json(path, comparison.as_dict())
            # Long lists take a while to write.
            due = time.monotonic() + max(_SECONDS, 10 * (time.monotonic() - now))

    return write


def _table(comparison: Comparison) -> Table:
    from rich.table import Table

    from napari_itis.evaluation.comparison import TARGETS

    shown = sorted({min(count, comparison.max_clicks) for count in _SHOWN})
    rows = Table("mean IoU after", *(str(count) for count in shown))
    for target in TARGETS:
        rows.add_column(f"NoC@{round(100 * target)}")
    for which, name in enumerate(comparison.weights):
        curve = comparison.curve(which)[0]
        noc = [f"{comparison.noc(which, target).mean:.2f}" for target in TARGETS]
        rows.add_row(name, *(f"{curve[count - 1]:.3f}" for count in shown), *noc)
    return rows
