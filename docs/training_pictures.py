"""Pictures of the training dock in every state: `python docs/training_pictures.py FOLDER`.

A real training of a few minutes on the woven objects of `benchmarks/finetuning.py`; without a
display under Xvfb. What it leaves is deleted.
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
        stage.begin()
        stage.until(lambda: stage.setup.progress and stage.setup.progress.total)
        stage.picture(folder / "checking.png")
        stage.until(lambda: stage.measured() >= 4)
        stage.picture(folder / "running.png")
        stage.training.stop()
        stage.until(lambda: stage.training.state == "stopped")
        stage.picture(folder / "stopped.png")
        stage.training.resume()
        stage.until(lambda: stage.training.state == "running")
        os.kill(stage.training.status.pid, signal.SIGKILL)
        stage.until(lambda: stage.training.state == "failed")
        stage.picture(folder / "failed.png")
        stage.training.resume()
        stage.until(lambda: stage.training.state == "done")
        stage.picture(folder / "done.png")
        stage.training.compare("itis-lite0")
        stage.until(lambda: stage.training.state == "compared")
        stage.picture(folder / "compare.png")


def running(path: Path) -> None:
    """Write a picture of a training under way."""
    with window() as stage:
        stage.add_data()
        stage.begin()
        stage.until(lambda: stage.measured() >= 6)
        stage.picture(path, (1500, 950))


class Stage:
    """A window with an image, its masks and the training dock.

    Parameters
    ----------
    root : Path
        Where its data set is made.
    """

    def __init__(self, root: Path) -> None:
        import napari
        import numpy as np
        from PIL import Image

        from napari_itis.plugin.controllers import session_files_of
        from napari_itis.plugin.train_widget import TrainWidget
        from napari_itis.plugin.trainings import training_of

        self.viewer = napari.Viewer(title="napari")
        session_files_of(self.viewer).autosaving.active = False
        self.viewer.window.resize(*SIZE)
        photos, masks = (sorted((root / part).iterdir()) for part in ("images", "masks"))
        self.viewer.add_image(np.asarray(Image.open(photos[0])), name="woven")
        labels = np.asarray(Image.open(masks[0])).astype(np.int32)
        self.viewer.add_labels(labels, name="woven masks", opacity=0.4)
        self.dock = TrainWidget(self.viewer)
        self.viewer.window.add_dock_widget(self.dock, name="ITIS training", area="right")
        self.training = training_of(self.viewer)
        # Closed at the end of the script: nothing goes on.
        self.training.choose = lambda _choice: 1
        self.setup = self.training.setup
        self.root = root

    def add_data(self) -> None:
        """Add twenty woven images, with settings that take minutes."""
        self.setup.add_folders([self.root])
        self.until(lambda: self.setup.images)
        self.setup.set_keys(
            {"name": "woven", "samples": 960, "samples_per_epoch": 120, "crop": 128}
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
        stage = Stage(write_images(Path(folder)))
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


def write_images(folder: Path) -> Path:
    """Write twenty images of woven objects with their masks; the data set's folder."""
    sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))
    import finetuning

    finetuning.write_images(folder / "woven", "weave", seed=1)
    return folder / "woven" / "train"


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("build/training"))
