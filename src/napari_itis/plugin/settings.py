"""What the user has set for the plugin in napari's preferences."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.resources import files
from typing import Any

from napari_itis.plugin.connections import Connections
from napari_itis.plugin.predictors import PredictorOptions

DEVICES = ("auto", "cpu", "cuda", "mps")
CLICK_SIZE = 15.0
"""Pixels of the screen that the dot of a click is wide, where nobody says anything else."""

_GROUPS = ("segmentation", "sessions", "display")


def preferred_options() -> PredictorOptions:
    """How the network is run, from the preferences; the defaults where napari has none."""
    chosen = _group("segmentation")
    if chosen is None:
        return PredictorOptions()
    return PredictorOptions(chosen.weights or None, chosen.device, chosen.zoom_in, chosen.threads)


def autosave_minutes() -> float:
    """Minutes between two autosaves from the preferences; 0: none."""
    chosen = _group("sessions")
    return 1.0 if chosen is None else float(chosen.autosave_minutes)


def click_size() -> float:
    """Pixels of the screen that the dot of a click is wide, from the preferences."""
    chosen = _group("display")
    return CLICK_SIZE if chosen is None else float(chosen.click_size)


def watch_preferences(connections: Connections, on_changed: Callable[[str, Any], object]) -> None:
    """Be told when the user changes a preference.

    Parameters
    ----------
    connections : Connections
        That end it.
    on_changed : callable
        Takes the name of the preference, as it stands in napari.yaml, and its new value.
    """

    def told(event: Any) -> None:
        on_changed(event.type, event.value)

    for name in _GROUPS:
        group = _group(name)
        for field in type(group).model_fields if group is not None else ():
            connections.add(getattr(group.events, field), told)


def shipped_weights() -> dict[str, str]:
    """SHA-256 of the weights in the package by their names, read without importing torch."""
    index = files("napari_itis") / "network" / "pretrained" / "weights.json"
    known = json.loads(index.read_text("utf-8")) if index.is_file() else {}
    return {name: known[name]["sha256"] for name in sorted(known)}


def _group(name: str) -> Any:
    try:
        from napari.settings import get_plugin_settings

        return getattr(get_plugin_settings("napari-itis"), name)
    except Exception:
        # Not registered, an older napari, or a broken settings file: no reason not to open.
        return None
