"""What lies in the folders that are trained on, found out in the background."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qtpy.QtCore import QObject, Signal

from napari_itis.datasets import DatasetError
from napari_itis.datasets.detection import detect_layout
from napari_itis.datasets.layouts import read_training_set
from napari_itis.plugin.background import Background
from napari_itis.training import DataSource

_UNKNOWN = "folder"


@dataclass(frozen=True)
class SourceFacts:
    """What a look at a data set's folder has found.

    Attributes
    ----------
    images : int
    fault : str
        One line on what is wrong; empty if it can be read.
    """

    images: int = 0
    fault: str = ""


class SourceLooks(QObject):
    """Looks at folders. Main thread only."""

    detected = Signal(object, str)
    """(Path, layout): a folder's layout was found out."""
    changed = Signal()
    """More is known."""

    def __init__(self) -> None:
        super().__init__()
        self._facts: dict[tuple[str, str, str], SourceFacts | None] = {}
        self._looking: list[Background] = []

    def facts(self, source: DataSource) -> SourceFacts:
        """What is known of a data set by now."""
        return self._facts.get(_key(source)) or SourceFacts()

    def detect(self, folders: Sequence[Path]) -> None:
        """Find out the layouts of folders."""

        def work(background: Background) -> None:
            for folder in folders:
                background.tell((folder, detect_layout(folder) or _UNKNOWN))

        self._start(Background(work, lambda found: self.detected.emit(*found), _ignore))

    def count(self, source: DataSource, data_root: str) -> None:
        """Count the images of a data set, once."""
        key = _key(source)
        if source.layout == "shapes" or key in self._facts:
            return
        self._facts[key] = None
        root = Path(data_root) / source.root

        def work(background: Background) -> None:
            try:
                found = read_training_set(source.layout, root, source.split or None)
                background.tell(SourceFacts(len(found)))
            except (DatasetError, OSError) as error:
                background.tell(SourceFacts(fault=str(error).partition("\n")[0]))

        def on_told(facts: SourceFacts) -> None:
            self._facts[key] = facts
            self.changed.emit()

        self._start(Background(work, on_told, _ignore))

    def forget(self, source: DataSource) -> None:
        """Look again the next time: its folder may have been mended."""
        self._facts.pop(_key(source), None)

    def stop(self) -> None:
        """The window is gone."""
        for looking in self._looking:
            looking.stop()

    def _start(self, background: Background) -> None:
        self._looking = [one for one in self._looking if one.alive]
        self._looking.append(background.start())


def _key(source: DataSource) -> tuple[str, str, str]:
    return source.root, source.layout, source.split


def _ignore(_message: str) -> None:
    """What cannot be looked at has no layout and no images: the check says why."""
