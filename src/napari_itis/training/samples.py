"""Training objects with the clicks they keep between epochs (paper, Sec. 3.2)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import torch
from torchvision import tv_tensors
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as transforms

from napari_itis.clicks import Click, initial_clicks, robot_click
from napari_itis.training.config import TrainingConfig
from napari_itis.training.sources import Box, Sources, spoil_mask

MIN_OBJECT = 16
_TRIES = 8


@dataclass(frozen=True)
class ObjectState:
    """What an object keeps from one visit to the next: crop, clicks, prediction.

    Attributes
    ----------
    source, image, label : int
        The object, as `Sources.draw` gives it.
    region : tuple of int
        (top, left, side) of the square crop in the image; it may reach beyond the image.
    clicks : tuple of Click
        In pixels of the resampled crop, before flips.
    mask : ndarray of bool, shape (crop, crop), or None
        The last prediction, or a spoilt mask; None is the empty mask.
    background : tuple of int, or None
        (source, image, top, left, side) of the crop of another photo that the object is shown on.
    """

    source: int
    image: int
    label: int
    region: tuple[int, int, int]
    clicks: tuple[Click, ...] = ()
    mask: np.ndarray | None = None
    background: tuple[int, int, int, int, int] | None = None

    def to_json(self) -> dict[str, Any]:
        """Everything but the mask, as plain JSON values."""
        clicks = [[c.y, c.x, c.positive] for c in self.clicks]
        return {
            "object": [self.source, self.image, self.label],
            "region": list(self.region),
            "clicks": clicks,
            "background": self.background and list(self.background),
        }

    @classmethod
    def from_json(cls, values: dict[str, Any], mask: np.ndarray | None) -> ObjectState:
        """The reverse of `to_json`."""
        clicks = tuple(Click(y, x, bool(positive)) for y, x, positive in values["clicks"])
        background = values["background"] and tuple(values["background"])
        return cls(*values["object"], tuple(values["region"]), clicks, mask, background)


@dataclass(frozen=True)
class TrainingSample:
    """One network input with its target.

    Attributes
    ----------
    channels : Tensor of float32, shape (5 or 6, crop, crop)
    truth, valid : Tensor of bool, shape (crop, crop)
    state : ObjectState
        With the clicks that the channels show; the prediction is filled in after the step.
    flips : tuple of bool
        Whether the sample is flipped up-down, left-right against the state's crop.
    """

    channels: torch.Tensor
    truth: torch.Tensor
    valid: torch.Tensor
    state: ObjectState
    flips: tuple[bool, bool]

    def visited(self, prediction: np.ndarray) -> ObjectState:
        """The object's state after a step that predicted `prediction`, bool (crop, crop)."""
        return replace(self.state, mask=_flip(prediction, self.flips).copy())


def next_sample(
    state: ObjectState | None,
    sources: Sources,
    config: TrainingConfig,
    rng: np.random.Generator,
) -> TrainingSample:
    """An object's next visit: reset with the reset probability, else one correction click.

    A pure function of its arguments, so that loaders may run ahead and a resumed training repeats
    what was lost.

    Parameters
    ----------
    state : ObjectState or None
        From the last visit; None for an object not seen yet.
    sources : Sources
    config : TrainingConfig
    rng : numpy.random.Generator

    Returns
    -------
    TrainingSample
    """
    following = None
    if state is not None and rng.random() >= config.reset_probability:
        image, truth, void, _ = _crop(state, sources, config)
        mask = np.zeros_like(truth) if state.mask is None else state.mask
        click = robot_click(mask, truth, void, state.clicks, rng)
        if click is not None:
            following = replace(state, clicks=(*state.clicks, click))
            if rng.random() < config.empty_mask:
                mask = np.zeros_like(truth)
    if following is None:
        following, image, truth, void, mask = _fresh(sources, config, rng)
    return _encode(following, image, truth, void, mask, config, rng)


