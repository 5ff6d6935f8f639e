"""What a user can do with the annotation of one viewer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_itis.annotation import Change, Frame, State
from napari_itis.plugin.existing_layers import can_be_corrected, masks_of_video
from napari_itis.plugin.image_source import has_planes
from napari_itis.plugin.overview import Overview
from napari_itis.plugin.predictors import PredictorFactory, make_predictor
from napari_itis.plugin.workspace import Workspace

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image, Labels


class Controller(Overview):
    """What the widget, the keys and scripts can do with one viewer. Main thread only.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    factory : callable, optional
        Makes the predictor, in the inference thread.
    """

    def __init__(self, viewer: ViewerModel, factory: PredictorFactory = make_predictor) -> None:
        super().__init__(viewer, factory)
        self._workspaces: list[Workspace] = []
        self._users: set[int] = set()

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
        self.worker.start()
        if self.workspace is not None:
            self._activate(self.workspace)
        self.layers_changed.emit()

    def detach(self, user: object = None) -> None:
        """Stop listening and put the keys back, once the last user has gone.

        Nothing is lost: :meth:`attach` goes on.
        """
        self._users.discard(id(user))
        if self._users or not self._events.connected:
            return
        self.take_over()
        self._events.disconnect()

    def close(self) -> None:
        """The viewer is closing: end the inference thread after what it does now."""
        self._events.disconnect()
        self._soon.stop()
        self.worker.stop()

    # What a user does.

    def choose_image(self, image: Image | None) -> None:
        """Annotate an image: with its own objects, as they were left if it was chosen before."""
        if image is None or (image is self.image and not self.missing_layers):
            return
        workspace = self._workspace_of(image)
        if workspace is not self.workspace and self.workspace is not None:
            self.take_over()
            self._events.leave_layers()
            with self._events.writing():
                self.workspace.layers.hide()
        self._activate(workspace)
        self.choose_sign(True)
        self._announce()
        self.correct_masks_of_video()

    def choose_any_image(self) -> None:
        """Annotate the image that the user is most likely to mean, if none was chosen yet."""
        images = [layer for layer in self.viewer.layers if has_planes(layer)]
        if self.workspace is None and images:
            active = self.viewer.layers.selection.active
            self.choose_image(active if active in images else images[-1])

    def take_next_image(self) -> None:
        """After the image was removed: go on with the same one opened again, or with another."""
        if not self._events.connected or self.workspace is None or self.image is not None:
            return
        images = [layer for layer in self.viewer.layers if has_planes(layer)]
        if not images:
            return
        same = [image for image in images if self.workspace.fits(image)]
        image = (same or images)[-1]
        self.choose_image(image)
        layers = self.viewer.layers
        own = [layers.index(layer) for _, layer in self.workspace.layers if layer in layers]
        if own and layers.index(image) > min(own):
            # It was opened on top of what was clicked on it.
            layers.move(layers.index(image), min(own))

    def correct(self, masks: Labels) -> None:
        """Start from the masks of another layer, which is hidden and never changed.

        Its objects become those of the image: clicks and the brush correct them, and a slice that
        nobody touches stays as it is.

        Parameters
        ----------
        masks : napari.layers.Labels
            Of the image's size.
        """
        workspace = self.workspace
        if workspace is None or not can_be_corrected(masks, workspace):
            self.notice.emit(f"{masks.name} has not the size of the image: choose other masks")
            return
        self.take_over()
        workspace.start_from(masks)
        masks.visible = False
        with self._events.writing():
            if workspace.layers.mask is not None:
                workspace.layers.mask.data = workspace.layers.new_mask_data()
            self._draw_everything()
        if workspace.label not in workspace.session.objects():
            workspace.label = min(workspace.session.objects(), default=1)
        self._show([])
        self.layers_changed.emit()

    def correct_masks_of_video(self) -> None:
        """Start from the masks that were opened with the image, if nothing was done yet."""
        workspace, image = self.workspace, self.image
        if image is None or workspace.corrected is not None or workspace.session.records:
            return
        masks = masks_of_video(self.viewer, image)
        if masks is not None and can_be_corrected(masks, workspace):
            self.correct(masks)

    def choose_sign(self, positive: bool) -> None:
        """Let the left button add positive or negative clicks."""
        if self.workspace is None:
            return
        self.restore_layers()
        layer = self.workspace.layers.positive if positive else self.workspace.layers.negative
        if layer is not None:
            self.viewer.layers.selection.active = layer
            if self.viewer.dims.ndisplay == 2:
                layer.mode = "add"
        self.layers_changed.emit()

    def toggle_sign(self) -> None:
        """The other sign."""
        self.choose_sign(not self.positive if self.clicking else True)

    def toggle_mask(self) -> None:
        """Hide the masks, or show them."""
        mask = self.workspace.layers.mask if self.workspace else None
        if mask is not None:
            mask.visible = not mask.visible
            self.layers_changed.emit()

    def next_object(self) -> None:
        """Go on to a new object."""
        if self.workspace is None:
            return
        self.take_over()
        if self.label not in self.workspace.session.objects():
            self.notice.emit(f"Object {self.label} is still empty: click on it first")
            return
        covering = self.overwrites
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

    def delete_object(self) -> None:
        """Delete the current object on every slice."""
        if self.workspace is None:
            return
        self.take_over()
        session = self.workspace.session
        keys = session.clear(self.label)
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
            self._show_change(self.workspace.session.undo(), "Nothing to undo")

    def redo(self) -> None:
        """Take back the last undo and show where it was."""
        if self.workspace is not None:
            self.take_over()
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

    def restore_layers(self) -> None:
        """Make layers that were removed again, with everything that was in them."""
        workspace = self.workspace
        if workspace is None or not workspace.layers.missing:
            return
        template = self.image or next((layer for _, layer in workspace.layers), None)
        if template is None:
            self.notice.emit("The image was removed: open it again to go on with its objects")
            return
        new_mask = workspace.layers.mask is None
        with self._events.writing():
            workspace.layers.complete(self.viewer, template, self._events.enter_layer)
            if new_mask:
                workspace.forget_rendering()
                self._draw_everything()
        self._show([])
        self.layers_changed.emit()

    # Underneath.

    def image_data_changed(self) -> None:
        """The image layer has got other pixels."""
        workspace, image = self.workspace, self.image
        if workspace is None or image is None:
            return
        if workspace.fits(image):
            workspace.adopt(image)
        else:
            self._workspaces.remove(workspace)
            self._events.leave_layers()
            self.workspace = None
            self.choose_image(image)

    def _workspace_of(self, image: Image) -> Workspace:
        for workspace in self._workspaces:
            if workspace.image is image:
                return workspace
        for workspace in self._workspaces:
            known = workspace.image
            if workspace.fits(image) and (known is None or known not in self.viewer.layers):
                workspace.adopt(image)
                return workspace
        self._workspaces.append(Workspace(image))
        return self._workspaces[-1]

    def _activate(self, workspace: Workspace) -> None:
        self.workspace = workspace
        with self._events.writing():
            self._events.enter(workspace)
            workspace.layers.show()
        self.restore_layers()
        frame = self._events.visible_frame(workspace)
        if frame is not None:
            workspace.go_to(frame)
        self.take_over(frames=[*workspace.drawn_frames(), workspace.frame])
        self._show(workspace.session.pending())

    def _show_change(self, change: Change | None, nothing: str) -> None:
        if change is None:
            self.notice.emit(nothing)
            return
        workspace = self.workspace
        if workspace.label not in change.objects:
            workspace.label = change.objects[-1]
        here = [(workspace.frame, label) for label in change.everywhere]
        self._show((*change.keys, *here))
        if workspace.frame not in change.frames and not here:
            self._events.show_frame(workspace, change.frames[0])
