"""What a user can do with the annotation of one viewer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_itis.annotation import Change, Frame, State
from napari_itis.annotation.records import Key
from napari_itis.plugin.connections import Connections
from napari_itis.plugin.display import Display
from napari_itis.plugin.image_choice import ImageChoice
from napari_itis.plugin.mask_tidying import MaskTidying
from napari_itis.plugin.picking import Picking
from napari_itis.plugin.predictors import PredictorFactory, PredictorOptions, make_predictor
from napari_itis.plugin.settings import are_there, watch_preferences
from napari_itis.plugin.slice_steps import SliceSteps
from napari_itis.plugin.workspace import Workspace

if TYPE_CHECKING:
    from napari.components import ViewerModel


class Controller(ImageChoice):
    """What the widget, the keys and scripts can do with one viewer. Main thread only.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    factory : callable, optional
        Makes the predictor, in the inference thread.

    Attributes
    ----------
    tidying : MaskTidying
    display : Display
    slices : SliceSteps
    picking : Picking
    """

    def __init__(self, viewer: ViewerModel, factory: PredictorFactory = make_predictor) -> None:
        super().__init__(viewer, factory)
        self._users: set[int] = set()
        self._preferences = Connections()
        self.tidying = MaskTidying(self)
        self.display = Display(self)
        self.slices = SliceSteps(self)
        self.picking = Picking(self)

    # Life.

    def attach(self, user: object = None) -> None:
        """Start listening to the viewer, for as long as any of its users wants that.

        Parameters
        ----------
        user : object, optional
            Who wants it: each dock for itself.
        """
        self._users.add(id(user))
        if self._events.connected:
            return
        self._events.connect(self.viewer)
        watch_preferences(self._preferences, self._on_preference)
        self.worker.start()
        if self.workspace is not None:
            self._activate(self.workspace)
            # Its image may have gone, and another one come, while nobody listened.
            self.take_next_image()
        self.layers_changed.emit()

    @property
    def attended(self) -> bool:
        """Whether a dock is open."""
        return self._events.connected

    def detach(self, user: object = None) -> None:
        """Stop listening and put the keys back, once the last user has gone.

        Nothing is lost: :meth:`attach` goes on.
        """
        self._users.discard(id(user))
        if self._users or not self._events.connected:
            return
        self.picking.stop()
        self.take_over()
        self._preferences.clear()
        self._events.disconnect()

    def close(self) -> None:
        """The viewer is closing: end the inference thread after what it does now."""
        self._preferences.clear()
        self._events.disconnect()
        self._soon.stop()
        self.worker.stop()

    # What a user does.

    def toggle_sign(self) -> None:
        """The other sign."""
        self.choose_sign(not self.positive if self.clicking else True)

    def next_object(self) -> None:
        """Go on to a new object."""
        if self.workspace is None:
            return
        self.take_over()
        if self.label not in self.workspace.session.objects():
            self.notice.emit(f"Object {self.label} is still empty: click on it first")
            return
        covering = self.overwrites
        self.workspace.session.accept(self.label)
        self.select_object(self.workspace.session.next_label)
        self.workspace.session.allow_overwriting(self.label, covering)
        self.choose_sign(True)
        self.changed.emit()

    def select_object(self, label: int) -> None:
        """Go to an object, with its clicks."""
        workspace = self.workspace
        if workspace is None or label < 1 or label == workspace.label:
            return
        self.take_over()
        workspace.session.commit(workspace.label)
        workspace.label = label
        self._show([])

    def step_object(self, by: int) -> None:
        """Go to the object after (1) or before (-1) the current one in the list, and around."""
        if self.workspace is None:
            return
        self.take_over()
        labels = sorted({*self.workspace.session.objects(), self.label})
        self.go_to_object(labels[(labels.index(self.label) + by) % len(labels)])

    def go_to_object(self, label: int) -> None:
        """Go to an object, and to the nearest slice that it is on."""
        workspace = self.workspace
        if workspace is None:
            return
        self.select_object(label)
        frames = workspace.session.frames(label)
        if frames and workspace.frame not in frames:
            here = np.array(workspace.frame)
            self.show_frame(min(frames, key=lambda frame: np.abs(here - frame).sum()))

    def rename_object(self, label: int, name: str) -> None:
        """Call an object, or its class, by a name; an empty one takes it away."""
        if self.workspace is not None:
            self.take_over()
            self.workspace.session.rename(label, name)
            self.changed.emit()

    def delete_object(self) -> None:
        """Delete the current object on every slice."""
        if self.workspace is None:
            return
        self.take_over()
        session = self.workspace.session
        existing = self.label in session.existing_objects
        keys = session.clear(self.label)
        keys += self._everywhere(self.label) if existing else ()
        left = session.objects()
        if left:
            self.workspace.label = min(left, key=lambda other: abs(other - self.label))
        self._show(keys)

    def clear(self) -> None:
        """Remove clicks and mask of the current object on the slice that is shown."""
        if self.workspace is not None:
            self.take_over()
            self._show(self.workspace.session.clear(self.label, self.workspace.frame))

    def allow_overwriting(self, allowed: bool) -> None:
        """Say whether the current object may cover others."""
        if self.workspace is not None and allowed != self.overwrites:
            self.take_over()
            self._show(self.workspace.session.allow_overwriting(self.label, allowed))

    def undo(self) -> None:
        """Take back the last change and show where it was."""
        if self.workspace is not None:
            self.take_over()
            self.tidying.forget()
            shown = self.corrected_layer
            self._show_change(self.workspace.session.undo(), "Nothing to undo")
            if shown is not None and self.corrected_layer is None:
                shown.visible = True

    def redo(self) -> None:
        """Take back the last undo and show where it was."""
        if self.workspace is not None:
            self.take_over()
            self.tidying.forget()
            self._show_change(self.workspace.session.redo(), "Nothing to redo")

    def show_frame(self, frame: Frame) -> None:
        """Move the sliders to a slice."""
        if self.workspace is not None:
            self._events.show_frame(self.workspace, frame)

    def commit_frame(self) -> None:
        """Mark the current object as right on the slice that is shown, or take that back."""
        workspace = self.workspace
        if workspace is None:
            return
        self.take_over()
        frame, label = workspace.frame, workspace.label
        done = workspace.session.state(frame, label) is State.COMMITTED
        self._show(workspace.session.commit_frames(label, [frame], not done))

    def show_written(self, workspace: Workspace, frame: Frame, label: int) -> None:
        """Show a mask that something else than a click has written into a session."""
        if workspace is self.workspace:
            self._show([(frame, label)])
        else:
            with self._events.writing():
                workspace.write_mask(frame)

    # The network.

    def weights_renamed(self, old: str, new: str) -> None:
        """Own weights have another name."""
        options = self.worker.options
        if options.weights == old:
            self.worker.configure(replace(options, weights=new))

    def weights_changed(self) -> None:
        """Go on with the default weights if those in use are gone."""
        options = self.worker.options
        if not are_there(options.weights):
            self.worker.configure(replace(options, weights=None))
            self.notice.emit(f"The weights {options.weights} are gone: the default ones are used")

    # Underneath.

    def _on_preference(self, name: str, value: Any) -> None:
        if name == "click_size":
            self.display.size_clicks()
        elif name in PredictorOptions.__dataclass_fields__:
            # The others stay as the user has chosen them in the dock.
            wanted = {name: value or None} if name == "weights" else {name: value}
            self.worker.configure(replace(self.worker.options, **wanted))
            self.changed.emit()

    def _everywhere(self, label: int) -> tuple[Key, ...]:
        """Where an existing object that came or went is to be drawn: all slices of a mask layer
        that does not draw them by itself."""
        workspace = self.workspace
        if workspace.layers.shows_session:
            return ()
        return tuple((frame, label) for frame in np.ndindex(*workspace.session.slices))

    def _show_change(self, change: Change | None, nothing: str) -> None:
        if change is None:
            self.notice.emit(nothing)
            return
        workspace = self.workspace
        if change.masks:
            self._show_existing()
            return
        if workspace.label not in change.objects:
            workspace.label = change.objects[-1]
        here = [(workspace.frame, label) for label in change.everywhere]
        elsewhere = self._everywhere(change.everywhere[0]) if change.everywhere else ()
        self._show((*change.keys, *here, *elsewhere))
        if workspace.frame not in change.frames and not here:
            self._events.show_frame(workspace, change.frames[0])
