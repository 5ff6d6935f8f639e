"""The training loop (paper, Sec. 3.2 and 4.2); reads from top to bottom."""

from __future__ import annotations

import errno
import logging
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor
from contextlib import nullcontext
from os import PathLike
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from napari_itis.datasets import DatasetError
from napari_itis.network import save_weights
from napari_itis.training.checkpoint import (
    CHECKPOINT,
    Checkpoint,
    Progress,
    read_checkpoint,
    save_checkpoint,
)
from napari_itis.training.config import ConfigError, TrainingConfig
from napari_itis.training.config_files import load_config
from napari_itis.training.distributed import Processes
from napari_itis.training.interruption import TrainingStopped, stop_on_signals
from napari_itis.training.learner import BrokenStep, Learner, Outcome
from napari_itis.training.loader import Batch, Loader
from napari_itis.training.log import Log, StepReport
from napari_itis.training.pictures import picture_grid
from napari_itis.training.plan import Plan
from napari_itis.training.sources import Sources, list_sources
from napari_itis.training.validation import Measurement, Validation

_log = logging.getLogger(__name__)


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
        Called after every step, in the first process only; a KeyboardInterrupt in it ends the
        training after a checkpoint.

    Returns
    -------
    Path
        The weights file.

    Raises
    ------
    ConfigError, DatasetError, WeightsError
        One line on what is wrong; before the first step.
    TrainingStopped
        A KeyboardInterrupt: after SIGINT, SIGTERM or a KeyboardInterrupt of `report`.
    FloatingPointError
        If the loss is no longer a number; names the samples.
    OSError
        If weights or the last checkpoint could not be written, or a process that prepares samples
        was killed.
    """
    if not isinstance(config, TrainingConfig):
        config = load_config(config, overrides or (), data or ())
    folder = Path(output) if output is not None else Path("runs") / config.name
    training = Training(config, folder, resume=resume)
    with training, stop_on_signals(training.stop):
        for step in training.run():
            try:
                if report is not None and training.first:
                    report(step)
            except KeyboardInterrupt:
                training.stop()
        return training.finish()


class Training:
    """A training that is under way, or this process's part of it.

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
        self._processes = shared = Processes(config)
        saved = shared.once(lambda: self._checkpoint_to_resume(resume))
        listing = shared.once(lambda: list_sources(config))
        sources = Sources(config, listing)
        self._fingerprint = sources.fingerprint
        if saved is not None:
            saved.require_data(self._fingerprint)
        self.plan = Plan.of(config, len(sources))
        self.learner = Learner(config, shared, self.plan.steps, saved is not None)
        self._loader = Loader(config, sources, self.plan, shared.lanes)
        self.progress = Progress()
        if saved is not None:
            self.progress = saved.progress
            saved.restore(self.learner.network, self.learner.average, self.learner.optimizer)
            for number, state in saved.states().items():
                if self.plan.owned(number, shared.lanes):
                    self._loader.states[number] = state
        self._validation = Validation(config, listing, folder, shared.device)
        self._saved_step = self.progress.step
        self._save_error: OSError | None = None
        self._stop_signal = 0
        folder.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Training:
        return self

    def __exit__(self, *_: object) -> None:
        self._loader.close()
        self._processes.close()

    @property
    def first(self) -> bool:
        """Whether this is the first process, the one that speaks."""
        return self._processes.first

    def stop(self, number: int = signal.SIGINT) -> None:
        """End the training after the step that is under way; from any thread or signal handler."""
        self._stop_signal = number

    def run(self) -> Iterator[StepReport]:
        """Train to the end, one report per step, with checkpoints on the way.

        Raises
        ------
        TrainingStopped
            After `stop`.
        FloatingPointError, OSError
            As `train`.
        """
        config, plan, progress = self.config, self.plan, self.progress
        began, first, waited = time.monotonic(), progress.step, 0.0
        spent = progress.seconds
        with Log(self.folder, progress.step) if self.first else nullcontext() as log:
            while progress.step < plan.steps:
                epoch, done = divmod(progress.step, plan.steps_per_epoch)
                for batch in self._batches(epoch, done):
                    waited += batch.waited
                    outcome = self._step(batch, epoch)
                    self._loader.keep(batch, outcome.predicted)
                    progress.step += 1
                    elapsed = time.monotonic() - began
                    progress.seconds = spent + elapsed
                    last = progress.step == plan.steps
                    measured = None
                    if last or progress.step % plan.steps_per_epoch == 0:
                        if log is not None:
                            grid = picture_grid(batch.samples, outcome.predicted)
                            log.picture("samples", grid, progress.step)
                        measured = self._measure(epoch, last)
                        self.save()
                    elif progress.step % config.checkpoint_steps == 0:
                        self.save()
                    count = progress.step - first
                    report = StepReport(
                        progress.step,
                        plan.steps,
                        epoch,
                        outcome.loss,
                        outcome.iou,
                        count * config.batch_size / elapsed,
                        waited / elapsed,
                        (plan.steps - progress.step) * elapsed / count,
                        measured,
                    )
                    if log is not None:
                        log.write(report)
                    # The clock stands still while measurements and checkpoints are made.
                    began += time.monotonic() - began - elapsed
                    yield report
                    if last:
                        break
                    if self._processes.any(self._stop_signal != 0):
                        self._end_early()

    def save(self) -> None:
        """Write the checkpoint; if it cannot be, say so, and leave the previous one as it was."""
        states: dict[int, bytes] = {}
        for part in self._processes.gather(self._loader.settle()):
            states |= part
        if not self.first:
            return
        try:
            save_checkpoint(
                self.checkpoint,
                self.config,
                self.progress,
                self.learner.network,
                self.learner.average,
                self.learner.optimizer,
                states,
                self._fingerprint,
            )
            self._saved_step, self._save_error = self.progress.step, None
        except OSError as error:
            if self._save_error is None:
                _log.warning(
                    "cannot write %s (%s): training goes on, the checkpoint of step %d stays",
                    self.checkpoint,
                    error.strerror,
                    self._saved_step,
                )
            self._save_error = error

    def finish(self) -> Path:
        """Write the weights that a `Predictor` opens, and return their path.

        Raises
        ------
        OSError
            If they, or the last checkpoint, could not be written.
        """
        path = self.folder / f"{self.config.name}.safetensors"
        if self.first:
            try:
                save_weights(self.learner.result, path, training=self._about())
            except SafetensorError as error:
                raise OSError(None, str(error), str(path)) from error
            if self._save_error is not None:
                raise self._save_error
        return path

    def _measure(self, epoch: int, last: bool) -> Measurement | None:
        """Measured in the first process, while the others wait in their next step."""
        if not (self.first and self._validation.due(epoch, last)):
            return None
        best = self.progress.best
        try:
            measured = self._validation.measure(self.learner.result, self._about(), best)
        except (OSError, SafetensorError, DatasetError) as error:
            _log.warning("not measured: %s", error)
            return None
        if best is None or measured.rank < best:
            self.progress.best = measured.rank
        return measured

    def _batches(self, epoch: int, done: int) -> Iterator[Batch]:
        try:
            yield from self._loader.batches(epoch, done)
        except BrokenExecutor:
            # Of several processes this one alone knows, and a checkpoint needs the states of all.
            if self._processes.count == 1:
                self.save()
            raise ChildProcessError(
                errno.ECHILD,
                "a process that prepares samples was killed, most likely for lack of memory: lower "
                f"loaders or cache_gb and --resume from step {self._saved_step}",
                str(self.checkpoint),
            ) from None

    def _end_early(self) -> None:
        self.save()
        if self._save_error is not None:
            raise self._save_error
        number = self._stop_signal or signal.SIGINT
        raise TrainingStopped(self.progress.step, self.plan.steps, self.folder, number)

    def _step(self, batch: Batch, epoch: int) -> Outcome:
        try:
            return self.learner.step(batch.samples, self.progress.step, epoch)
        except BrokenStep as error:
            names = [self._loader.name(batch.samples[place].state) for place in error.samples]
            parts = self._processes.gather(names)
            names = self._processes.once(lambda: [name for part in parts for name in part])
            shown = ", ".join(names[:8]) + (" and more" if len(names) > 8 else "")
            good = f"that of step {self._saved_step}" if self._saved_step else "none yet"
            raise FloatingPointError(
                f"step {self.progress.step + 1}: the {error.what} on {shown}: look at "
                f"these images or lower learning_rate; the last good checkpoint is {good}"
            ) from None

    def _checkpoint_to_resume(self, resume: bool) -> Checkpoint | None:
        if self.checkpoint.exists() and not resume:
            raise ConfigError(
                f"{self.checkpoint} exists already: give --resume, or another --output"
            )
        if not resume:
            return None
        if not self.checkpoint.exists():
            raise ConfigError(
                f"no {CHECKPOINT} in {self.folder} to resume: leave --resume out to begin"
            )
        return read_checkpoint(self.checkpoint, self.config)

    def _about(self) -> dict[str, Any]:
        """What the weights say of their training; where the data lay is nobody's business."""
        return self.config.as_dict() | {
            "data_root": "",
            "start": Path(self.config.start).name,
            "encoder_weights": "",
            "data": [source.name or Path(source.root).name for source in self.config.data],
            "samples_seen": self.progress.step * self.config.batch_size,
            "hours": round(self.progress.seconds / 3600, 3),
        }
