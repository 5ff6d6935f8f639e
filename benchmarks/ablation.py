"""The paper's ablation (Fig. 5) on your own data: encoding, iterative training, mask channel.

    python benchmarks/ablation.py --data-root FOLDER --output runs/ablation

Trains every config with every seed on the same budget, then lets the robot user click on one object
of each held-back image. Runs that are finished are not repeated, so that it can be stopped at any
time. The table is printed after every run, and written to OUTPUT/table.md.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from napari_itis.evaluation.benchmark import run_benchmark
from napari_itis.inference import Predictor
from napari_itis.training import load_config, train
from napari_itis.training.held_back import held_back_objects
from napari_itis.training.listing import list_sources
from napari_itis.training.validation import TARGETS

CONFIGS = ("ifcn-distance", "gaussian", "gaussian-iterative", "gaussian-iterative-mask")
SHOWN = (1, 2, 3, 5, 10, 20)


def measure(weights: Path, arguments: argparse.Namespace) -> dict:
    """Figures of a network alone: zoom-in as in use, but no promise that mends what it does."""
    config = load_config("itis-lite0", [f"data_root={arguments.data_root}", "min_area=100"])
    if arguments.sources:
        wanted = set(arguments.sources)
        config = replace(config, data=tuple(s for s in config.data if s.name in wanted))
    by_source = held_back_objects(config, list_sources(config), arguments.per_source)
    samples = [sample for source in by_source for sample in source]
    result = run_benchmark(Predictor(weights, promise=False), samples, max_clicks=20)
    return result.summary(TARGETS)


def table(folder: Path, configs: list[str]) -> str:
    """Markdown: for each config the mean over its seeds, and from the lowest to the highest."""
    lines = [
        "| config | seeds | NoC @85 | NoC @90 | "
        + " | ".join(f"IoU after {k}" for k in SHOWN)
        + " |",
        "|---|---|---|---|" + "---|" * len(SHOWN),
    ]
    for name in configs:
        runs = [json.loads(p.read_text("utf-8")) for p in sorted(folder.glob(f"{name}-seed*.json"))]
        if not runs:
            continue
        columns = [[run["noc"][key] for run in runs] for key in ("0.85", "0.90")]
        columns += [[run["mean_iou"][k - 1] for run in runs] for k in SHOWN]
        cells = []
        for index, values in enumerate(columns):
            digits = 2 if index < 2 else 3
            spread = f"{min(values):.{digits}f}–{max(values):.{digits}f}"
            cells.append(f"{np.mean(values):.{digits}f} ({spread})")
        lines.append(f"| {name} | {len(runs)} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-root", required=True, help="folder of the sets of itis-lite0")
    parser.add_argument("--output", type=Path, default=Path("runs/ablation"))
    parser.add_argument("--configs", nargs="+", default=list(CONFIGS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--samples", type=int, default=6_000)
    parser.add_argument("--crop", type=int, default=192)
    parser.add_argument("--per-source", type=int, default=4)
    parser.add_argument("--sources", nargs="+", help="measure on these sources only")
    parser.add_argument("--set", action="append", default=[], help="training setting KEY=VALUE")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    for seed in arguments.seeds:
        for name in arguments.configs:
            done = arguments.output / f"{name}-seed{seed}.json"
            if done.exists():
                continue
            run = arguments.output / f"{name}-seed{seed}"
            settings = [
                f"data_root={arguments.data_root}",
                f"seed={seed}",
                f"samples={arguments.samples}",
                f"crop={arguments.crop}",
                "validate_every=0",
                *arguments.set,
            ]
            unfinished = (run / "checkpoint.safetensors").exists()
            weights = train(name, settings, output=run, resume=unfinished)
            figures = measure(weights, arguments)
            figures["settings"] = settings[1:]
            done.write_text(json.dumps(figures), "utf-8")
            print(table(arguments.output, arguments.configs), flush=True)
            (arguments.output / "table.md").write_text(
                table(arguments.output, arguments.configs), "utf-8"
            )


if __name__ == "__main__":
    main()
