"""What the report says about measured runs: tables, plots, pictures, command lines."""

from __future__ import annotations

import re
import zlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from napari_itis.evaluation.page import Block, Code, Figures, Heading, Table, Text

TITLE = "Interactive segmentation under a robot user"

_CLICKS = (1, 2, 3, 5, 10, 20)
_CORRECTION_CLICKS = (1, 4, 10)
_NONE = "–"

Run = Mapping[str, Any]
"""What ``evaluate --json`` writes, with `name`, `command` and `pictures` (kind, file, caption)."""


def run_name(run: Run) -> str:
    """Name a run by its method and by what differs from the usual.

    Parameters
    ----------
    run : mapping
        What ``evaluate --json`` writes.

    Returns
    -------
    str
    """
    method, weights = run["method"], run["weights"]
    parts = [f"{method} {weights.removesuffix('.safetensors')}" if weights else method]
    if run["paper"]:
        parts.append("paper")
    elif method == "itis":
        parts += [] if run["zoom_in"] else ["no zoom-in"]
        parts += [] if run["promise"] else ["no promise"]
    if run["robot"] != "largest":
        parts.append(f"robot {run['robot']}")
    if run["max_clicks"] != 20:
        parts.append(f"{run['max_clicks']} clicks")
    if run["seed"]:
        parts.append(f"seed {run['seed']}")
    return ", ".join(parts)


def group_name(run: Run) -> str:
    """Name what a run was measured on; only runs of one group can be compared.

    Parameters
    ----------
    run : mapping
        What ``evaluate --json`` writes.

    Returns
    -------
    str
    """
    parts = [run["dataset"]]
    if run["dataset"] == "folder" and run.get("root"):
        # A layout of many sets; the others are one each, wherever they lie.
        parts = [f"folder {run['root']}"]
    if run["split"]:
        parts.append(run["split"])
    if run["initial_masks"]:
        parts.append(f"from the masks {run['initial_masks']}")
    if run["every"] > 1:
        parts.append(f"frames in steps of {run['every']}")
    if run["worst_frame"]:
        parts.append("worst frames")
    if run["limit"]:
        parts.append(f"limit {run['limit']}")
    if run["min_area"] != 100:
        parts.append(f"at least {run['min_area']} pixels")
    return ", ".join(parts)


def file_name(text: str) -> str:
    """Turn a name into one that any file system takes.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
        Lower-case letters, digits, dots, dashes, and underscores for spaces. Names that differ in
        anything else have a checksum, and so stay apart.
    """
    name = re.sub(r"[^a-z0-9._-]+", "-", text.lower().replace(" ", "_")).strip("-._") or "run"
    whole = name.replace("_", " ") == text
    return name if whole else f"{name}-{zlib.crc32(text.encode()):08x}"


def groups(runs: Sequence[Run]) -> dict[str, list[Run]]:
    """Sort runs by what they were measured on.

    Parameters
    ----------
    runs : sequence of mapping

    Returns
    -------
    dict of str to list
        By `group_name`, in alphabetical order; the runs of a group by their names, `itis` first.
    """
    found = defaultdict(list)
    for run in sorted(runs, key=lambda run: (run["method"] != "itis", run["name"])):
        found[group_name(run)].append(run)
    return dict(sorted(found.items()))


def plot_files(group: str) -> dict[str, str]:
    """Name the plots of a group, beside the page.

    Parameters
    ----------
    group : str
        See `group_name`.

    Returns
    -------
    dict of str to str
        ``curves``, ``counts`` and ``reached``.
    """
    stem = file_name(group)
    return {kind: f"plots/{stem}-{kind}.png" for kind in ("curves", "counts", "reached")}


def highest_target(runs: Sequence[Run]) -> float:
    """The largest IoU that any of the runs aims at; the click counts are drawn for it.

    Parameters
    ----------
    runs : sequence of mapping

    Returns
    -------
    float
    """
    return max(float(target) for run in runs for target in run["noc"])


def blocks(runs: Sequence[Run]) -> list[Block]:
    """Lay out the page of all runs.

    Parameters
    ----------
    runs : sequence of mapping
        At least one.

    Returns
    -------
    list of Block
    """
    page: list[Block] = [
        Text(
            "A robot user clicks on every object in the largest mislabelled region (or as the "
            "run's name says), and the IoU is taken after each click. NoC is the mean number of "
            "clicks until an object reaches the target, the largest number where it never does; "
            "whole set is the number of clicks, the same for all objects, at which the mean IoU "
            "reaches it."
        )
    ]
    for group, members in groups(runs).items():
        page.append(Heading(group))
        page += [_clicks_table(members), Text("Mean IoU after so many clicks, and time:")]
        page.append(_iou_table(members))
        if any(run["corrections"] for run in members):
            page += [Heading("Given masks, corrected", 3), _corrections_table(members)]
        page.append(_plots(group, members))
        page += _all_pictures(members)
        page += [Heading("How it was measured", 3), _details_table(members)]
        page += [Code("\n".join(run["command"] for run in members))]
    return page


