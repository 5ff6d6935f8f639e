"""Which part of an image an object is shown in, and its pixels there."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torchvision import tv_tensors
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as transforms

from napari_itis.training.config import TrainingConfig
from napari_itis.training.listing import Box
from napari_itis.training.sources import Sources
from napari_itis.training.state import ObjectState

MIN_OBJECT = 16


def draw_region(
    box: Box, shape: tuple[int, int], config: TrainingConfig, rng: np.random.Generator
) -> tuple[int, int, int]:
    """A square that shows an object, as `crop_mode` asks for it.

    Parameters
    ----------
    box : tuple of int
        (top, left, bottom, right) of the object.
    shape : tuple of int
        (H, W) of the image.
    config : TrainingConfig
    rng : numpy.random.Generator

    Returns
    -------
    tuple of int
        (top, left, side).
    """
    if config.crop_mode == "paper":
        return _paper_region(box, shape, config.crop, rng)
    return _object_region(box, shape, config, rng)


def region_at_object(
    labels: np.ndarray, label: int, crop: int, rng: np.random.Generator
) -> tuple[int, int, int]:
    """A square around some pixel of an object at the image's resolution, whatever `crop_mode` says.

    Parameters
    ----------
    labels : ndarray of int32, shape (H, W)
    label : int
        The object; it has at least one pixel.
    crop : int
        Side of the crop in pixels.
    rng : numpy.random.Generator

    Returns
    -------
    tuple of int
        (top, left, side); never resampled, so that the pixel is seen however thin the object is.
    """
    rows, columns = np.nonzero(labels == label)
    pick = int(rng.integers(len(rows)))
    return int(rows[pick]) - crop // 2, int(columns[pick]) - crop // 2, crop


def _paper_region(
    box: Box, shape: tuple[int, int], crop: int, rng: np.random.Generator
) -> tuple[int, int, int]:
    """Anywhere in the image where a part of the object is seen, at the image's resolution."""
    side = min(crop, *shape)
    corner = []
    for start, stop, extent in ((box[0], box[2], shape[0]), (box[1], box[3], shape[1])):
        low, high = max(0, start - side + 1), min(stop - 1, extent - side)
        corner.append(int(rng.integers(low, high + 1)))
    return corner[0], corner[1], side


def _object_region(
    box: Box, shape: tuple[int, int], config: TrainingConfig, rng: np.random.Generator
) -> tuple[int, int, int]:
    """From a close-up to the object seen from far, seldom cutting it."""
    height, width = shape
    longer = max(box[2] - box[0], box[3] - box[1])
    smallest_object = max(MIN_OBJECT, config.min_scale * config.crop)
    nearest = max(1.1 * longer, config.crop / config.max_scale, 24.0)
    if rng.random() < 0.1:
        nearest = max(0.6 * longer, config.crop / config.max_scale, 24.0)
    farthest = min(1.3 * min(shape), longer * config.crop / smallest_object)
    # Most of the time the object fills a good part of the crop, as it does after zooming in.
    towards_near = rng.random() ** 1.3
    side = round(nearest * (max(farthest, nearest) / nearest) ** towards_near)
    corner = []
    for start, stop, extent in ((box[0], box[2], height), (box[1], box[3], width)):
        low, high = sorted((start, stop - side))
        offset = int(rng.integers(low, high + 1))
        inside = min(max(offset, 0), extent - side) if side <= extent else (extent - side) // 2
        corner.append(inside)
    return corner[0], corner[1], side


def draw_background(sources: Sources, rng: np.random.Generator) -> tuple[int, int, int, int, int]:
    """A square of a photo to paste an object on: (source, image, top, left, side)."""
    source, image, _ = sources.draw(rng)
    height, width = sources.pixels(source, image)[1].shape
    side = round(min(height, width) * float(rng.uniform(0.4, 1.0)))
    top, left = (int(rng.integers(extent - side + 1)) for extent in (height, width))
    return source, image, top, left, side


def cut(
    state: ObjectState, sources: Sources, config: TrainingConfig
) -> tuple[torch.Tensor, np.ndarray, np.ndarray, np.ndarray]:
    """Cut an object's crop out of its image and resample it.

    Parameters
    ----------
    state : ObjectState
        Which object, which region, and the photo it is pasted on, if any.
    sources : Sources
    config : TrainingConfig

    Returns
    -------
    image : Tensor of uint8, shape (3, crop, crop)
    truth, void : ndarray of bool, shape (crop, crop)
    others : ndarray of int32, shape (crop, crop)
        Labels of the other objects, 0 for none.
    """
    rgb, labels = sources.pixels(state.source, state.image)
    top, left, side = state.region
    size = [config.crop, config.crop]
    rows = slice(max(top, 0), max(top + side, 0))
    columns = slice(max(left, 0), max(left + side, 0))
    before = (max(-top, 0), max(-left, 0))
    window = labels[rows, columns]
    padding = [
        before[1],
        before[0],
        side - before[1] - window.shape[1],
        side - before[0] - window.shape[0],
    ]
    image = tv_tensors.Image(torch.from_numpy(rgb[rows, columns]).permute(2, 0, 1))
    image = transforms.resize(transforms.pad(image, padding), size, antialias=True)
    planes = torch.from_numpy(np.ascontiguousarray(window))[None]
    planes = transforms.pad(tv_tensors.Mask(planes), padding, fill=-1)
    nearest = transforms.resize(planes, size, interpolation=InterpolationMode.NEAREST)[0].numpy()
    soft = tv_tensors.Image((planes == state.label).float())
    truth = transforms.resize(soft, size, antialias=True)[0].numpy() > 0.5
    void = (nearest == -1) & ~truth
    others = np.where(truth | void | (nearest == state.label), 0, nearest)
    if state.background is not None:
        image = paste(image, truth, state.background, sources)
        others = np.zeros_like(others)
    return image, truth, void, others


def paste(
    image: torch.Tensor,
    truth: np.ndarray,
    background: tuple[int, int, int, int, int],
    sources: Sources,
) -> torch.Tensor:
    """Show an object on another photo, its edge softened so that no sharp seam gives it away.

    Parameters
    ----------
    image : Tensor of uint8, shape (3, H, W)
    truth : ndarray of bool, shape (H, W)
    background : tuple of int
        (source, image, top, left, side) of a square of the other photo.
    sources : Sources

    Returns
    -------
    Tensor of uint8, shape (3, H, W)
    """
    source, index, top, left, side = background
    rgb, _ = sources.pixels(source, index)
    behind = torch.from_numpy(rgb[top : top + side, left : left + side]).permute(2, 0, 1)
    behind = transforms.resize(tv_tensors.Image(behind), list(truth.shape), antialias=True)
    opaque = torch.from_numpy(cv2.GaussianBlur(truth.astype(np.float32), (5, 5), 0.8))
    mixed = image.float() * opaque + behind.float() * (1 - opaque)
    return tv_tensors.Image(mixed.round().to(torch.uint8))
