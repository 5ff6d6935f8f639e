"""What is to be trained: the data, the settings, the check before the start. No widget code."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_itis.datasets import DatasetError
from napari_itis.datasets.detection import detect_layout
from napari_itis.datasets.layouts import read_training_set
from napari_itis.network import WeightsError
from napari_itis.plugin.background import Background
from napari_itis.plugin.json_command import JsonCommand
from napari_itis.plugin.progress import Progress
from napari_itis.plugin.training_draft import Draft, free_name, plain_name, read_text
from napari_itis.plugin.viewer_data import ViewerExport, ViewerPair, pairs_in
from napari_itis.training import ConfigError, DataSource, TrainingConfig, load_config, to_toml
from napari_itis.training.checking import Report, suggest

if TYPE_CHECKING:
    from napari.components import ViewerModel

_REFUSED = (ConfigError, WeightsError, ValueError)
_DATA = "data"


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


class TrainingSetup(QObject):
    """A training before it begins. Main thread only.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    backend : TrainingBackend

    Attributes
    ----------
    draft : Draft
    facts : dict of (str, str) to SourceFacts
        Of the data sets by root and layout, as far as they were looked at.
    pairs : tuple of ViewerPair
        What could be trained on in the viewer.
    home : Path or None
        Where its folder is made; None: in the user's data folder.
    report : Report or None
        What the check has found for the draft as it is.
    progress : Progress or None
        Of the check, while it is under way.
    """

    changed = Signal()
    notice = Signal(str)
    started = Signal(object)
    """(run): a training was started."""

    def __init__(self, viewer: ViewerModel, backend: Any) -> None:
        super().__init__()
        self.viewer, self.backend = viewer, backend
        self.draft = Draft.new(self._is_taken)
        self.facts: dict[tuple[str, str], SourceFacts] = {}
        self.pairs: tuple[ViewerPair, ...] = ()
        self.home: Path | None = None
        self.report: Report | None = None
        self.progress: Progress | None = None
        self._begin = False
        self._folder: Path | None = None
        self._scratch: tempfile.TemporaryDirectory | None = None
        self._export: ViewerExport | None = None
        self._command: JsonCommand | None = None
        self._looking: list[Background] = []

    # What the user sets.

    def set_keys(self, changes: dict[str, Any]) -> None:
        """Change keys of the config; what cannot be is told, and left as it was."""
        if "name" in changes:
            changes = changes | {"name": plain_name(changes["name"]) or self.draft.config.name}
        self._try(lambda: self.draft.with_keys(**changes))

    def set_minutes(self, minutes: float | None) -> None:
        """Let it learn so long, or as many samples as the config says."""
        self._take(replace(self.draft, minutes=minutes, chosen=self.draft.chosen | {"samples"}))

    def use_viewer(self, wanted: bool) -> None:
        """Train on what is open in the viewer, or not."""
        self._take(replace(self.draft, viewer=wanted))
        self._suggest()

    def look_at_viewer(self) -> None:
        """See what there is to train on in the viewer."""
        pairs = tuple(pairs_in(self.viewer))
        if pairs != self.pairs:
            self.pairs = pairs
            if self.draft.viewer:
                self.report = None
                self._suggest()
            self.changed.emit()

    def add_folders(self, folders: Sequence[Path]) -> None:
        """Train on folders, too; their layouts are told from what is in them."""

        def work(background: Background) -> None:
            for folder in folders:
                background.tell((folder, detect_layout(folder)))

        self._look(work, self._on_layout)

    def change_source(self, place: int, changes: dict[str, Any]) -> None:
        """Change layout or weight of a data set."""
        sources = list(self.draft.config.data)
        sources[place] = replace(sources[place], **changes)
        self._take(self.draft.with_sources(sources))
        self._count(sources[place])

    def remove_source(self, place: int) -> None:
        """Do not train on a data set."""
        sources = self.draft.config.data
        self._take(self.draft.with_sources((*sources[:place], *sources[place + 1 :])))
        self._suggest()

    # TOML.

    def text(self) -> str:
        """The settings as the text of a TOML file."""
        return to_toml(self.draft.config)

    def take_text(self, text: str) -> str:
        """Take settings from the text of a TOML file; returns what is wrong with it, or nothing."""
        try:
            self._take_config(read_text(text))
        except _REFUSED as error:
            return _line(error)
        return ""

    def load(self, path: Path) -> None:
        """Take settings from a TOML file."""
        try:
            self._take_config(load_config(path))
        except _REFUSED as error:
            self.notice.emit(_line(error))

    def save(self, path: Path) -> None:
        """Save the settings as TOML; images in the viewer are written beside it first."""
        if self.draft.viewer:
            root = path.with_name(f"{path.stem}-data")
            if root.exists() and any(root.iterdir()):
                self.notice.emit(f"{root.name} is there already, with files in it: another name")
                return
            self._write_viewer(root, lambda: self._save(path, root))
        else:
            self._save(path, None)

    # Check and start.

    @property
    def busy(self) -> bool:
        """Whether it is being checked."""
        return self.progress is not None

    @property
    def images(self) -> int:
        """How many images are known to be trained on."""
        viewer = sum(pair.slices or 0 for pair in self.pairs) if self.draft.viewer else 0
        return viewer + sum(
            self.facts.get((source.root, source.layout), SourceFacts()).images
            for source in self.draft.config.data
        )

    def check(self, begin: bool) -> None:
        """Look at data and computer, in a process; `begin`: start it if nothing is wrong."""
        if self.busy or not self.draft.has_data:
            return
        if self._is_taken(self.draft.config.name):
            self.notice.emit(
                f"there are weights or a training called {self.draft.config.name} already: "
                "choose another name"
            )
            return
        self._begin, self.report = begin, None
        self._folder = self.backend.new_folder(self.draft.config.name, self.home)
        self._show("Getting ready", 0, 0)
        if self.draft.viewer:
            self._write_viewer(self._folder / _DATA, self._run_check)
        else:
            self._run_check()

    def cancel(self) -> None:
        """Leave the check; nothing of it stays."""
        if self._export is not None:
            self._export.stop()
        if self._command is not None:
            self._command.stop()
        self._tidy(started=False)

    def close(self) -> None:
        """The window is gone."""
        if self.busy:
            self.cancel()
        for looking in self._looking:
            looking.stop()

    # Underneath: settings.

    def _is_taken(self, name: str) -> bool:
        home = getattr(self, "home", None) or self.backend.home()
        return name in self.backend.list_weights() or (home / name).exists()

    def _try(self, change: Callable[[], Draft]) -> None:
        try:
            self._take(change())
        except _REFUSED as error:
            self.notice.emit(_line(error))
            # What is shown goes back to what it was.
            self.changed.emit()

    def _take(self, draft: Draft) -> None:
        if draft != self.draft:
            self.draft, self.report = draft, None
        self.changed.emit()

    def _take_config(self, config: TrainingConfig) -> None:
        draft = replace(
            self.draft,
            config=config,
            minutes=None,
            viewer=False,
            chosen=frozenset(config.as_dict()),
        )
        self._take(draft)
        for source in config.data:
            self._count(source)

    def _suggest(self) -> None:
        if self.images:
            self._take(self.draft.suggested(suggest(self.images)))

    def _look(self, work: Callable[[Background], None], on_told: Callable[[Any], None]) -> None:
        self._looking = [one for one in self._looking if not one.stopped]
        background = Background(work, on_told, self._on_looked)
        self._looking.append(background.start())

    def _on_looked(self, message: str) -> None:
        if message:
            self.notice.emit(message)

    def _on_layout(self, found: tuple[Path, str | None]) -> None:
        folder, layout = found
        if any(Path(source.root) == folder for source in self.draft.config.data):
            self.notice.emit(f"{folder.name} is on the list already")
            return
        self._take(self.draft.with_source(folder, layout or "folder"))
        self._count(self.draft.config.data[-1])

    def _count(self, source: DataSource) -> None:
        config = self.draft.config
        key = (source.root, source.layout)
        if source.layout == "shapes" or key in self.facts:
            self._suggest()
            return
        root = Path(config.data_root) / source.root

        def work(background: Background) -> None:
            try:
                found = read_training_set(source.layout, root, source.split or None)
                background.tell((key, SourceFacts(len(found))))
            except (DatasetError, OSError) as error:
                background.tell((key, SourceFacts(fault=_line(error))))

        self._look(work, self._on_counted)

    def _on_counted(self, found: tuple[tuple[str, str], SourceFacts]) -> None:
        key, facts = found
        self.facts[key] = facts
        self._suggest()
        self.changed.emit()

    def _save(self, path: Path, viewer_root: Path | None) -> None:
        text = to_toml(self.draft.config_with(viewer_root))
        try:
            temporary = path.with_name(f".{path.name}.tmp")
            temporary.write_text(text, "utf-8")
            temporary.replace(path)
        except OSError as error:
            self.notice.emit(f"{path.name} was not saved: {error.strerror or error}")
        else:
            self.notice.emit(f"Saved. The same training: napari-itis train {path}")
        self._show_none()

    # Underneath: check and start.

    def _show(self, text: str, done: int, total: int) -> None:
        self.progress = Progress(done, total, False, text)
        self.changed.emit()

    def _show_none(self) -> None:
        self.progress = None
        self.changed.emit()

    def _write_viewer(self, root: Path, then: Callable[[], None]) -> None:
        self.pairs = tuple(pairs_in(self.viewer))
        export = self._export = ViewerExport(self.pairs, root)
        text = "Writing the images and masks of the viewer"
        self._show(text, 0, 0)

        def on_end(message: str) -> None:
            if self._export is not export:
                return
            self._export = None
            if message:
                self._fail(message)
            else:
                then()

        export.changed.connect(lambda: self._show(text, export.done, export.total))
        export.ended.connect(on_end)
        export.start()

    def _run_check(self) -> None:
        self._show("Looking at the images", 0, 0)
        viewer_root = self._folder / _DATA if self.draft.viewer else None
        self._scratch = tempfile.TemporaryDirectory(
            prefix="napari-itis-", ignore_cleanup_errors=True
        )
        settings = Path(self._scratch.name) / "settings.toml"
        settings.write_text(to_toml(self.draft.config_with(viewer_root)), "utf-8")
        found = Path(self._scratch.name) / "check.json"
        arguments = self.backend.check_arguments(settings, self._folder, found)
        self._command = JsonCommand(arguments, found, self._on_check, self._on_checked).start()

    def _on_check(self, content: dict[str, Any]) -> None:
        if "report" in content:
            self.report = Report.from_dict(content["report"])
        else:
            done, total = content.get("done", 0), content.get("total", 0)
            self._show(content.get("progress", ""), done, total)

    def _on_checked(self, message: str) -> None:
        self._command = None
        report = self.report
        if report is None or (message and not report.problems):
            self.report = None
            self._fail(message or "the check has found nothing: see the log of napari")
        elif report.problems or not self._begin:
            self._tidy(started=False)
        else:
            self._start(self.draft.for_minutes(report.seconds))

    def _start(self, draft: Draft) -> None:
        folder, backend = self._folder, self.backend
        viewer_root = folder / _DATA if draft.viewer else None
        text = to_toml(draft.config_with(viewer_root))
        settings = Path(self._scratch.name) / "settings.toml"
        self._show("Starting", 0, 0)
        told: list[Any] = []

        def work(background: Background) -> None:
            settings.write_text(text, "utf-8")
            background.tell(backend.start(settings, folder))

        def on_end(message: str) -> None:
            if message:
                self._fail(message)
                return
            self._tidy(started=True)
            name = free_name(draft.config.name, lambda one: self._is_taken(one))
            self.draft = replace(self.draft, config=replace(self.draft.config, name=name))
            self.report = None
            self.started.emit(told[0])

        self._look_once(Background(work, told.append, on_end))

    def _look_once(self, background: Background) -> None:
        self._looking.append(background.start())

    def _fail(self, message: str) -> None:
        self._tidy(started=False)
        self.notice.emit(message)

    def _tidy(self, started: bool) -> None:
        """Nothing of a check stays that did not lead to a start."""
        self._export = self._command = None
        folder, scratch = self._folder, self._scratch
        self._folder = self._scratch = None

        def work(_background: Background) -> None:
            if scratch is not None:
                scratch.cleanup()
            if folder is not None and not started:
                # Only what was written here: the images of the viewer.
                shutil.rmtree(folder / _DATA, ignore_errors=True)
                if folder.is_dir() and not any(folder.iterdir()):
                    folder.rmdir()

        self._look_once(Background(work, lambda _told: None, lambda _message: None))
        self._show_none()


def _line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
