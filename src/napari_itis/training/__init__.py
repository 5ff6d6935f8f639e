"""Iterative training: one function for the command line, train.py and the dock widget."""

from napari_itis.training.config import (
    ConfigError,
    DataSource,
    TrainingConfig,
)
from napari_itis.training.config_files import load_config, shipped_configs
from napari_itis.training.interruption import TrainingStopped
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
    "train",
]
