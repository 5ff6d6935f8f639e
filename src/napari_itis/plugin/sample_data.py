"""Images to try the plugin on; they come with scikit-image or are drawn, and need no network."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import ndimage
from skimage import data

LayerData = tuple[np.ndarray, dict[str, Any], str]

_NUCLEI_SHAPE, _NUCLEI = (24, 280, 360), 26


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


def tissue() -> list[LayerData]:
    """Stained glands of a colon under the microscope, RGB, (512, 512, 3)."""
    return [_photo(data.immunohistochemistry(), "tissue")]


def nuclei() -> list[LayerData]:
    """Nuclei as under a fluorescence microscope, drawn, uint16, (z, y, x) = (24, 280, 360).

    Slices are 0.8 um apart, pixels 0.2 um wide.
    """
    image = _draw_nuclei(np.random.default_rng(3))
    metadata = {
        "name": "nuclei",
        "rgb": False,
        "axis_labels": ("z", "y", "x"),
        "scale": (0.8, 0.2, 0.2),
        "units": ("um", "um", "um"),
        "contrast_limits": (0, int(image.max())),
    }
    return [(image, metadata, "image")]


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


def _draw_nuclei(rng: np.random.Generator) -> np.ndarray:
    """Ellipsoids that keep apart, unevenly stained, blurred most along z, with photon noise."""
    z, y, x = np.ogrid[tuple(slice(0, size) for size in _NUCLEI_SHAPE)]
    bright = np.zeros(_NUCLEI_SHAPE, np.float32)
    made = 0
    while made < _NUCLEI:
        high, long, wide = rng.uniform((4.5, 16, 16), (7, 27, 27))
        middle = rng.uniform((4, 10, 10), np.subtract(_NUCLEI_SHAPE, (4, 10, 10)))
        turn = rng.uniform(0, np.pi)
        dz, dy, dx = z - middle[0], y - middle[1], x - middle[2]
        along = dy * np.sin(turn) + dx * np.cos(turn)
        across = dy * np.cos(turn) - dx * np.sin(turn)
        distance = (dz / high) ** 2 + (along / long) ** 2 + (across / wide) ** 2
        if not bright[distance < 1.25].any():
            bright[distance < 1] = rng.uniform(0.5, 1)
            made += 1
    stain = ndimage.gaussian_filter(rng.standard_normal(_NUCLEI_SHAPE), (1, 3, 3))
    light = ndimage.gaussian_filter(bright * (1 + 0.22 * stain / stain.std()), (1.2, 1.3, 1.3))
    light += 0.35 * ndimage.gaussian_filter(bright, (3, 8, 8)) + 0.04
    return rng.poisson(400 * np.clip(light, 0, None)).astype(np.uint16)


def _photo(image: np.ndarray, name: str) -> LayerData:
    return image, {"name": name, "rgb": True}, "image"
