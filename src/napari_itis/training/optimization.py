"""Where a training starts and how its steps are sized."""

from __future__ import annotations

import copy
import math

import torch
from torch import nn

from napari_itis.network import ItisNetwork, load_encoder, load_network, pretrained_encoder
from napari_itis.training.config import ConfigError, TrainingConfig


def use_bf16(precision: str, device: torch.device) -> bool:
    """Whether to compute in bfloat16; "auto" does so where the hardware has it."""
    if precision != "auto":
        return precision == "bf16"
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    return device.type == "cpu" and torch.ops.mkldnn._is_mkldnn_bf16_supported()


def start_network(config: TrainingConfig, resumed: bool = False) -> ItisNetwork:
    """The network at the start: from ImageNet, or from weights of ours of the same shape.

    Parameters
    ----------
    config : TrainingConfig
    resumed : bool
        A checkpoint's weights follow: any will do, and those of the start need not be there.

    Raises
    ------
    ConfigError
        If there are no such weights, or they belong to a network of another shape.
    """
    torch.manual_seed(config.seed)
    network = ItisNetwork(config.network)
    if resumed or config.start == "random":
        return network
    if config.start == "imagenet":
        try:
            weights = pretrained_encoder(config.network.encoder, config.encoder_weights or None)
        except ValueError as error:
            raise ConfigError(f"{error}, or start = random") from None
        load_encoder(network, weights, config.click_init, config.seed)
        return network
    given = load_network(config.start)
    try:
        network.load_state_dict(given.state_dict())
    except RuntimeError:
        raise ConfigError(
            f"the weights {config.start} are of another network ({given.config}): "
            "set network.* alike, or start from imagenet"
        ) from None
    return network


def make_optimizer(network: ItisNetwork, config: TrainingConfig) -> torch.optim.Optimizer:
    """Adam with one rate for the encoder and one for the new layers."""
    encoder = list(network.encoder.parameters())
    inside = {id(p) for p in encoder}
    head = [p for p in network.parameters() if id(p) not in inside]
    groups = [
        {"params": encoder, "lr": config.learning_rate, "initial_lr": config.learning_rate},
        {"params": head, "lr": config.head_learning_rate, "initial_lr": config.head_learning_rate},
    ]
    return torch.optim.Adam(groups)


def rate_factor(step: int, epoch: int, steps: int, config: TrainingConfig) -> float:
    """Factor of the learning rates at a step: warm-up, then cosine or the paper's steps."""
    warm = min(1.0, (step + 1) / max(1, config.warmup))
    if config.schedule == "paper":
        # The paper's epochs count from 1, as in the authors' code.
        return warm * (1.0 if epoch + 1 < 10 else 0.1 if epoch + 1 < 15 else 0.03)
    return warm * 0.5 * (1 + math.cos(math.pi * min(1.0, step / steps)))


def freeze_norm(network: nn.Module) -> None:
    """Keep batch norm's statistics as they are in the steps that follow."""
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.eval()


@torch.no_grad()
def update_average(average: nn.Module, network: nn.Module, decay: float, step: int) -> None:
    """Move the averaged weights towards the network's; early on, faster."""
    decay = min(decay, (step + 1) / (step + 10))
    new = network.state_dict()
    for name, value in average.state_dict().items():
        if value.is_floating_point():
            value.lerp_(new[name], 1 - decay)
        else:
            value.copy_(new[name])


@torch.no_grad()
def mixed(network: ItisNetwork, other: ItisNetwork, share: float) -> ItisNetwork:
    """A new network whose weights are the mean of two, `share` of them the other's."""
    result = copy.deepcopy(network).eval()
    weights = other.state_dict()
    for name, value in result.state_dict().items():
        if value.is_floating_point():
            value.lerp_(weights[name], share)
    return result
