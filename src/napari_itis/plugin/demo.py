"""The plugin at work on a sample photo, with clicks placed by a script."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from napari_itis.plugin.controllers import controller_of, session_files_of
from napari_itis.plugin.predictors import PredictorFactory, make_predictor
from napari_itis.plugin.sample_data import astronaut
from napari_itis.plugin.segment_widget import SegmentWidget

if TYPE_CHECKING:
    from napari import Viewer

    from napari_itis.plugin.controller import Controller

# Her suit, her face, and the helmet in front of her that is no part of her: (y, x, positive).
CLICKS = ((350, 210, True), (110, 220, True), (430, 400, False))
_PATIENCE = 180.0


def run(screenshot: Path | None = None, factory: PredictorFactory = make_predictor) -> None:
    """Open napari with a photo, the plugin and three clicks.

    Parameters
    ----------
    screenshot : Path, optional
        Write a picture of the whole window there and close it again; otherwise the window stays
        open for the user.
    factory : callable, optional
        Makes the predictor.

    Raises
    ------
    RuntimeError
        With `screenshot`, if the network cannot be loaded or does not answer.
    """
    import napari

    viewer, controller = open_window([astronaut()[0]], factory, autosave=screenshot is None)
    if screenshot is None:
        for click in CLICKS:
            place(controller, *click)
        napari.run()
        return
    try:
        wait(controller)
        for click in CLICKS:
            place(controller, *click)
            wait(controller)
        picture(viewer, screenshot)
    finally:
        viewer.close()
        controller.worker.stop(timeout=10)


def open_window(
    layers: list, factory: PredictorFactory = make_predictor, *, autosave: bool = False
) -> tuple[Viewer, Controller]:
    """Open napari with layers (as sample data gives them) and the plugin docked beside them.

    `autosave`: a user works in it, and not a script.
    """
    import napari
    from qtpy.QtWidgets import QApplication

    viewer = napari.Viewer(title="napari")
    # Before the widget asks for one: it takes the controller that is there.
    controller = controller_of(viewer, factory)
    session_files_of(viewer).autosaving.active = autosave
    for data, metadata, kind in layers:
        getattr(viewer, f"add_{kind}")(data, **metadata)
    viewer.window.add_dock_widget(SegmentWidget(viewer), name="ITIS segmentation", area="right")
    # The widget starts when it is shown.
    QApplication.processEvents()
    return viewer, controller


def place(controller: Controller, *click: float) -> None:
    """Add a click: slice axes where there are any, y, x, and whether it is positive."""
    *position, positive = click
    layers = controller.workspace.layers
    (layers.positive if positive else layers.negative).add(position)


def wait(controller: Controller, patience: float = _PATIENCE) -> None:
    """Run the window until every click is answered.

    Raises
    ------
    RuntimeError
        If the network cannot be loaded, or after `patience` seconds.
    """
    from qtpy.QtWidgets import QApplication

    end = time.monotonic() + patience
    quiet = 0
    while quiet < 5:
        QApplication.processEvents()
        time.sleep(0.02)
        if controller.activity.failed:
            raise RuntimeError(controller.activity.text)
        if time.monotonic() > end:
            raise RuntimeError(f"no answer from the network after {patience:.0f} s")
        settled = controller.activity.text == "Ready" and not controller.workspace.session.pending()
        quiet = quiet + 1 if settled else 0


def picture(viewer: Viewer, path: Path, size: tuple[int, int] = (1500, 950)) -> None:
    """Write a picture of the whole window, `size` pixels wide and high."""
    from qtpy.QtWidgets import QApplication

    # Off the screen nobody has resized or arranged the window yet.
    viewer.window.resize(*size)
    for _ in range(10):
        QApplication.processEvents()
        time.sleep(0.02)
    viewer.reset_view()
    for _ in range(10):
        QApplication.processEvents()
        time.sleep(0.02)
    viewer.window.screenshot(str(path), canvas_only=False, flash=False)
