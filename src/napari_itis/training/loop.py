"""The training loop (paper, Sec. 3.2 and 4.2); reads from top to bottom."""

from __future__ import annotations

import copy
import csv
import math
import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np
import torch
from torch import nn

from napari_itis.network import (
    ItisNetwork,
    load_encoder,
    load_network,
    pretrained_encoder,
    save_weights,
)
from napari_itis.training.checkpoint import (
    CHECKPOINT,
    Progress,
    load_checkpoint,
    save_checkpoint,
)
from napari_itis.training.config import ConfigError, TrainingConfig, load_config
from napari_itis.training.loss import total_loss
from napari_itis.training.samples import ObjectState, TrainingSample, next_sample
from napari_itis.training.sources import Sources

_AHEAD = 4


@dataclass(frozen=True)
class StepReport:
    """What a step has to say.

    Attributes
    ----------
    step, steps : int
        Steps done and steps in all.
    epoch : int
    loss, iou : float
        Means of the batch; IoU against the truth without void.
    samples_per_second, waiting : float
        Since this start; the share of the time spent waiting for data.
    seconds_left : float
    """

    step: int
    steps: int
    epoch: int
    loss: float
    iou: float
    samples_per_second: float
    waiting: float
    seconds_left: float


def train(
    config: TrainingConfig | str | PathLike,
    overrides: list[str] | None = None,
    data: list[str] | None = None,
    output: str | PathLike | None = None,
    resume: bool = False,
    report: Callable[[StepReport], None] | None = None,
) -> Path:
    """Train a network; the one function behind the command line, train.py and the dock widget.

    Parameters
    ----------
    config : TrainingConfig, str or path-like
        Settings, the name of a shipped config, or a TOML file.
    overrides : list of str, optional
        ``KEY=VALUE`` settings.
    data : list of str, optional
        ``NAME:ROOT`` data sets in the layout `folder`, in place of the config's own.
    output : path-like, optional
        Folder for checkpoint, log and weights; ``runs/NAME`` by default.
    resume : bool
        Go on from the folder's checkpoint if there is one.
    report : callable, optional
        Called after every step; an exception in it (KeyboardInterrupt, say) ends the training
        after a checkpoint.

    Returns
    -------
    Path
        The weights file.

    Raises
    ------
    ConfigError, DatasetError, WeightsError
        One line on what is wrong; before the first step.
    FloatingPointError
        If the loss is no longer a number.
    """
    if not isinstance(config, TrainingConfig):
        config = load_config(config, overrides or (), data or ())
    folder = Path(output) if output is not None else Path("runs") / config.name
    training = Training(config, folder, resume=resume)
    try:
        for step in training.run():
            if report is not None:
                report(step)
    except KeyboardInterrupt:
        training.save()
        raise
    return training.finish()


