"""The commands for videos and their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from napari_itis.cli.options import Device, Weights


def propagate(
    frames: Annotated[
        Path, typer.Argument(metavar="FRAMES", help="Folder of frames, DAVIS sequence, or movie.")
    ],
    masks: Annotated[
        Path, typer.Argument(metavar="MASKS", help="Folder with a mask of frame N, named as it is.")
    ],
    start: Annotated[
        int, typer.Option("--from", metavar="N", help="The frame to begin with; 0 is the first.")
    ],
    output: Annotated[
        Path, typer.Option(metavar="DIR", help="Where to write a palette PNG for each frame.")
    ],
    stop: Annotated[
        int | None,
        typer.Option("--to", metavar="N", help="The last frame; backwards if before --from."),
    ] = None,
    objects: Annotated[
        list[int] | None,
        typer.Option("--object", metavar="LABEL", help="May be repeated; all by default."),
    ] = None,
    keep_better: Annotated[
        bool,
        typer.Option("--keep-better", help="Heed MASKS of other frames; keep what looks better."),
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace masks that are in DIR already.")
    ] = False,
    weights: Weights = None,
    device: Device = "auto",
) -> None:
    """Carry the masks of one frame of a video on to the frames after or before it."""
    from napari_itis.cli.propagate import propagate as run

    run(
        frames,
        masks,
        start,
        stop,
        objects or [],
        output=output,
        keep_better=keep_better,
        overwrite=overwrite,
        weights=weights,
        device=device,
    )


def annotate(
    root: Annotated[Path, typer.Argument(metavar="ROOT", help="Folder of a DAVIS data set.")],
    sequence: Annotated[str, typer.Argument(metavar="SEQUENCE")],
    initial_masks: Annotated[
        Path, typer.Option(metavar="DIR", help="Masks to correct, FRAME.png or SEQUENCE/FRAME.png.")
    ],
    budget: Annotated[int, typer.Option(min=1, help="Clicks on all frames together.")] = 50,
    clicks_per_frame: Annotated[int, typer.Option(min=1, help="At most, on each visit.")] = 2,
    order: Annotated[
        str, typer.Option(metavar="ranking|even", help="Which frame is looked at next.")
    ] = "ranking",
    carry_on: Annotated[
        bool, typer.Option("--carry-on/--no-carry-on", help="Carry corrected masks on.")
    ] = True,
    content: Annotated[
        float, typer.Option(min=0, max=1, metavar="IOU", help="A frame this good is left alone.")
    ] = 0.95,
    label: Annotated[
        int | None,
        typer.Option(
            "--object", min=1, metavar="LABEL", help="One of them; all as one by default."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    weights: Weights = None,
    device: Device = "auto",
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="All figures.")] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the masks, a palette PNG a frame.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace masks that are in DIR already.")
    ] = False,
) -> None:
    """Correct the masks of a video as an annotator would and count what the clicks gain."""
    from napari_itis.cli.annotate import AnnotateOptions
    from napari_itis.cli.annotate import annotate as run

    run(
        AnnotateOptions(
            root,
            sequence,
            initial_masks,
            label=label,
            budget=budget,
            clicks_per_frame=clicks_per_frame,
            order=order,
            carry_on=carry_on,
            content=content,
            seed=seed,
            weights=weights,
            device=device,
            json_path=json,
            output=output,
            overwrite=overwrite,
        )
    )
