"""What the inference thread is doing, in words for the status line."""

from __future__ import annotations

from qtpy.QtCore import QObject, Qt, Signal

from napari_itis.plugin.jobs import now
from napari_itis.plugin.worker import InferenceWorker


class Activity(QObject):
    """Follows an inference thread.

    Parameters
    ----------
    worker : InferenceWorker

    Attributes
    ----------
    device, weights : str
        What the network runs on and which one it is; empty until it is loaded.
    milliseconds : float or None
        From the user's last change to its mask on screen.
    """

    changed = Signal()

    def __init__(self, worker: InferenceWorker) -> None:
        super().__init__()
        self.device = ""
        self.weights = ""
        self.milliseconds: float | None = None
        self._worker = worker
        self._network = "The network is not loaded yet"
        self._ready = 0.0
        queued = Qt.ConnectionType.QueuedConnection
        worker.loading.connect(self._on_loading, queued)
        worker.ready.connect(self._on_ready, queued)
        worker.unusable.connect(self._on_unusable, queued)
        worker.previewed.connect(self.changed, queued)

    @property
    def text(self) -> str:
        """What is going on, in a few words."""
        waiting = self._worker.waiting
        if self._network or not waiting:
            return self._network or "Ready"
        return "Predicting …" if waiting == 1 else f"Predicting {waiting} masks …"

    @property
    def failed(self) -> bool:
        """Whether there is no network to predict with."""
        return self._network.startswith("No network")

    def answered(self, asked: float) -> None:
        """A mask is on screen; `asked` is when the change was made that it answers."""
        # How long the network took to load says nothing about how long a click takes.
        self.milliseconds = 1000 * (now() - max(asked, self._ready))
        self.changed.emit()

    def _on_loading(self) -> None:
        self._network = "Loading the network …"
        self.changed.emit()

    def _on_ready(self, device: str, weights: str) -> None:
        self._network, self.device, self.weights = "", device, weights
        self._ready = now()
        self.changed.emit()

    def _on_unusable(self, message: str) -> None:
        self._network = f"No network: {message}"
        self.changed.emit()
