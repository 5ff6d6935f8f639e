"""Training samples: an object's next crop with its clicks and its mask (paper, Sec. 3.2)."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from torchvision.transforms.v2 import functional as transforms

from napari_itis.clicks import initial_clicks, robot_click
from napari_itis.training.config import TrainingConfig
from napari_itis.training.crops import cut, draw_background, draw_region, region_at_object
from napari_itis.training.sources import Sources
from napari_itis.training.spoiling import spoil_mask
from napari_itis.training.state import ObjectState

_TRIES = 8


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
    number: int,
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
    number : int
        Of the object in the epoch; where every object of the data is trained once per epoch, it
        says which one is meant.

    Returns
    -------
    TrainingSample
    """
    following = None
    if state is not None and rng.random() >= config.reset_probability:
        image, truth, void, _ = cut(state, sources, config)
        mask = np.zeros_like(truth) if state.mask is None else state.mask
        click = robot_click(mask, truth, void, state.clicks, rng)
        if click is not None:
            following = replace(state, clicks=(*state.clicks, click))
            if rng.random() < config.empty_mask:
                mask = np.zeros_like(truth)
    if following is None:
        following, image, truth, void, mask = _fresh(sources, config, rng, number)
    return _encode(following, image, truth, void, mask, config, rng)


def _fresh(
    sources: Sources, config: TrainingConfig, rng: np.random.Generator, number: int
) -> tuple[ObjectState, torch.Tensor, np.ndarray, np.ndarray, np.ndarray]:
    for attempt in range(2 * _TRIES + 1):
        drawn = sources.draw(rng) if config.samples_per_epoch else sources.object_at(number)
        source, image, label = drawn
        box = sources.image(source, image).box(label)
        labels = sources.pixels(source, image)[1]
        if attempt < 2 * _TRIES:
            region = draw_region(box, labels.shape, config, rng)
        else:
            # So thin, or so far apart, that no crop showed it: the training must not end for that.
            region = region_at_object(labels, label, config.crop, rng)
        state = ObjectState(source, image, label, region)
        if rng.random() < config.copy_paste:
            state = replace(state, background=draw_background(sources, rng))
        pixels, truth, void, others = cut(state, sources, config)
        # An object that is seen only in part in the end, rather than none.
        if truth.sum() < (config.min_area if attempt < _TRIES else 1):
            continue
        mask = np.zeros_like(truth)
        if config.network.mask_channel and rng.random() < config.spoilt_mask:
            spoilt = spoil_mask(truth, rng)
            click = robot_click(spoilt, truth, void, [], rng)
            if click is not None:
                return replace(state, clicks=(click,)), pixels, truth, void, spoilt
        clicks = initial_clicks(truth, rng, others=others, void=void, lone=config.lone_click)
        return replace(state, clicks=tuple(clicks)), pixels, truth, void, mask
    raise AssertionError("unreachable: the last region shows a pixel of the object")


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
        image = transforms.adjust_gamma(image, _paper_gamma(float(rng.uniform(-0.05, 0.05))))
    channels = torch.cat([image.as_subclass(torch.Tensor).float() / 255, guidance])
    joint = torch.cat([channels, torch.from_numpy(np.stack([truth, ~void])).float()])
    if flips[0]:
        joint = transforms.vertical_flip(joint)
    if flips[1]:
        joint = transforms.horizontal_flip(joint)
    return TrainingSample(joint[:-2], joint[-2] > 0.5, joint[-1] > 0.5, state, flips)


def _paper_gamma(z: float) -> float:
    """The exponent of Pohlen et al. (2017), with which the paper augments, for `z` around 0."""
    return math.log(0.5 + z / math.sqrt(2)) / math.log(0.5 - z / math.sqrt(2))


def _photometric(image: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """More gamma than in the paper; brightness, contrast, colour, blur, inversion."""
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
