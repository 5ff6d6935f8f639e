"""The frames of a workspace as what works on videos asks for them."""

from __future__ import annotations

import numpy as np

from napari_itis.plugin.workspace import Workspace


class VideoFrames:
    """Frames as 8-bit RGB with the contrast and channel of now; read when asked for, anywhere.

    Parameters
    ----------
    workspace : Workspace
        Of an image with one axis of frames that is in the viewer.
    """

    def __init__(self, workspace: Workspace) -> None:
        (count,) = workspace.session.slices
        source, image, channel = workspace.source, workspace.image, workspace.channel
        self._planes = [source.plane(image, (index,), channel) for index in range(count)]

    def __len__(self) -> int:
        return len(self._planes)

    def __getitem__(self, index: int) -> np.ndarray:
        from napari_itis.inference.image import to_rgb8

        plane = self._planes[index]
        return to_rgb8(plane.read(), plane.contrast_limits)
