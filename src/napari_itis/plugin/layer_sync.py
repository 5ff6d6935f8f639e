"""Layers, session and inference thread of one viewer, kept in step."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Qt, QTimer, Signal

from napari_itis.annotation import Frame, Result
from napari_itis.annotation.records import Key
from napari_itis.plugin.activity import Activity
from napari_itis.plugin.jobs import Job, Slot, now
from napari_itis.plugin.layer_events import LayerEvents
from napari_itis.plugin.predictors import PredictorFactory, make_predictor
from napari_itis.plugin.worker import InferenceWorker
from napari_itis.plugin.workspace import Workspace

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image


class LayerSync(QObject):
    """Carries changes from the layers to the session, to the inference thread, and back.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    factory : callable, optional
        Makes the predictor, in the inference thread.
    """

    changed = Signal()
    """Objects, clicks, masks, the current object or slice, or what can be undone."""
    layers_changed = Signal()
    """Layers came, went, or were renamed; or another one is active."""
    notice = Signal(str)
    """One line for the user."""
    replaced = Signal(object)
    """(Workspace): another session of the same image has taken its place."""

    def __init__(self, viewer: ViewerModel, factory: PredictorFactory = make_predictor) -> None:
        super().__init__()
        self._viewer = weakref.ref(viewer)
        self.worker = InferenceWorker(factory)
        self.activity = Activity(self.worker)
        self.workspace: Workspace | None = None
        self._asked: dict[Slot, Job] = {}
        self._waiting: set[Frame] = set()
        self._events = LayerEvents(self)
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self.take_over)
        queued = Qt.ConnectionType.QueuedConnection
        self.worker.finished.connect(self._on_finished, queued)
        self.worker.failed.connect(self._on_failed, queued)
        self.worker.notice.connect(self.notice, queued)

    @property
    def viewer(self) -> ViewerModel:
        viewer = self._viewer()
        if viewer is None:
            raise RuntimeError("the viewer is gone")
        return viewer

    @property
    def image(self) -> Image | None:
        """The image that is annotated; None before one was chosen and after it was removed."""
        image = self.workspace.image if self.workspace else None
        return image if image is not None and image in self.viewer.layers else None

    def awaits(self, slot: Slot) -> bool:
        """Whether a mask is on its way."""
        return slot in self._asked

    def take_over(self, *, frames: list[Frame] | None = None) -> None:
        """Take over whatever was changed in the layers, by a user or a script."""
        workspace = self.workspace
        if workspace is None or self._events.is_writing:
            return
        asked = now()
        with self._events.writing():
            before = workspace.session.next_label
            keys, refused = workspace.read_clicks()
            painted = () if self._events.painting else workspace.read_mask(frames)
            if refused:
                self.notice.emit("A click outside the image does not count")
            self._warn_of_others(keys)
            self.write_waiting()
            if keys or painted:
                for frame in dict.fromkeys(frame for frame, _ in (*keys, *painted)):
                    self._write_mask(frame)
                self._submit((*keys, *painted), asked)
        if keys or painted or refused or workspace.session.next_label != before:
            self.changed.emit()

    def write_waiting(self) -> None:
        """Draw what had to wait for the end of a stroke."""
        if self._events.painting:
            return
        waiting, self._waiting = self._waiting, set()
        with self._events.writing():
            for frame in waiting:
                self._write_mask(frame)

    def take_over_soon(self) -> None:
        """:meth:`take_over` once the layer has finished what it is doing."""
        self._soon.start()

    def frame_changed(self) -> None:
        """Another slice may be on screen."""
        workspace = self.workspace
        frame = self._events.visible_frame(workspace) if workspace else None
        if workspace is None or frame is None:
            return
        channel = self._events.visible_channel(workspace)
        if frame == workspace.frame and channel == workspace.channel:
            return
        self.take_over()
        if channel != workspace.channel:
            # The clicks are there on every channel.
            workspace.channel = channel
            with self._events.writing():
                workspace.write_clicks()
        if frame != workspace.frame:
            workspace.go_to(frame)
        self._announce()

    def mask_replaced(self) -> None:
        """The mask layer has got another array."""
        workspace = self.workspace
        mask = workspace.layers.mask
        expected = workspace.axes.sizes
        if tuple(mask.data.shape) == expected and not workspace.layers.views:
            with self._events.writing():
                # A copy: what the plugin draws must not end up in somebody else's array.
                mask.data = workspace.layers.own_mask_data(mask.data, workspace.channel)
            self.take_over(frames=workspace.painted_frames())
            return
        self.notice.emit(f"The mask must have the image's {expected} pixels: it stays as it was")
        with self._events.writing():
            mask.data = workspace.layers.new_mask_data()
            workspace.forget_rendering()
            self._draw_everything()

    # For the controller.

    def _show(self, keys: Iterable[Key]) -> None:
        """Bring the layers up to date after records have changed, and predict what is missing."""
        workspace = self.workspace
        asked, keys = now(), tuple(keys)
        with self._events.writing():
            workspace.write_clicks()
            if workspace.layers.mask is not None:
                workspace.layers.mask.selected_label = workspace.label
            for frame in dict.fromkeys(frame for frame, _ in keys):
                self._write_mask(frame)
        self._submit(keys, asked)
        self._announce()

    def _write_mask(self, frame: Frame) -> None:
        if self._events.painting:
            # The stroke under way goes on over what it began on.
            self._waiting.add(frame)
            return
        self.workspace.write_mask(frame)

    def _draw_everything(self) -> None:
        """Fill a new mask layer, unless it shows what there is by itself."""
        workspace = self.workspace
        if workspace.layers.rendered is None and not workspace.layers.views:
            for frame in workspace.session.frames():
                self._write_mask(frame)

    def _submit(self, keys: tuple[Key, ...], asked: float) -> None:
        workspace, image = self.workspace, self.image
        for frame, label in keys:
            request = workspace.session.request(frame, label)
            if request is None:
                self._asked.pop((workspace, frame, label), None)
                self.worker.cancel((workspace, frame, label))
            elif image is not None:
                plane = workspace.source.plane(image, frame, workspace.channel)
                screen = self._events.screen(workspace)
                job = Job(workspace, request, plane, asked, screen)
                known = self._asked.get(job.slot)
                # The answer may be there already and wait in Qt's queue.
                if known is None or not known.asks_the_same(job):
                    self._asked[job.slot] = job
                    self.worker.submit(job)
        if keys:
            self.activity.changed.emit()

    def _forget_asked(self, workspace: Workspace) -> None:
        """Want no prediction any more of a workspace."""
        for slot in [slot for slot in self._asked if slot[0] is workspace]:
            del self._asked[slot]
            self.worker.cancel(slot)

    def _announce(self) -> None:
        if self.workspace is not None:
            self.worker.look_at(self.workspace, self.workspace.frame, self.label)
        self.changed.emit()

    def _warn_of_others(self, keys: tuple[Key, ...]) -> None:
        session = self.workspace.session
        for frame, label in keys:
            clicks = session.clicks(frame, label)
            if not clicks or not clicks[-1].positive or session.overwrites(label):
                continue
            other = int(session.drawing(frame)[clicks[-1].pixel])
            if other not in (0, label):
                self.notice.emit(
                    f"This pixel belongs to object {other}, which keeps it "
                    "(“Tidy the mask” below has “May cover other objects”)"
                )

    # From the inference thread, through Qt's queue.

    def _on_finished(self, job: Job, result: Result) -> None:
        workspace: Any = job.owner
        shown = workspace is self.workspace
        if shown:
            self.take_over(frames=[result.frame])
        applied = workspace.session.apply(result)
        self._answered(job)
        if not applied:
            self.activity.changed.emit()
            return
        if workspace.layers.mask is not None:
            with self._events.writing():
                if shown:
                    self._write_mask(result.frame)
                else:
                    workspace.write_mask(result.frame)
        self.activity.answered(job.asked)
        self.changed.emit()

    def _on_failed(self, job: Job, message: str) -> None:
        self._answered(job)
        self.activity.changed.emit()
        self.notice.emit(f"Object {job.request.object} could not be predicted: {message}")
        self.changed.emit()

    def _answered(self, job: Job) -> None:
        known = self._asked.get(job.slot)
        if known is not None and known.asks_the_same(job):
            del self._asked[job.slot]
