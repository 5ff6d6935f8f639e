"""The network, its configuration and its weights."""

from napari_itis.network.encoders import load_encoder, pretrained_encoder
from napari_itis.network.itis import ENCODERS, ItisConfig, ItisNetwork
from napari_itis.network.weights import (
    DEFAULT_WEIGHTS,
    WeightsError,
    describe,
    find_weights,
    list_weights,
    load_network,
    save_weights,
    verify,
)

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