def draw_region(
    box: Box, shape: tuple[int, int], config: TrainingConfig, rng: np.random.Generator
) -> tuple[int, int, int]:
    """A square around an object: from a close-up to the object seen from far, seldom cutting it.

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


def _fresh(
    sources: Sources, config: TrainingConfig, rng: np.random.Generator
) -> tuple[ObjectState, torch.Tensor, np.ndarray, np.ndarray, np.ndarray]:
    for _ in range(_TRIES):
        source, image, label = sources.draw(rng)
        box = sources.training[source][image].objects[label]
        shape = sources.pixels(source, image)[1].shape
        state = ObjectState(source, image, label, draw_region(box, shape, config, rng))
        if rng.random() < config.copy_paste:
            state = replace(state, background=_draw_background(sources, rng))
        pixels, truth, void, others = _crop(state, sources, config)
        if truth.sum() < config.min_area:
            continue
        mask = np.zeros_like(truth)
        if config.network.mask_channel and rng.random() < config.spoilt_mask:
            spoilt = spoil_mask(truth, rng)
            click = robot_click(spoilt, truth, void, [], rng)
            if click is not None:
                return replace(state, clicks=(click,)), pixels, truth, void, spoilt
        clicks = initial_clicks(truth, rng, others=others, void=void, lone=config.lone_click)
        return replace(state, clicks=tuple(clicks)), pixels, truth, void, mask
    raise RuntimeError("no object large enough to train on was drawn: lower min_area")


def _draw_background(sources: Sources, rng: np.random.Generator) -> tuple[int, int, int, int, int]:
    source, image, _ = sources.draw(rng)
    height, width = sources.pixels(source, image)[1].shape
    side = round(min(height, width) * float(rng.uniform(0.4, 1.0)))
    top, left = (int(rng.integers(extent - side + 1)) for extent in (height, width))
    return source, image, top, left, side


def _crop(
    state: ObjectState, sources: Sources, config: TrainingConfig
) -> tuple[torch.Tensor, np.ndarray, np.ndarray, np.ndarray]:
    """The crop of image, object, void and other objects at the crop's size, before flips."""
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
        image = _paste(image, truth, state.background, sources)
        others = np.zeros_like(others)
    return image, truth, void, others


def _paste(
    image: torch.Tensor,
    truth: np.ndarray,
    background: tuple[int, int, int, int, int],
    sources: Sources,
) -> torch.Tensor:
    """The object on another photo, its edge softened so that no sharp seam gives it away."""
    source, index, top, left, side = background
    rgb, _ = sources.pixels(source, index)
    behind = torch.from_numpy(rgb[top : top + side, left : left + side]).permute(2, 0, 1)
    behind = transforms.resize(tv_tensors.Image(behind), list(truth.shape), antialias=True)
    opaque = torch.from_numpy(cv2.GaussianBlur(truth.astype(np.float32), (5, 5), 0.8))
    mixed = image.float() * opaque + behind.float() * (1 - opaque)
    return tv_tensors.Image(mixed.round().to(torch.uint8))


def _encode(
    state: ObjectState,
    image: torch.Tensor,
    truth: np.ndarray,
    void: np.ndarray,
    mask: np.ndarray,
    config: TrainingConfig,
    rng: np.random.Generator,
) -> TrainingSample:
    guidance = torch.from_numpy(config.network.guidance(state.clicks, mask, mask.shape))
    flips = (False, False)
    if config.augment:
        flips = (bool(rng.random() < 0.05), bool(rng.random() < 0.5))
        image = _photometric(image, rng)
    else:
        image = transforms.adjust_gamma(image, float(np.exp(rng.uniform(-0.4, 0.4))))
    channels = torch.cat([image.as_subclass(torch.Tensor).float() / 255, guidance])
    joint = torch.cat([channels, torch.from_numpy(np.stack([truth, ~void])).float()])
    if flips[0]:
        joint = transforms.vertical_flip(joint)
    if flips[1]:
        joint = transforms.horizontal_flip(joint)
    return TrainingSample(joint[:-2], joint[-2] > 0.5, joint[-1] > 0.5, state, flips)


def _photometric(image: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Gamma as in the paper; brightness, contrast, colour, blur and inversion for few photos."""
    image = transforms.adjust_gamma(image, float(np.exp(rng.uniform(-0.5, 0.5))))
    if rng.random() < 0.5:
        image = transforms.adjust_brightness(image, float(rng.uniform(0.7, 1.3)))
    if rng.random() < 0.5:
        image = transforms.adjust_contrast(image, float(rng.uniform(0.6, 1.4)))
    if rng.random() < 0.4:
        image = transforms.adjust_saturation(image, float(rng.uniform(0.3, 1.6)))
    if rng.random() < 0.1:
        image = transforms.rgb_to_grayscale(image, num_output_channels=3)
    if rng.random() < 0.1:
        image = transforms.gaussian_blur(image, 5, float(rng.uniform(0.3, 1.5)))
    if rng.random() < 0.03:
        image = transforms.invert(image)
    return image


def _flip(mask: np.ndarray, flips: tuple[bool, bool]) -> np.ndarray:
    axes = [axis for axis, flipped in enumerate(flips) if flipped]
    return np.flip(mask, axes) if axes else mask
