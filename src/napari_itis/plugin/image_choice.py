"""Which image is annotated, with which session and layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_itis.plugin.axes import Axes, channel_axis, displayed_plane
from napari_itis.plugin.existing_layers import (
    can_be_corrected,
    is_quickly_searched,
    masks_of_video,
    why_not,
)
from napari_itis.plugin.image_source import has_planes, hides
from napari_itis.plugin.label_search import LabelSearch
from napari_itis.plugin.overview import Overview
from napari_itis.plugin.predictors import PredictorFactory, make_predictor
from napari_itis.plugin.workspace import Workspace

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image, Labels


class ImageChoice(Overview):
    """Goes from image to image of one viewer; each keeps what was done on it. Main thread only.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    factory : callable, optional
        Makes the predictor, in the inference thread.
    """

    def __init__(self, viewer: ViewerModel, factory: PredictorFactory = make_predictor) -> None:
        super().__init__(viewer, factory)
        self._workspaces: list[Workspace] = []

    @property
    def workspaces(self) -> tuple[Workspace, ...]:
        """Of every image that was chosen so far."""
        return tuple(self._workspaces)

    def choose_image(self, image: Image | None, axes: Axes | None = None) -> None:
        """Annotate an image: with its own objects, as they were left if it was chosen before.

        Parameters
        ----------
        image : napari.layers.Image or None
        axes : Axes, optional
            The plane to annotate; by default the one on screen. Each has its own objects.
        """
        if image is None:
            return
        same = image is self.image and axes in (None, self.workspace.axes)
        if same and not self.missing_layers:
            return
        workspace = self.workspace if same else self._workspace_of(image, axes)
        if workspace is not self.workspace and self.workspace is not None:
            self._leave(self.workspace, image)
        self._activate(workspace)
        self.choose_sign(True)
        self._announce()
        self.correct_masks_of_video()
        self._uncover()

    def choose_any_image(self) -> None:
        """Annotate the image that the user is most likely to mean, if none was chosen yet."""
        images = [layer for layer in self.viewer.layers if has_planes(layer)]
        # Between two workspaces, layers come and go as well.
        if self.workspace is None and images and not self._events.is_writing:
            active = self.viewer.layers.selection.active
            self.choose_image(active if active in images else images[-1])

    def follow_view(self) -> None:
        """Annotate the planes that are on screen, if nothing was done on the others yet."""
        if self.other_view and self._untouched(self.workspace):
            self.annotate_view()

    def annotate_view(self) -> None:
        """Annotate the planes that are on screen; those of the view before keep their objects."""
        if self.other_view:
            self.choose_image(self.image, self._axes_on_screen())

    @property
    def objects_in_other_view(self) -> int:
        """How many objects the planes on screen have, where they are not those annotated."""
        if not self.other_view:
            return 0
        known = self.known_workspace(self.image, self._axes_on_screen())
        return len(known.session.objects()) if known is not None else 0

    def _axes_on_screen(self) -> Axes:
        plane = displayed_plane(self.viewer, self.image)
        return Axes.of(self.image, plane, self.workspace.axes.channels)

    def go_back_to_planes(self) -> None:
        """Show the planes that are annotated: in two dimensions, their axes last."""
        if self.workspace is None or self._template is None:
            return
        dims, layer = self.viewer.dims, self._template
        before = dims.ndim - layer.ndim
        last = [before + axis for axis in self.workspace.axes.plane]
        dims.ndisplay = 2
        dims.order = (*(axis for axis in range(dims.ndim) if axis not in last), *last)
        self.layers_changed.emit()

    def choose_channels(self, axis: int | None, shown: tuple[int, ...] | None = None) -> None:
        """Say which axis of the image is its channels, and what the network sees of them.

        Parameters
        ----------
        axis : int or None
            None: all axes in front of the plane are slices. Another one than before begins with
            objects of its own.
        shown : tuple of int, optional
            One channel, or three as red, green and blue; empty: the one on screen. By default as
            it was with the objects of this axis; at first three as colours, others as on screen.
        """
        workspace, image = self.workspace, self.image
        if workspace is None or image is None:
            return
        if axis != workspace.axes.channels:
            self.choose_image(image, Axes.of(image, displayed_plane(self.viewer, image), axis))
        if shown is not None and shown != self.workspace.source.shown:
            self.workspace.choose_channels(shown)
        self.layers_changed.emit()
        self.changed.emit()

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

    def correctable_layers(self) -> list[Labels]:
        """Layers of others with masks of the image's size."""
        workspace = self.workspace
        layers = self.viewer.layers if workspace is not None else ()
        return [layer for layer in layers if can_be_corrected(layer, workspace)]

    @property
    def corrected_layer(self) -> Labels | None:
        """The layer whose masks are corrected; None where there is none, or it is gone."""
        corrected = self.workspace.corrected if self.workspace is not None else None
        return corrected() if corrected is not None else None

    def correct(self, masks: Labels, *, undoable: bool = True) -> None:
        """Start from the masks of another layer, which is hidden and never changed.

        Its objects become those of the image: clicks and the brush correct them, and a slice that
        nobody touches stays as it is.

        Parameters
        ----------
        masks : napari.layers.Labels
            Of the image's size.
        undoable : bool
            Whether it is a step of undo.
        """
        workspace = self.workspace
        if workspace is None or not can_be_corrected(masks, workspace):
            self.notice.emit(f"{masks.name} has not the size of the image: choose other masks")
            return
        problem = why_not(masks)
        if problem:
            self.notice.emit(problem)
            return
        self.take_over()
        later = self._is_searched_later(masks)
        workspace.start_from(masks, search=not later, undoable=undoable)
        self._show_existing()
        self._warn_of_namesakes(masks)

    def correct_masks_of_video(self) -> None:
        """Start from the masks that were opened with the image, if nothing was done yet."""
        workspace, image = self.workspace, self.image
        if image is None or workspace.corrected is not None or workspace.session.records:
            return
        masks = masks_of_video(self.viewer, image)
        if masks is not None and can_be_corrected(masks, workspace):
            # As if it had been there from the beginning.
            self.correct(masks, undoable=False)

    def go_on_with(self, workspace: Workspace, drawn: Any) -> None:
        """Replace the session of the image that is chosen; the old one is not kept.

        Parameters
        ----------
        workspace : Workspace
            Of the same image, and never chosen before.
        drawn : array
            What its mask layer shows, see `Workspace.draw`.
        """
        old = self.workspace
        self.take_over()
        self._forget_asked(old)
        self._events.leave_layers()
        self._workspaces[self._workspaces.index(old)] = workspace
        workspace.take_layers(old)
        self.workspace = workspace
        workspace.channel = self._events.visible_channel(workspace)
        with self._events.writing():
            if workspace.layers.mask is not None:
                workspace.layers.mask.data = drawn
            workspace.write_clicks()
        self._enter(workspace)
        self._show(workspace.session.pending())
        self.replaced.emit(old)
        self.choose_sign(True)

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

    def _is_searched_later(self, masks: Labels) -> bool:
        workspace = self.workspace
        one_axis = workspace.axes.plain and len(workspace.session.slices) == 1
        return one_axis and not is_quickly_searched(masks)

    def _show_existing(self) -> None:
        """Show the existing masks that the session has now, after it had others, or none."""
        workspace, masks = self.workspace, self.corrected_layer
        if workspace.label_search is not None:
            workspace.label_search.stop()
            workspace.label_search = None
        if masks is not None:
            masks.visible = False
            if self._is_searched_later(masks):
                workspace.label_search = LabelSearch(workspace, masks, self._on_label_found)
        workspace.forget_rendering()
        with self._events.writing():
            if workspace.layers.mask is not None:
                workspace.layers.mask.data = workspace.layers.new_mask_data()
            self._draw_everything()
        self._choose_known_object()
        self._show([])
        self.layers_changed.emit()

    def _choose_known_object(self) -> None:
        objects = self.workspace.session.objects()
        if self.workspace.label not in objects:
            self.workspace.label = min(objects, default=1)

    def _on_label_found(self, workspace: Workspace) -> None:
        if workspace is not self.workspace:
            return
        if not workspace.session.records:
            self._choose_known_object()
        self._announce()

    def image_data_changed(self) -> None:
        """The image layer has got other pixels."""
        workspace, image = self.workspace, self.image
        if workspace is None or image is None:
            return
        if workspace.has_size_of(image):
            workspace.adopt(image)
            if workspace.session.records:
                self.notice.emit(f"{image.name} has new pixels: its objects stay as they are")
            return
        workspace.forget_image()
        self._leave(workspace, None)
        self.workspace = None
        self.choose_image(image)
        if workspace in self._workspaces:
            self.notice.emit(f"{image.name} has another size now: its objects wait for the old one")

    def known_workspace(self, image: Image, axes: Axes | None = None) -> Workspace | None:
        """The workspace of an image: for some axes, or for what is most likely meant."""
        known = [one for one in self._workspaces if one.image is image]
        if axes is not None:
            return next((one for one in known if one.axes == axes), None)
        plane = displayed_plane(self.viewer, image)
        # The one that was worked on last is at the end.
        return max(known, key=lambda one: one.axes.plane == plane, default=None)

    def _workspace_of(self, image: Image, axes: Axes | None) -> Workspace:
        workspace = self.known_workspace(image, axes)
        if workspace is not None:
            return workspace
        for workspace in self._workspaces:
            known = workspace.image
            gone = known is None or known not in self.viewer.layers
            if gone and workspace.fits(image) and axes in (None, workspace.axes):
                workspace.adopt(image)
                return workspace
        if axes is None:
            axes = Axes.of(image, displayed_plane(self.viewer, image), channel_axis(image))
        shown = (0, 1, 2) if axes.channels is not None and axes.sizes[axes.channels] == 3 else ()
        self._workspaces.append(Workspace(image, axes=axes, shown=shown))
        return self._workspaces[-1]

    def _uncover(self) -> None:
        """Bring the image above others that hide it, and its masks above those of its video."""
        workspace, image, layers = self.workspace, self.image, self.viewer.layers
        masks = masks_of_video(self.viewer, image) if image is not None else None
        if masks is not None and not self._untouched(workspace):
            workspace.recognize(masks)
            masks.visible = False
        if image is None or not any(map(hides, layers[layers.index(image) + 1 :])):
            return
        own = (layer is image or workspace.layers.role(layer) is not None for layer in layers)
        with self._events.writing():
            layers.move_multiple([place for place, ours in enumerate(own) if ours], len(layers))

    def _warn_of_namesakes(self, masks: Labels) -> None:
        """Say which objects of existing masks are hidden by objects that were there before."""
        session = self.workspace.session
        mine = {key[1] for key, record in session.records.items() if record.holds_object}
        both = sorted(mine & session.existing_objects)
        if both:
            objects = f"object{'' if len(both) == 1 else 's'} {', '.join(map(str, both[:5]))}"
            self.notice.emit(
                f"Where {objects} {'was' if len(both) == 1 else 'were'} there before, you see what "
                f"you have made and not that of {masks.name}: undo, or delete yours first"
            )

    def _untouched(self, workspace: Workspace) -> bool:
        return not workspace.session.records and workspace.corrected is None

    def _leave(self, workspace: Workspace, image: Image | None) -> None:
        """Go on to another workspace: the layers of this one are hidden.

        For another view of the same image, they go if nothing was done in them.
        """
        self.take_over()
        self._events.leave_layers()
        session = workspace.session
        undone = session.can_undo or session.can_redo
        if workspace.image is not image or undone or not self._untouched(workspace):
            with self._events.writing():
                workspace.layers.hide()
            return
        self._workspaces.remove(workspace)
        self.workspace = None
        with self._events.writing():
            for _, layer in list(workspace.layers):
                if layer in self.viewer.layers:
                    self.viewer.layers.remove(layer)

    def _activate(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._enter(workspace)
        if workspace.watch.take_replaced():
            self.mask_replaced()
        self.take_over(frames=[*workspace.drawn_frames(), workspace.frame])
        workspace.channel = self._events.visible_channel(workspace)
        self._show(workspace.session.pending())

    def _enter(self, workspace: Workspace) -> None:
        with self._events.writing():
            self._events.enter(workspace)
            workspace.layers.show()
        self.restore_layers()
        frame = self._events.visible_frame(workspace)
        if frame is not None:
            workspace.go_to(frame)
