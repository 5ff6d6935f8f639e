"""What ``napari-itis evaluate`` prints."""

from __future__ import annotations

from typing import Any

from rich.table import Table

CLICKS_SHOWN = (1, 2, 3, 5, 10, 20)
CORRECTIONS_SHOWN = (1, 4, 10)


def table(summary: dict[str, Any]) -> Table:
    """Lay a summary out for the terminal.

    Parameters
    ----------
    summary : dict
        As ``--json`` writes it.

    Returns
    -------
    rich.table.Table
    """
    most = summary["max_clicks"]
    name = summary["method"] + (f" ({summary['weights']})" if summary["weights"] else "")
    rows = Table(
        title=f"{name} on {summary['dataset']}, "
        f"{summary['objects']} objects, robot user: {summary['robot']}",
        title_justify="left",
        show_header=False,
    )
    for key, value in summary["noc"].items():
        whole = summary["noc_whole_set"][key]
        rows.add_row(
            f"NoC@{round(100 * float(key))}",
            f"{value:.2f} clicks per object; whole set {whole if whole is not None else f'>{most}'}"
            f"; {summary['failures'][key]} objects never reach it",
        )
    shown = [*(count for count in CLICKS_SHOWN if count < most), most]
    rows.add_row("clicks", "  ".join(f"{count:5d}" for count in shown))
    rows.add_row("mean IoU", "  ".join(f"{summary['mean_iou'][count - 1]:.3f}" for count in shown))
    if summary["corrections"]:
        _add_corrections(rows, summary)
    spent = summary["seconds_per_click"]
    if spent["median"] is not None:
        rows.add_row(
            "s per click",
            f"first {spent['first']:.3f} with the image, median {spent['median']:.3f}, "
            f"95 % within {spent['p95']:.3f} ({summary['device']})",
        )
    return rows


def _add_corrections(rows: Table, summary: dict[str, Any]) -> None:
    after = [count for count in CORRECTIONS_SHOWN if count <= summary["max_clicks"]]
    values = [summary["initial_iou"], *(summary["mean_iou"][count - 1] for count in after)]
    rows.add_row(
        "given masks",
        f"IoU before / after {', '.join(map(str, after))} clicks: "
        + " / ".join(f"{value:.3f}" for value in values)
        + f" ({summary['objects']} frames)",
    )
    bad, good = summary["corrections"]["bad"], summary["corrections"]["good"]
    rows.add_row(
        f"from below {bad['below']:.2f}",
        f"{bad['frames']} frames"
        + (f"; the first click gains {bad['mean_gain']:.3f} on average" if bad["frames"] else ""),
    )
    rows.add_row(
        f"from above {good['above']:.2f}",
        f"{good['frames']} frames"
        + (
            f"; the first click loses {good['mean_loss']:.3f} on average, "
            f"{good['largest_loss']:.3f} at most"
            if good["frames"]
            else ""
        ),
    )
