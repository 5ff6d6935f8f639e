"""What a step changes: the network, the average of its weights, the optimizer."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from napari_itis.network import ItisNetwork
from napari_itis.training.config import TrainingConfig
from napari_itis.training.depthwise import FastDepthwise
from napari_itis.training.distributed import Processes
from napari_itis.training.loss import total_loss
from napari_itis.training.optimization import (
    freeze_norm,
    make_optimizer,
    mixed,
    rate_factor,
    start_network,
    update_average,
)
from napari_itis.training.samples import TrainingSample


@dataclass(frozen=True)
class Outcome:
    """What came out of a step.

    Attributes
    ----------
    loss, iou : float
        Means over all processes; IoU against the truth without void.
    predicted : ndarray of bool, shape (N, crop, crop)
        Of this process's samples.
    """

    loss: float
    iou: float
    predicted: np.ndarray


class BrokenStep(Exception):
    """The loss or its gradient is no number; nothing was learnt from the step.

    Attributes
    ----------
    what : str
        Which of them, and what it is.
    samples : list of int
        Those whose logits are no numbers, by their place in this process's part of the batch; all
        of them if no process has such.
    """

    def __init__(self, what: str, samples: list[int]) -> None:
        super().__init__(what)
        self.what, self.samples = what, samples


class Learner:
    """The network that learns, with everything that has to be saved to go on exactly.

    Parameters
    ----------
    config : TrainingConfig
    processes : Processes
    steps : int
        Steps of the whole training.
    resumed : bool
        Whether a checkpoint's weights follow.

    Attributes
    ----------
    network : Module
    average : Module or None
        The running average of its weights, if there is one.
    optimizer : Optimizer
    """

    def __init__(
        self, config: TrainingConfig, processes: Processes, steps: int, resumed: bool
    ) -> None:
        self._config, self._processes, self._steps = config, processes, steps
        network = start_network(config, resumed)
        network.to(processes.device, memory_format=torch.channels_last)
        self.average = copy.deepcopy(network).eval() if config.ema else None
        self._start = copy.deepcopy(network).eval() if config.keep_start else None
        self.network = network if config.freeze_norm else processes.share_norm(network)
        self.optimizer = make_optimizer(self.network, config)
        self._module, self._stepper = processes.set_up(self.network, self.optimizer)

    @property
    def networks(self) -> dict[str, nn.Module]:
        """All that a checkpoint must hold, by name."""
        named = {"network": self.network, "average": self.average, "start": self._start}
        return {name: network for name, network in named.items() if network is not None}

    @property
    def result(self) -> ItisNetwork:
        """The network to save and to measure."""
        learnt = self.network if self.average is None else self.average
        if self._start is None:
            return learnt
        return mixed(learnt, self._start, self._config.keep_start)

    def step(self, samples: Sequence[TrainingSample], step: int, epoch: int) -> Outcome:
        """Learn from this process's part of a batch.

        Raises
        ------
        BrokenStep
            In all processes, if the loss is no number in one of them, or its gradient is none.
        """
        config, device, bf16 = self._config, self._processes.device, self._processes.bf16
        torch.manual_seed(config.seed * 1_000_003 + step)
        channels = torch.stack([s.channels for s in samples])
        channels = channels.to(device, memory_format=torch.channels_last)
        truth = torch.stack([s.truth for s in samples]).to(device)
        valid = torch.stack([s.valid for s in samples]).to(device)
        factor = rate_factor(step, epoch, self._steps, config)
        for group in self.optimizer.param_groups:
            group["lr"] = group["initial_lr"] * factor
        self._module.train()
        if config.freeze_norm:
            freeze_norm(self.network)
        # Autocast is Fabric's; only a CPU needs help with the gradients of bfloat16.
        with FastDepthwise() if bf16 and device.type == "cpu" else nullcontext():
            logits = self._module(channels)
        loss = total_loss(
            logits,
            truth,
            valid,
            cross_entropy=config.cross_entropy,
            bootstrapped=config.bootstrapped,
            dice=config.dice,
            share=config.bootstrap_share,
        )
        with torch.no_grad():
            predicted = logits[:, 1] > logits[:, 0]
            both = (predicted & truth & valid).flatten(1).sum(1)
            either = ((predicted | truth) & valid).flatten(1).sum(1).clamp(min=1)
            iou = (both / either).mean()
        mean_loss, mean_iou = self._processes.mean(loss, iou)
        if not math.isfinite(mean_loss):
            finite = logits.detach().float().isfinite().flatten(1).all(1).tolist()
            broken = [place for place, fine in enumerate(finite) if not fine]
            found = self._processes.any(bool(broken))
            raise BrokenStep(f"loss is {mean_loss}", broken if found else list(range(len(finite))))
        self._stepper.zero_grad(set_to_none=True)
        self._processes.backward(loss)
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), 5.0).item()
        # It is the same in all processes; a step with it would turn every weight into no number.
        if not math.isfinite(norm):
            raise BrokenStep(f"gradient is {norm}", list(range(len(samples))))
        self._stepper.step()
        if self.average is not None:
            update_average(self.average, self.network, config.ema, step)
        return Outcome(mean_loss, mean_iou, predicted.cpu().numpy())
