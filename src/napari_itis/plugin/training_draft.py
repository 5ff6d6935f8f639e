"""What is set in the dock before a training begins; no Qt."""

from __future__ import annotations

import dataclasses
import re
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from napari_itis.network import ItisConfig, describe
from napari_itis.network.names import SUFFIX
from napari_itis.network.own_weights import LONGEST_NAME
from napari_itis.training import DataSource, TrainingConfig, load_config

VIEWER = "viewer"
"""Name of the data set that is made of what is open in the viewer."""

_BASE = "finetune"


@dataclass(frozen=True)
class Draft:
    """The settings of a training that has not begun.

    Attributes
    ----------
    config : TrainingConfig
        What will be run, but for the images in the viewer, which are no files yet.
    minutes : float or None
        Length that is wanted in place of the config's samples; its epochs are 0 then.
    viewer : bool
        Whether the images and masks in the viewer are trained on.
    chosen : frozenset of str
        Keys that the user has set: suggestions leave them alone.
    """

    config: TrainingConfig
    minutes: float | None = None
    viewer: bool = False
    chosen: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def new(cls, taken: Callable[[str], bool]) -> Draft:
        """The recipe `finetune` under a name of its own."""
        config = load_config(_BASE)
        return cls(replace(config, name=free_name("my-weights", taken)))

    @property
    def has_data(self) -> bool:
        """Whether there is anything to train on."""
        return self.viewer or bool(self.config.data)

    def with_keys(self, **changes: Any) -> Draft:
        """With other values, as the user has chosen them.

        Keys of the network are ``network.KEY``. With other weights to start from, the network is
        theirs. A learning rate takes that of the new layers along. Of samples, epochs and minutes,
        what is set last is how long it learns.

        Raises
        ------
        ConfigError, WeightsError
            If a value cannot be.
        """
        config, chosen = self.config, self.chosen | changes.keys()
        if "start" in changes and changes["start"] != config.start:
            changes |= {"network": network_of(changes["start"], config)}
        if "learning_rate" in changes and "head_learning_rate" not in changes:
            share = config.head_learning_rate / (config.learning_rate or 1.0)
            changes["head_learning_rate"] = share * changes["learning_rate"]
        network = {
            key.removeprefix("network."): changes.pop(key)
            for key in list(changes)
            if key.startswith("network.")
        }
        if network:
            changes["network"] = replace(config.network, **network)
        if changes.get("samples"):
            changes = {"epochs": 0} | changes | _epochs_that_fit(config, changes)
        minutes = None if {"samples", "epochs"} & changes.keys() else self.minutes
        return replace(self, config=replace(config, **changes), chosen=chosen, minutes=minutes)

    def with_minutes(self, minutes: float | None) -> Draft:
        """As long as so many minutes; None: as many samples as the config says."""
        config, chosen = replace(self.config, epochs=0), self.chosen | {"samples"}
        return replace(self, config=config, minutes=minutes, chosen=chosen)

    def suggested(self, values: dict[str, Any]) -> Draft:
        """With suggestions where the user has chosen nothing."""
        fields = {one.name for one in dataclasses.fields(self.config)}
        changes = {k: v for k, v in values.items() if k in fields and k not in self.chosen}
        return replace(self, config=replace(self.config, **changes))

    def with_source(self, root: Path, layout: str) -> Draft:
        """With one more data set."""
        known = {source.name for source in self.config.data}
        name = free_name(plain_name(root.name) or "data", lambda one: one in known)
        source = DataSource(name, str(root), layout)
        return self.with_sources((*self.config.data, source))

    def with_sources(self, sources: Iterable[DataSource]) -> Draft:
        """With other data sets."""
        return replace(self, config=replace(self.config, data=tuple(sources)))

    def config_with(self, viewer_root: Path | None) -> TrainingConfig:
        """The config with the images of the viewer, if they are in a folder by now."""
        if not self.viewer or viewer_root is None:
            return self.config
        source = DataSource(VIEWER, str(viewer_root))
        return replace(self.config, data=(*self.config.data, source))

    def for_minutes(self, seconds: float | None) -> Draft:
        """As long as the wanted minutes, knowing that its samples would take so many seconds."""
        if self.minutes is None or not seconds:
            return self
        config = self.config
        samples = round(config.samples * 60 * self.minutes / seconds)
        samples = max(config.batch_size, samples // config.batch_size * config.batch_size)
        changes = {"samples": samples} | _epochs_that_fit(config, {"samples": samples})
        return replace(self, config=replace(config, **changes))


def network_of(start: str, config: TrainingConfig) -> Any:
    """The network of weights to start from; the config's own where there are none.

    Raises
    ------
    WeightsError
        If the weights are none of ours.
    """
    if start in ("imagenet", "random"):
        return config.network
    return ItisConfig(**describe(start).get("config", {}))


def read_text(text: str) -> TrainingConfig:
    """A config from the text of a TOML file.

    Raises
    ------
    ConfigError, WeightsError
        One line: what is wrong, where, what would be right.
    """
    with tempfile.TemporaryDirectory(prefix="napari-itis-") as folder:
        path = Path(folder) / "settings.toml"
        path.write_text(text, "utf-8")
        return load_config(path)


def plain_name(text: str) -> str:
    """A name for weights and folders on every system, of letters, digits, dots and dashes."""
    name = re.sub(r"[^\w.-]+", "-", text.removesuffix(SUFFIX)).strip("-._")
    return name[:LONGEST_NAME].rstrip("-._")


def free_name(wanted: str, taken: Callable[[str], bool]) -> str:
    """The name itself, or with the first number that is free."""
    name, number = wanted, 1
    while taken(name):
        number += 1
        end = f"-{number}"
        name = wanted[: LONGEST_NAME - len(end)] + end
    return name


def _epochs_that_fit(config: TrainingConfig, changes: dict[str, Any]) -> dict[str, Any]:
    """Epochs no longer than the training: it is measured at their ends."""
    size = changes.get("samples_per_epoch", config.samples_per_epoch)
    batch = changes.get("batch_size", config.batch_size)
    fitting = max(batch, min(size, changes["samples"])) if size else size
    return {} if fitting == size else {"samples_per_epoch": fitting}
