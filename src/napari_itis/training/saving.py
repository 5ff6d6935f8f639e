"""What a training leaves: checkpoints on the way, weights at its end."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from napari_itis.network import save_weights
from napari_itis.runs import Reporter
from napari_itis.runs.folder import CHECKPOINT
from napari_itis.training.checkpoint import Progress, save_checkpoint
from napari_itis.training.config import TrainingConfig
from napari_itis.training.learner import Learner

_log = logging.getLogger(__name__)


class Saving:
    """Writes the checkpoints and the weights of a training.

    Parameters
    ----------
    config : TrainingConfig
    folder : Path
    learner : Learner
    progress : Progress
        Where the training stands, always.
    fingerprint : str
        Of the data, see `Sources.fingerprint`.
    reporter : Reporter

    Attributes
    ----------
    step : int
        Of the last checkpoint; 0 if there is none.
    error : OSError or None
        Why there is no newer one.
    """

    def __init__(
        self,
        config: TrainingConfig,
        folder: Path,
        learner: Learner,
        progress: Progress,
        fingerprint: str,
        reporter: Reporter,
    ) -> None:
        self._config, self._learner, self._progress = config, learner, progress
        self._fingerprint, self._reporter = fingerprint, reporter
        self.checkpoint = folder / CHECKPOINT
        self.weights = folder / f"{config.name}.safetensors"
        self.step = progress.step
        self.error: OSError | None = None

    def save(self, states: Sequence[dict[int, bytes]]) -> None:
        """Write the checkpoint; if it cannot be, say so, and leave the previous one as it was.

        Parameters
        ----------
        states : sequence of dict of int to bytes
            Packed click states of the objects of each process.
        """
        everything: dict[int, bytes] = {}
        for part in states:
            everything |= part
        try:
            save_checkpoint(
                self.checkpoint,
                self._config,
                self._progress,
                self._learner.networks,
                self._learner.optimizer,
                everything,
                self._fingerprint,
            )
        except OSError as error:
            if self.error is None:
                line = (
                    f"cannot write {self.checkpoint} ({error.strerror}): training goes on, "
                    f"the checkpoint of step {self.step} stays"
                )
                _log.warning("%s", line)
                self._reporter.say(message=line)
            self.error = error
        else:
            self.step, self.error = self._progress.step, None
            self._reporter.say(checkpoint_step=self.step, message="")

    def require_saved(self) -> None:
        """Raise the error of the last checkpoint, if it could not be written."""
        if self.error is not None:
            raise self.error

    def write_weights(self) -> Path:
        """Write the weights that a `Predictor` opens.

        Raises
        ------
        OSError
            If they cannot be written.
        """
        try:
            save_weights(self._learner.result, self.weights, training=self.about())
        except SafetensorError as error:
            raise OSError(None, str(error), str(self.weights)) from error
        return self.weights

    def about(self) -> dict[str, Any]:
        """What the weights say of their training; where the data lay is nobody's business."""
        config = self._config
        return config.as_dict() | {
            "data_root": "",
            "start": Path(config.start).name,
            "encoder_weights": "",
            "data": [source.name or Path(source.root).name for source in config.data],
            "samples_seen": self._progress.step * config.batch_size,
            "hours": round(self._progress.seconds / 3600, 3),
        }
