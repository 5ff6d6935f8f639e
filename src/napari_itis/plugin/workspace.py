"""Everything that belongs to the annotation of one image layer."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_itis.annotation import AnnotationSession, Frame
from napari_itis.annotation.composition import Labels as Drawn
from napari_itis.annotation.composition import changed_box, is_drawn_as, whole_box
from napari_itis.annotation.metadata import MasksFacts, PixelSize
from napari_itis.annotation.records import Key
from napari_itis.annotation.tiles import LARGE_PLANE, TiledLabels
from napari_itis.clicks import Click
from napari_itis.plugin.axes import Axes
from napari_itis.plugin.click_rows import (
    Row,
    as_data,
    match,
    read_point,
    remove_click,
    replace_click,
    rows_of,
)
from napari_itis.plugin.existing_layers import masks_in
from napari_itis.plugin.gestures import Gesture
from napari_itis.plugin.image_source import ImageSource, image_path
from napari_itis.plugin.layers import LayerSet
from napari_itis.plugin.mask_views import is_long
from napari_itis.plugin.mask_watch import MaskWatch
from napari_itis.plugin.pixel_size import pixel_size
from napari_itis.plugin.readers import Problems
from napari_itis.plugin.rendered_masks import RenderedMasks
from napari_itis.plugin.session_facts import masks_facts, masks_path

if TYPE_CHECKING:
    from napari.layers import Image, Labels

    from napari_itis.plugin.label_search import LabelSearch


@dataclass(eq=False)
class _Corrected:
    """Where the existing masks of a session come from."""

    layer: weakref.ref[Labels]
    path: str
    facts: Callable[[], MasksFacts]


class Workspace:
    """Session and layers of one image, and what was last seen in the layers.

    The session is the truth and the layers render it; whatever a user or a script changes in the
    layers is the difference to what was rendered.

    Parameters
    ----------
    image : napari.layers.Image
    session : AnnotationSession, optional
        To go on with, of the image's size; an empty one by default.
    axes : Axes, optional
        The plane that is annotated; the last two axes by default.
    shown : tuple of int
        See `ImageSource`.
    """

    def __init__(
        self,
        image: Image,
        session: AnnotationSession | None = None,
        axes: Axes | None = None,
        shown: tuple[int, ...] = (),
    ) -> None:
        self.source = ImageSource(image, axes, shown)
        self.axes = self.source.axes
        self.session = session or AnnotationSession(self.axes.shape, self.axes.slices)
        self.layers = LayerSet(self.axes, self.session)
        if is_long(self.axes) and not self.layers.views:
            self.layers.rendered = RenderedMasks(self.session)
        self.label = 1
        self.frame: Frame = (0,) * len(self.axes.slices)
        self.channel = 0
        """The channel on screen, where there are any."""
        self.gestures: dict[bool, Gesture] = {}
        self.watch = MaskWatch(self.axes)
        self.label_search: LabelSearch | None = None
        """What finds out which objects these masks have, if that takes a while."""
        self._rows: dict[bool, list[Row]] = {True: [], False: []}
        self._shown: dict[Frame, Drawn] = {}
        self._image: Callable[[], Image | None] = weakref.ref(image)
        self._identity = _identity(image)
        self.name, self.path = image.name, image_path(image)

    @property
    def image(self) -> Image | None:
        """The image layer; None once nobody holds it any more."""
        return self._image()

    @property
    def pixel_size(self) -> PixelSize | None:
        """How large a pixel of the annotated plane is; None where there is no mask layer."""
        mask = self.layers.mask
        return pixel_size(mask, self.axes.plane) if mask is not None else None

    @property
    def corrected(self) -> weakref.ref[Labels] | None:
        """The layer whose masks are corrected."""
        source = self.session.masks_source
        return source.layer if isinstance(source, _Corrected) else None

    @property
    def existing(self) -> Callable[[], MasksFacts] | None:
        """What is known of these masks, also after their layer was removed; for another thread."""
        source = self.session.masks_source
        return source.facts if isinstance(source, _Corrected) else None

    def fits(self, image: Image) -> bool:
        """Whether an image is most likely the one of this workspace, opened once more."""
        if _identity(image) != self._identity:
            return False
        # What came from no file often has the name and the size of others.
        return bool(image_path(image)) or self.source.has_pixels_of(image)

    def has_size_of(self, image: Image) -> bool:
        """Whether what was done here lies within an image, whatever its pixels are."""
        return _identity(image)[2:] == self._identity[2:]

    def forget_image(self) -> None:
        """Be without an image until it is opened once more."""
        self._image = _no_layer

    def adopt(self, image: Image) -> None:
        """Go on with another layer of the same image, or with new pixels of the same size."""
        self._image = weakref.ref(image)
        self._identity = _identity(image)
        self.name, self.path = image.name, image_path(image)
        self.source = ImageSource(image, self.axes, self.source.shown)

    def choose_channels(self, shown: tuple[int, ...]) -> None:
        """Let the network see other channels from the next click on; see `ImageSource`."""
        if self.image is not None:
            self.source = ImageSource(self.image, self.axes, shown)

    def take_layers(self, other: Workspace) -> None:
        """Show this session in the layers of another one of the same image, which has none then."""
        self.layers, other.layers = other.layers, self.layers
        other.watch.stop()
        self.layers.draw_from(self.session, other.layers.rendered)

    # From the layers into the session.

    def read_clicks(self) -> tuple[tuple[Key, ...], bool]:
        """Take over what has changed in the Points layers.

        Returns
        -------
        keys : tuple of (frame, object)
            The records that have changed.
        refused : bool
            Whether points lay outside the image: they are gone again.
        """
        clicks: dict[Frame, list[Click]] = {}
        rows: dict[bool, list[Row]] = {}
        refused = misplaced = False
        for positive, layer in self.layers.points():
            gesture = self.gestures.get(positive)
            found = match(self._rows[positive], layer.data)
            kept = {id(row) for row in found}
            for row in self._rows[positive]:
                if id(row) not in kept:
                    remove_click(self._edited(clicks, row.frame), row.click)
            rows[positive] = []
            for point, row in zip(np.asarray(layer.data, float).tolist(), found):
                if row is not None and row.coordinates == tuple(point):
                    rows[positive].append(row)
                    continue
                sign = positive
                if row is None and gesture is not None and gesture.sign is not positive:
                    misplaced = True
                    if gesture.sign is None:
                        continue
                    sign = gesture.sign
                place = self.axes.split(point)
                read = read_point(place, self.session.shape, self.session.slices, sign)
                if read is None:
                    refused = True
                    continue
                frame, click = read
                edited = self._edited(clicks, frame)
                if row is not None and row.frame == frame:
                    replace_click(edited, row.click, click)
                else:
                    if row is not None:
                        remove_click(self._edited(clicks, row.frame), row.click)
                    edited.append(click)
                rows[positive].append(Row(frame, click, tuple(point)))
        keys = self.session.set_clicks(self.label, clicks)
        self._rows.update(rows)
        if refused or misplaced:
            self.write_clicks()
        return keys, refused

    def read_mask(self, frames: list[Frame] | None = None) -> tuple[Key, ...]:
        """Take over what was painted in the mask layer.

        Parameters
        ----------
        frames : list of tuple of int, optional
            Where to look beside frames that are known to be painted; by default the visible one.

        Returns
        -------
        tuple of (frame, object)
            The records that have changed.
        """
        mask = self.layers.mask
        if mask is None or self.layers.views:
            return ()
        painted = self._painted()
        strokes = {}
        for frame in dict.fromkeys([*(frames or [self.frame]), *self.watch.take_painted()]):
            if painted is not None and frame not in painted:
                # It is drawn anew from the session, which may have changed since: no stroke.
                continue
            after = np.asarray(mask.data[self.axes.index(frame)])
            before = self._shown.get(frame)
            before = self.session.drawing(frame) if before is None else before
            if not is_drawn_as(before, after):
                strokes[frame] = (np.asarray(before), after.copy())
        keys = self.session.paint_frames(strokes)
        for frame, (_, after) in strokes.items():
            large = after.size > LARGE_PLANE
            self._shown[frame] = TiledLabels.of(after) if large else after
            self.layers.taken_over(frame)
        return keys

    def miscounts(self, layer: Any) -> bool:
        """Whether a Points layer holds more or fewer points than were read from it."""
        return any(
            own is layer and len(layer.data) != len(self._rows[positive])
            for positive, own in self.layers.points()
        )

    def painted_frames(self) -> list[Frame]:
        """Every frame on which the mask layer may show something else than the session has."""
        painted = self._painted()
        return list(np.ndindex(*self.session.slices)) if painted is None else painted

    def drawn_frames(self) -> list[Frame]:
        """Frames whose masks are in the mask layer, as an array of its own holds them."""
        painted = self._painted()
        return self.session.frames() if painted is None else painted

    # Masks that exist.

    def start_from(self, masks: Labels, search: bool = True, *, undoable: bool = False) -> None:
        """Correct the masks of a layer; see :meth:`AnnotationSession.give_masks`.

        `search`: find out at once which objects there are, in whichever thread this is.
        """
        read, labels, largest = masks_in(masks, self.axes.of_masks, search)
        source = _Corrected(weakref.ref(masks), masks_path(masks), masks_facts(masks, self.source))
        problems, name = Problems(f"More slices of {masks.name} cannot be used"), masks.name
        self.session.give_masks(
            read,
            labels=labels,
            largest=largest,
            source=source,
            undoable=undoable,
            on_problem=lambda line: problems(f"{name}: {line}"),
        )
        if len(self.session.slices) == 1 and self.axes.plain and not self.layers.views:
            self.layers.rendered = RenderedMasks(self.session)
        elif not self.layers.views:
            # Looking at a slice is what makes its masks known.
            for frame in np.ndindex(*self.session.slices):
                self.session.compose(frame)
        self.forget_rendering()

    def recognize(self, masks: Labels) -> None:
        """Take note of a layer if it has the masks that are corrected, opened once more."""
        source, path = self.session.masks_source, masks_path(masks)
        if isinstance(source, _Corrected) and path and path == source.path:
            source.layer = weakref.ref(masks)

    # From the session into the layers.

    def draw(self) -> Any:
        """What a mask layer shows of the whole session, to be handed to it; for any thread."""
        data = self.layers.new_mask_data()
        if self.layers.rendered is None and not self.layers.views:
            for frame in self.session.frames():
                data[self.axes.index(frame)] = self.session.compose(frame)
        return data

    def write_clicks(self) -> None:
        """Show the clicks of the current object, on every slice, in the Points layers."""
        for positive, layer in self.layers.points():
            rows = [
                row
                for frame in self.session.clicked_frames(self.label)
                for row in self._rows_of(frame, positive)
            ]
            self._rows[positive] = rows
            data = as_data(rows, layer.ndim)
            if not np.array_equal(np.asarray(layer.data, float), data):
                layer.data = data
                layer.selected_data = set()

    def write_mask(self, frame: Frame) -> None:
        """Draw the session's masks of a frame into the mask layer."""
        labels = self.session.drawing(frame)
        visible = frame == self.frame
        shown = self._shown.get(frame)
        if shown is None and isinstance(labels, TiledLabels) and self.layers.has_array:
            # Looking what is there is quicker than drawing all of it.
            shown = TiledLabels.of(self.layers.mask.data[self.axes.index(frame)])
        box = whole_box(labels) if shown is None else changed_box(shown, labels)
        # A click changes no pixel until it is answered: drawing is what costs.
        if box is not None:
            self.layers.write(frame, labels, box, visible)
        if visible:
            self._shown[frame] = labels
        else:
            self._shown.pop(frame, None)

    def go_to(self, frame: Frame) -> None:
        """Take note of the frame on screen; edits of the one before must have been read."""
        self._shown.pop(self.frame, None)
        self.frame = frame

    def forget_rendering(self) -> None:
        """Take note that the mask layer is a new, empty one."""
        self._shown.clear()

    def _painted(self) -> list[Frame] | None:
        """Frames that were painted; None where only comparing tells."""
        if not self.layers.shows_session:
            return None
        return [(frame,) for frame in self.layers.rendered.edited]

    def _rows_of(self, frame: Frame, positive: bool) -> list[Row]:
        clicks = self.session.clicks(frame, self.label)
        return [
            replace(row, coordinates=self.axes.join(row.coordinates, self.channel))
            for row in rows_of(frame, clicks, positive)
        ]

    def _edited(self, clicks: dict[Frame, list[Click]], frame: Frame) -> list[Click]:
        if frame not in clicks:
            clicks[frame] = list(self.session.clicks(frame, self.label))
        return clicks[frame]


def _no_layer() -> None:
    return None


def _identity(image: Any) -> tuple[Any, ...]:
    data = image.data[0] if image.multiscale else image.data
    return (image.name, image_path(image), tuple(data.shape), bool(image.rgb))
