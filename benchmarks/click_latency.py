"""How long a click takes in napari, and how long the window stands still.

Clicks with the mouse on a photo in a real napari window (Xvfb where there is no display), and
measures

- the time from the release of the mouse button to the updated Labels layer,
- the longest stretches for which the plugin's code held the main thread,
- the gaps of a timer that should tick every millisecond: while clicking with the plugin, while
  clicking into a Points layer without it, and while nothing happens.

Usage: python benchmarks/click_latency.py [--clicks 20] [--weights NAME|FILE] [--device cpu]
       [--size 480x854] [--json FILE]
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import platform
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np


class Hold(NamedTuple):
    """A stretch for which the plugin's code held the main thread."""

    seconds: float
    name: str
    computed: float
    """Seconds of these in which the processor worked for it; it waited for one in the others."""
    at: float
    """When it ended, on the clock of `time.perf_counter`."""


HELD: list[Hold] = []
_depth = 0


def main() -> None:
    options = arguments()
    if not (os.environ.get("DISPLAY") or sys.platform != "linux"):
        from napari_itis.cli.display import start_virtual_display

        start_virtual_display()
    watch_the_plugin()
    height, width = (int(part) for part in options.size.split("x"))
    image = photo(height, width)
    rng = np.random.default_rng(0)
    places = rng.uniform((0.1, 0.1), (0.9, 0.9), (options.clicks, 2)) * (height, width)
    alone = napari_alone(image, places)
    result = with_plugin(image, places, options)
    result["napari_alone"] = alone
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
    parser.add_argument("--clicks", type=int, default=20)
    parser.add_argument("--weights")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--size", default="480x854", help="height x width")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def photo(height: int, width: int) -> np.ndarray:
    import cv2
    from skimage import data

    return cv2.resize(data.coffee(), (width, height), interpolation=cv2.INTER_CUBIC)


def with_plugin(image: np.ndarray, places: np.ndarray, options: argparse.Namespace) -> dict:
    from qtpy.QtCore import Qt
    from qtpy.QtWidgets import QApplication

    from napari_itis.plugin.demo import open_window, wait
    from napari_itis.plugin.predictors import PredictorOptions

    started = time.perf_counter()
    viewer, controller = open_window([(image, {"rgb": True, "name": "photo"}, "image")])
    controller.worker.configure(PredictorOptions(options.weights, options.device))
    loading = Heartbeat()
    while controller.activity.text != "Ready" and not controller.activity.failed:
        settle(0.05)
    wait(controller)
    loaded = time.perf_counter() - started
    loading_gaps = loading.stop()
    answered: list[float] = []
    controller.worker.finished.connect(
        lambda _job, _result: answered.append(time.perf_counter()),
        Qt.ConnectionType.QueuedConnection,
    )
    mouse = Mouse(viewer)
    mouse.click(*places[0])
    wait(controller)
    controller.clear()
    settle(0.5)
    idle = Heartbeat()
    settle(3.0)
    idle_gaps = idle.stop()
    latencies = []
    HELD.clear()
    beat = Heartbeat()
    for number, (y, x) in enumerate(places):
        if number and number % 5 == 0:
            controller.next_object()
        settle(0.15)
        answered.clear()
        released = mouse.click(y, x)
        while not answered:
            QApplication.processEvents()
            if time.perf_counter() - released > 30:
                raise RuntimeError("no answer within 30 s")
        latencies.append(1000 * (answered[-1] - released))
    settle(0.3)
    gaps = beat.stop()
    held = sorted(HELD, reverse=True)
    result = {
        "size": list(image.shape[:2]),
        "clicks": len(places),
        "device": controller.activity.device,
        "weights": controller.activity.weights,
        "seconds_to_ready": loaded,
        "release_to_labels_ms": {
            "median": float(np.median(latencies)),
            "p95": float(np.percentile(latencies, 95)),
            "all": latencies,
        },
        "plugin_held_main_thread_ms": {
            "longest": 1000 * held[0].seconds,
            "where": held[0].name,
            "top": [[1000 * hold.seconds, hold.name] for hold in held[:5]],
        },
        "gaps_while_clicking_ms": describe(gaps),
        "gaps_idle_ms": describe(idle_gaps),
        "gaps_while_loading_ms": describe(loading_gaps),
    }
    viewer.close()
    controller.worker.stop(timeout=20)
    return result


def napari_alone(image: np.ndarray, places: np.ndarray) -> dict:
    """The gaps of napari without the plugin: idle, and while points are added with the mouse."""
    import napari

    viewer = napari.Viewer()
    viewer.add_image(image, rgb=True)
    viewer.add_labels(np.zeros(image.shape[:2], np.int32))
    points = viewer.add_points(np.empty((0, 2)), ndim=2, size=15)
    points.mode = "add"
    settle(1.0)
    mouse = Mouse(viewer)
    mouse.click(*places[0])
    settle(0.5)
    idle = Heartbeat()
    settle(3.0)
    idle_gaps = idle.stop()
    beat = Heartbeat()
    for y, x in places:
        mouse.click(y, x)
        settle(0.25)
    result = {"gaps_idle_ms": describe(idle_gaps), "gaps_while_clicking_ms": describe(beat.stop())}
    viewer.close()
    return result


