"""Make the pictures of the documentation: `python docs/make_screenshots.py [FOLDER]`.

Every mask in them is predicted by the weights that ship. Without a display it works under Xvfb.
"""

from __future__ import annotations

import sys
from pathlib import Path

# Ten coins of the sample, (y, x): one click each.
COINS = [
    (50, 155),
    (51, 215),
    (52, 276),
    (56, 100),
    (119, 270),
    (123, 205),
    (127, 153),
    (192, 212),
    (193, 273),
    (195, 101),
]
# Beside the astronaut: (y, x).
ROCKET = (150, 415)
# The sample video: half of the cup is missing on this frame. Clicks as (t, y, x, positive).
VIDEO = [(33, 115, 40, True), (33, 120, 6, True)]
# Objects of the camera pan: clicks as (t, y, x, positive).
PAN = [
    [(0, 180, 90, True), (0, 60, 160, True), (12, 170, 60, True), (12, 55, 110, True)],
    [(12, 78, 190, True), (12, 78, 240, False)],
]


def main(folder: Path) -> None:
    from napari_itis.cli.display import display_needed, start_virtual_display

    if display_needed():
        start_virtual_display()
    folder.mkdir(parents=True, exist_ok=True)
    from napari_itis.plugin import demo

    demo.run(folder / "demo.png")
    clicks(folder / "clicks.webp")
    ten_objects(folder / "ten-objects.png")
    stack(folder / "stack.png")
    video(folder / "video.png")
    training(folder / "training.png")


def clicks(path: Path) -> None:
    """A recording: an object with three clicks, then the next one."""
    from qtpy.QtCore import Qt
    from recording import Recording

    from napari_itis.plugin import demo, sample_data

    recording = Recording(*demo.open_window(sample_data.astronaut()))
    for one in demo.CLICKS:
        recording.click(*one)
    recording.key(Qt.Key.Key_N)
    recording.click(*ROCKET)
    recording.save(path)


def ten_objects(path: Path) -> None:
    """Ten objects in a 16-bit gray image."""
    from napari_itis.plugin import demo, sample_data

    viewer, controller = demo.open_window(sample_data.coins())
    for number, (y, x) in enumerate(COINS):
        if number:
            controller.next_object()
        demo.place(controller, y, x, True)
        demo.wait(controller)
    finish(viewer, controller, path)


def stack(path: Path) -> None:
    """Two objects on slices of a (t, y, x) stack."""
    from napari_itis.plugin import demo, sample_data

    viewer, controller = demo.open_window(sample_data.pan())
    for number, clicks in enumerate(PAN):
        if number:
            controller.next_object()
        for one in clicks:
            demo.place(controller, *one)
            demo.wait(controller)
    viewer.dims.set_current_step(0, 12)
    finish(viewer, controller, path)


def video(path: Path) -> None:
    """The sample video, ranked; one frame corrected with clicks and carried on."""
    import napari
    import numpy as np
    from qtpy.QtWidgets import QApplication

    from napari_itis.plugin import demo, sample_data
    from napari_itis.plugin.controllers import session_files_of, video_correction_of
    from napari_itis.plugin.video_widget import VideoWidget

    def wait(busy) -> None:
        while busy():
            QApplication.processEvents()
        QApplication.processEvents()

    viewer = napari.Viewer(title="napari")
    session_files_of(viewer).autosaving.active = False
    for data, metadata, kind in sample_data.video():
        getattr(viewer, f"add_{kind}")(data, **metadata)
    dock = VideoWidget(viewer)
    viewer.window.add_dock_widget(dock, name="ITIS video correction", area="right")
    QApplication.processEvents()
    correction = video_correction_of(viewer)
    correction.rank()
    wait(lambda: correction.ranking is not None)
    frame = VIDEO[0][0]
    correction.go_to(frame)
    for one in VIDEO:
        demo.place(correction.controller, *one)
        demo.wait(correction.controller)
    for direction in (1, -1):
        correction.go_to(frame)
        QApplication.processEvents()
        correction.propagate(direction, 3)
        wait(lambda: correction.propagation is not None)
    correction.go_to(frame)
    wait(lambda: np.isnan(correction.suspicion).any())
    finish(viewer, correction.controller, path)


def training(path: Path) -> None:
    """The training dock, half-way through a short training on coins."""
    # Beside this script.
    import training_pictures

    training_pictures.running(path)


def finish(viewer, controller, path: Path) -> None:
    from napari_itis.plugin import demo

    demo.wait(controller)
    demo.picture(viewer, path)
    viewer.close()
    controller.worker.stop(timeout=10)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "images")
