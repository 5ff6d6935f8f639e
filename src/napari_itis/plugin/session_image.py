"""The image and the masks of a session file: found among the layers, or opened."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_itis.annotation.metadata import ImageFacts, SessionMetadata, differences, fits
from napari_itis.plugin.axes import Axes
from napari_itis.plugin.existing_layers import masks_of_video
from napari_itis.plugin.image_source import has_planes, image_path
from napari_itis.plugin.readers import METADATA, mask_options
from napari_itis.plugin.session_facts import masks_path
from napari_itis.video.masks import MaskSequence
from napari_itis.video.sources import find_video, is_video
from napari_itis.video.stack import VideoError

if TYPE_CHECKING:
    from napari.layers import Image, Labels

    from napari_itis.plugin.controller import Controller


class ImageMissing(ValueError):
    """There is no image that a session fits; the message says what to do."""


def existing_path(named: str, session: Path) -> Path | None:
    """Where a file or folder is that a session file names: there, or beside the session file.

    Touches the disk: for another thread. A session file may come from anywhere: places on other
    machines are not asked for.
    """
    if not named or named.startswith(("\\\\", "//")) or "://" in named:
        return None
    path = Path(named)
    for place in (path, session.parent / path.name):
        try:
            if path.is_absolute() and place.exists():
                return place
        except (OSError, ValueError):
            continue
    return None


def image_of(
    controller: Controller, metadata: SessionMetadata, path: Path | None, masks: Path | None
) -> Image:
    """The image layer that a session belongs on; opened from `path` if it is not.

    Of several images of the size: the one from the same place, of the same name, or the selected
    one, in this order.

    Raises
    ------
    ImageMissing
        If there is none.
    """
    stored, viewer = metadata.image, controller.viewer
    image = _best(controller, stored)
    if image is None and path is not None:
        _open_image(controller, path, masks)
        image = _best(controller, stored)
    if image is not None:
        return image
    images = [layer for layer in viewer.layers if has_planes(layer)]
    first = f"open the image “{stored.name}” first"
    if len(images) == 1:
        found = _facts(images[0], stored)
        raise ImageMissing(f"{differences(stored, found)[0]}; {first}")
    size = " x ".join(str(length) for length in (*stored.slices, *stored.shape))
    raise ImageMissing(f"no image of {size} pixels is open; {first}")


def likely_masks(
    controller: Controller, image: Image, metadata: SessionMetadata, path: Path | None
) -> list[Labels]:
    """Labels layers that a session may correct, the likeliest first; opened if there is none."""
    from napari.layers import Labels

    if metadata.masks is None:
        return []
    stored, viewer = metadata.masks, controller.viewer
    own = [layer for known in controller.workspaces for _, layer in known.layers]
    size = Axes.stored(image, metadata.image.axes).of_masks.sizes
    fitting = [
        layer
        for layer in viewer.layers
        if isinstance(layer, Labels)
        and not any(layer is other for other in own)
        and tuple((layer.data[0] if layer.multiscale else layer.data).shape) == size
    ]
    if stored.path and path is not None and all(masks_path(one) != stored.path for one in fitting):
        opened = _open_masks(controller, image, metadata, path)
        fitting += [opened] if opened is not None else []
    first = masks_of_video(viewer, image)
    return sorted(fitting, key=lambda layer: (masks_path(layer) != stored.path, layer is not first))


def open_dock(controller: Controller, metadata: SessionMetadata) -> None:
    """Open a dock if there is none: a session is nothing without."""
    if controller.attended:
        return
    window = getattr(controller.viewer, "window", None)
    if window is None:
        controller.attach()
        return
    name = "ITIS video correction" if metadata.masks else "ITIS segmentation"
    dock, _ = window.add_plugin_dock_widget("napari-itis", name)
    dock.show()


def _best(controller: Controller, stored: ImageFacts) -> Image | None:
    layers = controller.viewer.layers
    images = [layer for layer in layers if has_planes(layer)]
    images = [layer for layer in images if fits(stored, _facts(layer, stored))]

    def likely(layer: Image) -> tuple[bool, ...]:
        return (
            bool(stored.path) and image_path(layer) == stored.path,
            layer.name == stored.name,
            layer is layers.selection.active,
            layer is controller.image,
        )

    return max(reversed(images), key=likely, default=None)


def _facts(layer: Image, stored: ImageFacts) -> ImageFacts:
    axes = Axes.stored(layer, stored.axes)
    return ImageFacts(layer.name, axes.shape, axes.slices)


def _open_image(controller: Controller, path: Path, masks: Path | None) -> None:
    from napari.errors import MultipleReaderError

    viewer = controller.viewer
    # The folder of masks names the frames, too.
    for place in (masks, path):
        if place is not None and is_video(place) and find_video(place).frames == path:
            viewer.open(str(place), plugin="napari-itis")
            return
    try:
        viewer.open(str(path))
    except MultipleReaderError:
        viewer.open(str(path), plugin="napari")


def _open_masks(
    controller: Controller, image: Image, metadata: SessionMetadata, path: Path
) -> Labels | None:
    viewer = controller.viewer
    if not path.is_dir():
        (layer,) = viewer.open(str(path), plugin="napari", layer_type="labels")
        return layer
    known = image.metadata.get(METADATA) or {}
    names = known.get("names") or [f"{index:05d}" for index in range(metadata.image.slices[0])]
    try:
        masks = MaskSequence(path, names, metadata.image.shape)
    except VideoError:
        return None
    return viewer.add_labels(masks, **mask_options(f"{image.name}: {path.parent.name}", known))
