"""``napari-itis segment``: one object of one image, from clicks given as numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_itis.cli.errors import InputError
from napari_itis.cli.output import (
    MASK_SUFFIXES,
    PICTURE_SUFFIXES,
    check_output,
    overlay,
    write_mask,
    write_picture,
)
from napari_itis.cli.predictor import make_predictor
from napari_itis.clicks import Click
from napari_itis.datasets import read_array


def segment(
    image_path: Path,
    positive: Sequence[str],
    negative: Sequence[str],
    *,
    mask_path: Path | None,
    weights: str | None,
    device: str,
    paper: bool,
    zoom_in: bool,
    promise: bool,
    output: Path | None,
    overlay_path: Path | None,
) -> str:
    """Segment one object and write its mask.

    Parameters
    ----------
    image_path : Path
        The image.
    positive, negative : sequence of str
        Clicks as ``"Y,X"``; positive ones are placed first.
    mask_path : Path or None
        A mask to correct: every pixel that is not 0 is object.
    weights, device, paper, zoom_in, promise
        See `napari_itis.inference.Predictor`.
    output : Path or None
        The mask; ``NAME-mask.png`` in the working folder by default.
    overlay_path : Path or None
        A picture of the result.

    Returns
    -------
    str
        One line on what was written.

    Raises
    ------
    InputError
        If a click, a mask or an output makes no sense.
    """
    output = output or Path(f"{image_path.stem}-mask.png")
    inputs = [image_path] + ([mask_path] if mask_path else [])
    check_output(output, MASK_SUFFIXES, inputs)
    if overlay_path:
        check_output(overlay_path, PICTURE_SUFFIXES, [*inputs, output])
    clicks = [parse_click(text, True) for text in positive]
    clicks += [parse_click(text, False) for text in negative]
    if not clicks:
        raise InputError("no click: give at least one --positive Y,X (or --negative Y,X)")
    image = read_array(image_path, colors=True)
    require_inside(clicks, image.shape[:2])
    mask = read_existing_mask(mask_path, image.shape[:2]) if mask_path else None

    predictor = make_predictor(
        weights, device=device, paper=paper, zoom_in=zoom_in, promise=promise
    )
    predictor.set_image(image)
    result = predictor.predict(clicks, mask).mask

    write_mask(output, result)
    if overlay_path:
        from napari_itis.inference import to_rgb8

        write_picture(overlay_path, overlay(to_rgb8(image), result, clicks))
    area = int(np.count_nonzero(result))
    extra = f"; wrote {overlay_path}" if overlay_path else ""
    return (
        f"wrote {output} (uint8, 0 background, 255 object): {area} object pixels, "
        f"{area / result.size:.1%} of the image{extra}"
    )


def parse_click(text: str, positive: bool) -> Click:
    """Read a click written as ``Y,X`` in pixels.

    Parameters
    ----------
    text : str
    positive : bool

    Returns
    -------
    Click

    Raises
    ------
    InputError
        If there are not two finite numbers.
    """
    try:
        y, x = (float(part) for part in text.split(","))
    except ValueError:
        y = x = math.nan
    if not (math.isfinite(y) and math.isfinite(x)):
        sign = "positive" if positive else "negative"
        raise InputError(f"--{sign} {text}: a click is Y,X in pixels, such as 120,85")
    return Click(y, x, positive)


def require_inside(clicks: Sequence[Click], shape: tuple[int, int]) -> None:
    """Refuse clicks outside an image.

    Parameters
    ----------
    clicks : sequence of Click
    shape : tuple of int
        (H, W).

    Raises
    ------
    InputError
        Naming the first such click and the image's size.
    """
    for click in clicks:
        if not click.inside(shape):
            raise InputError(
                f"the click {click.y:g},{click.x:g} (Y,X) is outside the image, which has "
                f"{shape[0]} rows and {shape[1]} columns: Y in 0..{shape[0] - 1}, "
                f"X in 0..{shape[1] - 1}"
            )


def read_existing_mask(path: Path, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Read a mask to correct.

    Parameters
    ----------
    path : Path
        Every pixel that is not 0 is object.
    shape : tuple of int
        (H, W) of the image.

    Returns
    -------
    ndarray of bool, shape (H, W)

    Raises
    ------
    InputError
        If the mask has another size or more than one channel.
    """
    mask = read_array(path)
    if mask.ndim != 2:
        raise InputError(f"the mask {path} has {mask.shape[2]} channels; expected one")
    if mask.shape != tuple(shape):
        raise InputError(
            f"the mask {path} has {mask.shape[0]} rows and {mask.shape[1]} columns, "
            f"its image {shape[0]} and {shape[1]}"
        )
    return mask != 0
