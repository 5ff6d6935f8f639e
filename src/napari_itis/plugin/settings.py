"""What the user has set for the plugin in napari's preferences."""

from __future__ import annotations

import json
from importlib.resources import files

from napari_itis.plugin.predictors import PredictorOptions

DEVICES = ("auto", "cpu", "cuda", "mps")


def preferred_options() -> PredictorOptions:
    """Device, weights and zoom-in from the preferences; the defaults where napari has none."""
    try:
        from napari.settings import get_plugin_settings

        chosen = get_plugin_settings("napari-itis").segmentation
        return PredictorOptions(chosen.weights or None, chosen.device, chosen.zoom_in)
    except Exception:
        # Not registered, an older napari, or a broken settings file: no reason not to open.
        return PredictorOptions()


def autosave_minutes() -> float:
    """Minutes between two autosaves from the preferences; 0: none."""
    try:
        from napari.settings import get_plugin_settings

        return float(get_plugin_settings("napari-itis").sessions.autosave_minutes)
    except Exception:
        return 1.0


def shipped_weights() -> dict[str, str]:
    """SHA-256 of the weights in the package by their names, read without importing torch."""
    index = files("napari_itis") / "network" / "pretrained" / "weights.json"
    known = json.loads(index.read_text("utf-8")) if index.is_file() else {}
    return {name: known[name]["sha256"] for name in sorted(known)}
