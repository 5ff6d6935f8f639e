"""Checkpoints: one safetensors file with all that a training needs to go on exactly."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from napari_itis.network.weights import read_tensors, write_tensors
from napari_itis.training.config import ConfigError, TrainingConfig
from napari_itis.training.samples import ObjectState

CHECKPOINT = "checkpoint.safetensors"

# What may differ when a training is resumed: where it runs, not what it computes.
_FREE = {"device", "threads", "loaders", "cache_gb", "data_root", "checkpoint_steps"}


@dataclass
class Progress:
    """Where a training stands.

    Attributes
    ----------
    step : int
        Steps done in all.
    seconds : float
        Time spent in all sessions.
    """

    step: int = 0
    seconds: float = 0.0


def save_checkpoint(
    path: Path,
    config: TrainingConfig,
    progress: Progress,
    network: nn.Module,
    average: nn.Module | None,
    optimizer: torch.optim.Optimizer,
    slots: list[ObjectState | None],
) -> None:
    """Write a checkpoint to a temporary file, then rename it.

    Parameters
    ----------
    path : Path
    config : TrainingConfig
    progress : Progress
    network, average : Module
        The trained network and the running average of its weights, if there is one.
    optimizer : Optimizer
    slots : list of ObjectState or None
        Click states of the epoch's objects.
    """
    tensors = {f"network.{k}": v for k, v in network.state_dict().items()}
    if average is not None:
        tensors |= {f"average.{k}": v for k, v in average.state_dict().items()}
    for index, values in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{k}": v for k, v in values.items()}
    packed = [
        np.packbits(slot.mask) for slot in slots if slot is not None and slot.mask is not None
    ]
    if packed:
        tensors["masks"] = torch.from_numpy(np.stack(packed))
    about = {
        "checkpoint": config.as_dict(),
        "step": progress.step,
        "seconds": progress.seconds,
        "slots": [
            None if slot is None else slot.to_json() | {"mask": slot.mask is not None}
            for slot in slots
        ],
    }
    tensors = {k: v.detach().cpu().contiguous().clone() for k, v in tensors.items()}
    write_tensors(tensors, path, about)


def load_checkpoint(
    path: Path,
    config: TrainingConfig,
    network: nn.Module,
    average: nn.Module | None,
    optimizer: torch.optim.Optimizer,
) -> tuple[Progress, list[ObjectState | None]]:
    """Bring network, average and optimizer to where a checkpoint left them.

    Parameters
    ----------
    path : Path
    config : TrainingConfig
        Must be the checkpoint's own, but for where it runs.
    network, average : Module
    optimizer : Optimizer

    Returns
    -------
    progress : Progress
    slots : list of ObjectState or None

    Raises
    ------
    WeightsError
        If the file is truncated or foreign.
    ConfigError
        If it belongs to another config.
    """
    tensors, about = read_tensors(path)
    if "checkpoint" not in about:
        raise ConfigError(f"{path} is no checkpoint: use it as start=... instead of --resume")
    _compare(path, about["checkpoint"], config)
    network.load_state_dict(_part(tensors, "network."))
    if average is not None:
        average.load_state_dict(_part(tensors, "average."))
    state: dict[int, dict[str, torch.Tensor]] = {}
    for name, tensor in _part(tensors, "optimizer.").items():
        index, _, key = name.partition(".")
        state.setdefault(int(index), {})[key] = tensor
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
    masks = iter(tensors["masks"].numpy() if "masks" in tensors else ())
    slots: list[ObjectState | None] = []
    shape = (config.crop, config.crop)
    for slot in about["slots"]:
        if slot is None:
            slots.append(None)
            continue
        mask = None
        if slot["mask"]:
            mask = np.unpackbits(next(masks), count=shape[0] * shape[1]).reshape(shape) > 0
        slots.append(ObjectState.from_json(slot, mask))
    return Progress(about["step"], about["seconds"]), slots


def _part(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def _compare(path: Path, saved: dict[str, Any], config: TrainingConfig) -> None:
    wanted = config.as_dict()
    wanted["data"] = list(wanted["data"])
    for key in (key for key in wanted if key not in _FREE):
        if saved.get(key) != wanted[key]:
            raise ConfigError(
                f"{path} was made with {key} = {saved.get(key)!r}, not {wanted[key]!r}: "
                "resume with the same config, or start from its weights"
            )
