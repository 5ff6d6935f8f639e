"""The form of all settings of a training, made by magicgui from the config's dataclass."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, get_type_hints

from docstring_parser import parse
from magicgui.widgets import create_widget
from magicgui.widgets.bases import RangedWidget, ValueWidget
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFormLayout, QLabel, QVBoxLayout, QWidget

from napari_itis.plugin.fold import Fold
from napari_itis.plugin.settings import DEVICES

_SECTIONS = (
    ("Length", ("samples_per_epoch", "seed")),
    (
        "Clicks and objects",
        ("reset_probability", "lone_click", "spoilt_mask", "empty_mask", "copy_paste", "min_area"),
    ),
    ("Crops", ("crop_mode", "min_scale", "max_scale", "augment")),
    (
        "Rates",
        (
            "head_learning_rate",
            "keep_start",
            "schedule",
            "warmup",
            "freeze_norm",
            "ema",
            "click_init",
        ),
    ),
    ("Loss", ("cross_entropy", "bootstrapped", "bootstrap_share", "dice")),
    (
        "Measuring and saving",
        (
            "held_back",
            "validate_every",
            "validation_objects",
            "validation_clicks",
            "checkpoint_steps",
        ),
    ),
    (
        "Machine and files",
        (
            "precision",
            "threads",
            "loaders",
            "loader_processes",
            "cache_gb",
            "skip_bad",
            "data_root",
            "encoder_weights",
        ),
    ),
)
_ELSEWHERE = (
    "name",
    "start",
    "samples",
    "epochs",
    "learning_rate",
    "batch_size",
    "crop",
    "device",
    "data",
)
_LABELS = {"ema": "EMA", "cache_gb": "Cache (GB)", "min_area": "Smallest area"}
_CHOICES = {"device": DEVICES, "precision": ("auto", "bf16", "fp32")}
_MOST = 1e9
# A long label or value must not widen the dock.
_FIELD_WIDTH = 96


@dataclass(frozen=True)
class Setting:
    """A key of a config.

    Attributes
    ----------
    name : str
    kind : type
        Of its value.
    about : str
        What its docstring says.
    choices : tuple of str
        All values that it may have; empty where it may have others.
    """

    name: str
    kind: type
    about: str
    choices: tuple[str, ...] = ()


@cache
def settings_of(config: type) -> dict[str, Setting]:
    """The keys of a config dataclass by name, as its numpydoc docstring describes them."""
    hints, described = get_type_hints(config), {}
    for entry in parse(config.__doc__ or "").params:
        for name in entry.arg_name.split(","):
            described[name.strip()] = entry
    found = {}
    for field in fields(config):
        entry = described.get(field.name)
        about = " ".join((entry.description or "").split()) if entry else ""
        kind = (entry.type_name or "") if entry else ""
        choices = _CHOICES.get(field.name, ())
        if kind.startswith("{") and kind.endswith("}"):
            choices = tuple(ast.literal_eval(f"[{kind[1:-1]}]"))
        found[field.name] = Setting(field.name, hints[field.name], about, choices)
    return found


def sections_of(config: type) -> Iterator[tuple[str, list[Setting]]]:
    """The keys that the dock does not ask for elsewhere, by section; new ones are among others."""
    known = settings_of(config)
    shown = {*_ELSEWHERE}
    for title, names in _SECTIONS:
        there = [known[name] for name in names if name in known]
        shown.update(names)
        if there:
            yield title, there
    plain = [one for name, one in known.items() if name not in shown and one.kind in _KINDS]
    if plain:
        yield "Other", plain


class TrainingForm(QWidget):
    """All settings but those that the dock itself asks for, in sections.

    Parameters
    ----------
    config : TrainingConfig
        What is shown at first.
    """

    changed = Signal(str, object)
    """(name, value): the user has set a key; keys of the network are ``network.KEY``."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self._config = config
        self._folds: list[Fold] = []
        self._widgets: dict[str, ValueWidget] = {}
        self._showing = False
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 0, 0, 0)
        layout.setSpacing(2)
        for title, settings in sections_of(type(config)):
            self._add_section(layout, title, settings, "")
        network = list(settings_of(type(config.network)).values())
        self._add_section(layout, "Network", network, "network.")

    def show_config(self, config: Any) -> None:
        """Show the values of a config."""
        self._config = config
        self._showing = True
        try:
            for name, widget in self._widgets.items():
                value = _value_of(config, name)
                if widget.value != value:
                    _make_room(widget, value)
                    widget.value = value
            self._enable_network()
        finally:
            self._showing = False

    def widget(self, name: str) -> ValueWidget:
        """The widget of a key; its section is opened."""
        for fold in self._folds:
            if name in fold.property("keys"):
                fold.open()
        return self._widgets[name]

    def _add_section(
        self, layout: QVBoxLayout, title: str, settings: list[Setting], prefix: str
    ) -> None:
        names = [prefix + setting.name for setting in settings]
        fold = Fold(title, ", ".join(names), lambda: self._build_section(settings, prefix))
        fold.setProperty("keys", names)
        self._folds.append(fold)
        layout.addWidget(fold)

    def _build_section(self, settings: list[Setting], prefix: str) -> QWidget:
        section = QWidget()
        form = QFormLayout(section)
        form.setContentsMargins(4, 0, 0, 6)
        form.setSpacing(5)
        if prefix:
            note = QLabel("As in the weights that it starts from; free with ImageNet as the start.")
            note.setWordWrap(True)
            form.addRow(note)
        for setting in settings:
            name = prefix + setting.name
            widget = _make_widget(setting, _value_of(self._config, name))
            widget.changed.connect(lambda value, name=name: self._on_changed(name, value))
            self._widgets[name] = widget
            widget.native.setMinimumWidth(_FIELD_WIDTH)
            if setting.kind is bool:
                form.addRow(widget.native)
                continue
            label = QLabel(widget.label)
            label.setToolTip(widget.tooltip)
            form.addRow(label, widget.native)
        self._enable_network()
        return section

    def _enable_network(self) -> None:
        free = self._config.start in ("imagenet", "random")
        for name, widget in self._widgets.items():
            if name.startswith("network."):
                widget.enabled = free

    def _on_changed(self, name: str, value: Any) -> None:
        if not self._showing:
            self.changed.emit(name, value)


_KINDS = (bool, int, float, str)


def _value_of(config: Any, name: str) -> Any:
    prefix, _, key = name.rpartition(".")
    return getattr(config.network if prefix else config, key)


def _make_room(widget: ValueWidget, value: Any) -> None:
    """Let a widget take a value from a file, where there may be larger ones than anybody types."""
    if isinstance(widget, RangedWidget):
        widget.max = max(widget.max, value)


def _make_widget(setting: Setting, value: Any) -> ValueWidget:
    options: dict[str, Any] = {"tooltip": f"{setting.name}: {setting.about}"}
    if setting.choices:
        options["choices"] = setting.choices
    elif setting.kind is int:
        options |= {"min": 0, "max": max(int(_MOST), value)}
    elif setting.kind is float:
        # As fine as the value asks for: rates are small.
        size = 10.0 ** math.floor(math.log10(value)) if value else 0.1
        options |= {"min": 0.0, "max": max(_MOST, value), "step": min(size, 1.0) / 10}
    label = _LABELS.get(setting.name) or setting.name.replace("_", " ").capitalize()
    return create_widget(
        value=value, annotation=setting.kind, name=setting.name, label=label, options=options
    )
