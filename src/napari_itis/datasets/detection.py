"""Which layout a folder has, told from the names in it."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

# Names below a data set's root that only this layout has; the first one that fits counts.
_MARKS = (
    ("voc+sbd", ("VOCdevkit", "benchmark_RELEASE")),
    ("voc+sbd", ("VOC2012", "benchmark_RELEASE")),
    ("voc+sbd", ("VOC2012", "SBD")),
    ("sbd", ("benchmark_RELEASE",)),
    ("sbd", ("inst", "img")),
    ("sbd", ("dataset/inst", "dataset/img")),
    ("voc", ("VOCdevkit",)),
    ("voc", ("VOC2012",)),
    ("voc", ("SegmentationObject", "JPEGImages")),
    ("grabcut", ("data_GT", "boundary_GT")),
    ("kitti", ("training/instance",)),
    ("kitti", ("instance", "image_2")),
    ("davis", ("DAVIS/ImageSets",)),
    ("davis", ("ImageSets", "Annotations", "JPEGImages")),
    ("folder", ("images", "masks")),
)
_COCO, _LVIS = "instances_*.json", "lvis_v1_*.json"


def detect_layout(root: str | PathLike[str]) -> str | None:
    """Tell the layout of a data set by what lies in its folder.

    Parameters
    ----------
    root : path-like

    Returns
    -------
    str or None
        One of `DATASETS`, or None where nothing fits. Berkeley's looks like `folder` and is taken
        for it.
    """
    root = Path(root)
    for pattern, layout in ((_LVIS, "lvis"), (_COCO, "coco")):
        if any(any(place.glob(pattern)) for place in (root, root / "annotations")):
            return layout
    for layout, names in _MARKS:
        if all((root / name).is_dir() for name in names):
            return layout
    return None
