"""What a click costs on an image of 20 000 x 20 000 pixels, against one of 480 x 854.

The images are coins over and over, gray, made by code: two in memory, the large one as zarr, plain
and with the resolutions that napari chooses from. Each is opened in a real napari window of its own
process (Xvfb where there is no display) and clicked on with the mouse in many places, two clicks on
each object. Printed are

- the time from the release of the mouse button to the updated Labels layer, for the first click on
  an object and for the second,
- the longest stretch for which the plugin's code held the main thread, and the longest gap between
  two ticks of a timer that should tick every millisecond (napari's drawing included),
- the largest resident memory of the process, with napari showing the image and after the clicks.

Usage: python benchmarks/large_image.py [--objects 20] [--weights NAME|FILE] [--device cpu]
       [--only NAME ...] [--folder DIR] [--json FILE]

The zarr arrays (0.5 GB) are written to a temporary folder, or kept in DIR.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

SIDE = 20_000
CHUNK = 1000
CASES = {
    "480 x 854": (480, 854),
    "4 000 x 4 000": (4000, 4000),
    "20 000 x 20 000, plain zarr": (SIDE, SIDE),
    "20 000 x 20 000, multiscale zarr": (SIDE, SIDE),
}
SECOND = (9, 8)
"""From the first click on a coin to the second, (y, x)."""


def main() -> None:
    options = arguments()
    if options.case:
        print(json.dumps(measure(options)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        results = []
        for name in options.only or CASES:
            if "zarr" in name:
                make_zarr(folder)
            command = [sys.executable, __file__, "--case", name, "--folder", str(folder)]
            command += ["--objects", str(options.objects), "--device", options.device]
            command += ["--weights", options.weights] if options.weights else []
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            results.append(json.loads(done.stdout.splitlines()[-1]))
    show(results)
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n", "utf-8")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--objects", type=int, default=20)
    parser.add_argument("--weights")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--only", nargs="+", choices=list(CASES), metavar="NAME")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--case", choices=list(CASES), help=argparse.SUPPRESS)
    return parser.parse_args()


def coins(rows: slice, columns: slice) -> np.ndarray:
    """A part of the endless image."""
    from skimage import data

    tile = data.coins()
    return tile[np.arange(rows.start, rows.stop) % tile.shape[0]][
        :, np.arange(columns.start, columns.stop) % tile.shape[1]
    ]


def make_zarr(folder: Path) -> None:
    """Write the large image at six resolutions, if it is not there."""
    import cv2
    import zarr

    if (folder / "done").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    for level in range(6):
        step = 1 << level
        size = SIDE // step
        target = zarr.create_array(
            folder / f"{level}", shape=(size, size), chunks=(CHUNK, CHUNK), dtype="uint8"
        )
        for top in range(0, size, CHUNK):
            rows = slice(top, min(top + CHUNK, size))
            source = coins(slice(rows.start * step, rows.stop * step), slice(0, SIDE))
            target[rows] = cv2.resize(
                source, (size, rows.stop - rows.start), interpolation=cv2.INTER_AREA
            )
    (folder / "done").touch()


def open_image(options: argparse.Namespace) -> tuple[object, dict]:
    import zarr

    height, width = CASES[options.case]
    kind = {"name": "coins", "rgb": False, "contrast_limits": (0, 255)}
    if "zarr" not in options.case:
        return coins(slice(0, height), slice(0, width)), kind
    levels = [zarr.open_array(options.folder / f"{level}", mode="r") for level in range(6)]
    if "plain" in options.case:
        return levels[0], kind
    return levels, {**kind, "multiscale": True}


def measure(options: argparse.Namespace) -> dict:
    """Click on one image; in a process of its own."""
    from click_latency import HELD, Heartbeat, settle, watch_the_plugin

    from napari_itis.cli.display import display_needed, start_virtual_display

    if display_needed():
        start_virtual_display()
    watch_the_plugin()
    import napari
    from qtpy.QtCore import Qt

    from napari_itis.plugin.demo import open_window, wait
    from napari_itis.plugin.predictors import PredictorOptions

    data, kind = open_image(options)
    alone = napari.Viewer()
    alone.add_image(data, **kind)
    settle(2)
    napari_mb = peak_mb()
    alone.close()
    started = time.perf_counter()
    viewer, controller = open_window([(data, kind, "image")])
    controller.worker.configure(PredictorOptions(options.weights, options.device))
    opened = time.perf_counter() - started
    wait(controller)
    settle(1)
    answered: list[float] = []
    controller.worker.finished.connect(
        lambda _job, _result: answered.append(time.perf_counter()),
        Qt.ConnectionType.QueuedConnection,
    )
    places = choose_coins(CASES[options.case], options.objects + 1)
    first, second, gaps, held = [], [], [], []
    for number, (y, x) in enumerate(places):
        if number:
            controller.next_object()
        look_at(viewer, (y, x))
        settle(0.5)
        HELD.clear()
        beat = Heartbeat()
        coin = ((y, x), (y + SECOND[0], x + SECOND[1]))
        times = [click(viewer, answered, place) for place in coin]
        settle(0.2)
        # The very first click warms up what is loaded on demand.
        if number:
            gaps += beat.stop()
            held += HELD
            first.append(times[0])
            second.append(times[1])
    area = [one.area for one in controller.objects()]
    viewer.close()
    controller.worker.stop(timeout=20)
    longest = max(held)
    return {
        "image": options.case,
        "opened_s": opened,
        "first_ms": spread(first),
        "later_ms": spread(second),
        "held_ms": 1000 * longest.seconds,
        "held_by": longest.name,
        "gap_ms": max(gaps),
        "napari_mb": napari_mb,
        "peak_mb": peak_mb(),
        "median_area": float(np.median(area)),
        "weights": controller.activity.weights,
        "device": controller.activity.device,
    }


def choose_coins(shape: tuple[int, int], count: int) -> list[tuple[int, int]]:
    """Middles of coins, (y, x), each another one, spread over the image."""
    from skimage import data, filters, measure, morphology

    sample = data.coins()
    coins = morphology.closing(sample > filters.threshold_otsu(sample), np.ones((3, 3)))
    # Away from the borders of the sample, where halves of coins meet.
    middles = [
        region.centroid
        for region in measure.regionprops(measure.label(coins))
        if region.area > 500 and min(region.bbox[:2]) > 30 and region.bbox[2] < 270
    ]
    rng = np.random.default_rng(0)
    tiles = np.array(shape) // sample.shape
    corners = np.stack(np.mgrid[: tiles[0], : tiles[1]], axis=-1).reshape(-1, 2) * sample.shape
    every = np.concatenate([corners + np.round(middle).astype(int) for middle in middles])
    return [(int(y), int(x)) for y, x in rng.permutation(every)[:count]]


def look_at(viewer, middle: tuple[int, int]) -> None:
    """Bring a place to the middle of the canvas, a little enlarged."""
    camera = viewer.scene.camera if hasattr(viewer, "scene") else viewer.camera
    camera.zoom = 1.5
    camera.center = middle


def click(viewer, answered: list[float], place: tuple[int, int]) -> float:
    """Click on the image; milliseconds until its mask is there."""
    from click_latency import settle
    from qtpy.QtCore import QPoint, Qt
    from qtpy.QtTest import QTest
    from qtpy.QtWidgets import QApplication

    canvas = viewer.window._qt_viewer.canvas
    y, x = place
    mapped = (canvas.view.transform * canvas.view.scene.transform).map([x, y, 0, 1])
    at = QPoint(round(mapped[0] / mapped[3]), round(mapped[1] / mapped[3]))
    button, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    answered.clear()
    QTest.mouseMove(canvas.native, at)
    QTest.mousePress(canvas.native, button, keys, at)
    released = time.perf_counter()
    QTest.mouseRelease(canvas.native, button, keys, at)
    while not answered:
        QApplication.processEvents()
        if time.perf_counter() - released > 60:
            raise RuntimeError("no answer within a minute")
    settle(0.15)
    return 1000 * (answered[-1] - released)


def peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def spread(times: list[float]) -> dict[str, float]:
    return {"median": float(np.median(times)), "p95": float(np.percentile(times, 95))}


def show(results: list[dict]) -> None:
    print(f"{results[0]['weights']} on {results[0]['device']}\n")
    print(
        "| image | first click on an object, ms, median / 95 % | second, ms | plugin's longest "
        "hold of the main thread, ms | longest gap, ms | peak memory with napari alone / with the "
        "plugin, MB |"
    )
    print("|---|---|---|---|---|---|")
    for one in results:
        first, later = one["first_ms"], one["later_ms"]
        print(
            f"| {one['image']} | {first['median']:.0f} / {first['p95']:.0f} "
            f"| {later['median']:.0f} / {later['p95']:.0f} "
            f"| {one['held_ms']:.1f} ({one['held_by']}) | {one['gap_ms']:.0f} "
            f"| {one['napari_mb']:.0f} / {one['peak_mb']:.0f} |"
        )


if __name__ == "__main__":
    main()
