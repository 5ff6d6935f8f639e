"""The images and masks that are open in a viewer, as a `folder` data set to train on.

Images are written as clicking shows them to the network: 8 bits, with the contrast limits of their
layer. Training reads files without limits, so the values of 16-bit data would be stretched
otherwise there than here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_itis.annotation import Frame, State
from napari_itis.annotation.existing import labels_in
from napari_itis.datasets import DatasetError
from napari_itis.datasets.folder_writing import WrittenPair, file_name, write_pair
from napari_itis.plugin.background import Background
from napari_itis.plugin.controllers import known_controller
from napari_itis.plugin.image_source import ImageSource, has_planes

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image, Labels

    from napari_itis.plugin.workspace import Workspace

# Counting in so many pixels takes a few milliseconds.
_QUICKLY_COUNTED = 1 << 21
_WORKED_ON = (State.CORRECTED, State.COMMITTED)

ReadFrame = Callable[[Frame], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class ViewerPair:
    """An image layer and the masks on it.

    Attributes
    ----------
    image, masks : str
        Names of the layers.
    slices : int or None
        How many slices have objects; None where only reading all of them tells.
    objects : int or None
        How many objects they have together; None where that is not known at a glance.
    corrected : bool
        Whether they were clicked on or corrected here: of these, only slices count that a user
        has worked on.
    """

    image: str
    masks: str
    slices: int | None
    objects: int | None
    corrected: bool
    begin: Callable[[], tuple[Sequence[Frame], Frame, ReadFrame]] = field(
        compare=False, repr=False, kw_only=True
    )
    """On the main thread: slices to look at, sizes of their axes, how to read one in a thread."""


def pairs_in(viewer: ViewerModel) -> list[ViewerPair]:
    """What there is to train on in a viewer; quick, for the main thread.

    Every image that was annotated here, with the slices on which a user has clicked, painted or
    said that they are done, and every other Labels layer that has an object, with the nearest image
    of its size below it (or above).
    """
    controller = known_controller(viewer)
    workspaces = controller.workspaces if controller is not None else ()
    open_here = [one for one in workspaces if one.image in list(viewer.layers)]
    pairs = [pair for one in open_here if (pair := _annotated(one, controller)) is not None]
    taken = {id(one.corrected()) for one in open_here if one.corrected and _worked_on(one)}
    for index, layer in enumerate(viewer.layers):
        ours = any(one.layers.role(layer) is not None for one in workspaces)
        if not ours and id(layer) not in taken and (image := _image_of(viewer, index)) is not None:
            pair = _labelled(image, layer)
            if pair.slices != 0:
                pairs.append(pair)
    return pairs


class ViewerExport(QObject):
    """Writes pairs of a viewer into a folder, slice by slice, in a thread. Main thread only.

    Parameters
    ----------
    pairs : sequence of ViewerPair
        From `pairs_in`, called just now.
    root : Path
        An empty folder, or none yet.
    """

    changed = Signal()
    """`done` or `total` has changed."""
    ended = Signal(str)
    """(message): it is over; an empty message means that `written` pairs are there."""

    def __init__(self, pairs: Sequence[ViewerPair], root: Path) -> None:
        super().__init__()
        self._pairs, self._root = pairs, Path(root)
        self._running: Background | None = None
        self.done = 0
        self.total = 0
        """Slices that were looked at, and how many there are to look at."""
        self.written = 0
        """Images that were written with their masks."""

    def start(self) -> None:
        """Begin."""
        begun = [(pair, *pair.begin()) for pair in self._pairs]
        self.total = sum(len(frames) for _, frames, _, _ in begun)
        names = _unique([file_name(pair.image[-60:]) for pair in self._pairs])
        work = [
            (_name_of(name, frame, sizes), frame, read)
            for name, (_, frames, sizes, read) in zip(names, begun)
            for frame in frames
        ]
        self._running = Background(lambda it: self._write(it, work), self._tell, self._end).start()
        self.changed.emit()

    def stop(self) -> None:
        """Leave it; `ended` says so, what was written is removed again."""
        if self._running is not None:
            self._running.stop()

    # In the thread.

    def _write(self, background: Background, work: list[tuple[str, Frame, ReadFrame]]) -> None:
        if self._root.exists() and any(self._root.iterdir()):
            raise DatasetError(f"{self._root} has files in it: choose an empty folder")
        written: list[WrittenPair] = []
        try:
            for done, (name, frame, read) in enumerate(work, 1):
                if background.stopped:
                    raise DatasetError("Stopped: nothing was written")
                image, labels = read(frame)
                if np.any(labels):
                    written.append(write_pair(self._root, name, image, labels))
                background.tell((done, len(written)))
            if not written:
                raise DatasetError("No mask has an object: click on one, or open masks")
        except BaseException as error:
            self._remove(written)
            if isinstance(error, OSError):
                why = error.strerror or str(error)
                raise DatasetError(f"cannot write to {self._root}: {why}") from None
            raise

    def _remove(self, written: list[WrittenPair]) -> None:
        for pair in written:
            pair.image.unlink(missing_ok=True)
            pair.mask.unlink(missing_ok=True)
        # Whatever else is in there by now is not ours.
        for folder in (self._root / "images", self._root / "masks", self._root):
            with suppress(OSError):
                folder.rmdir()

    # From the thread.

    def _tell(self, counts: tuple[int, int]) -> None:
        self.done, self.written = counts
        self.changed.emit()

    def _end(self, message: str) -> None:
        self._running = None
        if message:
            self.written = 0
        self.ended.emit(message)


def _annotated(workspace: Workspace, controller: Any) -> ViewerPair | None:
    """An image that was annotated here, with the slices that a user has worked on."""
    image, frames = workspace.image, _worked_on(workspace)
    if not frames:
        return None
    records = workspace.session.records
    objects = sum(1 for (frame, _), one in records.items() if one.area and frame in frames)
    if not objects:
        return None

    def begin() -> tuple[Sequence[Frame], Frame, ReadFrame]:
        # A stroke may not have been read yet.
        controller.take_over()
        contents = workspace.session.snapshot()
        read_image = _image_reader(workspace.source, image)
        frames = sorted(_worked_on(workspace))
        return frames, contents.slices, lambda at: (read_image(at), contents.compose(at))

    mask = workspace.layers.mask
    name = mask.name if mask is not None else f"{image.name} masks"
    return ViewerPair(image.name, name, len(frames), objects, True, begin=begin)


def _worked_on(workspace: Workspace) -> set[Frame]:
    records = workspace.session.records.items()
    return {frame for (frame, _), record in records if record.state in _WORKED_ON}


def _labelled(image: Image, masks: Labels) -> ViewerPair:
    """A Labels layer with its image."""
    data = masks.data[0] if masks.multiscale else masks.data
    slices, objects = _count(data)

    def begin() -> tuple[Sequence[Frame], Frame, ReadFrame]:
        source = ImageSource(image)
        read_image = _image_reader(source, image)
        frames = list(np.ndindex(*source.slices))
        # A copy: the layer stays in the viewer, for anybody to paint in.
        return frames, source.slices, lambda at: (read_image(at), np.array(data[at]))

    return ViewerPair(image.name, masks.name, slices, objects, False, begin=begin)


def _count(data: Any) -> tuple[int | None, int | None]:
    """Slices with an object, and objects on all of them, if that is quickly known."""
    if not isinstance(data, np.ndarray) or data.size > _QUICKLY_COUNTED:
        return None, None
    if data.size and (data.min() < 0 or data.max() >= np.iinfo(np.uint16).max):
        # Sorting takes longer; what is wrong with negative ids is said when they are written.
        return None, None
    counts = [len(labels_in(plane)) for plane in data.reshape(-1, *data.shape[-2:])]
    return sum(count > 0 for count in counts), sum(counts)


def _image_of(viewer: ViewerModel, index: int) -> Image | None:
    """The image of the size of the Labels layer at an index: the nearest below, then above."""
    from napari.layers import Labels

    layers = list(viewer.layers)
    if not isinstance(layers[index], Labels):
        return None
    data = layers[index].data[0] if layers[index].multiscale else layers[index].data
    for layer in (*layers[:index][::-1], *layers[index + 1 :]):
        if has_planes(layer):
            source = ImageSource(layer)
            if (*source.slices, *source.shape) == tuple(data.shape):
                return layer
    return None


def _image_reader(source: ImageSource, image: Image) -> Callable[[Frame], np.ndarray]:
    """How to read a slice as the network sees it, with the contrast that the layer has now."""
    gray = not source.rgb

    def plane_at(frame: Frame) -> np.ndarray:
        # Here: it loads torch, in the thread.
        from napari_itis.inference import to_rgb8

        pixels = to_rgb8(np.asarray(source.pixels(frame)), limits)
        # The three channels of gray images are the same: one is enough on the disk.
        return np.ascontiguousarray(pixels[..., 0]) if gray else pixels

    limits = source.plane(image, (0,) * len(source.slices)).contrast_limits
    return plane_at


def _unique(names: list[str]) -> list[str]:
    """The names, with numbers where one is there twice; case does not tell files apart."""
    unique: list[str] = []
    for name in names:
        number, one = 2, name
        while one.casefold() in (other.casefold() for other in unique):
            one, number = f"{name}-{number}", number + 1
        unique.append(one)
    return unique


def _name_of(name: str, frame: Frame, sizes: Frame) -> str:
    """The layer's name with the indices of the slice, as wide as their axes: sorted as they are."""
    indices = (f"{at:0{len(str(size - 1))}}" for at, size in zip(frame, sizes))
    return "_".join((name, *indices))
