"""Prediction: the network made ready to answer clicks on any image."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from napari_itis.inference.image import to_rgb8
from napari_itis.inference.view import Prediction

if TYPE_CHECKING:
    from napari_itis.inference.predictor import Predictor

__all__ = ["Prediction", "Predictor", "to_rgb8"]


def __getattr__(name: str) -> Any:
    # The window shares masks and pictures with the network, but must not wait for torch.
    if name == "Predictor":
        return import_module("napari_itis.inference.predictor").Predictor
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
