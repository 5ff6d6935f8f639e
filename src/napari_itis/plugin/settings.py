"""What the user has set for the plugin in napari's preferences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari_itis.network.names import SUFFIX, WeightsError, find_weights
from napari_itis.plugin.predictors import PredictorOptions

DEVICES = ("auto", "cpu", "cuda", "mps")


def preferred_options() -> PredictorOptions:
    """Device, weights and zoom-in from the preferences; the defaults where napari has none.

    Weights that are gone are not among them: see `say_lost_weights`.
    """
    try:
        chosen = _segmentation()
        weights = chosen.weights if are_there(chosen.weights) else None
        return PredictorOptions(weights or None, chosen.device, chosen.zoom_in)
    except Exception:
        # Not registered, an older napari, or a broken settings file: no reason not to open.
        return PredictorOptions()


def prefer_weights(weights: str | None) -> bool:
    """Use weights (a name or a file, None for the default) at every start; whether that worked."""
    try:
        _segmentation().weights = weights or ""
    except Exception:
        return False
    return True


def preferred_weights() -> str:
    """What the preferences name, there or not; empty for the default ones."""
    try:
        return str(_segmentation().weights)
    except Exception:
        return ""


def say_lost_weights() -> str:
    """A line on preferred weights that are gone, said once for a name; empty if there are none."""
    weights = preferred_weights()
    if are_there(weights):
        return ""
    if not Path(weights).name.endswith(SUFFIX):
        # A file may come back with its drive; a name that was deleted does not.
        prefer_weights(None)
    return f"The weights {Path(weights).name} are gone: the default ones are used"


def are_there(weights: str | None) -> bool:
    """Whether weights can be found; the default ones always are."""
    try:
        find_weights(weights or None)
    except WeightsError:
        return False
    return True


def autosave_minutes() -> float:
    """Minutes between two autosaves from the preferences; 0: none."""
    try:
        from napari.settings import get_plugin_settings

        return float(get_plugin_settings("napari-itis").sessions.autosave_minutes)
    except Exception:
        return 1.0


def _segmentation() -> Any:
    from napari.settings import get_plugin_settings

    return get_plugin_settings("napari-itis").segmentation
