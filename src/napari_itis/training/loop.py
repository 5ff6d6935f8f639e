"""The training loop (paper, Sec. 3.2 and 4.2); reads from top to bottom."""

from __future__ import annotations

import copy
import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from os import PathLike
from pathlib import Path

import numpy as np
import torch
from torch import nn

from napari_itis.inference.engine import find_device
from napari_itis.network import save_weights
from napari_itis.training.checkpoint import (
    CHECKPOINT,
    Progress,
    load_checkpoint,
    save_checkpoint,
)
from napari_itis.training.config import ConfigError, TrainingConfig, load_config
from napari_itis.training.depthwise import FastDepthwise
from napari_itis.training.log import Log, StepReport
from napari_itis.training.loss import total_loss
from napari_itis.training.optimization import (
    make_optimizer,
    rate_factor,
    start_network,
    update_average,
    use_bf16,
)
from napari_itis.training.samples import ObjectState, TrainingSample, next_sample
from napari_itis.training.sources import Sources

_AHEAD = 4


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
        Go on from the folder's checkpoint.
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
        Go on from the folder's checkpoint.
    """

    def __init__(self, config: TrainingConfig, folder: Path, resume: bool = False) -> None:
        self.config = config
        self.folder = folder
        self.checkpoint = folder / CHECKPOINT
        if self.checkpoint.exists() and not resume:
            raise ConfigError(
                f"{self.checkpoint} exists already: give --resume, or another --output"
            )
        if resume and not self.checkpoint.exists():
            raise ConfigError(f"no {CHECKPOINT} in {folder} to resume: leave --resume out to begin")
        self.device = find_device(config.device)
        self.bf16 = use_bf16(config.precision, self.device)
        torch.set_num_threads(config.threads or os.cpu_count() or 1)
        self.sources = Sources(config)
        self.network = start_network(config).to(self.device, memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.network).eval() if config.ema else None
        self.optimizer = make_optimizer(self.network, config)
        self.progress = Progress()
        self.slots: list[ObjectState | None] = [None] * config.samples_per_epoch
        if resume:
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
            "start": Path(self.config.start).name,
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
        fast = FastDepthwise() if self.bf16 and self.device.type == "cpu" else nullcontext()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16), fast:
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
