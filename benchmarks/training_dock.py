"""How long the window stands still while a network is trained from the dock.

Opens a real napari window (Xvfb where there is no display) with the training dock, trains on photos
with drawn objects through the dock as a user would, and measures

- the longest stretches for which the plugin's code held the main thread,
- the gaps of a timer that should tick every millisecond: before the training and during it.

With --data it trains on images of one's own instead, to the end, with the settings that the dock
proposes; --weights keeps what comes out.

Usage: python benchmarks/training_dock.py [--minutes 10] [--images 20] [--device cpu] [--json FILE]
       python benchmarks/training_dock.py --data FOLDER --weights FILE [--device cpu] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from click_latency import HELD, Heartbeat, describe, settle, timed

_IDLE_SECONDS = 10.0
_PATIENCE = 600.0


def main() -> None:
    options = arguments()
    if not (os.environ.get("DISPLAY") or sys.platform != "linux"):
        from napari_itis.cli.display import start_virtual_display

        start_virtual_display()
    watch_the_dock()
    with tempfile.TemporaryDirectory() as folder:
        # Nothing of this is left among the user's trainings.
        os.environ["NAPARI_ITIS_DATA"] = str(Path(folder) / "user")
        result = measure(Path(folder), options)
    result["machine"] = {
        "system": platform.platform(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "python": platform.python_version(),
    }
    show(result)
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n", "utf-8")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--images", type=int, default=20)
    parser.add_argument("--data", type=Path, help="a folder with images/ and masks/")
    parser.add_argument("--weights", type=Path, help="a copy of the trained weights")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def measure(folder: Path, options: argparse.Namespace) -> dict:
    import napari

    from napari_itis.plugin.controllers import session_files_of
    from napari_itis.plugin.train_widget import TrainWidget
    from napari_itis.plugin.trainings import training_of

    root = options.data or folder / "photos"
    if options.data is None:
        write_photos(root, options.images)
    viewer = napari.Viewer(title="napari")
    session_files_of(viewer).autosaving.active = False
    viewer.window.resize(1280, 800)
    opened = time.perf_counter()
    dock = TrainWidget(viewer)
    viewer.window.add_dock_widget(dock, name="ITIS training", area="right")
    opened = time.perf_counter() - opened
    training = training_of(viewer)
    training.choose = lambda _choice: 1
    settle(2.0)
    before = Heartbeat()
    settle(_IDLE_SECONDS)
    before_gaps = before.stop()
    training.setup.add_folders([root])
    wait(lambda: training.setup.images)
    training.setup.set_keys({"device": options.device})
    if options.data is None:
        # More than is watched: how fast it will be is an estimate.
        training.setup.set_minutes(1.5 * options.minutes)
    dock.setup_page.more.open()
    settle(0.5)
    HELD.clear()
    beat = Heartbeat()
    wait(dock.begin.isEnabled)
    clicked = time.perf_counter()
    dock.begin.click()
    wait(lambda: training.run is not None and training.state in ("running", "failed"))
    if training.state == "failed":
        raise SystemExit(training.status.message)
    dock.run_page.log.open()
    # What ships is measured first, which is no step.
    wait(lambda: training.status.step or training.status.ended)
    began = time.perf_counter()
    minutes = options.minutes if options.data is None else math.inf
    while time.perf_counter() - began < 60 * minutes and training.state == "running":
        settle(0.5)
    steps = training.status.step
    if training.state == "running":
        training.stop()
    wait(lambda: training.status.ended)
    done = time.perf_counter()
    settle(1.0)
    gaps = beat.stop()
    if options.weights:
        shutil.copy(training.run.weights, options.weights)
    held = sorted(HELD, reverse=True)
    result = {
        "minutes": (done - clicked) / 60,
        "steps": steps,
        "state": training.state,
        "message": training.status.message,
        "dock_opened_ms": 1000 * opened,
        "plugin_held_main_thread_ms": {
            "longest": 1000 * held[0].seconds,
            "where": held[0].name,
            "computed": 1000 * held[0].computed,
            "most_computed": 1000 * max(hold.computed for hold in held),
            "calls": len(held),
            "top": [
                {
                    "ms": 1000 * hold.seconds,
                    "computed_ms": 1000 * hold.computed,
                    "where": hold.name,
                    "after_s": hold.at - clicked,
                }
                for hold in held[:12]
            ],
        },
        "gaps_before_ms": describe(before_gaps),
        "gaps_while_training_ms": describe(gaps),
    }
    viewer.close()
    settle(0.5)
    return result


def wait(condition) -> None:
    end = time.perf_counter() + _PATIENCE
    while not condition():
        settle(0.1)
        if time.perf_counter() > end:
            raise RuntimeError(f"nothing happens within {_PATIENCE:.0f} s")


def write_photos(root: Path, count: int) -> None:
    """Photos of different cut-outs of a photo with discs on them, in the layout `folder`."""
    from PIL import Image
    from skimage import data

    rng = np.random.default_rng(0)
    photo = data.coffee()
    for name in ("images", "masks"):
        (root / name).mkdir(parents=True)
    rows, columns = np.mgrid[:300, :400]
    for number in range(count):
        y, x = rng.integers(0, 100), rng.integers(0, 200)
        image = photo[y : y + 300, x : x + 400].copy()
        labels = np.zeros(image.shape[:2], np.uint8)
        for label in range(1, 6):
            middle, radius = rng.uniform((40, 40), (260, 360)), rng.uniform(15, 40)
            disc = np.hypot(rows - middle[0], columns - middle[1]) < radius
            labels[disc] = label
            image[disc] = image[disc] // 3 + rng.integers(0, 170, 3).astype(np.uint8)
        Image.fromarray(image).save(root / "images" / f"{number:03d}.png")
        Image.fromarray(labels).save(root / "masks" / f"{number:03d}.png")


def watch_the_dock() -> None:
    """Time every way in which Qt enters the dock's code on the main thread."""
    from napari_itis.plugin.prediction_pictures import PredictionPictures
    from napari_itis.plugin.train_widget import TrainWidget
    from napari_itis.plugin.training_check import TrainingCheck
    from napari_itis.plugin.training_controller import TrainingController
    from napari_itis.plugin.training_plots import CurvePlot
    from napari_itis.plugin.training_setup import TrainingSetup

    entries = {
        TrainWidget: ["refresh", "showEvent", "_look_at_viewer", "_on_notice", "_show_found"],
        TrainingController: ["_on_view", "_on_runs", "_on_started", "attach", "stop"],
        TrainingSetup: ["check", "_on_report", "_on_started", "_on_detected", "_on_counted"],
        TrainingCheck: ["_on_content", "_on_looked"],
        CurvePlot: ["paintEvent", "mouseMoveEvent"],
        PredictionPictures: ["paintEvent", "_on_loaded", "resizeEvent"],
    }
    for owner, names in entries.items():
        for name in names:
            setattr(owner, name, timed(getattr(owner, name), f"{owner.__name__}.{name}"))


def show(result: dict) -> None:
    held = result["plugin_held_main_thread_ms"]
    print(
        f"{result['minutes']:.1f} minutes from *Check and start* on, {result['steps']} steps, then "
        f"{result['state']}\n"
    )
    print("| | ms |")
    print("|---|---|")
    print(f"| the dock is opened | {result['dock_opened_ms']:.0f} |")
    print(f"| longest hold of the main thread ({held['where']}) | {held['longest']:.1f} |\n")
    print("| gaps of the main thread, ms | median | 99 % | longest |")
    print("|---|---|---|---|")
    for name, gaps in (
        ("before", result["gaps_before_ms"]),
        ("while it is trained", result["gaps_while_training_ms"]),
    ):
        print(f"| {name} | {gaps['median']:.1f} | {gaps['p99']:.1f} | {gaps['longest']:.1f} |")


if __name__ == "__main__":
    main()
