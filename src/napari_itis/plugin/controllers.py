"""What a viewer has one of: it outlives the widgets, which may be closed and opened again."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

from napari_itis.plugin.controller import Controller
from napari_itis.plugin.predictors import PredictorFactory, make_predictor
from napari_itis.plugin.session_files import SessionFiles
from napari_itis.plugin.settings import preferred_options
from napari_itis.plugin.video_correction import VideoCorrection
from napari_itis.plugin.weights_list import weights_list

if TYPE_CHECKING:
    from napari.components import ViewerModel

_controllers: weakref.WeakKeyDictionary[ViewerModel, Controller] = weakref.WeakKeyDictionary()
_videos: weakref.WeakKeyDictionary[ViewerModel, VideoCorrection] = weakref.WeakKeyDictionary()
_files: weakref.WeakKeyDictionary[ViewerModel, SessionFiles] = weakref.WeakKeyDictionary()


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
        controller.worker.configure(preferred_options())
        weights_list().renamed.connect(controller.weights_renamed)
        weights_list().changed.connect(controller.weights_changed)
        _controllers[viewer] = controller
        _stop_with_window(viewer, controller)
    return controller


def known_controller(viewer: ViewerModel) -> Controller | None:
    """The controller of a viewer, if anything asked for it yet."""
    return _controllers.get(getattr(viewer, "__wrapped__", viewer))


def video_correction_of(viewer: ViewerModel) -> VideoCorrection:
    """What corrects the video of a viewer, made at the first call; see `controller_of`.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    """
    viewer = getattr(viewer, "__wrapped__", viewer)
    video = _videos.get(viewer)
    if video is None:
        video = _videos[viewer] = VideoCorrection(controller_of(viewer))
    return video


def session_files_of(viewer: ViewerModel) -> SessionFiles:
    """The session files of a viewer, made at the first call; see `controller_of`.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    """
    viewer = getattr(viewer, "__wrapped__", viewer)
    files = _files.get(viewer)
    if files is None:
        files = _files[viewer] = SessionFiles(controller_of(viewer))
    return files


def _stop_with_window(viewer: ViewerModel, controller: Controller) -> None:
    """End the inference thread with the viewer's window, or with the viewer where it has none."""
    weakref.finalize(viewer, controller.worker.stop)
    # napari itself keeps closed viewers in memory.
    window = getattr(getattr(viewer, "window", None), "_qt_window", None)
    if window is not None:
        worker = controller.worker
        window.destroyed.connect(lambda *_: worker.stop())
