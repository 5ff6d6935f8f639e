"""Weights by name: those that ship and the user's own. Without PyTorch."""

from __future__ import annotations

import json
from functools import cache
from os import PathLike
from pathlib import Path

from napari_itis.user_data import data_folder

DEFAULT_WEIGHTS = "itis-lite0"
PRETRAINED = Path(__file__).parent / "pretrained"
SUFFIX = ".safetensors"


class WeightsError(ValueError):
    """A weights file that cannot be used; the message is one line."""


def named_weights() -> dict[str, dict[str, str]]:
    """The weights that ship, from `pretrained/weights.json`: name -> {"file", "sha256"}."""
    return dict(_shipped())


def own_folder() -> Path:
    """Where the user's own weights lie, as NAME.safetensors; it need not exist."""
    return data_folder() / "weights"


def own_weights() -> dict[str, Path]:
    """The user's own weights: name -> file, sorted by name.

    Names of weights that ship are not among them.
    """
    shipped = _shipped()
    found = {
        path.name.removesuffix(SUFFIX): path
        for path in own_folder().glob(f"*{SUFFIX}")
        if not path.name.startswith(".") and path.is_file()
    }
    return {name: found[name] for name in sorted(found, key=str.casefold) if name not in shipped}


def list_weights() -> list[str]:
    """Names that `Predictor` and the command line know: the default, the shipped, the own ones."""
    shipped = sorted(_shipped(), key=lambda name: (name != DEFAULT_WEIGHTS, name))
    return [*shipped, *own_weights()]


def find_weights(weights: str | PathLike | None = None) -> Path:
    """Path of weights given by name or file; None means the default ones.

    Raises
    ------
    WeightsError
        If there is neither such a name nor such a file.
    """
    weights = DEFAULT_WEIGHTS if weights is None else weights
    shipped = _shipped()
    if str(weights) in shipped:
        return PRETRAINED / shipped[str(weights)]["file"]
    own = own_weights()
    path = own.get(str(weights)) or Path(weights)
    if not path.is_file():
        known = ", ".join([*shipped, *own])
        raise WeightsError(
            f"no weights {str(weights)!r}: give a .safetensors file or a name ({known})"
        )
    return path


@cache
def _shipped() -> dict[str, dict[str, str]]:
    return json.loads((PRETRAINED / "weights.json").read_text("utf-8"))
