"""From twenty corrected images to weights that know their objects: before, after, and what is lost.

    python benchmarks/finetuning.py FOLDER [--kind weave] [--set KEY=VALUE ...] [--grabcut GRABCUT]

Draws 40 images of objects that differ from their ground by texture alone (same mean, same variance,
same colour), the first 20 by sorted name to train on and the last 20 to compare, trains
`finetune` on the first, and clicks on all objects of the others with the weights of before and
after. The intervals are bootstrapped over images. Recipes are chosen with `--kind grain` and
`--kind rings`; `weave` is for the figures.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from napari_itis.datasets import read_dataset
from napari_itis.evaluation.benchmark import run_benchmark
from napari_itis.inference import Predictor
from napari_itis.training import load_config
from napari_itis.training.loop import train

HEIGHT, WIDTH = 300, 400
IMAGES = 40
_GAP = 9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kind", choices=KINDS, default="weave")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--clicks", type=int, default=3)
    parser.add_argument("--weights", type=Path, help="compare these instead of training")
    parser.add_argument("--grabcut", type=Path, help="what is lost, on this copy of GrabCut")
    parser.add_argument("--data-only", action="store_true")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    data = arguments.folder / f"{arguments.kind}-{arguments.seed}"
    write_images(data, arguments.kind, arguments.seed)
    if arguments.data_only:
        return
    weights, seconds = arguments.weights, 0.0
    if weights is None:
        config = load_config("finetune", arguments.set, [f"mine:{data / 'train'}"])
        began = time.monotonic()
        weights = train(config, output=arguments.folder / f"run-{time.time():.0f}")
        seconds = time.monotonic() - began
    figures = {"kind": arguments.kind, "weights": str(weights), "training_seconds": round(seconds)}
    sets = {"compare": ("folder", data / "compare")}
    if arguments.grabcut:
        sets["grabcut"] = ("grabcut", arguments.grabcut)
    for name, (layout, root) in sets.items():
        before = ious(None, layout, root, arguments.clicks)
        after = ious(weights, layout, root, arguments.clicks)
        figures[name] = [row(before[:, k], after[:, k]) for k in range(arguments.clicks)]
        for click, figure in enumerate(figures[name], 1):
            shown = "  ".join(f"{key} {value}" for key, value in figure.items())
            print(f"{name}, click {click}: {shown}", flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


def ious(weights: Path | None, layout: str, root: Path, clicks: int) -> NDArray[np.float64]:
    """Mean IoU of each image's objects after each click, float64 (images, clicks)."""
    samples = read_dataset(layout, root)
    result = run_benchmark(Predictor(weights, "cpu"), samples, max_clicks=clicks)
    by_image: dict[Path, list[tuple[float, ...]]] = {}
    for sample, measured in zip(samples, result.objects, strict=True):
        by_image.setdefault(sample.image_path, []).append(measured.ious)
    return np.array([np.mean(rows, 0) for rows in by_image.values()])


def row(before: NDArray[np.float64], after: NDArray[np.float64]) -> dict[str, object]:
    """Means with 95 % intervals of the mean of images, and of the gain of each image."""
    rng = np.random.default_rng(0)
    picks = rng.integers(0, len(before), (10_000, len(before)))
    figure: dict[str, object] = {}
    for name, values in (("before", before), ("after", after), ("gain", after - before)):
        low, high = np.percentile(values[picks].mean(1), (2.5, 97.5))
        figure[name] = [round(float(v), 3) for v in (values.mean(), low, high)]
    return figure


