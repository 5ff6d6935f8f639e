"""Clicks needed on the held-back tenth of the training images: what settings are chosen by.

    python benchmarks/held_back.py itis-lite0 --data-root FOLDER [--set feed_back=false ...]

The evaluation sets are never looked at here. One object per held-back image, at most
`--per-source` images of each source, so that photos and microscopy both count.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import fields, replace
from pathlib import Path

import torch

from napari_itis.evaluation.benchmark import run_benchmark
from napari_itis.inference import Predictor
from napari_itis.training import load_config
from napari_itis.training.held_back import held_back_objects
from napari_itis.training.listing import list_sources
from napari_itis.training.validation import TARGETS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config")
    parser.add_argument("--weights")
    parser.add_argument("--data-root", default="data", help="folder of the config's sets")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--per-source", type=int, default=5)
    parser.add_argument("--sources", nargs="+", help="only these of the config's sources")
    parser.add_argument("--min-area", type=int, default=100)
    parser.add_argument("--clicks", type=int, default=10)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--set", action="append", default=[], help="network setting KEY=JSON")
    parser.add_argument("--no-promise", action="store_true")
    parser.add_argument("--no-zoom-in", action="store_true")
    parser.add_argument("--json")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    predictor = Predictor(
        arguments.weights,
        arguments.device,
        promise=not arguments.no_promise,
        zoom_in=not arguments.no_zoom_in,
    )
    settings = dict(item.split("=", 1) for item in arguments.set)
    known = {field.name for field in fields(predictor.config)}
    if unknown := settings.keys() - known:
        parser.error(f"unknown network setting {unknown.pop()}: one of {', '.join(sorted(known))}")
    settings = {key: json.loads(value) for key, value in settings.items()}
    predictor.config = replace(predictor.config, **settings)
    predictor.working_size = predictor.config.working_size
    config = replace(
        load_config(arguments.config), data_root=arguments.data_root, min_area=arguments.min_area
    )
    if arguments.sources:
        wanted = tuple(s for s in config.data if s.name in arguments.sources)
        config = replace(config, data=wanted)
    by_source = held_back_objects(config, list_sources(config), arguments.per_source)
    samples = [sample for source in by_source for sample in source]
    result = run_benchmark(predictor, samples, max_clicks=arguments.clicks)
    summary = result.summary(TARGETS)
    iou = summary["mean_iou"]
    shown = [k for k in (1, 2, 3, 5, 10, 20) if k <= arguments.clicks]
    print(settings, f"{summary['objects']} objects, at most {arguments.clicks} clicks")
    print("  NoC " + "  ".join(f"@{k} {v:.2f}" for k, v in summary["noc"].items()), end="  ")
    print("mean IoU " + "  ".join(f"{k}: {iou[k - 1]:.3f}" for k in shown), end="  ")
    print(f"median {1000 * summary['seconds_per_click']['median']:.0f} ms a click")
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(summary), "utf-8")


if __name__ == "__main__":
    main()
