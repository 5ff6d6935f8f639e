"""Weights on disk: safetensors with the network's whole config, never a pickle."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from os import PathLike
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from napari_itis.network.config import ItisConfig
from napari_itis.network.files import KEY, parse_about, sha256, unreadable
from napari_itis.network.itis import ItisNetwork
from napari_itis.network.names import PRETRAINED, WeightsError, find_weights, named_weights


def save_weights(
    network: ItisNetwork,
    path: str | PathLike,
    *,
    half: bool = True,
    training: Mapping[str, Any] | None = None,
) -> None:
    """Write a network so that the file alone rebuilds it.

    Parameters
    ----------
    network : ItisNetwork
        What to save.
    path : path-like
        Written to a temporary file first, then renamed.
    half : bool
        Half precision on disk; batch norm's statistics stay float32.
    training : mapping, optional
        What is worth knowing about the training; must be JSON.
    """
    state = {
        name: tensor.detach().cpu().contiguous()
        for name, tensor in network.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    if half:
        state = {
            name: tensor if name.endswith(("running_mean", "running_var")) else tensor.half()
            for name, tensor in state.items()
        }
    about = {"config": asdict(network.config), "training": dict(training or {})}
    write_tensors(state, path, about)


def write_tensors(
    tensors: Mapping[str, torch.Tensor], path: str | PathLike, about: Mapping[str, Any]
) -> None:
    """Write tensors and JSON to one file, atomically."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # One name for all: what a killed process left behind is written over by the next one.
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        save_file(dict(tensors), temporary, metadata={KEY: json.dumps(about)})
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        # safetensors writes for the owner's eyes only; weights are there to be shared.
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def read_tensors(path: str | PathLike) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Read what `write_tensors` wrote: tensors and JSON; nothing in the file is executed.

    Raises
    ------
    WeightsError
        If the file is missing, truncated or not one of ours.
    """
    try:
        with safe_open(os.fspath(path), framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError as error:
        raise WeightsError(f"no such file: {path}") from error
    except (SafetensorError, OSError, ValueError) as error:
        raise unreadable(path, error) from error
    return tensors, parse_about(metadata, path)


def load_network(weights: str | PathLike | None = None) -> ItisNetwork:
    """Rebuild a network from its weights, in eval mode and float32.

    Parameters
    ----------
    weights : str or path-like, optional
        A name or a file; the default weights if None.

    Raises
    ------
    WeightsError
        If the file is missing, truncated, foreign, or does not fit its own config.
    """
    path = find_weights(weights)
    tensors, about = read_tensors(path)
    try:
        network = ItisNetwork(ItisConfig(**about["config"]))
        missing, unexpected = network.load_state_dict(tensors, strict=False)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[-1].strip() if str(error) else repr(error)
        raise WeightsError(f"{path} does not fit a network of ours: {reason}") from error
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    if missing or unexpected:
        name = (missing or unexpected)[0]
        problem = "lacks" if missing else "has an unknown"
        raise WeightsError(f"{path} {problem} tensor {name}: it does not fit its own config")
    return network.eval()


def verify(weights: str | PathLike) -> None:
    """Check that weights load, and for named ones that they are the ones that shipped.

    Raises
    ------
    WeightsError
        One line on what is wrong.
    """
    path = find_weights(weights)
    for name, values in load_network(path).state_dict().items():
        if not torch.isfinite(values).all():
            raise WeightsError(f"{path} holds values that are no numbers in {name}: train it again")
    for name, entry in named_weights().items():
        if path == PRETRAINED / entry["file"] and sha256(path) != entry["sha256"]:
            raise WeightsError(f"{path} is not the {name} that shipped: install napari-itis again")
