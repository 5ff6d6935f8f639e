"""A true mask carried on over the next frames, against copying it and moving it by flow alone.

From every tenth frame of each sequence over the next twenty; frames after the object was lost count
as missed. Usage:

python benchmarks/video_propagation.py ROOT [SEQUENCE ...] [--length 20] [--every 10] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np
from video_options import make_predictor, video_parser

from napari_itis.evaluation import iou
from napari_itis.inference import Predictor, to_rgb8
from napari_itis.video.flow import flow, move_mask
from napari_itis.video.masks import MaskSequence
from napari_itis.video.propagation import propagate
from napari_itis.video.sources import find_video, sequences

METHODS = ("copied", "moved by flow", "propagated")


def main() -> None:
    parser = video_parser(__doc__, method=False)
    parser.add_argument("--length", type=int, default=20)
    parser.add_argument("--every", type=int, default=10)
    options = parser.parse_args()
    predictor = make_predictor(options)
    results = {}
    print("| sequence | frames | " + " | ".join(METHODS) + " | lost | s a frame |")
    print("|---|---|" + "---|" * (len(METHODS) + 2))
    for name in options.sequences or sequences(options.root):
        results[name] = measure(predictor, options, name)
        print_row(name, [results[name]])
    print_row("all frames", list(results.values()))
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n", "utf-8")


def measure(predictor: Predictor, options: argparse.Namespace, name: str) -> dict:
    source = find_video(options.root, name)
    opened = source.open_frames()
    frames = [to_rgb8(np.asarray(frame)) for frame in opened]
    truths = [mask != 0 for mask in MaskSequence(source.truth, opened.names, opened.shape[1:3])]
    overlaps: dict[str, list[float]] = {method: [] for method in METHODS}
    lost, seconds = 0, 0.0
    for start in range(0, len(frames) - 1, options.every):
        stop = min(start + options.length, len(frames) - 1)
        if not truths[start].any():
            continue
        moved, found = truths[start], {}
        began = time.perf_counter()
        for step in propagate(predictor, frames, truths[start], start, stop):
            found[step.frame] = step.mask
            lost += step.lost
        seconds += time.perf_counter() - began
        for frame in range(start + 1, stop + 1):
            moved = move_mask(moved, flow(frames[frame], frames[frame - 1]))
            masks = (truths[start], moved, found.get(frame, np.zeros_like(moved)))
            for method, mask in zip(METHODS, masks, strict=True):
                overlaps[method].append(iou(mask, truths[frame]))
    return {"overlaps": overlaps, "lost": lost, "seconds": seconds}


def print_row(name: str, results: list[dict]) -> None:
    means = [np.concatenate([r["overlaps"][method] for r in results]) for method in METHODS]
    cells = [name, str(len(means[0])), *(f"{values.mean():.3f}" for values in means)]
    seconds = sum(r["seconds"] for r in results) / len(means[0])
    cells += [str(sum(r["lost"] for r in results)), f"{seconds:.2f}"]
    print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