class Mouse:
    """Clicks on positions of the image."""

    def __init__(self, viewer) -> None:
        self._viewer = viewer
        self._canvas = viewer.window._qt_viewer.canvas
        viewer.reset_view()
        settle(0.3)

    def click(self, y: float, x: float) -> float:
        """Click; returns the time of the release."""
        from qtpy.QtCore import QPoint, Qt
        from qtpy.QtTest import QTest

        view = self._canvas.view
        mapped = (view.transform * view.scene.transform).map([x, y, 0, 1])
        place = QPoint(round(mapped[0] / mapped[3]), round(mapped[1] / mapped[3]))
        button, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        QTest.mouseMove(self._canvas.native, place)
        QTest.mousePress(self._canvas.native, button, keys, place)
        released = time.perf_counter()
        QTest.mouseRelease(self._canvas.native, button, keys, place)
        return released


class Heartbeat:
    """Measures for how long the main thread does not come back to the event loop."""

    def __init__(self) -> None:
        from qtpy.QtCore import Qt, QTimer

        self._gaps: list[float] = []
        self._last = time.perf_counter()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._timer.start(1)

    def _tick(self) -> None:
        now = time.perf_counter()
        self._gaps.append(1000 * (now - self._last))
        self._last = now

    def stop(self) -> list[float]:
        self._timer.stop()
        return self._gaps


def watch_the_plugin() -> None:
    """Time every way in which napari or Qt enters the plugin's code on the main thread."""
    from napari_itis.plugin.activity import Activity
    from napari_itis.plugin.controller import Controller
    from napari_itis.plugin.gestures import Gesture
    from napari_itis.plugin.layer_events import LayerEvents
    from napari_itis.plugin.layer_sync import LayerSync
    from napari_itis.plugin.lines import Notice
    from napari_itis.plugin.segment_widget import SegmentWidget

    entries = {
        LayerEvents: [name for name in vars(LayerEvents) if name.startswith("_on_")],
        LayerSync: ["take_over", "_on_finished", "_on_failed", "frame_changed"],
        Controller: ["next_object", "select_object", "undo", "redo", "clear", "choose_sign"],
        SegmentWidget: ["refresh", "_on_layers"],
        Notice: ["tell"],
        Activity: ["_on_loading", "_on_ready", "_on_unusable"],
        Gesture: ["_stay_last"],
    }
    for owner, names in entries.items():
        for name in names:
            setattr(owner, name, timed(getattr(owner, name), f"{owner.__name__}.{name}"))


def timed(function, name: str):
    @functools.wraps(function)
    def run(*args, **kwargs):
        global _depth
        _depth += 1
        started, computed = time.perf_counter(), time.thread_time()
        try:
            return function(*args, **kwargs)
        finally:
            _depth -= 1
            # The outermost only: it holds the thread for as long as all that it calls.
            if not _depth:
                now = time.perf_counter()
                HELD.append(Hold(now - started, name, time.thread_time() - computed, now))

    return run


def settle(seconds: float) -> None:
    from qtpy.QtWidgets import QApplication

    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        QApplication.processEvents()
        time.sleep(0.0005)


def describe(gaps: list[float]) -> dict[str, float]:
    return {
        "median": float(np.median(gaps)),
        "p99": float(np.percentile(gaps, 99)),
        "longest": float(np.max(gaps)),
    }


def show(result: dict) -> None:
    times, held = result["release_to_labels_ms"], result["plugin_held_main_thread_ms"]
    size = " x ".join(map(str, result["size"]))
    print(f"{result['weights']} on {result['device']}, {size}, {result['clicks']} clicks")
    print(f"network ready after the window opened: {result['seconds_to_ready']:.1f} s\n")
    print("| from mouse release to updated Labels | ms |")
    print("|---|---|")
    print(f"| median | {times['median']:.0f} |")
    print(f"| 95th percentile | {times['p95']:.0f} |")
    print(
        f"| plugin's longest hold of the main thread ({held['where']}) | {held['longest']:.1f} |\n"
    )
    print("| gaps of the main thread, ms | median | 99 % | longest |")
    print("|---|---|---|---|")
    rows = {
        "plugin, twenty clicks": result["gaps_while_clicking_ms"],
        "plugin, idle": result["gaps_idle_ms"],
        "plugin, while the network is loaded": result["gaps_while_loading_ms"],
        "napari alone, twenty clicks": result["napari_alone"]["gaps_while_clicking_ms"],
        "napari alone, idle": result["napari_alone"]["gaps_idle_ms"],
    }
    for name, gaps in rows.items():
        print(f"| {name} | {gaps['median']:.1f} | {gaps['p99']:.1f} | {gaps['longest']:.1f} |")


if __name__ == "__main__":
    main()
