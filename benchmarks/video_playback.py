"""How a long video opens and plays in napari: first frame, memory, frames per second.

Makes frames of varying content on disk (once, if --folder is given), with masks beside them, opens
them in a real napari window (Xvfb where there is no display) with the plugin's reader, and measures

- the time to the first frame: of the array alone, and in the window until it is drawn,
- the resident memory before, and after playing through the first 500 and 1 000 frames,
- frames drawn per second with napari's player: frames alone, frames and masks, and both while the
  network predicts without a pause in another thread; beside them, the same frames as a numpy array
  in memory, which is what the window itself can draw. The main thread's computing time for each
  frame is given too: it says more than frames per second where other programs are running.

Usage: python benchmarks/video_playback.py [--frames 10000] [--size 480x854] [--seconds 10]
       [--fps 60] [--folder DIR] [--json FILE] [--no-inference]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

PLAYED = 1000


def main() -> None:
    options = arguments()
    height, width = (int(part) for part in options.size.split("x"))
    if options.folder is None:
        with tempfile.TemporaryDirectory(prefix="itis-playback-") as folder:
            run(options, Path(folder), (height, width))
    else:
        run(options, options.folder, (height, width))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=10_000)
    parser.add_argument("--size", default="480x854", help="height x width")
    parser.add_argument("--seconds", type=float, default=10, help="of each measurement of speed")
    parser.add_argument("--fps", type=float, default=60, help="what the player is set to")
    parser.add_argument("--folder", type=Path, help="where the video is, or is made and kept")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--no-inference", action="store_true")
    return parser.parse_args()


def run(options: argparse.Namespace, folder: Path, size: tuple[int, int]) -> None:
    made = make_video(folder, options.frames, size)
    result: dict[str, Any] = {
        "frames": options.frames,
        "size": list(size),
        "megabytes_of_files": made,
        "player_fps": options.fps,
        "load_before": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "machine": {
            "system": platform.platform(),
            "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
            "python": platform.python_version(),
        },
    }
    result["first_frame_of_array"] = first_frame(folder / "frames")
    if not (os.environ.get("DISPLAY") or sys.platform != "linux"):
        from napari_itis.cli.display import start_virtual_display

        start_virtual_display()
    with_window(options, folder, result)
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n", "utf-8")


# The video.


def make_video(folder: Path, count: int, size: tuple[int, int]) -> float:
    """Write frames and masks that are not there yet; returns the megabytes of the frames."""
    import cv2

    frames, masks = folder / "frames", folder / "masks"
    frames.mkdir(parents=True, exist_ok=True)
    masks.mkdir(exist_ok=True)
    behind = backgrounds(size)

    def write(index: int) -> int:
        path, mask = frames / f"{index:05d}.jpg", masks / f"{index:05d}.png"
        if not (path.is_file() and mask.is_file()):
            frame, inside = scene(index, size, behind)
            cv2.imwrite(str(path), frame, [cv2.IMWRITE_JPEG_QUALITY, 85])
            cv2.imwrite(str(mask), inside)
        return path.stat().st_size

    cv2.setNumThreads(1)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return sum(pool.map(write, range(count))) / 2**20


def backgrounds(size: tuple[int, int]) -> list[np.ndarray]:
    import cv2
    from skimage import data

    photos = [data.coffee(), data.chelsea(), data.astronaut(), data.rocket()]
    large = (2 * size[1], 2 * size[0])
    return [cv2.resize(photo[..., ::-1], large, interpolation=cv2.INTER_CUBIC) for photo in photos]


def scene(
    index: int, size: tuple[int, int], behind: list[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """A window that wanders over a photo, another one every 200 frames, and a disc in it."""
    import cv2

    rng = np.random.default_rng(index)
    photo = behind[index // 200 % len(behind)]
    top = int(size[0] * (0.5 + 0.49 * np.sin(index / 31)))
    left = int(size[1] * (0.5 + 0.49 * np.sin(index / 47)))
    frame = photo[top : top + size[0], left : left + size[1]].copy()
    frame ^= rng.integers(0, 8, frame.shape, np.uint8)
    mask = np.zeros(size, np.uint8)
    centre = (
        int(size[1] * (0.5 + 0.4 * np.sin(index / 23))),
        int(size[0] * (0.5 + 0.4 * np.cos(index / 19))),
    )
    cv2.circle(mask, centre, size[0] // 5, 255, -1)
    colour = np.array([index % 256, 255 - index % 256, index // 10 % 256])
    frame[mask > 0] = (frame[mask > 0] // 2 + colour // 2).astype(np.uint8)
    return frame, mask


# What is measured.


def first_frame(folder: Path) -> dict[str, float]:
    from napari_itis.video.frames import FrameSequence

    started, computed = time.perf_counter(), time.process_time()
    frames = FrameSequence(folder)
    frames[0]
    seconds = {
        "seconds": time.perf_counter() - started,
        "computing_seconds": time.process_time() - computed,
    }
    frames.close()
    return seconds


def with_window(options: argparse.Namespace, folder: Path, result: dict[str, Any]) -> None:
    import napari

    viewer = napari.Viewer()
    viewer.window.resize(1300, 850)
    warm_up(viewer)
    before = resident()
    drawn = Drawn(viewer)

    started, computed = time.perf_counter(), time.process_time()
    layers = viewer.open(str(folder / "frames"), plugin="napari-itis")
    opened = time.perf_counter() - started
    while not drawn.frames:
        settle(0.01)
    frames, masks = layers[0], layers[1]
    result["opening_in_window"] = {
        "layers_s": opened,
        "drawn_s": drawn.times[0] - started,
        "computing_s": time.process_time() - computed,
    }
    settle(1.0)

    result["resident_mb"] = {"window": before, "first_frame": resident()}
    for count in range(PLAYED):
        viewer.dims.set_current_step(0, count)
        settle(0)
        if count + 1 in (PLAYED // 2, PLAYED):
            result["resident_mb"][f"after_{count + 1}"] = resident()

    speed: dict[str, Any] = {}
    masks.visible = False
    speed["frames"] = play(viewer, options)
    masks.visible = True
    speed["frames and masks"] = play(viewer, options)
    if not options.no_inference:
        with inference(frames.data) as predictions:
            speed["frames and masks, while the network predicts"] = play(viewer, options)
            speed["predictions_per_second"] = predictions()
    result["resident_mb"]["at_the_end"] = resident()
    speed["the same in memory"] = in_memory(viewer, options, frames, masks)
    result["drawn_per_second"] = speed
    result["problems"] = frames.data.problems + masks.data.problems
    show(result)
    viewer.close()


def warm_up(viewer: Any) -> None:
    """Have napari load what its first layers need: that is not the video's time."""
    viewer.add_image(np.zeros((2, 64, 64, 3), np.uint8), rgb=True)
    viewer.add_labels(np.ones((2, 64, 64), np.int32))
    settle(1.0)
    viewer.layers.clear()
    settle(1.0)


