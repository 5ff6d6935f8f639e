"""Iterative training: one function for the command line, train.py and the dock widget.

What needs torch is imported at its first use only: a form is built from the settings.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from napari_itis.training.config import (
    ConfigError,
    DataSource,
    TrainingConfig,
)
from napari_itis.training.config_files import load_config, shipped_configs, to_toml
from napari_itis.training.interruption import TrainingStopped

if TYPE_CHECKING:
    from napari_itis.training.log import StepReport
    from napari_itis.training.loop import Training, train

__all__ = [
    "ConfigError",
    "DataSource",
    "StepReport",
    "Training",
    "TrainingConfig",
    "TrainingStopped",
    "load_config",
    "shipped_configs",
    "to_toml",
    "train",
]

_HOMES = {"StepReport": "log", "Training": "loop", "train": "loop"}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)
