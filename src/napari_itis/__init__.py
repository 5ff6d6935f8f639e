"""Interactive segmentation in napari: click on an object, get its mask, correct it by clicking.

The method is ITIS (Mahadevan, Voigtlaender, Leibe: "Iteratively Trained Interactive Segmentation",
BMVC 2018). Everything but :mod:`napari_itis.plugin` works without napari and without Qt.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_itis.annotation import AnnotationSession
    from napari_itis.clicks import Click
    from napari_itis.inference import Prediction, Predictor
    from napari_itis.network import ItisConfig, ItisNetwork

__version__ = "0.1.0"

__all__ = [
    "AnnotationSession",
    "Click",
    "ItisConfig",
    "ItisNetwork",
    "Prediction",
    "Predictor",
    "__version__",
]

# napari imports every plugin it discovers: what needs torch is imported at its first use only.
_HOMES = {
    "AnnotationSession": "napari_itis.annotation",
    "Click": "napari_itis.clicks",
    "ItisConfig": "napari_itis.network",
    "ItisNetwork": "napari_itis.network",
    "Prediction": "napari_itis.inference",
    "Predictor": "napari_itis.inference",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted(__all__)
