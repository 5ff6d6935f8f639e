"""Measuring interactive segmentation: a robot user clicks, the figures of the paper come out."""

from napari_itis.evaluation.baselines import BASELINES, make_baseline
from napari_itis.evaluation.benchmark import (
    BenchmarkResult,
    ObjectResult,
    click_on_object,
    run_benchmark,
)
from napari_itis.evaluation.metrics import (
    boundary_f,
    clicks_to_reach,
    corrections,
    failures,
    iou,
    iou_against_clicks,
    noc,
    noc_whole_set,
)
from napari_itis.evaluation.starting_masks import MaskFolder, every_nth, worst_frames

__all__ = [
    "BASELINES",
    "BenchmarkResult",
    "MaskFolder",
    "ObjectResult",
    "boundary_f",
    "click_on_object",
    "clicks_to_reach",
    "corrections",
    "every_nth",
    "failures",
    "iou",
    "iou_against_clicks",
    "make_baseline",
    "noc",
    "noc_whole_set",
    "run_benchmark",
    "worst_frames",
]
