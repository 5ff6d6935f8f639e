"""Measuring interactive segmentation: a robot user clicks, the figures of the paper come out."""

from napari_itis.evaluation.benchmark import (
    BenchmarkResult,
    ObjectResult,
    click_on_object,
    run_benchmark,
)
from napari_itis.evaluation.metrics import (
    boundary_f,
    clicks_to_reach,
    failures,
    iou,
    iou_against_clicks,
    noc,
    noc_whole_set,
)

__all__ = [
    "BenchmarkResult",
    "ObjectResult",
    "boundary_f",
    "click_on_object",
    "clicks_to_reach",
    "failures",
    "iou",
    "iou_against_clicks",
    "noc",
    "noc_whole_set",
    "run_benchmark",
]
