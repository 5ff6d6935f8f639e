"""One process or many: what the processes of a training share (Lightning Fabric)."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

import torch
from torch import distributed, nn

from napari_itis.inference.engine import find_device
from napari_itis.network.timm_import import timm
from napari_itis.training.config import ConfigError, TrainingConfig
from napari_itis.training.optimization import use_bf16

T = TypeVar("T")

# The others wait while the first process looks at every photo of COCO, which takes an hour and more
# than the half that is usual. What ends, torchrun notices at once.
_PATIENCE = timedelta(days=1)


class Processes:
    """The processes that train together, seen from one of them.

    A lone one by default; those that `torchrun` starts find each other by its environment.

    Parameters
    ----------
    config : TrainingConfig

    Attributes
    ----------
    rank, count : int
        This one's number, and how many there are.
    device : torch.device
    bf16 : bool

    Raises
    ------
    ConfigError
        If Lightning Fabric is missing or the batch cannot be shared out evenly.
    """

    def __init__(self, config: TrainingConfig) -> None:
        count = int(os.environ.get("WORLD_SIZE", "1"))
        beside = int(os.environ.get("LOCAL_WORLD_SIZE", str(count)))
        if config.batch_size % count:
            raise ConfigError(
                f"batch_size = {config.batch_size} cannot be shared out among {count} processes: "
                f"make it a multiple of {count}"
            )
        device = find_device(config.device)
        if count == config.batch_size and not config.freeze_norm and device.type != "cuda":
            raise ConfigError(
                f"batch_size = {config.batch_size} leaves one sample for each of {count} processes "
                "and batch norm needs two: raise it, or set freeze_norm = true"
            )
        self.bf16 = use_bf16(config.precision, device)
        self._fabric = _fabric(device, count, beside, self.bf16)
        self._fabric.launch()
        self.rank, self.count = self._fabric.global_rank, self._fabric.world_size
        self.device = self._fabric.device
        share = config.batch_size // self.count
        self.lanes = slice(self.rank * share, (self.rank + 1) * share)
        torch.set_num_threads(config.threads or max(1, (os.cpu_count() or 1) // beside))

    @property
    def first(self) -> bool:
        """Whether this process is the one that reads, writes and speaks."""
        return self.rank == 0

    def once(self, work: Callable[[], T]) -> T:
        """Do something in the first process; its result, or its error, is everybody's."""
        if self.count == 1:
            return work()
        outcome: Any = None
        if self.first:
            try:
                outcome = (work(), None)
            except Exception as error:
                outcome = (None, error)
        result, error = self._fabric.broadcast(outcome)
        if error is not None:
            raise error
        return result

    def set_up(
        self, network: nn.Module, optimizer: torch.optim.Optimizer
    ) -> tuple[nn.Module, torch.optim.Optimizer]:
        """The network and the optimizer as the steps use them."""
        module = self._fabric.setup_module(network, move_to_device=False)
        return module, self._fabric.setup_optimizers(optimizer)

    def share_norm(self, network: nn.Module) -> nn.Module:
        """Batch norm over the whole batch where several GPUs share it.

        On CPUs each process normalises its own part of the batch: PyTorch has no other way there.
        """
        if self.count == 1 or self.device.type != "cuda":
            return network
        return timm.layers.convert_sync_batchnorm(network)

    def backward(self, loss: torch.Tensor) -> None:
        """Gradients of the mean loss of all processes."""
        self._fabric.backward(loss)

    def mean(self, *values: torch.Tensor) -> list[float]:
        """Means over the processes of some scalars."""
        stacked = torch.stack([value.detach().float() for value in values])
        return self._fabric.all_reduce(stacked, reduce_op="mean").tolist()

    def any(self, flag: bool) -> bool:
        """Whether it holds in one of the processes."""
        if self.count == 1:
            return flag
        return self.mean(torch.tensor(float(flag), device=self.device))[0] > 0

    def gather(self, thing: T) -> list[T]:
        """What each process has, in the first one; nothing in the others."""
        if self.count == 1:
            return [thing]
        things: list[Any] | None = [None] * self.count if self.first else None
        distributed.gather_object(thing, things, dst=0)
        return things or []

    def close(self) -> None:
        """Part from the other processes."""
        if self.count > 1 and distributed.is_initialized():
            distributed.destroy_process_group()


def _fabric(device: torch.device, count: int, beside: int, bf16: bool) -> Any:
    try:
        from lightning_fabric import Fabric
        from lightning_fabric.strategies import DDPStrategy
    except ImportError:
        raise ConfigError(
            'training needs Lightning Fabric: pip install "napari-itis[train]"'
        ) from None
    for name in ("lightning_fabric", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return Fabric(
        accelerator=device.type,
        devices=beside if count > 1 or device.index is None else [device.index],
        num_nodes=max(1, count // beside),
        # DDP hands the first process's statistics of batch norm to all.
        strategy=DDPStrategy(timeout=_PATIENCE) if count > 1 else "auto",
        precision="bf16-mixed" if bf16 else "32-true",
    )
