"""Training configs as TOML: shipped ones, a user's own, `--set` and `--data`."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any, get_args, get_type_hints

import tomli_w

from napari_itis.network import ItisConfig, describe, list_weights
from napari_itis.training.config import UNTRAINED, ConfigError, TrainingConfig, require

CONFIGS = Path(__file__).parent / "configs"


def shipped_configs() -> list[str]:
    """Names of the configs that come with the package."""
    return sorted(path.stem for path in CONFIGS.glob("*.toml"))


def load_config(
    config: str | PathLike, overrides: Iterable[str] = (), data: Iterable[str] = ()
) -> TrainingConfig:
    """Read a training config.

    A file may say ``base = "NAME"``, the name of a shipped config that it changes: its tables are
    merged into the base's, everything else of it, `data` included, takes the base's place.

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
    path = _find(config)
    values = _read(path)
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
        return from_dict(_with_network_of_weights(values))
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


def to_toml(config: TrainingConfig | Mapping[str, Any]) -> str:
    """A config as the text of a TOML file that `load_config` reads back as the same config.

    Parameters
    ----------
    config : TrainingConfig or mapping
        All settings are written, so that no other version's defaults change the run; of a mapping,
        those that it has, ``base`` included.

    Raises
    ------
    ConfigError
        If a value has no place in TOML.
    """
    values = config.as_dict() if isinstance(config, TrainingConfig) else dict(config)
    try:
        return tomli_w.dumps(values)
    except TypeError as error:
        raise ConfigError(f"the settings cannot be saved: {error}") from None


def write_config(path: Path, config: TrainingConfig) -> None:
    """Write all settings with absolute paths, whole or not at all.

    Raises
    ------
    OSError
        If it cannot be written; what was there stays.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        temporary.write_text(to_toml(with_absolute_paths(config)), "utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def with_absolute_paths(config: TrainingConfig) -> TrainingConfig:
    """The same config for a process that works in another folder."""

    def absolute(path: str) -> str:
        return str(Path(path).absolute()) if path else ""

    data = tuple(
        dataclasses.replace(source, root=absolute(str(Path(config.data_root) / source.root)))
        if source.root
        else source
        for source in config.data
    )
    named = config.start in (*UNTRAINED, *list_weights())
    return dataclasses.replace(
        config,
        data=data,
        data_root=absolute(config.data_root),
        encoder_weights=absolute(config.encoder_weights),
        start=config.start if named else absolute(config.start),
    )


def _find(config: str | PathLike) -> Path:
    return CONFIGS / f"{config}.toml" if str(config) in shipped_configs() else Path(config)


def _read(path: Path) -> dict[str, Any]:
    """A file's values, those of its base beneath them."""
    values = _read_one(path)
    if "base" not in values:
        return values
    base = values.pop("base")
    if base not in shipped_configs():
        names = ", ".join(shipped_configs())
        raise ConfigError(f"{path.name}: base = {base!r} is no shipped config: give one of {names}")
    below = _read_one(_find(base))
    if "base" in below:
        raise ConfigError(
            f"{path.name}: base = {base!r} has a base of its own: use {below['base']!r}"
        )
    for key, value in values.items():
        merged = isinstance(value, dict) and isinstance(below.get(key), dict)
        below[key] = below[key] | value if merged else value
    return below


def _read_one(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError):
        names = ", ".join(shipped_configs())
        raise ConfigError(f"no config {str(path)!r}: give a TOML file or one of {names}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {error}") from None


def _with_network_of_weights(values: dict[str, Any]) -> dict[str, Any]:
    """Weights to start from know their network: what the config leaves out is as in them."""
    start = values.get("start", TrainingConfig.start)
    network = values.get("network", {})
    if start in UNTRAINED or not (isinstance(start, str) and isinstance(network, dict)):
        return values
    if network.keys() >= {field.name for field in dataclasses.fields(ItisConfig)}:
        # Nothing is left out: a training that is resumed may have lost what it began with.
        return values
    about = describe(start)
    return values | {"network": about.get("config", {}) | network}


def _set(values: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    require(bool(equals and key.strip()), f"--set {override!r} must be KEY=VALUE")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text.strip()
    *parents, last = key.strip().split(".")
    for parent in parents:
        values = values.setdefault(parent, {})
        require(isinstance(values, dict), f"--set {override!r}: {parent} is no table")
    values[last] = value


def _build(kind: type, values: Any, where: str) -> Any:
    require(isinstance(values, Mapping), f"{where or 'the config'} must be a table")
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
        require(isinstance(value, list | tuple), f"{name} must be a list of tables: [[{name}]]")
        item = get_args(hint)[0]
        return tuple(_build(item, v, f"{name}[{i}]") for i, v in enumerate(value))
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    require(type(value) is hint, f"{name} must be {hint.__name__}, not {value!r}")
    return value