def play(viewer: Any, options: argparse.Namespace) -> dict[str, float]:
    """Play with napari's player and count what is drawn."""
    viewer.dims.set_current_step(0, 0)
    settle(0.5)
    drawn = Drawn(viewer)
    computed = time.thread_time()
    viewer.window._qt_viewer.dims.play(axis=0, fps=options.fps)
    settle(options.seconds)
    viewer.window._qt_viewer.dims.stop()
    computed = time.thread_time() - computed
    drawn.stop()
    gaps = np.diff(drawn.times) * 1000
    return {
        "drawn_per_second": len(drawn.frames) / options.seconds,
        "main_thread_ms_per_frame": 1000 * computed / max(1, len(drawn.frames)),
        "gap_ms_median": float(np.median(gaps)) if len(gaps) else float("nan"),
        "gap_ms_95": float(np.percentile(gaps, 95)) if len(gaps) else float("nan"),
    }


def in_memory(viewer: Any, options: argparse.Namespace, frames: Any, masks: Any) -> dict:
    """The same frames and masks as numpy arrays: what napari itself can show."""
    count = min(len(frames.data), 150)
    arrays = np.asarray(frames.data[:count]), np.asarray(masks.data[:count])
    viewer.layers.clear()
    viewer.add_image(arrays[0], rgb=True)
    viewer.add_labels(arrays[1], opacity=0.5)
    settle(1.0)
    return play(viewer, options)


