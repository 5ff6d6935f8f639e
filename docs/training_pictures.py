"""Pictures of the training dock in every state: `python docs/training_pictures.py FOLDER`.

Real trainings of a few minutes on cut-outs of a photo of coins; without a display under Xvfb. What
they leave is deleted.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

SIZE = (1280, 800)
_PATIENCE = 3600.0


def main(folder: Path) -> None:
    from napari_itis.cli.display import display_needed, start_virtual_display

    if display_needed():
        start_virtual_display()
    folder.mkdir(parents=True, exist_ok=True)
    with window() as stage:
        stage.picture(folder / "empty.png")
        stage.add_data()
        stage.picture(folder / "ready.png")
        # Long enough for a picture of it running.
        stage.training.setup.set_keys({"samples": 800, "samples_per_epoch": 80})
        stage.begin()
        stage.until(lambda: stage.setup.progress and stage.setup.progress.total)
        stage.picture(folder / "checking.png")
        stage.until(lambda: stage.measured() >= 3)
        stage.picture(folder / "running.png")
        stage.training.stop()
        stage.until(lambda: stage.training.state == "stopped")
        stage.picture(folder / "stopped.png")
        stage.training.resume()
        stage.until(lambda: stage.training.state == "running")
        os.kill(stage.training.status.pid, signal.SIGKILL)
        stage.until(lambda: stage.training.state == "failed")
        stage.picture(folder / "failed.png")
        stage.training.show_new()
        stage.training.setup.set_keys({"name": "coins", "samples": 240, "samples_per_epoch": 80})
        stage.begin()
        stage.until(lambda: stage.training.state == "done")
        stage.picture(folder / "done.png")
        stage.training.compare("itis-lite0")
        stage.until(lambda: stage.training.state == "compared")
        stage.picture(folder / "compare.png")


def running(path: Path) -> None:
    """Write a picture of a training under way."""
    with window() as stage:
        stage.add_data()
        stage.training.setup.set_keys({"samples": 640, "samples_per_epoch": 80})
        stage.begin()
        stage.until(lambda: stage.measured() >= 5)
        stage.picture(path, (1500, 950))


class Stage:
    """A window with a photo and the training dock.

    Parameters
    ----------
    root : Path
        Where its data set is made.
    """

    def __init__(self, root: Path) -> None:
        import napari
        from skimage import data

        from napari_itis.plugin.controllers import session_files_of
        from napari_itis.plugin.train_widget import TrainWidget
        from napari_itis.plugin.trainings import training_of

        self.viewer = napari.Viewer(title="napari")
        session_files_of(self.viewer).autosaving.active = False
        self.viewer.window.resize(*SIZE)
        self.viewer.add_image(data.coins(), name="coins")
        self.dock = TrainWidget(self.viewer)
        self.viewer.window.add_dock_widget(self.dock, name="ITIS training", area="right")
        self.training = training_of(self.viewer)
        # Closed at the end of the script: nothing goes on.
        self.training.choose = lambda _choice: 1
        self.setup = self.training.setup
        self.root = root

    def add_data(self) -> None:
        """Add cut-outs of the photo, with its coins as objects."""
        write_coins(self.root)
        self.setup.add_folders([self.root])
        self.until(lambda: self.setup.images)
        self.setup.set_keys(
            {"name": "my-coins", "crop": 128, "held_back": 0.2, "validate_every": 1}
        )

    def begin(self) -> None:
        """Press the button."""
        self.until(lambda: self.dock.begin.isEnabled())
        self.dock.begin.click()

    def measured(self) -> int:
        """How often the training was measured by now."""
        if self.training.status.ended:
            raise RuntimeError(self.training.status.message or self.training.state)
        return 0 if self.training.curves is None else len(self.training.curves.validation_step)

    def until(self, condition: Callable[[], object]) -> None:
        """Run the window until something holds."""
        from qtpy.QtWidgets import QApplication

        end = time.monotonic() + _PATIENCE
        while not condition():
            QApplication.processEvents()
            time.sleep(0.02)
            if time.monotonic() > end:
                raise RuntimeError(f"it does not come within {_PATIENCE:.0f} s")

    def picture(self, path: Path, size: tuple[int, int] = SIZE) -> None:
        """Write a picture of the window when it has come to rest."""
        from napari_itis.plugin import demo

        end = time.monotonic() + 1.5
        self.until(lambda: time.monotonic() > end)
        demo.picture(self.viewer, path, size)


@contextmanager
def window() -> Iterator[Stage]:
    """A stage of which nothing is left in the end."""
    before = os.environ.get("NAPARI_ITIS_DATA")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.environ["NAPARI_ITIS_DATA"] = str(Path(folder) / "user")
        stage = Stage(Path(folder) / "coins")
        try:
            yield stage
        finally:
            for run in stage.training.backend.known_runs():
                run.kill()
            stage.viewer.close()
            if before is None:
                del os.environ["NAPARI_ITIS_DATA"]
            else:
                os.environ["NAPARI_ITIS_DATA"] = before


def write_coins(root: Path) -> None:
    """Write twelve cut-outs of the photo of coins, with a mask for each coin."""
    import numpy as np
    from PIL import Image
    from scipy import ndimage
    from skimage import data, filters, measure, morphology

    photo = data.coins()
    smooth = filters.gaussian(photo, 2)
    bright = smooth > filters.threshold_local(smooth, 151, offset=-0.02)
    bright = morphology.opening(ndimage.binary_fill_holes(bright), morphology.disk(5))
    labels = measure.label(bright)
    for region in measure.regionprops(labels):
        if region.area < 500:
            labels[labels == region.label] = 0
    for name in ("images", "masks"):
        (root / name).mkdir(parents=True)
    for number, (y, x) in enumerate((y, x) for y in (0, 75, 150) for x in (0, 60, 120, 180)):
        part = np.s_[y : y + 150, x : x + 200]
        Image.fromarray(photo[part]).save(root / "images" / f"{number:02d}.png")
        mask = labels[part].astype(np.uint8)
        Image.fromarray(mask).save(root / "masks" / f"{number:02d}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("build/training"))
