"""Curves of what clicks bring (paper, Fig. 3 and 6); they need matplotlib."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from napari_itis.evaluation.comparison import Comparison

# Colours that stay apart for people who do not see red and green, each with a marker of its own.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
_MARKERS = "os^DvPX"


def plot_curves(
    curves: Mapping[str, Sequence[float | None]],
    path: str | PathLike[str],
    *,
    targets: Sequence[float] = (),
    title: str = "",
) -> None:
    """Draw mean IoU against the number of clicks (paper, Fig. 3).

    Parameters
    ----------
    curves : mapping of str to sequence of float
        For each name the mean IoU before the first click (None where there was no mask), after
        click 1, 2, ...
    path : str or path-like
        PNG, SVG or PDF to write.
    targets : sequence of float
        Drawn as dashed lines.
    title : str
        Above the curves.

    Raises
    ------
    ImportError
        If matplotlib is not installed; it comes with ``napari-itis[train]``.
    """
    figure, axes = _figure(title, "clicks", "mean IoU")
    for number, (name, values) in enumerate(curves.items()):
        points = [(count, value) for count, value in enumerate(values) if value is not None]
        axes.plot(*zip(*points), label=name, **_style(number))
    for target in targets:
        axes.axhline(target, color="gray", linewidth=0.8, linestyle="--")
    axes.set_ylim(None, 1.0)
    axes.xaxis.get_major_locator().set_params(integer=True)
    _save(figure, path)


def plot_reached(
    curves: Mapping[str, Sequence[Mapping[str, float]]],
    path: str | PathLike[str],
    *,
    title: str = "",
) -> None:
    """Draw the IoU reached against the clicks spent, as the target is varied (paper, Fig. 6).

    Parameters
    ----------
    curves : mapping of str to sequence of mapping
        For each name what `iou_against_clicks` gives.
    path, title
        See `plot_curves`.

    Raises
    ------
    ImportError
        See `plot_curves`.
    """
    figure, axes = _figure(title, "mean clicks per object", "mean IoU reached")
    for number, (name, points) in enumerate(curves.items()):
        axes.plot(
            [point["clicks"] for point in points],
            [point["iou"] for point in points],
            label=name,
            **_style(number),
        )
    axes.set_xlim(0, None)
    _save(figure, path)


def plot_click_counts(
    counts: Mapping[str, Sequence[int | None]],
    path: str | PathLike[str],
    *,
    max_clicks: int,
    title: str = "",
) -> None:
    """Draw how many objects need how many clicks.

    Parameters
    ----------
    counts : mapping of str to sequence of int
        For each name the clicks of each object until it reaches the target, None if it never
        does.
    path, title
        See `plot_curves`.
    max_clicks : int
        The largest number of clicks.

    Raises
    ------
    ImportError
        See `plot_curves`.
    """
    figure, axes = _figure(title, "clicks until the target is reached", "share of objects")
    least = min((c for values in counts.values() for c in values if c is not None), default=1)
    places = np.arange(min(least, 1), max_clicks + 2)
    width = 0.85 / max(len(counts), 1)
    for number, (name, values) in enumerate(counts.items()):
        spent = [max_clicks + 1 if count is None else count for count in values]
        shares = np.array([spent.count(place) for place in places]) / max(len(spent), 1)
        offset = (number - (len(counts) - 1) / 2) * width
        colour = _COLOURS[number % len(_COLOURS)]
        axes.bar(places + offset, shares, width, label=name, color=colour)
    labels = [str(place) for place in places[:-1]] + ["never"]
    axes.set_xticks(places, labels, rotation=90 if len(places) > 15 else 0)
    _save(figure, path)


def plot_comparison(comparison: Comparison, path: str | PathLike[str]) -> None:
    """Draw mean IoU against clicks for each of the weights, with 95 % intervals.

    Parameters
    ----------
    comparison : Comparison
        With at least one object.
    path
        See `plot_curves`.

    Raises
    ------
    ImportError
        See `plot_curves`.
    """
    title = f"{len(comparison.objects)} objects of {comparison.images} images"
    figure, axes = _figure(title, "clicks", "mean IoU")
    clicks = np.arange(1, comparison.max_clicks + 1)
    for number, name in enumerate(comparison.weights):
        mean, low, high = comparison.curve(number)
        style = _style(number)
        axes.fill_between(clicks, low, high, color=style["color"], alpha=0.15, linewidth=0)
        axes.plot(clicks, mean, label=name, **style)
    axes.set_ylim(None, 1.0)
    axes.xaxis.get_major_locator().set_params(integer=True)
    _save(figure, path)


def _figure(title: str, across: str, up: str) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    axes.set(xlabel=across, ylabel=up, title=title)
    axes.grid(alpha=0.3)
    axes.set_axisbelow(True)
    return figure, axes


def _save(figure: Figure, path: str | PathLike[str]) -> None:
    # Below the axes: inside, it would hide the ends of curves that say most.
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize="small")
    figure.savefig(path, dpi=150)


def _style(number: int) -> dict[str, Any]:
    return {
        "color": _COLOURS[number % len(_COLOURS)],
        "marker": _MARKERS[number % len(_MARKERS)],
        "markersize": 4,
    }
