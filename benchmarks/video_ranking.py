"""How well wrong masks of a video are told from right ones without ground truth.

The area under the ROC curve of the scores, for masks below a J. Usage:

python benchmarks/video_ranking.py ROOT METHOD [SEQUENCE ...] [--wrong 0.7] [--json FILE]
       METHOD: a folder of ROOT/Results
"""

from __future__ import annotations

import json
import time

import numpy as np
from scipy.stats import rankdata
from video_options import make_predictor, video_parser

from napari_itis.evaluation import iou
from napari_itis.evaluation.video_object import read_video_object
from napari_itis.video.ranking import FrameScores
from napari_itis.video.sources import sequences


def main() -> None:
    parser = video_parser(__doc__, method=True)
    parser.add_argument("--wrong", type=float, default=0.7, help="a mask below this J is wrong")
    options = parser.parse_args()
    predictor = make_predictor(options)
    results = {}
    print(f"| sequence | frames | J below {options.wrong:g} | AUC | s a frame |")
    print("|---|---|---|---|---|")
    for name in options.sequences or sequences(options.root):
        video = read_video_object(options.root, name, options.root / "Results" / options.method)
        began = time.perf_counter()
        scores = FrameScores(predictor, video.frames, video.masks.__getitem__)
        for _ in scores.compute():
            pass
        results[name] = {
            "scores": scores.values.tolist(),
            "overlaps": [iou(*pair) for pair in zip(video.masks, video.truths, strict=True)],
            "seconds": time.perf_counter() - began,
        }
        print_row(name, [results[name]], options.wrong)
    print_row("all frames", list(results.values()), options.wrong)
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n", "utf-8")


def print_row(name: str, results: list[dict], wrong: float) -> None:
    scores = np.concatenate([result["scores"] for result in results])
    bad = np.concatenate([result["overlaps"] for result in results]) < wrong
    seconds = sum(result["seconds"] for result in results) / len(scores)
    area = area_under_curve(scores, bad)
    print(f"| {name} | {len(scores)} | {bad.sum()} | {area:.3f} | {seconds:.2f} |", flush=True)


def area_under_curve(scores: np.ndarray, positive: np.ndarray) -> float:
    """Chance that a positive scores higher than a negative; nan where there are not both."""
    count, others = np.count_nonzero(positive), np.count_nonzero(~positive)
    if not count or not others:
        return float("nan")
    ranks = rankdata(scores)[positive].sum()
    return float((ranks - count * (count + 1) / 2) / (count * others))


if __name__ == "__main__":
    main()
