"""The `Predictor` of the commands that segment, with errors for users."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from napari_itis.cli.errors import InputError

if TYPE_CHECKING:
    from napari_itis.inference import Predictor

DEVICES = ("auto", "cpu", "cuda", "mps")


def make_predictor(
    weights: str | None, *, device: str, paper: bool, zoom_in: bool, promise: bool
) -> Predictor:
    """Load weights onto a device.

    Parameters
    ----------
    weights : str or None
        Name or file.
    device : str
        One of `DEVICES`.
    paper, zoom_in, promise : bool
        See `napari_itis.inference.Predictor`.

    Returns
    -------
    Predictor

    Raises
    ------
    InputError
        If the weights or the device cannot be had.
    """
    if device not in DEVICES:
        raise InputError(f"--device {device}: expected one of {', '.join(DEVICES)}")
    from napari_itis.inference import Predictor

    try:
        return Predictor(
            weights, device, paper=paper, zoom_in=zoom_in, promise=promise, on_notice=_say
        )
    except ValueError as error:
        raise InputError(str(error)) from error


def _say(notice: str) -> None:
    print(f"napari-itis: {notice}", file=sys.stderr)
