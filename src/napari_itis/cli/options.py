"""Options that several commands have."""

from __future__ import annotations

from typing import Annotated

import typer

Weights = Annotated[
    str | None, typer.Option("--weights", metavar="NAME|FILE", help="Weights; shipped by default.")
]
Device = Annotated[str, typer.Option("--device", metavar="auto|cpu|cuda|mps")]
Paper = Annotated[
    bool,
    typer.Option("--paper", help="As in the paper: the image's own resolution, no promise."),
]
ZoomIn = Annotated[bool, typer.Option("--zoom-in/--no-zoom-in", help="Zoom in on the object.")]
Promise = Annotated[
    bool,
    typer.Option(
        "--promise/--no-promise", help="Positive clicks lie in the mask, negative ones outside."
    ),
]
