"""How the network is run: batch norm folded, on a device that may run out of memory."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from os import PathLike
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from napari_itis.inference.features import describe
from napari_itis.network import ItisConfig, ItisNetwork, find_weights, load_network

DEVICES = ("auto", "cpu", "cuda", "mps")


class DeviceMemoryError(RuntimeError):
    """The accelerator has no memory left for this input."""


class TorchEngine:
    """A network ready to run with PyTorch.

    Parameters
    ----------
    network : ItisNetwork
        A folded copy is kept.
    device : torch.device
    """

    def __init__(self, network: ItisNetwork, device: torch.device) -> None:
        self.config: ItisConfig = network.config
        self._network = fold_batch_norm(network)
        self.to(device)

    def to(self, device: torch.device) -> None:
        """Move the network to another device."""
        self.device = device
        self._network = self._network.to(device, memory_format=torch.channels_last)

    @torch.inference_mode()
    def run(self, channels: np.ndarray) -> np.ndarray:
        """Logit of the object: its posterior is the sigmoid of this.

        Parameters
        ----------
        channels : ndarray of float32, shape (5 or 6, H, W)

        Returns
        -------
        ndarray of float32, shape (H, W)

        Raises
        ------
        DeviceMemoryError
            If the accelerator has too little memory.
        """
        with self._memory_errors():
            logits = self._network(self._batch(channels))
            return (logits[0, 1] - logits[0, 0]).float().cpu().numpy()

    @torch.inference_mode()
    def features(self, channels: np.ndarray) -> np.ndarray:
        """What the encoder makes of the channels; see `describe`.

        Parameters
        ----------
        channels : ndarray of float32, shape (5 or 6, H, W)

        Returns
        -------
        ndarray of float32, shape (h, w, C)
            Vectors of length 1 on a grid of an eighth of the size.

        Raises
        ------
        DeviceMemoryError
            If the accelerator has too little memory.
        """
        with self._memory_errors():
            return describe(self._network.encode(self._batch(channels)))

    def _batch(self, channels: np.ndarray) -> torch.Tensor:
        batch = torch.from_numpy(channels)[None].to(self.device)
        return batch.contiguous(memory_format=torch.channels_last)

    @contextmanager
    def _memory_errors(self) -> Iterator[None]:
        try:
            yield
        except torch.OutOfMemoryError as error:
            raise DeviceMemoryError(str(error)) from error
        except RuntimeError as error:
            # MPS and older CUDA allocators say it in words only.
            if self.device.type != "cpu" and "out of memory" in str(error).lower():
                raise DeviceMemoryError(str(error)) from error
            raise


def load_engine(
    weights: str | PathLike | None, device: str, notice: Callable[[str], None] | None = None
) -> TorchEngine:
    """Engine with weights by name or file on a device by name.

    Raises
    ------
    ValueError
        If the device is unknown or not there, in one line.
    WeightsError
        If the weights cannot be used.
    """
    path = find_weights(weights)
    network = _network(path, path.stat().st_mtime_ns)
    chosen = find_device(device)
    try:
        return TorchEngine(network, chosen)
    except (torch.OutOfMemoryError, RuntimeError):
        if chosen.type == "cpu":
            raise
        if notice is not None:
            notice(f"no room for the network on {chosen.type}: using the CPU")
        return TorchEngine(network, torch.device("cpu"))


def find_device(name: str) -> torch.device:
    """Device by name; "auto" takes CUDA, then Apple's GPU, then the CPU.

    Raises
    ------
    ValueError
        If the name is unknown or the machine has no such device.
    """
    kind = name.partition(":")[0]
    if kind not in DEVICES:
        raise ValueError(f"unknown device {name!r}: choose {', '.join(DEVICES)}")
    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if name == "auto":
        return torch.device("cuda" if cuda else "mps" if mps else "cpu")
    if (kind == "cuda" and not cuda) or (kind == "mps" and not mps):
        raise ValueError(f"this machine has no {kind} device that PyTorch can use: choose cpu")
    return torch.device(name)


@lru_cache(maxsize=2)
def _network(path: Path, _modified: int) -> ItisNetwork:
    return load_network(path)


def fold_batch_norm(network: ItisNetwork) -> ItisNetwork:
    """Copy of a network with batch norm folded into the convolutions before it.

    Which norm follows which convolution is seen by running the network once, so that it holds for
    every encoder.

    Parameters
    ----------
    network : ItisNetwork
        In eval mode; it stays as it is.

    Returns
    -------
    ItisNetwork
        Gives the same logits up to rounding.
    """
    network = copy.deepcopy(network).cpu().eval()
    outputs: dict[int, nn.Conv2d] = {}
    kept: list[torch.Tensor] = []
    pairs: list[tuple[nn.Conv2d, nn.BatchNorm2d]] = []

    def after(module: nn.Conv2d, _: object, output: torch.Tensor) -> None:
        outputs[id(output)] = module
        kept.append(output)  # alive, so that no other tensor gets its id

    def before(module: nn.BatchNorm2d, inputs: tuple[torch.Tensor]) -> None:
        if id(inputs[0]) in outputs:
            pairs.append((outputs[id(inputs[0])], module))

    hooks = []
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            hooks.append(module.register_forward_hook(after))
        elif isinstance(module, nn.BatchNorm2d):
            hooks.append(module.register_forward_pre_hook(before))
    with torch.no_grad():
        network(torch.zeros(1, network.config.in_channels, 64, 64))
    for hook in hooks:
        hook.remove()
    for conv, norm in pairs:
        conv.weight, conv.bias = fuse_conv_bn_weights(
            conv.weight,
            conv.bias,
            norm.running_mean,
            norm.running_var,
            norm.eps,
            norm.weight,
            norm.bias,
        )
    folded = {id(norm) for _, norm in pairs}
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if id(child) in folded:
                # timm's norms carry their activation along.
                setattr(parent, name, getattr(child, "act", nn.Identity()))
    return network.requires_grad_(False)
