"""The training loop (paper, Sec. 3.2 and 4.2); reads from top to bottom."""

from __future__ import annotations

import errno
import logging
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor
from contextlib import nullcontext
from os import PathLike
from pathlib import Path

from napari_itis.runs import Reporter, hold
from napari_itis.runs.folder import CHECKPOINT, CONFIG, STOP
from napari_itis.training.checkpoint import Progress, checkpoint_to_resume, refuse_existing
from napari_itis.training.config import UNTRAINED, TrainingConfig
from napari_itis.training.config_files import load_config, write_config
from napari_itis.training.distributed import Processes
from napari_itis.training.failures import clear_failures
from napari_itis.training.interruption import TrainingStopped, stop_on_signals
from napari_itis.training.learner import BrokenStep, Learner, Outcome
from napari_itis.training.listing import list_sources
from napari_itis.training.loader import Batch, Loader
from napari_itis.training.log import Log, StepReport
from napari_itis.training.pictures import picture_grid
from napari_itis.training.plan import Plan
from napari_itis.training.saving import Saving
from napari_itis.training.sources import Sources
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
    RunError
        If another process trains in the folder.
    TrainingStopped
        A KeyboardInterrupt: after SIGINT, SIGTERM or a KeyboardInterrupt of `report`.
    FloatingPointError
        If the loss is no longer a number; names the samples.
    OSError
        If weights or the last checkpoint could not be written, a process that prepares samples
        was killed, or memory ran out.
    """
    if not isinstance(config, TrainingConfig):
        config = load_config(config, overrides or (), data or ())
    folder = Path(output) if output is not None else Path("runs") / config.name
    first = os.environ.get("RANK", "0") == "0"
    with hold(folder) if first else nullcontext():
        refuse_existing(folder, resume)
        reporter = Reporter(folder, first)
        with clear_failures(folder, reporter):
            training = Training(config, folder, resume, reporter)
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
    reporter : Reporter, optional
        Says where it stands.
    """

    def __init__(
        self,
        config: TrainingConfig,
        folder: Path,
        resume: bool = False,
        reporter: Reporter | None = None,
    ) -> None:
        self.config = config
        self.folder = folder
        self.checkpoint = folder / CHECKPOINT
        folder.mkdir(parents=True, exist_ok=True)
        self._reporter = reporter or Reporter(folder)
        self._reporter.say(message="reading images and masks")
        self._processes = shared = Processes(config)
        if self.first:
            # Of an earlier stop.
            (folder / STOP).unlink(missing_ok=True)
        saved = shared.once(lambda: checkpoint_to_resume(folder, config, resume))
        listing = shared.once(lambda: list_sources(config))
        sources = Sources(config, listing)
        if saved is not None:
            saved.require_data(sources.fingerprint)
        self.plan = Plan.of(config, len(sources))
        self.learner = Learner(config, shared, self.plan.steps, saved is not None)
        self._loader = Loader(config, sources, self.plan, shared.lanes)
        self.progress = Progress()
        if saved is not None:
            self.progress = saved.progress
            saved.restore(self.learner.networks, self.learner.optimizer)
            for number, state in saved.states().items():
                if self.plan.owned(number, shared.lanes):
                    self._loader.states[number] = state
        self._validation = Validation(config, listing, folder, shared.device)
        self._saving = Saving(
            config, folder, self.learner, self.progress, sources.fingerprint, self._reporter
        )
        self._stop_signal = 0
        if self.first:
            write_config(folder / CONFIG, config)

    def __enter__(self) -> Training:
        return self

    def __exit__(self, *_: object) -> None:
        self._loader.close()
        self._processes.close()

    @property
    def stopping(self) -> bool:
        """Whether this process was asked to stop, by a signal or a file."""
        return self._stop_signal != 0 or (self.first and (self.folder / STOP).exists())

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
        self._reporter.say(
            state="running",
            step=progress.step,
            steps=plan.steps,
            checkpoint_step=progress.step,
            message="",
        )
        with Log(self.folder, progress.step) if self.first else nullcontext() as log:
            if progress.step == 0 and config.start not in UNTRAINED:
                measured = self._measure()
                if log is not None and measured is not None:
                    log.measurement(0, measured)
                began = time.monotonic()
                if self._processes.any(self.stopping):
                    self._raise_stopped()
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
                        if self._validation.due(epoch, last):
                            measured = self._measure()
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
                    self._tell(report)
                    # The clock stands still while measurements and checkpoints are made.
                    began += time.monotonic() - began - elapsed
                    yield report
                    if last:
                        break
                    if self._processes.any(self.stopping):
                        self._end_early()

    def save(self) -> None:
        """Write the checkpoint; if it cannot be, say so, and leave the previous one as it was."""
        states = self._processes.gather(self._loader.settle())
        if self.first:
            self._saving.save(states)

    def finish(self) -> Path:
        """Write the weights that a `Predictor` opens, and return their path.

        Raises
        ------
        OSError
            If they, or the last checkpoint, could not be written.
        """
        if self.first:
            self._saving.write_weights()
            self._saving.require_saved()
            self._reporter.say(state="done", seconds_left=0.0, message="")
        return self._saving.weights

    def _tell(self, report: StepReport) -> None:
        epochs = -(-self.plan.steps // self.plan.steps_per_epoch)
        to_come = self._validation.seconds_to_come(report.epoch, epochs)
        self._reporter.say(
            now=self._reporter.status.seconds_left is None or report.measured is not None,
            step=report.step,
            samples_per_second=report.samples_per_second,
            seconds_left=report.seconds_left + to_come,
        )

    def _measure(self) -> Measurement | None:
        """Measured in the first process, while the others wait in their next step."""
        if not self.first:
            return None
        return self._validation.run(
            self.learner.result,
            self._saving.about(),
            self.progress,
            self._reporter,
            lambda: self.stopping,
        )

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
                f"loaders or cache_gb and --resume from step {self._saving.step}",
                str(self.checkpoint),
            ) from None

    def _end_early(self) -> None:
        """After a step: with a checkpoint, and with weights that can be used as they are."""
        self.save()
        if self.first:
            self._saving.require_saved()
            self._saving.write_weights()
        self._raise_stopped()

    def _raise_stopped(self) -> None:
        self._reporter.say(state="stopped", seconds_left=None)
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
            step = self._saving.step
            good = f"that of step {step}" if step else "none yet"
            raise FloatingPointError(
                f"step {self.progress.step + 1}: the {error.what} on {shown}: look at "
                f"these images or lower learning_rate; the last good checkpoint is {good}"
            ) from None
