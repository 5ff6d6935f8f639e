"""``napari-itis datasets``: what is in a data set, what is wrong with it, where to get it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
    track,
)

from napari_itis.cli.errors import InputError
from napari_itis.cli.output import check_output, write_json
from napari_itis.datasets.check import CheckReport, Findings
from napari_itis.datasets.check import check as check_all
from napari_itis.datasets.download import download as fetch
from napari_itis.datasets.layouts import find_layout


def check(dataset: str, root: Path, split: str | None, json_path: Path | None) -> None:
    """Read a data set and print all its problems, one a line, and what is in it.

    Parameters
    ----------
    dataset, root, split
        See `napari_itis.datasets.check.check`.
    json_path : Path or None
        Where to write all figures.

    Raises
    ------
    InputError
        If there is a problem.
    DatasetError
        If there is no data set to check.
    """
    find_layout(dataset)
    if json_path:
        check_output(json_path, (".json",))
    errors = Console(stderr=True)

    def progress(findings: Findings, count: int) -> Findings:
        return track(
            findings,
            f"check {dataset}",
            total=count,
            console=errors,
            transient=True,
            disable=not errors.is_terminal,
        )

    report = check_all(dataset, root, split, progress)
    for problem in report.problems:
        typer.echo(problem)
    for line in _description(report, root):
        typer.echo(line)
    if json_path:
        write_json(json_path, {"dataset": dataset, "split": split, **report.summary()})
        typer.echo(f"wrote {json_path}")
    if report.problems:
        count = len(report.problems)
        raise InputError(
            f"{count} {'problem' if count == 1 else 'problems'} in {root}, listed above; "
            f"{report.objects} objects on {report.images} photos are fine"
        )


def download(dataset: str, to: Path | None, split: str | None) -> None:
    """Fetch a data set with a bar of progress and print where it is.

    Parameters
    ----------
    dataset : str
        A layout with a known address.
    to : Path or None
        Where to; ``data/DATASET`` by default.
    split : str or None
        For sets with an archive for each split.

    Raises
    ------
    DatasetError
        If it cannot be fetched; the message says where to put it by hand.
    """
    root = to or Path("data") / dataset
    errors = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=errors, disable=not errors.is_terminal) as progress:
        paths = fetch(dataset, root, split, lambda name: _Bar(progress, name))
    for path in paths:
        typer.echo(path)
    typer.echo(f"napari-itis datasets check {dataset} {root}")


class _Bar:
    """A bar of rich that answers to what pooch calls."""

    def __init__(self, progress: Progress, name: str) -> None:
        self._progress = progress
        self._task = progress.add_task(name, total=None)
        self._total = 0

    @property
    def total(self) -> int:
        """Bytes to come."""
        return self._total

    @total.setter
    def total(self, total: int) -> None:
        self._total = total
        # A server that does not tell how much there is: a bar without an end.
        self._progress.update(self._task, total=total or None)

    def update(self, count: int) -> None:
        """Take `count` more bytes as read."""
        self._progress.advance(self._task, count)

    def reset(self) -> None:
        """Start the count again."""
        self._progress.update(self._task, completed=0)

    def close(self) -> None:
        """Leave the bar as it is."""


def _description(report: CheckReport, root: Path) -> Iterator[str]:
    fine = "" if report.problems else ", all fine"
    yield f"{report.objects} objects on {report.images} photos in {root}{fine}"
    if report.areas:
        yield (
            f"object sizes: {min(report.areas)} to {max(report.areas)} pixels, "
            f"median {np.median(report.areas):g}"
        )
    if report.sizes:
        yield f"image sizes: {_sizes(Counter(report.sizes.values()))}"
        yield f"void: {100 * report.void_share:.1f} % of the pixels"


def _sizes(sizes: Counter[tuple[int, int]]) -> str:
    (height, width), count = sizes.most_common(1)[0]
    most = f"{width} x {height} pixels"
    if len(sizes) == 1:
        return most
    heights, widths = zip(*sizes)
    return (
        f"{min(widths)} to {max(widths)} x {min(heights)} to {max(heights)} pixels, "
        f"most often {width} x {height} ({count} photos)"
    )
