"""J&F of corrected videos against clicks spent: evenly spaced frames, ranking, propagation, both.

Each sequence and way is what `napari-itis annotate` does. Usage:

python benchmarks/video_annotation.py ROOT METHOD [SEQUENCE ...] [--budget 50] [--json FILE]
       METHOD: a folder of ROOT/Results
"""

from __future__ import annotations

import json

import numpy as np
from video_options import make_predictor, video_parser

from napari_itis.evaluation.annotator import AnnotationResult, Annotator
from napari_itis.evaluation.video_object import read_video_object
from napari_itis.video.sources import sequences

WAYS = {
    "evenly spaced": {"order": "even", "carry_on": False},
    "ranking": {"order": "ranking", "carry_on": False},
    "propagation": {"order": "even", "carry_on": True},
    "both": {"order": "ranking", "carry_on": True},
}
SHOWN = (0, 10, 20, 50)


def main() -> None:
    parser = video_parser(__doc__, method=True)
    parser.add_argument("--budget", type=int, default=SHOWN[-1])
    parser.add_argument("--clicks-per-frame", type=int, default=2)
    parser.add_argument("--way", action="append", choices=tuple(WAYS), help="may be repeated")
    options = parser.parse_args()
    predictor = make_predictor(options)
    shown = [clicks for clicks in SHOWN if clicks <= options.budget]
    print("| sequence | way | J&F after " + " | ".join(f"{c} clicks" for c in shown), end=" | ")
    print(" | ".join(f"error gone after {c}" for c in shown[1:]) + " |")
    print("|---|---|" + "---|" * (2 * len(shown) - 1))
    results: dict[str, dict[str, AnnotationResult]] = {}
    for name in options.sequences or sequences(options.root):
        video = read_video_object(options.root, name, options.root / "Results" / options.method)
        results[name] = {}
        for way in options.way or WAYS:
            annotator = Annotator(
                predictor,
                video.frames,
                video.masks,
                video.truths,
                clicks_per_frame=options.clicks_per_frame,
                **WAYS[way],
            )
            for _ in annotator.spend(options.budget):
                pass
            results[name][way] = annotator.result
            print_row(name, way, [annotator.result], shown)
    for way in options.way or WAYS:
        print_row("all frames", way, [ways[way] for ways in results.values()], shown)
    if options.json:
        made = {n: {w: r.as_dict() for w, r in ways.items()} for n, ways in results.items()}
        options.json.write_text(json.dumps(made, indent=2) + "\n", "utf-8")


def print_row(name: str, way: str, results: list[AnnotationResult], shown: list[int]) -> None:
    """Means of all frames, and the share of the error in J that is gone."""
    frames = [len(result.masks) for result in results]
    after = [[result.after(clicks) for result in results] for clicks in shown]
    both = [np.average([spent.both for spent in row], weights=frames) for row in after]
    region = [np.average([spent.region for spent in row], weights=frames) for row in after]
    gone = [(value - region[0]) / (1 - region[0]) for value in region[1:]]
    cells = [name, way, *(f"{value:.3f}" for value in (*both, *gone))]
    print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
