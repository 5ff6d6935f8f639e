"""Curves of mean IoU against clicks (paper, Fig. 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike


def plot_curves(
    curves: Mapping[str, Sequence[float]],
    path: str | PathLike[str],
    *,
    targets: Sequence[float] = (),
    title: str = "",
) -> None:
    """Draw mean IoU against the number of clicks.

    Parameters
    ----------
    curves : mapping of str to sequence of float
        For each name the mean IoU after click 1, 2, ...
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
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for name, values in curves.items():
        axes.plot(range(1, len(values) + 1), values, marker="o", markersize=3, label=name)
    for target in targets:
        axes.axhline(target, color="gray", linewidth=0.8, linestyle="--")
    axes.set(xlabel="clicks", ylabel="mean IoU", title=title, ylim=(None, 1.0))
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    figure.savefig(path, dpi=150)
