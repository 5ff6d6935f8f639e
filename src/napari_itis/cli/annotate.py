"""``napari-itis annotate``: what an annotator's clicks on a video gain, simulated."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from napari_itis.cli.errors import InputError
from napari_itis.cli.output import check_folder, check_output, write_json
from napari_itis.cli.predictor import make_predictor
from napari_itis.evaluation.annotator import ORDERS, AnnotationResult, Annotator
from napari_itis.evaluation.video_object import read_video_object
from napari_itis.video.sources import find_video
from napari_itis.video.writing import check_mask_folder, write_masks

_SHOWN = (0, 1, 2, 5, 10, 20, 50)


@dataclass(frozen=True)
class AnnotateOptions:
    """Whose masks are corrected, and how.

    Attributes
    ----------
    root, sequence, initial_masks, label
        See `napari_itis.evaluation.video_object.read_video_object`.
    budget : int
        Clicks on all frames together.
    clicks_per_frame, order, carry_on, content, seed
        See `napari_itis.evaluation.annotator.Annotator`.
    weights, device
        See `napari_itis.inference.Predictor`.
    json_path, output : Path or None
        A file for the figures and a folder for the masks.
    overwrite : bool
        Whether masks that are in the folder may be replaced.
    """

    root: Path
    sequence: str
    initial_masks: Path
    label: int | None = None
    budget: int = 50
    clicks_per_frame: int = 2
    order: str = "ranking"
    carry_on: bool = True
    content: float = 0.95
    seed: int = 0
    weights: str | None = None
    device: str = "auto"
    json_path: Path | None = None
    output: Path | None = None
    overwrite: bool = False


def annotate(options: AnnotateOptions) -> None:
    """Correct a video as an annotator would, print J and F against clicks.

    Parameters
    ----------
    options : AnnotateOptions

    Raises
    ------
    InputError, VideoError
        If an option or the video makes no sense.
    """
    if options.order not in ORDERS:
        raise InputError(f"--order {options.order}: expected one of {', '.join(ORDERS)}")
    if options.json_path:
        check_output(options.json_path, (".json",))
    if options.output:
        check_folder(options.output)
        source = find_video(options.root, options.sequence)
        names = source.open_frames().names
        sources = (source.frames, source.truth, options.initial_masks)
        check_mask_folder(options.output, names, overwrite=options.overwrite, sources=sources)
    video = read_video_object(
        options.root, options.sequence, options.initial_masks, options.label, _tell
    )
    predictor = make_predictor(
        options.weights, device=options.device, paper=False, zoom_in=True, promise=True
    )
    annotator = Annotator(
        predictor,
        video.frames,
        video.masks,
        video.truths,
        order=options.order,
        carry_on=options.carry_on,
        clicks_per_frame=options.clicks_per_frame,
        content=options.content,
        seed=options.seed,
    )
    errors = Console(stderr=True)
    with Progress(console=errors, transient=True, disable=not errors.is_terminal) as progress:
        task = progress.add_task(f"clicking through {video.name}", total=options.budget)
        for spent in annotator.spend(options.budget):
            progress.update(task, completed=spent.clicks)
    result = annotator.result
    Console().print(_table(video.name, result, options))
    if options.json_path:
        write_json(options.json_path, _summary(video.name, result, options))
        print(f"wrote {options.json_path}")
    if options.output:
        label = options.label or 1
        write_masks(
            options.output,
            names,
            lambda frame: result.masks[frame].astype("int32") * label,
            result.masks[0].shape,
            overwrite=options.overwrite,
            sources=sources,
        )
        print(f"wrote {len(names)} masks to {options.output}")


def _table(name: str, result: AnnotationResult, options: AnnotateOptions) -> Table:
    rows = Table(
        title=f"{name}, {len(result.masks)} frames, {len(result.clicks)} of them clicked on; "
        f"{options.order}{', carried on' if options.carry_on else ''}",
        title_justify="left",
    )
    for head in ("clicks", "J", "F", "J&F", "error gone"):
        rows.add_column(head, justify="right")
    last = result.curve[-1].clicks
    for clicks in sorted({*(count for count in _SHOWN if count < last), last}):
        spent = result.after(clicks)
        figures = (spent.region, spent.boundary, spent.both, result.gone(clicks))
        rows.add_row(str(clicks), *(f"{figure:.3f}" for figure in figures))
    return rows


def _summary(name: str, result: AnnotationResult, options: AnnotateOptions) -> dict:
    from napari_itis import __version__

    return {
        "sequence": name,
        "initial_masks": options.initial_masks.name,
        "object": options.label,
        "order": options.order,
        "carry_on": options.carry_on,
        "clicks_per_frame": options.clicks_per_frame,
        "content": options.content,
        "budget": options.budget,
        "seed": options.seed,
        "frames": len(result.masks),
        **result.as_dict(),
        "version": __version__,
    }


def _tell(problem: str) -> None:
    print(f"napari-itis: {problem}", file=sys.stderr)
