"""The trainings of a viewer: they outlive the dock, which may be closed and opened again."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

from napari_itis.plugin.training_controller import TrainingController

if TYPE_CHECKING:
    from napari.components import ViewerModel

_trainings: weakref.WeakKeyDictionary[ViewerModel, TrainingController] = weakref.WeakKeyDictionary()


def training_of(viewer: ViewerModel) -> TrainingController:
    """The trainings of a viewer, made at the first call; see `controllers.controller_of`.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    """
    # Plugins get a proxy that hides private attributes; all of them stand for one viewer.
    viewer = getattr(viewer, "__wrapped__", viewer)
    training = _trainings.get(viewer)
    if training is None:
        training = _trainings[viewer] = TrainingController(viewer)
    return training