class Drawn:
    """Counts the frames that reach the screen: draws of the canvas with another frame on it."""

    def __init__(self, viewer: Any) -> None:
        self.frames: list[int] = []
        self.times: list[float] = []
        self._viewer = viewer
        self._events = viewer.window._qt_viewer.canvas._scene_canvas.events.draw
        self._events.connect(self._on_draw)

    def _on_draw(self, _event: Any) -> None:
        if not self._viewer.layers:
            return
        frame = self._viewer.dims.current_step[0]
        if not self.frames or self.frames[-1] != frame:
            self.frames.append(frame)
            self.times.append(time.perf_counter())

    def stop(self) -> None:
        self._events.disconnect(self._on_draw)


@contextmanager
def inference(frames: Any) -> Iterator[Callable[[], float]]:
    """Predict with the shipped weights in a thread, one click after the other."""
    from napari_itis.clicks import Click
    from napari_itis.plugin.predictors import PredictorOptions, make_predictor

    stopping, ready = threading.Event(), threading.Event()
    times: list[float] = []

    def work() -> None:
        predictor = make_predictor(PredictorOptions(), print)
        index = 0
        while not stopping.is_set():
            predictor.set_image(frames.read(index % len(frames)))
            predictor.predict([Click(frames.shape[1] // 2, frames.shape[2] // 2, True)])
            times.append(time.perf_counter())
            ready.set()
            index += 7

    thread = threading.Thread(target=work)
    thread.start()
    while not ready.is_set():
        settle(0.05)
    try:
        yield lambda: (len(times) - 1) / (times[-1] - times[0])
    finally:
        stopping.set()
        thread.join()


def resident() -> float:
    """Resident memory in megabytes."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def settle(seconds: float) -> None:
    from qtpy.QtWidgets import QApplication

    end = time.perf_counter() + seconds
    QApplication.processEvents()
    while time.perf_counter() < end:
        QApplication.processEvents()
        time.sleep(0.0005)


def show(result: dict[str, Any]) -> None:
    size = " x ".join(map(str, result["size"]))
    print(f"{result['frames']} frames of {size}, {result['megabytes_of_files']:.0f} MB of JPEGs")
    first, opening = result["first_frame_of_array"], result["opening_in_window"]
    print("| first frame | s | computing, s |\n|---|---|---|")
    print(f"| of the array | {first['seconds']:.2f} | {first['computing_seconds']:.2f} |")
    print(f"| drawn in the window | {opening['drawn_s']:.2f} | {opening['computing_s']:.2f} |\n")
    print("| resident memory | MB |\n|---|---|")
    for name, megabytes in result["resident_mb"].items():
        print(f"| {name.replace('_', ' ')} | {megabytes:.0f} |")
    print(f"\nload of the machine before: {result['load_before']}")
    print(f"player at {result['player_fps']:.0f} frames per second\n")
    print("| | drawn per second | gap, median ms | gap, 95 % ms | main thread, ms a frame |")
    print("|---|---|---|---|---|")
    for name, speed in result["drawn_per_second"].items():
        if isinstance(speed, dict):
            print(
                f"| {name} | {speed['drawn_per_second']:.1f} | {speed['gap_ms_median']:.0f} "
                f"| {speed['gap_ms_95']:.0f} | {speed['main_thread_ms_per_frame']:.1f} |"
            )
    if "predictions_per_second" in result["drawn_per_second"]:
        print(
            f"\npredictions per second: {result['drawn_per_second']['predictions_per_second']:.1f}"
        )


if __name__ == "__main__":
    main()