def write_images(root: Path, kind: str, seed: int) -> None:
    """Draw `IMAGES` images; the first half by sorted name is `train`, the other `compare`."""
    for number in range(IMAGES):
        part = root / ("train" if number < IMAGES // 2 else "compare")
        for folder in ("images", "masks"):
            (part / folder).mkdir(parents=True, exist_ok=True)
        photo, labels = KINDS[kind](np.random.default_rng([seed, number]))
        Image.fromarray(photo).save(part / "images" / f"{kind}{number:03d}.png")
        Image.fromarray(labels.astype(np.uint16)).save(part / "masks" / f"{kind}{number:03d}.png")


def weave(rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Blobs woven one way on a ground woven the other way."""
    labels = scatter(rng, blob)
    turn = float(rng.uniform(-0.3, 0.3))
    inside = band_noise(rng, 0.13, angle=turn + np.pi / 4)
    outside = band_noise(rng, 0.13, angle=turn - np.pi / 4)
    return paint(rng, labels > 0, inside, outside), labels


def grain(rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Blobs of one grain on a ground of coarser grain."""
    labels = scatter(rng, blob)
    inside, outside = band_noise(rng, 0.17), band_noise(rng, 0.09)
    return paint(rng, labels > 0, inside, outside), labels


def rings(rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Rings of speckle on a ground of the same brightness: a hole belongs to the ground."""
    labels = scatter(rng, ring)
    inside, outside = band_noise(rng, 0.2), band_noise(rng, 0.12, angle=0.0)
    return paint(rng, labels > 0, inside, outside), labels


KINDS = {"weave": weave, "grain": grain, "rings": rings}


def band_noise(
    rng: np.random.Generator, frequency: float, angle: float | None = None
) -> NDArray[np.float64]:
    """Noise of one frequency in cycles per pixel, along an angle or all; mean 0, deviation 1."""
    v, u = np.meshgrid(np.fft.fftfreq(HEIGHT), np.fft.fftfreq(WIDTH), indexing="ij")
    radius, direction = np.hypot(u, v), np.arctan2(v, u)
    gain = np.exp(-((radius - frequency) ** 2) / (2 * (0.2 * frequency) ** 2))
    if angle is not None:
        off = np.angle(np.exp(2j * (direction - angle))) / 2
        gain *= np.exp(-(off**2) / (2 * 0.3**2))
    noise = np.fft.ifft2(np.fft.fft2(rng.standard_normal((HEIGHT, WIDTH))) * gain).real
    return (noise - noise.mean()) / noise.std()


def paint(
    rng: np.random.Generator,
    objects: NDArray[np.bool_],
    inside: NDArray[np.float64],
    outside: NDArray[np.float64],
) -> NDArray[np.uint8]:
    """Both textures in one tint, the edge softened, with a shade that goes across the image."""
    share = cv2.GaussianBlur(objects.astype(np.float32), (0, 0), 1.0)
    mixed = (share * inside + (1 - share) * outside) / np.hypot(share, 1 - share)
    rows, columns = np.mgrid[-1 : 1 : HEIGHT * 1j, -1 : 1 : WIDTH * 1j]
    shade = 15 * (rng.uniform(-1, 1) * rows + rng.uniform(-1, 1) * columns)
    bright = rng.uniform(100, 150) + shade + rng.uniform(28, 40) * mixed
    bright += rng.normal(0, 4, bright.shape)
    tint = rng.uniform(0.85, 1.1, 3)
    return np.clip(bright[..., None] * tint, 0, 255).astype(np.uint8)


def scatter(rng: np.random.Generator, draw) -> NDArray[np.int32]:
    """Three to six objects that keep apart from each other and from the border."""
    labels = np.zeros((HEIGHT, WIDTH), np.int32)
    wanted, label = int(rng.integers(3, 7)), 0
    for _ in range(60):
        mask = draw(rng)
        wide = cv2.dilate(mask, np.ones((_GAP, _GAP), np.uint8))
        if mask.any() and not labels[wide > 0].any():
            label += 1
            labels[mask > 0] = label
        if label == wanted:
            break
    return labels


def blob(rng: np.random.Generator) -> NDArray[np.uint8]:
    """A round thing with bays, 50 to 130 pixels across."""
    mean = float(rng.uniform(25, 60))
    angles = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    radii = np.full(angles.shape, mean)
    for wave in range(2, 6):
        radii += mean * rng.normal(0, 0.3 / wave) * np.cos(wave * angles + rng.uniform(0, 6.3))
    points = np.stack([radii * np.cos(angles) * rng.uniform(0.8, 1.3), radii * np.sin(angles)], 1)
    reach = np.abs(points).max(0) + 4
    if (2 * reach >= (WIDTH, HEIGHT)).any():
        return np.zeros((HEIGHT, WIDTH), np.uint8)
    centre = rng.uniform(reach, np.array([WIDTH, HEIGHT]) - reach)
    outline = np.round(points + centre).astype(np.int32)
    return cv2.fillPoly(np.zeros((HEIGHT, WIDTH), np.uint8), [outline], 1)


def ring(rng: np.random.Generator) -> NDArray[np.uint8]:
    """A ring of 14 to 24 pixels' width."""
    radius, width = float(rng.uniform(28, 50)), int(rng.integers(14, 25))
    reach = radius + width
    centre = rng.uniform(reach, np.array([WIDTH, HEIGHT]) - reach)
    axes = (round(radius), round(radius * rng.uniform(0.7, 1.0)))
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    place = tuple(int(c) for c in centre)
    return cv2.ellipse(mask, place, axes, float(rng.uniform(0, 180)), 0, 360, 1, width)


if __name__ == "__main__":
    main()
