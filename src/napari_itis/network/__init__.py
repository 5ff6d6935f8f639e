"""The network, its configuration and its weights.

What needs torch is imported at its first use only: a form asks for the configuration, a list for
the names.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from napari_itis.network.config import ENCODERS, ItisConfig
from napari_itis.network.files import describe
from napari_itis.network.names import DEFAULT_WEIGHTS, WeightsError, find_weights, list_weights

if TYPE_CHECKING:
    from napari_itis.network.encoders import load_encoder, pretrained_encoder
    from napari_itis.network.itis import ItisNetwork
    from napari_itis.network.weights import load_network, save_weights, verify

__all__ = [
    "DEFAULT_WEIGHTS",
    "ENCODERS",
    "ItisConfig",
    "ItisNetwork",
    "WeightsError",
    "describe",
    "find_weights",
    "list_weights",
    "load_encoder",
    "load_network",
    "pretrained_encoder",
    "save_weights",
    "verify",
]

_HOMES = {
    "ItisNetwork": "itis",
    "load_encoder": "encoders",
    "load_network": "weights",
    "pretrained_encoder": "encoders",
    "save_weights": "weights",
    "verify": "weights",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)
