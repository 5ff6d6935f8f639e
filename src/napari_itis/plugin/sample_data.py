"""Images to try the plugin on; all of them come with scikit-image and need no network."""

from __future__ import annotations

from typing import Any

import numpy as np
from skimage import data

LayerData = tuple[np.ndarray, dict[str, Any], str]


def coffee() -> list[LayerData]:
    """A cup on a table, RGB, (400, 600, 3)."""
    return [_photo(data.coffee(), "cup")]


def cat() -> list[LayerData]:
    """A cat, RGB, (300, 451, 3)."""
    return [_photo(data.chelsea(), "cat")]


def astronaut() -> list[LayerData]:
    """An astronaut, RGB, (512, 512, 3)."""
    return [_photo(data.astronaut(), "astronaut")]


def coins() -> list[LayerData]:
    """Coins as a 16-bit microscope would deliver them, uint16, (303, 384)."""
    image = data.coins().astype(np.uint16) * 180 + 2000
    limits = (int(image.min()), int(image.max()))
    return [(image, {"name": "coins", "rgb": False, "contrast_limits": limits}, "image")]


def pan() -> list[LayerData]:
    """A camera that pans over a photo, uint8, (t, y, x) = (24, 320, 320)."""
    photo = data.camera()
    steps = np.linspace(0, 1, 24)
    frames = [photo[top : top + 320, left : left + 320] for top, left in _path(steps)]
    metadata = {"name": "camera pan", "rgb": False, "axis_labels": ("t", "y", "x")}
    return [(np.stack(frames), metadata, "image")]


def video() -> list[LayerData]:
    """A cup held before a cat, uint8 (40, 320, 480, 3), with masks of which some are spoilt."""
    from napari_itis.plugin.readers import METADATA, mask_options, video_metadata
    from napari_itis.video.synthetic import spoilt_sequence

    frames, masks, truth = spoilt_sequence()
    names = tuple(f"{index:05d}" for index in range(len(frames)))
    known = video_metadata(names, None, "spoilt masks", truth)
    image = {
        "name": "cup and cat",
        "rgb": True,
        "axis_labels": ("t", "y", "x"),
        "metadata": {METADATA: known},
    }
    options = mask_options("cup and cat: spoilt masks", known)
    return [(frames, image, "image"), (masks, options, "labels")]


def _path(steps: np.ndarray) -> list[tuple[int, int]]:
    return [(int(60 + 30 * np.sin(3 * step)), int(40 + 110 * step)) for step in steps]


def _photo(image: np.ndarray, name: str) -> LayerData:
    return image, {"name": name, "rgb": True}, "image"
