"""How fast samples are prepared, and how much memory a training takes as its data grow.

    python benchmarks/training_scale.py [--loaders 1 2 4] [--objects 1000 10000 100000]

Everything is synthetic. *Speed*: photos of 500 x 375 pixels as JPEG files, samples of the recipe
`itis-lite0` without the network, with every photo decoded anew and from memory. *Memory*:
drawn shapes, each size in a process of its own; a few hundred objects are visited, and their states
stand for all the others.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch

from napari_itis.training import DataSource, TrainingConfig, load_config
from napari_itis.training.loader import Loader
from napari_itis.training.plan import Plan
from napari_itis.training.shapes import draw_shapes
from napari_itis.training.sources import Sources

PHOTO = (500, 375)
VISITED = 400


def write_photos(root: Path, count: int) -> Path:
    """Shapes as JPEG photos with masks, in the layout `folder`."""
    for name in ("images", "masks"):
        (root / name).mkdir(parents=True)
    for number in range(count):
        image, labels = draw_shapes(number)
        image = cv2.resize(image, PHOTO, interpolation=cv2.INTER_CUBIC)
        labels = cv2.resize(labels, PHOTO, interpolation=cv2.INTER_NEAREST_EXACT).astype(np.uint8)
        cv2.imwrite(str(root / "images" / f"{number}.jpg"), image)
        cv2.imwrite(str(root / "masks" / f"{number}.png"), labels)
    return root


def visit(config: TrainingConfig, sources: Sources, epochs: int) -> tuple[Loader, float]:
    """Prepare samples without a network, the truth in place of predictions; samples/s."""
    plan = Plan.of(config, len(sources))
    loader = Loader(config, sources, plan, slice(0, config.batch_size))
    began, samples = 0.0, 0
    for epoch in range(epochs):
        if epoch == 1:
            # Without the first epoch, which fills the memory and starts the processes.
            began, samples = time.perf_counter(), 0
        for batch in loader.batches(epoch):
            samples += len(batch.numbers)
            loader.keep(batch, np.stack([s.truth.numpy() for s in batch.samples]))
    loader.settle()
    speed = samples / (time.perf_counter() - began)
    loader.close()
    return loader, speed


def measure_speed(loaders: list[int]) -> None:
    """Samples per second of the loader's threads."""
    print("   loaders  samples/s: decoding every photo  from memory")
    with tempfile.TemporaryDirectory() as folder:
        root = write_photos(Path(folder) / "photos", 150)
        for count, processes in itertools.product(loaders, (False, True)):
            speeds = []
            for cache_gb in (0.0, 1.0):
                config = replace(
                    load_config("itis-lite0"),
                    samples_per_epoch=VISITED,
                    loaders=count,
                    loader_processes=processes,
                    cache_gb=cache_gb,
                    data=(DataSource("photos", str(root)),),
                )
                sources = Sources(config)
                speeds.append(visit(config, sources, 3)[1])
            kind = "processes" if processes else "threads"
            print(f"{count:2d} {kind:9s}  {speeds[0]:33.0f}  {speeds[1]:11.0f}", flush=True)


def measure_memory(objects: int) -> None:
    """Resident memory of one size; run in a fresh process."""
    config = replace(
        load_config("itis-lite0"),
        samples_per_epoch=0,
        cache_gb=0.05,
        held_back=0.0,
        data=(DataSource("shapes", layout="shapes", split=str(round(objects / 1.98))),),
    )
    before = resident()
    sources = Sources(config)
    listed = resident()
    few = replace(config, samples_per_epoch=VISITED)
    loader, _ = visit(few, sources, 2)
    sizes = [len(state) for state in loader.states.values()]
    visited = resident()
    # The other objects' states are copies, each an object of its own.
    known = list(loader.states.values())
    rest = range(len(loader.states), len(sources))
    loader.states |= {n: bytes(bytearray(known[n % len(known)])) for n in rest}
    # Counted, not seen from outside: it may lie in memory that was taken and freed before.
    held = sys.getsizeof(loader.states) + sum(map(sys.getsizeof, loader.states.values()))
    print(
        f"{len(sources):7d}  {(listed - before) / 2**20:11.1f}  "
        f"{(visited - listed) / 2**20:21.1f}  {held / 2**20:10.1f}  "
        f"{np.mean(sizes):20.0f}  {resident() / 2**20:8.0f}",
        flush=True,
    )


def resident() -> int:
    """Resident memory of this process in bytes (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--loaders", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--objects", type=int, nargs="*", default=[1_000, 10_000, 100_000])
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.loaders:
        measure_speed(arguments.loaders)
    if arguments.objects:
        print("objects  listing MiB  caches, buffers MiB  states MiB  bytes of a state  all MiB")
    for objects in arguments.objects:
        process = multiprocessing.get_context("spawn").Process(
            target=measure_memory, args=(objects,)
        )
        process.start()
        process.join()


if __name__ == "__main__":
    main()
