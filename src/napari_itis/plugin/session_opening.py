"""Opening a session file: reading it, finding its image and masks, asking, and showing it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_itis.annotation import AnnotationSession
from napari_itis.annotation.autosave import Autosave, LeftBehind
from napari_itis.annotation.metadata import ImageFacts, MasksFacts, SessionMetadata
from napari_itis.annotation.storage import check_against, load_session
from napari_itis.plugin.axes import Axes
from napari_itis.plugin.background import Background
from napari_itis.plugin.lines import one_line
from napari_itis.plugin.questions import Question
from napari_itis.plugin.session_facts import image_facts, masks_facts
from napari_itis.plugin.session_image import (
    ImageMissing,
    existing_path,
    image_of,
    likely_masks,
    open_dock,
)
from napari_itis.plugin.workspace import Workspace

if TYPE_CHECKING:
    from napari.layers import Image, Labels

    from napari_itis.plugin.session_files import SessionFiles

_NOT_OPEN = "the masks that it corrects are not open: what nobody has touched will be missing"
_CHANGED = "the masks that it corrects have changed since"


@dataclass(frozen=True)
class _Read:
    """What the file says, and which of the places that it names exist."""

    session: AnnotationSession
    metadata: SessionMetadata
    image: Path | None
    masks: Path | None
    stamp: int


@dataclass(frozen=True)
class _Prepared:
    """A session that can be shown."""

    workspace: Workspace
    drawn: Any
    different: tuple[str, ...]
    stamp: int


class SessionOpening(QObject):
    """One session file on its way into a window.

    Parameters
    ----------
    files : SessionFiles
    path : Path
    left : LeftBehind, optional
        The file was left behind by another process: it is taken over from there.

    Attributes
    ----------
    claimed : Autosave or None
        Where a session that was left behind is autosaved from now on.
    """

    ended = Signal(str)
    """(message): it is on screen, or why not; empty: the user has decided so."""

    def __init__(self, files: SessionFiles, path: Path, left: LeftBehind | None = None) -> None:
        super().__init__()
        self.path, self.left = path, left
        self.claimed: Autosave | None = None
        self._files, self._controller = files, files.controller
        self._work: Background | None = None
        self._metadata: SessionMetadata | None = None
        self._image: Image | None = None
        self._over = False

    def begin(self) -> None:
        """Start; everything that takes time happens in threads."""
        path = self.path

        def read(background: Background) -> None:
            if self.left is not None and not path.exists():
                background.tell(None)
                return
            session, metadata = load_session(path)
            image = existing_path(metadata.image.path, path)
            masks = existing_path(metadata.masks.path, path) if metadata.masks else None
            background.tell(_Read(session, metadata, image, masks, path.stat().st_mtime_ns))

        self._begin(read, self._on_read)

    def _begin(self, work: Callable[[Background], None], then: Callable[[Any], None]) -> None:
        def told(value: Any) -> None:
            try:
                then(value)
            except Exception as error:
                self._end(f"{self.path.name} cannot be opened: {one_line(error)}")

        def ended(message: str) -> None:
            if message:
                self._end(message)

        self._work = Background(work, told, ended).start()

    def _on_read(self, read: _Read | None) -> None:
        if read is None:
            self._end_gone(self.left.metadata)
            return
        metadata, controller = read.metadata, self._controller
        try:
            image = image_of(controller, metadata, read.image, read.masks)
        except ImageMissing as error:
            self._end(f"{self._title(metadata)}: {error}")
            return
        self._metadata, self._image = metadata, image
        open_dock(controller, metadata)
        axes = Axes.stored(image, metadata.image.axes)
        shown = axes.usable(metadata.image.axes.shown) if metadata.image.axes else ()
        workspace = Workspace(image, read.session, axes, shown)
        if metadata.label is not None:
            workspace.label = metadata.label
        masks = likely_masks(controller, image, metadata, read.masks)
        facts = image_facts(workspace)
        existing = [(layer, masks_facts(layer, workspace.source)) for layer in masks]

        def prepare(background: Background) -> None:
            different = check_against(metadata.image, _comparable(facts(), metadata.image))
            if metadata.masks is not None:
                chosen, problem = _choose(existing, metadata.masks)
                different += [problem] if problem else []
                if chosen is not None:
                    workspace.start_from(chosen)
            drawn = workspace.draw()
            background.tell(_Prepared(workspace, drawn, tuple(different), read.stamp))

        self._begin(prepare, self._on_prepared)

    def _on_prepared(self, prepared: _Prepared) -> None:
        controller, files, metadata = self._controller, self._files, self._metadata
        workspace, image = prepared.workspace, self._image
        controller.take_over()
        reasons = list(prepared.different)
        there = controller.known_workspace(image, workspace.axes)
        if there is not None and files.is_unsaved(there):
            reasons.append("what you have done on this image is not saved, and is replaced")
        title = self._title(metadata)
        if reasons and not files.ask(Question(f"Open {title}?", "Open", tuple(reasons))):
            self._end("")
            return
        if image not in controller.viewer.layers:
            self._end(f"{title}: its image was removed meanwhile")
            return
        if self.left is not None:
            try:
                self.claimed = files.autosaving.autosaves.claim(self.path, metadata.image.name)
            except FileNotFoundError:
                self._end_gone(metadata)
                return
        controller.choose_image(image, workspace.axes)
        controller.go_on_with(workspace, prepared.drawn)
        if metadata.frame is not None:
            controller.show_frame(metadata.frame)
        files.opened(workspace, self, prepared.stamp)
        self._end(f"{title} is open: go on where it was left")

    def _end_gone(self, metadata: SessionMetadata) -> None:
        self._files.autosaving.drop(self.left)
        self._end(f"{self._title(metadata)} is gone: another window has restored or discarded it")

    def _end(self, message: str) -> None:
        if not self._over:
            self._over = True
            self.ended.emit(message)

    def _title(self, metadata: SessionMetadata) -> str:
        if self.left is None:
            return self.path.name
        return f"The session of “{metadata.image.name}”"


def _choose(
    candidates: list[tuple[Labels, Callable[[], MasksFacts]]], wanted: MasksFacts
) -> tuple[Labels | None, str]:
    """The masks that a session corrects, and what is wrong with them."""
    for layer, facts in candidates:
        if not wanted.fingerprint or facts().fingerprint == wanted.fingerprint:
            return layer, ""
    for layer, facts in candidates:
        if facts().path == wanted.path:
            return layer, _CHANGED
    return None, _NOT_OPEN


def _comparable(image: ImageFacts, stored: ImageFacts) -> ImageFacts:
    """napari tells a second layer of a name by a number."""
    name = stored.name if image.name.startswith(f"{stored.name} [") else image.name
    return replace(image, name=name)