def _clicks_table(runs: Sequence[Run]) -> Table:
    targets = sorted({target for run in runs for target in run["noc"]})
    head = ["run", "objects"]
    for target in targets:
        short = f"{100 * float(target):.0f}"
        head += [f"NoC@{short}", f"whole set@{short}", f"never reach {short}"]
    rows = []
    for run in runs:
        row = [run["name"], str(run["objects"])]
        for target in targets:
            if target not in run["noc"]:
                row += [_NONE] * 3
                continue
            whole = run["noc_whole_set"][target]
            row += [
                f"{run['noc'][target]:.2f}",
                f">{run['max_clicks']}" if whole is None else str(whole),
                str(run["failures"][target]),
            ]
        rows.append(row)
    return Table(head, rows)


def _iou_table(runs: Sequence[Run]) -> Table:
    shown = [count for count in _CLICKS if any(count <= run["max_clicks"] for run in runs)]
    head = ["run", *map(str, shown), "s, first click", "s, median", "s, 95 % within"]
    rows = []
    for run in runs:
        times = [run["seconds_per_click"][key] for key in ("first", "median", "p95")]
        rows.append([run["name"], *(_after(run, n) for n in shown), *(map(_seconds, times))])
    return Table(head, rows)


def _corrections_table(runs: Sequence[Run]) -> Table:
    head = ["run", "frames", "IoU before", *(f"after {n}" for n in _CORRECTION_CLICKS)]
    head += ["bad masks", "mean gain", "good masks", "mean loss", "largest loss"]
    rows = []
    for run in runs:
        if not run["corrections"]:
            continue
        bad, good = run["corrections"]["bad"], run["corrections"]["good"]
        rows.append(
            [
                run["name"],
                str(run["objects"]),
                f"{run['initial_iou']:.3f}",
                *(_after(run, count) for count in _CORRECTION_CLICKS),
                f"{bad['frames']} below {bad['below']:.2f}",
                _figure(bad["mean_gain"]),
                f"{good['frames']} above {good['above']:.2f}",
                _figure(good["mean_loss"]),
                _figure(good["largest_loss"]),
            ]
        )
    return Table(head, rows)


def _details_table(runs: Sequence[Run]) -> Table:
    head = ["run", "weights or parameters", "version", "device", "seed", "left out"]
    rows = [
        [
            run["name"],
            _weights(run) or run["parameters"] or _NONE,
            run["version"],
            run["device"],
            str(run["seed"]),
            str(len(run["skipped"])),
        ]
        for run in runs
    ]
    return Table(head, rows, words=True)


def _weights(run: Run) -> str:
    checksum = run.get("weights_sha256")
    return f"{run['weights']} ({checksum[:8]})" if checksum else run["weights"] or ""


def _plots(group: str, runs: Sequence[Run]) -> Figures:
    files = plot_files(group)
    captions = {
        "curves": "Mean IoU after so many clicks",
        "counts": f"Clicks that an object needs for an IoU of {highest_target(runs):.2f}",
        "reached": "Mean IoU reached against the clicks spent, for targets of 0.50 to 0.95",
    }
    return Figures([(files[kind], caption) for kind, caption in captions.items()], plots=True)


def _all_pictures(runs: Sequence[Run]) -> list[Block]:
    shown: list[Block] = []
    for run in runs:
        if not run["pictures"]:
            continue
        shown.append(Heading(f"Worst, median and best objects: {run['name']}", 3))
        shown.append(
            Figures([(p["file"], f"{p['kind']}: {p['caption']}") for p in run["pictures"]])
        )
    if shown:
        shown.append(
            Text(
                "Orange: the mask after the click that reached the highest target, or after the "
                "last one. Cyan: outline of the truth. Green and red: positive and negative "
                "clicks. Objects are ranked by the mean of their IoUs over all clicks."
            )
        )
    return shown


def _after(run: Run, count: int) -> str:
    return f"{run['mean_iou'][count - 1]:.3f}" if count <= run["max_clicks"] else _NONE


def _seconds(value: float | None) -> str:
    return _NONE if value is None else f"{value:.2f}"


def _figure(value: float | None) -> str:
    return _NONE if value is None else f"{value:.3f}"
