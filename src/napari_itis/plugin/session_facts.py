"""What a session file says of image, masks and network, as the layers of a viewer tell it.

Each function is called on the main thread and returns one that reads pixels or files: for another
thread.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_itis.annotation import Frame
from napari_itis.annotation.metadata import (
    ImageFacts,
    MasksFacts,
    SessionMetadata,
    WeightsFacts,
    fingerprint,
)
from napari_itis.network.files import sha256
from napari_itis.network.names import WeightsError, find_weights, named_weights
from napari_itis.plugin.image_source import ImageSource, Window
from napari_itis.video.masks import MaskSequence

if TYPE_CHECKING:
    from napari.layers import Labels

    from napari_itis.plugin.controller import Controller
    from napari_itis.plugin.workspace import Workspace


def session_facts(controller: Controller, workspace: Workspace) -> Callable[[], SessionMetadata]:
    """Everything that a file says besides the session.

    Parameters
    ----------
    controller : Controller
    workspace : Workspace
    """
    image = image_facts(workspace)
    existing = workspace.existing
    name, chosen = controller.activity.weights, controller.worker.options.weights
    label, frame = workspace.label, workspace.frame
    size = workspace.pixel_size

    def gather() -> SessionMetadata:
        return SessionMetadata(
            image(),
            weights_facts(name, chosen) if name else None,
            None if existing is None else existing(),
            label=label,
            frame=frame,
            pixel_size=size,
        )

    return gather


def image_facts(workspace: Workspace) -> Callable[[], ImageFacts]:
    """By what the image of a workspace is known again, also after its layer was removed."""
    source, path = workspace.source, workspace.path
    name = workspace.name if workspace.image is None else workspace.image.name

    def gather() -> ImageFacts:
        known = _fingerprint(source.pixels, source)
        axes = source.axes.facts(source.shown)
        return ImageFacts(name, source.shape, source.slices, source.dtype, known, path, axes)

    return gather


def masks_facts(masks: Labels, source: ImageSource) -> Callable[[], MasksFacts]:
    """By what the masks that were there before are known again; `source` is the image's."""
    path, data = masks_path(masks), masks.data[0] if masks.multiscale else masks.data
    axes = source.axes.of_masks

    def gather() -> MasksFacts:
        return MasksFacts(path, _fingerprint(lambda frame: Window(data, axes, frame), source))

    return gather


def weights_facts(name: str, file: str | None) -> WeightsFacts:
    """By what weights are known again; reads a file that is not a shipped one."""
    shipped = named_weights()
    if file is None or file in shipped:
        return WeightsFacts(name, shipped[name]["sha256"] if name in shipped else "")
    try:
        return WeightsFacts(name, sha256(find_weights(file)))
    except (WeightsError, OSError):
        # Gone since it was loaded: no reason not to save.
        return WeightsFacts(name)


def masks_path(masks: Labels) -> str:
    """Where a Labels layer came from; see `image_path`."""
    data: Any = masks.data
    path = data.folder if isinstance(data, MaskSequence) else masks.source.path
    return str(Path(path).absolute()) if path else ""


def _fingerprint(pixels: Callable[[Frame], Any], source: ImageSource) -> str:
    try:
        return fingerprint(pixels, source.shape, source.slices)
    except Exception:
        # Files that cannot be read any more are no reason not to save what was done on them.
        return ""