class Training:
    """A training that is under way.

    Parameters
    ----------
    config : TrainingConfig
    folder : Path
        Where checkpoint, log and weights go.
    resume : bool
        Go on from the folder's checkpoint if there is one.
    """

    def __init__(self, config: TrainingConfig, folder: Path, resume: bool = False) -> None:
        self.config = config
        self.folder = folder
        self.checkpoint = folder / CHECKPOINT
        if self.checkpoint.exists() and not resume:
            raise ConfigError(
                f"{self.checkpoint} exists already: give --resume, or another --output"
            )
        self.device = choose_device(config.device)
        self.bf16 = use_bf16(config.precision, self.device)
        torch.set_num_threads(config.threads or os.cpu_count() or 1)
        self.sources = Sources(config)
        self.network = start_network(config).to(self.device, memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.network).eval() if config.ema else None
        self.optimizer = make_optimizer(self.network, config)
        self.progress = Progress()
        self.slots: list[ObjectState | None] = [None] * config.samples_per_epoch
        if resume and self.checkpoint.exists():
            self.progress, self.slots = load_checkpoint(
                self.checkpoint, config, self.network, self.average, self.optimizer
            )
        folder.mkdir(parents=True, exist_ok=True)

    def run(self) -> Iterator[StepReport]:
        """Train to the end, one report per step, with checkpoints on the way."""
        config = self.config
        began, first, waited = time.monotonic(), self.progress.step, 0.0
        spent = self.progress.seconds
        with (
            ThreadPoolExecutor(max(1, config.loaders), "itis-loader") as loaders,
            Log(self.folder / "log.csv", self.progress.step) as log,
        ):
            while self.progress.step < config.steps:
                epoch = self.progress.step // config.steps_per_epoch
                for indices, samples, seconds in self._batches(epoch, loaders):
                    waited += seconds
                    loss, iou = self._step(indices, samples)
                    self.progress.step += 1
                    elapsed = time.monotonic() - began
                    self.progress.seconds = spent + elapsed
                    done = self.progress.step - first
                    report = StepReport(
                        self.progress.step,
                        config.steps,
                        epoch,
                        loss,
                        iou,
                        done * config.batch_size / elapsed,
                        waited / elapsed,
                        (config.steps - self.progress.step) * elapsed / done,
                    )
                    log.write(report)
                    if self.progress.step % config.checkpoint_steps == 0:
                        self.save()
                    yield report
                    if self.progress.step >= config.steps:
                        break
                self.save()

    def save(self) -> None:
        """Write the checkpoint."""
        save_checkpoint(
            self.checkpoint,
            self.config,
            self.progress,
            self.network,
            self.average,
            self.optimizer,
            self.slots,
        )

    def finish(self) -> Path:
        """Write the weights that a `Predictor` opens, and return their path."""
        path = self.folder / f"{self.config.name}.safetensors"
        network = self.network if self.average is None else self.average
        # Where the data lay is nobody's business but the user's.
        about = self.config.as_dict() | {
            "data_root": "",
            "encoder_weights": "",
            "data": [source.name or Path(source.root).name for source in self.config.data],
        }
        save_weights(
            network,
            path,
            training=about
            | {"samples_seen": self.progress.step * self.config.batch_size}
            | {"hours": round(self.progress.seconds / 3600, 3)},
        )
        return path

    def _batches(
        self, epoch: int, loaders: ThreadPoolExecutor
    ) -> Iterator[tuple[list[int], list[TrainingSample], float]]:
        """The rest of an epoch, prepared ahead; loaders never look beyond its end.

        An object is visited once per epoch, so nothing that is prepared ahead can depend on a step
        that is still to come.
        """
        config = self.config
        order = np.random.default_rng([config.seed, epoch]).permutation(config.samples_per_epoch)
        done = self.progress.step % config.steps_per_epoch
        batches = order[: config.steps_per_epoch * config.batch_size].reshape(
            -1, config.batch_size
        )[done:]
        waiting: deque[tuple[list[int], list[Future[TrainingSample]]]] = deque()
        remaining = iter(batches.tolist())

        def submit() -> None:
            indices = next(remaining, None)
            if indices is not None:
                waiting.append((indices, [loaders.submit(self._visit, epoch, i) for i in indices]))

        for _ in range(_AHEAD):
            submit()
        while waiting:
            indices, futures = waiting.popleft()
            began = time.monotonic()
            samples = [future.result() for future in futures]
            submit()
            yield indices, samples, time.monotonic() - began

    def _visit(self, epoch: int, index: int) -> TrainingSample:
        rng = np.random.default_rng([self.config.seed, epoch, index])
        return next_sample(self.slots[index], self.sources, self.config, rng)

    def _step(self, indices: list[int], samples: list[TrainingSample]) -> tuple[float, float]:
        config = self.config
        torch.manual_seed(config.seed * 1_000_003 + self.progress.step)
        channels = torch.stack([s.channels for s in samples])
        channels = channels.to(self.device, memory_format=torch.channels_last)
        truth = torch.stack([s.truth for s in samples]).to(self.device)
        valid = torch.stack([s.valid for s in samples]).to(self.device)
        factor = rate_factor(self.progress.step, config)
        for group in self.optimizer.param_groups:
            group["lr"] = group["initial_lr"] * factor
        self.network.train()
        if config.freeze_norm:
            for module in self.network.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
            logits = self.network(channels)
        loss = total_loss(
            logits,
            truth,
            valid,
            cross_entropy=config.cross_entropy,
            bootstrapped=config.bootstrapped,
            dice=config.dice,
            share=config.bootstrap_share,
        )
        if not torch.isfinite(loss):
            raise FloatingPointError(f"the loss of step {self.progress.step + 1} is {loss.item()}")
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimizer.step()
        if self.average is not None:
            update_average(self.average, self.network, config.ema, self.progress.step)
        with torch.no_grad():
            predicted = logits[:, 1] > logits[:, 0]
            both = (predicted & truth & valid).flatten(1).sum(1)
            either = ((predicted | truth) & valid).flatten(1).sum(1).clamp(min=1)
            iou = (both / either).mean().item()
        for index, sample, mask in zip(indices, samples, predicted.cpu().numpy(), strict=True):
            self.slots[index] = sample.visited(mask)
        return loss.item(), iou


class Log:
    """CSV log of a training; on a resumed one, rows beyond the checkpoint are dropped.

    Parameters
    ----------
    path : Path
    step : int
        The last step to keep.
    """

    FIELDS = ("step", "epoch", "loss", "iou", "samples_per_second", "waiting")

    def __init__(self, path: Path, step: int) -> None:
        kept = []
        if path.exists() and step:
            with path.open(newline="") as file:
                kept = [row for row in csv.DictReader(file) if int(row["step"]) <= step]
        self._file = path.open("w", newline="")
        self._writer = csv.DictWriter(self._file, self.FIELDS, extrasaction="ignore")
        self._writer.writeheader()
        self._writer.writerows(kept)

    def __enter__(self) -> Log:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, report: StepReport) -> None:
        """Add a row."""
        row = {name: getattr(report, name) for name in self.FIELDS}
        self._writer.writerow({k: round(v, 4) for k, v in row.items()})
        self._file.flush()


def choose_device(name: str) -> torch.device:
    """The device of that name; "auto" takes CUDA, then Apple's GPU, then the CPU."""
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    return torch.device(name)


def use_bf16(precision: str, device: torch.device) -> bool:
    """Whether to compute in bfloat16; "auto" does so where the hardware has it."""
    if precision != "auto":
        return precision == "bf16"
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    return device.type == "cpu" and torch.ops.mkldnn._is_mkldnn_bf16_supported()


def start_network(config: TrainingConfig) -> ItisNetwork:
    """The network at the start: from ImageNet, or from weights of ours of the same shape.

    Raises
    ------
    ConfigError
        If the weights belong to a network of another shape.
    """
    torch.manual_seed(config.seed)
    network = ItisNetwork(config.network)
    if config.start == "random":
        return network
    if config.start == "imagenet":
        weights = pretrained_encoder(config.network.encoder, config.encoder_weights or None)
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


def rate_factor(step: int, config: TrainingConfig) -> float:
    """Factor of the learning rates at a step: warm-up, then cosine or the paper's steps."""
    warm = min(1.0, (step + 1) / max(1, config.warmup))
    if config.schedule == "paper":
        epoch = step // config.steps_per_epoch
        return warm * (1.0 if epoch < 10 else 0.1 if epoch < 15 else 0.03)
    return warm * 0.5 * (1 + math.cos(math.pi * min(1.0, step / config.steps)))


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
