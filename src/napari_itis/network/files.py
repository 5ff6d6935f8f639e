"""Weights as files: what their header says. Without PyTorch."""

from __future__ import annotations

import hashlib
import json
import math
import os
from os import PathLike
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from napari_itis.network.names import WeightsError, find_weights

KEY = "napari_itis"
"""Where our JSON is in the metadata of a file."""


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
    except (KeyError, TypeError, ValueError, RecursionError) as error:
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
