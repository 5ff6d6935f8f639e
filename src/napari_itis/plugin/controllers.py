"""One controller per viewer: it outlives the widget, which may be closed and opened again."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

from napari_itis.plugin.controller import Controller
from napari_itis.plugin.predictors import PredictorFactory, make_predictor

if TYPE_CHECKING:
    from napari.components import ViewerModel

_controllers: weakref.WeakKeyDictionary[ViewerModel, Controller] = weakref.WeakKeyDictionary()


def controller_of(viewer: ViewerModel, factory: PredictorFactory = make_predictor) -> Controller:
    """The controller of a viewer, made at the first call.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    factory : callable, optional
        Makes the predictor of a new controller.
    """
    # Plugins get a proxy that hides private attributes; all of them stand for one viewer.
    viewer = getattr(viewer, "__wrapped__", viewer)
    controller = _controllers.get(viewer)
    if controller is None:
        controller = Controller(viewer, factory)
        _controllers[viewer] = controller
        weakref.finalize(viewer, controller.worker.stop)
    return controller
