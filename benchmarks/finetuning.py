"""From twenty corrected images to weights that know their objects: before, after, what is lost.

    python benchmarks/finetuning.py FOLDER [--grabcut GRABCUT] [--json FILE]

Draws 40 images of objects that differ from their ground by texture alone (same mean, same variance,
same colour), the first 20 by sorted name to train on and the last 20 to compare; checks and starts
`finetune` on the first as the dock does, with the settings that it suggests; then clicks on all
objects of the others with the weights of before and after. Intervals are bootstrapped over images.
Recipes are chosen with `--kind rings` and `--kind grain`; `weave` is for the figures.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from napari_itis import runs
from napari_itis.datasets import read_dataset
from napari_itis.evaluation.comparison import compare
from napari_itis.network import DEFAULT_WEIGHTS
from napari_itis.training import load_config, to_toml
from napari_itis.training.checking import suggest

HEIGHT, WIDTH = 300, 400
IMAGES = 40
_GAP = 9

Drawing = tuple[NDArray[np.uint8], NDArray[np.int32]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="for images and run; made if it is missing")
    parser.add_argument("--kind", choices=KINDS, default="weave")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--clicks", type=int, default=3)
    parser.add_argument("--weights", type=Path, help="compare these instead of training")
    parser.add_argument("--grabcut", type=Path, help="what is lost, on this copy of GrabCut")
    parser.add_argument("--data-only", action="store_true", help="only draw the images")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    data = arguments.folder / f"{arguments.kind}-{arguments.seed}"
    write_images(data, arguments.kind, arguments.seed)
    if arguments.data_only:
        return
    weights, seconds = arguments.weights, 0.0
    if weights is None:
        weights, seconds = train(data / "train", arguments.folder / "run", arguments.set)
        print(f"trained in {seconds / 60:.1f} minutes", flush=True)
    figures = {"kind": arguments.kind, "seconds": round(seconds)}
    sets = {"compare": ("folder", data / "compare")}
    if arguments.grabcut:
        sets["grabcut"] = ("grabcut", arguments.grabcut)
    for name, (layout, root) in sets.items():
        samples = [(str(s.image_path), s) for s in read_dataset(layout, root)]
        comparison = compare((DEFAULT_WEIGHTS, weights), samples, max_clicks=arguments.clicks)
        figures[name] = comparison.as_dict()
        rows = comparison.curve(0), comparison.curve(1), comparison.difference()
        for click in range(arguments.clicks):
            shown = "  ".join(
                f"{what} {mean:.3f} ({low:.3f} to {high:.3f})"
                for what, (mean, low, high) in zip(
                    ("before", "after", "gain"), (row[:, click] for row in rows)
                )
            )
            print(f"{name}, {len(samples)} objects, click {click + 1}: {shown}", flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


def train(data: Path, folder: Path, overrides: list[str]) -> tuple[Path, float]:
    """Train as the dock does; the weights, and how many seconds it took from start to end."""
    objects = len(read_dataset("folder", data))
    settings = [f"{k}={json.dumps(v)}" for k, v in suggest(IMAGES // 2, objects).items()]
    config = load_config("finetune", [*settings, *overrides], [f"mine:{data}"])
    file = folder.with_suffix(".toml")
    file.write_text(to_toml(config), "utf-8")
    began = time.monotonic()
    run = runs.start(file, folder)
    try:
        while not (status := run.status()).ended:
            if sys.stderr.isatty():
                print(f"\r{status.state} {status.step}/{status.steps}", end="", file=sys.stderr)
            time.sleep(1)
    except KeyboardInterrupt:
        run.stop()
        raise
    runs.forget(run)
    if status.state != "done" or run.weights is None:
        sys.exit(status.message)
    return run.weights, time.monotonic() - began


def write_images(root: Path, kind: str, seed: int) -> None:
    """Draw `IMAGES` images; the first half by sorted name is `train`, the other `compare`."""
    for number in range(IMAGES):
        part = root / ("train" if number < IMAGES // 2 else "compare")
        for folder in ("images", "masks"):
            (part / folder).mkdir(parents=True, exist_ok=True)
        photo, labels = KINDS[kind](np.random.default_rng([seed, number]))
        Image.fromarray(photo).save(part / "images" / f"{kind}{number:03d}.png")
        Image.fromarray(labels.astype(np.uint16)).save(part / "masks" / f"{kind}{number:03d}.png")


def weave(rng: np.random.Generator) -> Drawing:
    """Blobs woven one way on a ground woven the other way."""
    labels = scatter(rng, blob)
    turn = float(rng.uniform(-0.3, 0.3))
    inside = band_noise(rng, 0.13, angle=turn + np.pi / 4)
    outside = band_noise(rng, 0.13, angle=turn - np.pi / 4)
    return paint(rng, labels > 0, inside, outside), labels


def grain(rng: np.random.Generator) -> Drawing:
    """Blobs of one grain on a ground of coarser grain."""
    labels = scatter(rng, blob)
    inside, outside = band_noise(rng, 0.17), band_noise(rng, 0.09)
    return paint(rng, labels > 0, inside, outside), labels


def rings(rng: np.random.Generator) -> Drawing:
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


def scatter(
    rng: np.random.Generator, draw: Callable[[np.random.Generator], NDArray[np.uint8]]
) -> NDArray[np.int32]:
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
