"""What the user has set for the plugin in napari's preferences."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from napari_itis.network.names import SUFFIX, WeightsError, find_weights
from napari_itis.plugin.connections import Connections
from napari_itis.plugin.predictors import PredictorOptions

DEVICES = ("auto", "cpu", "cuda", "mps")
CLICK_SIZE = 15.0
"""Pixels of the screen that the dot of a click is wide, where nobody says anything else."""

_GROUPS = ("segmentation", "sessions", "display")


def preferred_options() -> PredictorOptions:
    """How the network is run, from the preferences; the defaults where napari has none.

    Weights that are gone are not among them: see `say_lost_weights`.
    """
    chosen = _group("segmentation")
    if chosen is None:
        return PredictorOptions()
    weights = chosen.weights if are_there(chosen.weights) else None
    return PredictorOptions(weights or None, chosen.device, chosen.zoom_in, chosen.threads)


def prefer_weights(weights: str | None) -> bool:
    """Use weights (a name or a file, None for the default) at every start; whether that worked."""
    chosen = _group("segmentation")
    if chosen is None:
        return False
    chosen.weights = weights or ""
    return True


def preferred_weights() -> str:
    """What the preferences name, there or not; empty for the default ones."""
    chosen = _group("segmentation")
    return "" if chosen is None else str(chosen.weights)


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


def _group(name: str) -> Any:
    try:
        from napari.settings import get_plugin_settings

        return getattr(get_plugin_settings("napari-itis"), name)
    except Exception:
        # Not registered, an older napari, or a broken settings file: no reason not to open.
        return None
