"""Weights as files: their names, and what their header says; known without torch."""

from __future__ import annotations

import hashlib
import json
import math
import os
from os import PathLike
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

DEFAULT_WEIGHTS = "itis-lite0"
PRETRAINED = Path(__file__).parent / "pretrained"
KEY = "napari_itis"
"""Where our JSON is in the metadata of a file."""


class WeightsError(ValueError):
    """A weights file that cannot be used; the message is one line."""


def named_weights() -> dict[str, dict[str, str]]:
    """Named weights: name -> {"file", "sha256"}, as `pretrained/weights.json` lists them."""
    return json.loads((PRETRAINED / "weights.json").read_text("utf-8"))


def list_weights() -> list[str]:
    """Names that `Predictor` and the command line know, the default first."""
    return sorted(named_weights(), key=lambda name: (name != DEFAULT_WEIGHTS, name))


def find_weights(weights: str | PathLike | None = None) -> Path:
    """Path of weights given by name or file; None means the default ones.

    Raises
    ------
    WeightsError
        If there is neither such a name nor such a file.
    """
    weights = DEFAULT_WEIGHTS if weights is None else weights
    known = named_weights()
    if str(weights) in known:
        return PRETRAINED / known[str(weights)]["file"]
    path = Path(weights)
    if not path.is_file():
        raise WeightsError(
            f"no weights {str(weights)!r}: give a .safetensors file or a name ({', '.join(known)})"
        )
    return path


def read_about(path: str | PathLike) -> tuple[dict[str, Any], int]:
    """Read what a file says of itself, and how many values it has; no tensor is read.

    Raises
    ------
    WeightsError
        If the file is missing, truncated or not one of ours.
    """
    try:
        with safe_open(os.fspath(path), framework="numpy") as file:
            metadata = file.metadata() or {}
            names = file.keys()
            values = sum(math.prod(file.get_slice(name).get_shape()) for name in names)
    except FileNotFoundError as error:
        raise WeightsError(f"no such file: {path}") from error
    except (SafetensorError, OSError, ValueError) as error:
        raise unreadable(path, error) from error
    return parse_about(metadata, path), values


def unreadable(path: str | PathLike, error: Exception) -> WeightsError:
    """What to say of a file that safetensors cannot read."""
    return WeightsError(
        f"{path} is truncated or no safetensors file ({error}): fetch or copy it again"
    )


def parse_about(metadata: dict[str, str], path: str | PathLike) -> dict[str, Any]:
    """What a file of ours says of itself, from its metadata.

    Raises
    ------
    WeightsError
        If it was not written by us.
    """
    try:
        about = json.loads(metadata[KEY])
        if not isinstance(about, dict):
            raise TypeError
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(
            f"{path} was not written by napari-itis: give a file that `napari-itis train` made"
        ) from error
    return about


def sha256(path: str | PathLike) -> str:
    """SHA-256 of a file as hexadecimal digits."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def describe(weights: str | PathLike | None = None) -> dict[str, Any]:
    """What is known of weights: file, SHA-256, bytes, parameters, config, training.

    Raises
    ------
    WeightsError
        As `load_network`.
    """
    path = find_weights(weights)
    about, values = read_about(path)
    return {
        "file": str(path),
        "sha256": sha256(path),
        "bytes": path.stat().st_size,
        "values": values,
        **about,
    }
