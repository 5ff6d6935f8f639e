"""Checkpoints: one safetensors file with all that a training needs to go on exactly."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from torch import nn

from napari_itis.network.weights import read_tensors, write_tensors
from napari_itis.runs.folder import CHECKPOINT
from napari_itis.training.config import ConfigError, TrainingConfig

_FORMAT = 2
# What may differ when a training is resumed: where it runs, not what it computes.
_FREE = {
    "device",
    "threads",
    "loaders",
    "loader_processes",
    "cache_gb",
    "data_root",
    "checkpoint_steps",
    "validate_every",
    "validation_objects",
    "validation_clicks",
}


@dataclass
class Progress:
    """Where a training stands.

    Attributes
    ----------
    step : int
        Steps done in all.
    seconds : float
        Time spent in all sessions.
    best : tuple of float, or None
        NoC@90 and minus the mean IoU of the best measurement so far.
    """

    step: int = 0
    seconds: float = 0.0
    best: tuple[float, float] | None = None


@dataclass(frozen=True)
class Checkpoint:
    """What was read from a checkpoint's file."""

    path: Path
    tensors: dict[str, torch.Tensor]
    about: dict[str, Any]

    @property
    def progress(self) -> Progress:
        """Where the training stood."""
        best = self.about["best"]
        return Progress(self.about["step"], self.about["seconds"], best and tuple(best))

    def require_data(self, fingerprint: str) -> None:
        """See that the data are those that the click states are of, see `Sources.fingerprint`.

        Raises
        ------
        ConfigError
            If they are not: states would be given to other objects.
        """
        # The first checkpoints did not say.
        if self.about.get("data", fingerprint) != fingerprint:
            raise ConfigError(
                f"the data are not those that {self.path} was made with, images or objects have "
                "changed: bring them back, or start from its weights"
            )

    def states(self) -> dict[int, bytes]:
        """Packed click states of the objects, by their numbers."""
        content = self.tensors["states"].numpy().tobytes()
        numbers = self.tensors["states.numbers"].tolist()
        ends = np.cumsum(self.tensors["states.sizes"].numpy()).tolist()
        starts = [0, *ends[:-1]]
        return {n: content[a:b] for n, a, b in zip(numbers, starts, ends, strict=True)}

    def restore(self, networks: Mapping[str, nn.Module], optimizer: torch.optim.Optimizer) -> None:
        """Bring networks and optimizer to where the checkpoint left them."""
        for name, network in networks.items():
            network.load_state_dict(_part(self.tensors, f"{name}."))
        state: dict[int, dict[str, torch.Tensor]] = {}
        for name, tensor in _part(self.tensors, "optimizer.").items():
            index, _, key = name.partition(".")
            state.setdefault(int(index), {})[key] = tensor
        optimizer.load_state_dict({**optimizer.state_dict(), "state": state})


def save_checkpoint(
    path: Path,
    config: TrainingConfig,
    progress: Progress,
    networks: Mapping[str, nn.Module],
    optimizer: torch.optim.Optimizer,
    states: dict[int, bytes],
    data: str,
) -> None:
    """Write a checkpoint to a temporary file, then rename it: the previous one stays until then.

    Parameters
    ----------
    path : Path
    config : TrainingConfig
    progress : Progress
    networks : mapping of str to Module
        The trained network and what goes with it, see `Learner.networks`.
    optimizer : Optimizer
    states : dict of int to bytes
        Packed click states of the objects of all processes.
    data : str
        Fingerprint of the data that they are of.

    Raises
    ------
    OSError
        If it cannot be written, with the file's name.
    """
    tensors = {
        f"{name}.{key}": value
        for name, network in networks.items()
        for key, value in network.state_dict().items()
    }
    for index, values in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{k}": v for k, v in values.items()}
    tensors = {k: v.detach().cpu().contiguous().clone() for k, v in tensors.items()}
    numbers = sorted(states)
    content = b"".join(states[number] for number in numbers)
    tensors["states"] = torch.from_numpy(np.frombuffer(content, np.uint8).copy())
    tensors["states.numbers"] = torch.tensor(numbers, dtype=torch.int64)
    tensors["states.sizes"] = torch.tensor([len(states[n]) for n in numbers], dtype=torch.int64)
    about = {"format": _FORMAT, "checkpoint": config.as_dict(), "data": data, **asdict(progress)}
    try:
        write_tensors(tensors, path, about)
    except SafetensorError as error:
        raise OSError(errno.EIO, str(error), str(path)) from error
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error


def refuse_existing(folder: Path, resume: bool) -> None:
    """Never begin where a checkpoint is: it may be somebody's night.

    Raises
    ------
    ConfigError
        If there is one and it is not to be resumed.
    """
    checkpoint = folder / CHECKPOINT
    if checkpoint.exists() and not resume:
        raise ConfigError(f"{checkpoint} exists already: give --resume, or another --output")


def checkpoint_to_resume(folder: Path, config: TrainingConfig, resume: bool) -> Checkpoint | None:
    """The checkpoint of a folder, or None to begin.

    Raises
    ------
    ConfigError, WeightsError
        If there is one or none against `resume`; as `read_checkpoint`.
    """
    refuse_existing(folder, resume)
    if not resume:
        return None
    if not (folder / CHECKPOINT).exists():
        raise ConfigError(f"no {CHECKPOINT} in {folder} to resume: leave --resume out to begin")
    return read_checkpoint(folder / CHECKPOINT, config)


def read_checkpoint(path: Path, config: TrainingConfig) -> Checkpoint:
    """Read a checkpoint of a training with this config.

    Parameters
    ----------
    path : Path
    config : TrainingConfig
        Must be the checkpoint's own, but for where it runs.

    Returns
    -------
    Checkpoint

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
    if about.get("format") != _FORMAT:
        raise ConfigError(
            f"{path} was made by another version of napari-itis: resume with that one, or start "
            "from its weights"
        )
    # What a checkpoint does not know was not there when it was made.
    saved = _wherever(TrainingConfig().as_dict() | about["checkpoint"])
    wanted = _wherever(config.as_dict())
    for key in (key for key in wanted if key not in _FREE):
        if saved.get(key) != wanted[key]:
            raise ConfigError(
                f"{path} was made with {key} = {saved.get(key)!r}, not {wanted[key]!r}: "
                "resume with the same config, or start from its weights"
            )
    return Checkpoint(path, tensors, about)


def _wherever(config: dict[str, Any]) -> dict[str, Any]:
    """A config without where its files lie: the data are told by their fingerprint."""
    data = [{**source, "root": ""} for source in config["data"]]
    return config | {"data": data, "start": Path(config["start"]).name}


def _part(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
