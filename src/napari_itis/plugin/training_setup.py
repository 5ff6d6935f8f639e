"""What is to be trained: the data, the settings, the check before the start. No widget code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_itis.network import WeightsError
from napari_itis.plugin.lines import one_line
from napari_itis.plugin.progress import Progress
from napari_itis.plugin.training_check import TrainingCheck
from napari_itis.plugin.training_draft import Draft, free_name, plain_name, read_text
from napari_itis.plugin.training_sources import SourceLooks
from napari_itis.plugin.viewer_data import ViewerPair, pairs_in
from napari_itis.training import ConfigError, TrainingConfig, load_config, to_toml
from napari_itis.training.checking import Report, suggest

if TYPE_CHECKING:
    from napari.components import ViewerModel

_REFUSED = (ConfigError, WeightsError, ValueError)


class TrainingSetup(QObject):
    """A training before it begins. Main thread only.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    backend : TrainingBackend

    Attributes
    ----------
    draft : Draft
    looks : SourceLooks
        What is known of the folders.
    pairs : tuple of ViewerPair
        What could be trained on in the viewer.
    home : Path or None
        Where its folder is made; None: in the user's data folder.
    report : Report or None
        What the check has found for the draft as it is.
    """

    changed = Signal()
    notice = Signal(str)
    started = Signal(object)
    """(run): a training was started."""

    def __init__(self, viewer: ViewerModel, backend: Any) -> None:
        super().__init__()
        self.viewer, self.backend = viewer, backend
        self.draft = Draft.new(self._is_taken)
        self.looks = SourceLooks()
        self.looks.detected.connect(self._on_detected)
        self.looks.changed.connect(self._on_counted)
        self.pairs: tuple[ViewerPair, ...] = ()
        self.home: Path | None = None
        self.report: Report | None = None
        self._check = check = TrainingCheck(backend)
        check.changed.connect(self.changed)
        check.notice.connect(self.notice)
        check.reported.connect(self._on_report)
        check.started.connect(self._on_started)

    # What the user sets.

    def set_keys(self, changes: dict[str, Any]) -> None:
        """Change keys of the config; what cannot be is told, and left as it was."""
        if "name" in changes:
            changes = changes | {"name": plain_name(changes["name"]) or self.draft.config.name}
        self._try(lambda: self.draft.with_keys(**changes))

    def set_minutes(self, minutes: float | None) -> None:
        """Let it learn so long, or as many samples as the config says."""
        self._take(self.draft.with_minutes(minutes))

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
        self.looks.detect(folders)

    def change_source(self, place: int, changes: dict[str, Any]) -> None:
        """Change layout or weight of a data set."""
        sources = list(self.draft.config.data)
        sources[place] = replace(sources[place], **changes)
        self._take(self.draft.with_sources(sources))
        self._count()

    def remove_source(self, place: int) -> None:
        """Do not train on a data set."""
        sources = self.draft.config.data
        self._take(self.draft.with_sources((*sources[:place], *sources[place + 1 :])))
        self._suggest()

    def keep_in(self, home: Path) -> None:
        """Make the folders of trainings there."""
        self.home = home
        self.changed.emit()

    # TOML.

    def text(self) -> str:
        """The settings as the text of a TOML file."""
        return to_toml(self.draft.config)

    def take_text(self, text: str) -> str:
        """Take settings from the text of a TOML file; returns what is wrong with it, or nothing."""
        try:
            self._take_config(read_text(text))
        except _REFUSED as error:
            return one_line(error)
        return ""

    def load(self, path: Path) -> None:
        """Take settings from a TOML file."""
        try:
            self._take_config(load_config(path))
        except _REFUSED as error:
            self.notice.emit(one_line(error))

    def save(self, path: Path, overwrite: bool = False) -> None:
        """Save the settings as TOML; images in the viewer are written beside it first."""
        if path.exists() and not overwrite:
            self.notice.emit(f"{path.name} is there already: choose another name")
            return
        if self.draft.viewer:
            root = path.with_name(f"{path.stem}-data")
            if root.exists() and any(root.iterdir()):
                self.notice.emit(f"{root.name} is there already, with files in it: another name")
                return
            pairs = tuple(pairs_in(self.viewer))
            self._check.write_viewer(pairs, root, lambda: self._save(path, root))
        else:
            self._save(path, None)

    # Check and start.

    @property
    def progress(self) -> Progress | None:
        """Of the check, while it is under way."""
        return self._check.progress

    @property
    def busy(self) -> bool:
        """Whether it is being checked."""
        return self.progress is not None

    @property
    def images(self) -> int:
        """How many images are known to be trained on."""
        viewer = sum(pair.slices or 0 for pair in self.pairs) if self.draft.viewer else 0
        return viewer + sum(self.looks.facts(source).images for source in self.draft.config.data)

    def check(self, begin: bool) -> None:
        """Look at data and computer, in a process; `begin`: start it if nothing is wrong."""
        if self.busy or not self.draft.has_data:
            return
        name = self.draft.config.name
        if self._is_taken(name):
            self.notice.emit(
                f"there are weights or a training called {name} already: choose another name"
            )
            return
        self.report = None
        for source in self.draft.config.data:
            self.looks.forget(source)
        self._count()
        if self.draft.viewer:
            # As it is now, not as it was when it was looked at.
            self.pairs = tuple(pairs_in(self.viewer))
        folder = self.backend.new_folder(name, self.home)
        self._check.begin(self.draft, self.pairs, folder, begin)

    def cancel(self) -> None:
        """Leave the check; nothing of it stays."""
        self._check.cancel()

    def close(self) -> None:
        """The window is gone."""
        self._check.cancel()
        self.looks.stop()

    # Underneath: settings.

    def _is_taken(self, name: str) -> bool:
        home = getattr(self, "home", None) or self.backend.home()
        return name in self.backend.list_weights() or (home / name).exists()

    def _try(self, change: Callable[[], Draft]) -> None:
        try:
            self._take(change())
        except _REFUSED as error:
            self.notice.emit(one_line(error))
            # What is shown goes back to what it was.
            self.changed.emit()

    def _take(self, draft: Draft) -> None:
        if draft != self.draft:
            self.draft, self.report = draft, None
        self.changed.emit()

    def _take_config(self, config: TrainingConfig) -> None:
        draft = replace(
            self.draft,
            config=replace(config, name=free_name(config.name, self._is_taken)),
            minutes=None,
            viewer=False,
            chosen=frozenset(config.as_dict()),
        )
        self._take(draft)
        self._count()

    def _suggest(self) -> None:
        if self.images:
            self._take(self.draft.suggested(suggest(self.images)))

    def _on_detected(self, folder: Path, layout: str) -> None:
        if any(Path(source.root) == folder for source in self.draft.config.data):
            self.notice.emit(f"{folder.name} is on the list already")
            return
        self._take(self.draft.with_source(folder, layout))
        self._count()

    def _count(self) -> None:
        for source in self.draft.config.data:
            self.looks.count(source, self.draft.config.data_root)
        self._suggest()

    def _on_counted(self) -> None:
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

    def _on_report(self, report: Report) -> None:
        self.report = report
        self.changed.emit()

    def _on_started(self, run: Any) -> None:
        config = self.draft.config
        name = free_name(config.name, lambda one: one == config.name or self._is_taken(one))
        self.draft = replace(self.draft, config=replace(config, name=name))
        self.report = None
        self.started.emit(run)
