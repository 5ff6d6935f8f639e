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
# Glands of the tissue, clicks as (y, x, positive).
GLANDS = [
    [(130, 370, True)],
    [(400, 315, True)],
    [(400, 100, True), (210, 30, True)],
    [(130, 120, True), (230, 40, False)],
]
# A nucleus on a slice of the z-stack: (z, y, x); it is followed over so many slices.
NUCLEUS, DEEPER = (8, 88, 178), 3
# Three coins that a threshold has taken for one thing with the bright ground above: (y, x) of them,
# and of the ground.
MERGED, GROUND = [(56, 45), (56, 100), (52, 155)], (25, 90)
# The sample video: the cup is lost on this frame and on those beside it. Clicks as (t, y, x,
# positive).
VIDEO = [(10, 115, 355, True), (10, 175, 290, True), (10, 195, 410, True)]
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
    tissue(folder / "tissue.webp")
    channels(folder / "channels.webp")
    correcting(folder / "correcting.webp")
    stack(folder / "stack.png")
    z_stack(folder / "z-stack.webp")
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
    click_objects(controller, [[(y, x, True)] for y, x in COINS])
    finish(viewer, controller, path)


def tissue(path: Path) -> None:
    """Glands of a microscope's image."""
    from napari_itis.plugin import demo, sample_data

    viewer, controller = demo.open_window(sample_data.tissue())
    click_objects(controller, GLANDS)
    finish(viewer, controller, path)


def channels(path: Path) -> None:
    """A stain of the tissue chosen as what the network sees, and what that looks like."""
    import numpy as np
    from skimage import color

    from napari_itis.plugin import demo, sample_data

    photo = sample_data.tissue()[0][0]
    # Eosin is not in it.
    stains = np.moveaxis(color.rgb2hed(photo)[..., [0, 2]], -1, 0).astype(np.float32)
    options = {"name": "stains", "rgb": False, "axis_labels": ("c", "y", "x")}
    limits = (0, float(np.quantile(stains[1], 0.995)))
    viewer, controller = demo.open_window(
        [(stains, {**options, "contrast_limits": limits}, "image")]
    )
    controller.choose_channels(0, (1,))
    viewer.dims.set_current_step(0, 1)
    click_objects(controller, [[(1, *one) for one in clicks] for clicks in GLANDS[:2]])
    section(viewer, "What the network sees").click()
    finish(viewer, controller, path)


def correcting(path: Path) -> None:
    """A recording: masks of a threshold, of which the worst one becomes three coins."""
    import numpy as np
    from qtpy.QtCore import Qt
    from recording import Recording
    from scipy import ndimage
    from skimage import filters, measure, morphology

    from napari_itis.plugin import demo, sample_data

    photo, options, kind = sample_data.coins()[0]
    smooth = filters.gaussian(photo, 1)
    bright = ndimage.binary_fill_holes(smooth > filters.threshold_otsu(smooth))
    labels = measure.label(morphology.remove_small_objects(bright, max_size=150)).astype(np.int32)
    masks = (labels, {"name": "threshold"}, "labels")
    viewer, controller = demo.open_window([(photo, options, kind), masks])
    recording = Recording(viewer, controller)
    recording.press(section(viewer, "Existing masks"))
    recording.choose(layer_list(viewer), 0)
    recording.key(Qt.Key.Key_I)
    first, *others = MERGED
    recording.click(*first)
    recording.click(*first)
    recording.click(*GROUND, False)
    for one in others:
        recording.key(Qt.Key.Key_N)
        recording.click(*one)
    recording.save(path)


def z_stack(path: Path) -> None:
    """A recording: a nucleus with one click, its mask taken along to the slices beside it."""
    from qtpy.QtCore import Qt
    from recording import Recording

    from napari_itis.plugin import demo, sample_data

    z, *place = NUCLEUS
    viewer, controller = demo.open_window(sample_data.nuclei())
    viewer.dims.set_current_step(0, z)
    recording = Recording(viewer, controller)
    recording.click(*place)
    recording.press(section(viewer, "Slices"))
    for _ in range(DEEPER):
        recording.key(Qt.Key.Key_PageDown, Qt.KeyboardModifier.ShiftModifier)
        recording.click(*place)
    recording.save(path)


def stack(path: Path) -> None:
    """Two objects on slices of a (t, y, x) stack."""
    from napari_itis.plugin import demo, sample_data

    viewer, controller = demo.open_window(sample_data.pan())
    click_objects(controller, PAN)
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


def click_objects(controller, objects) -> None:
    """One object after the other, its clicks as (axes of the image ..., positive)."""
    from napari_itis.plugin import demo

    for number, clicks in enumerate(objects):
        if number:
            controller.next_object()
        for one in clicks:
            demo.place(controller, *one)
            demo.wait(controller)


def section(viewer, title: str):
    """The title of a part of the segmentation dock that is folded away."""
    from qtpy.QtWidgets import QToolButton

    window = viewer.window._qt_window
    return next(one for one in window.findChildren(QToolButton) if one.text() == title)


def layer_list(viewer):
    """The list of the layers whose masks can be corrected."""
    from napari_itis.plugin.existing_box import ExistingBox

    return viewer.window._qt_window.findChild(ExistingBox).layers


def finish(viewer, controller, path: Path) -> None:
    from napari_itis.plugin import demo

    demo.wait(controller)
    demo.picture(viewer, path)
    viewer.close()
    controller.worker.stop(timeout=10)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "images")
