"""Everything that is wrong with a data set, and what is in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from napari_itis.datasets.base import DatasetError
from napari_itis.datasets.labelled import LabelledImage
from napari_itis.datasets.layouts import find_layout, in_threads

# The sizes of the objects by id, height and width, how many pixels are void.
Finding = tuple[dict[str, int], tuple[int, int], int]
Findings = Iterable[tuple[LabelledImage, "Finding | DatasetError"]]


@dataclass
class CheckReport:
    """What a data set holds.

    Attributes
    ----------
    problems : list of str
        One line each; they name the file.
    sizes : dict of Path to (int, int)
        Height and width of every photo that has masks without a problem.
    areas : list of int
        Sizes of the objects on them, in pixels.
    pixels, void : int
        How many pixels the masks have, and how many of them are void.
    """

    problems: list[str] = field(default_factory=list)
    sizes: dict[Path, tuple[int, int]] = field(default_factory=dict)
    areas: list[int] = field(default_factory=list)
    pixels: int = 0
    void: int = 0

    @property
    def images(self) -> int:
        """How many photos are fine."""
        return len(self.sizes)

    @property
    def objects(self) -> int:
        """How many objects the images have."""
        return len(self.areas)

    @property
    def void_share(self) -> float:
        """Which part of all pixels is void, from 0 to 1."""
        return self.void / self.pixels if self.pixels else 0.0

    def summary(self) -> dict[str, Any]:
        """Give all figures, ready for JSON.

        Returns
        -------
        dict
            `images`, `objects`, `object_pixels` (`min`, `median`, `max`, or None without objects),
            `image_sizes` (`height`, `width`, `images`; the most frequent first), `void_share` and
            `problems`.
        """
        areas = np.array(self.areas)
        return {
            "images": self.images,
            "objects": self.objects,
            "object_pixels": {
                "min": int(areas.min()),
                "median": float(np.median(areas)),
                "max": int(areas.max()),
            }
            if self.areas
            else None,
            "image_sizes": [
                {"height": height, "width": width, "images": count}
                for (height, width), count in Counter(self.sizes.values()).most_common()
            ],
            "void_share": self.void_share,
            "problems": self.problems,
        }


def check(
    name: str,
    root: str | PathLike[str],
    split: str | None = None,
    progress: Callable[[Findings, int], Findings] = lambda findings, count: findings,
) -> CheckReport:
    """Read every photo and mask of a data set and collect all that is wrong.

    Parameters
    ----------
    name : str
        One of `DATASETS`.
    root : str or path-like
        The data set's folder.
    split : str, optional
        Which of the layout's lists to read; by default the one that is evaluated on.
    progress : callable, optional
        Takes what is found image by image, and how many there are; hands it on and shows how far
        it is.

    Returns
    -------
    CheckReport

    Raises
    ------
    DatasetError
        If the name or the split is unknown, or what the layout starts from is missing: a folder,
        a list, COCO's JSON file.
    """
    report = CheckReport()
    images = find_layout(name).read(root, split, report.problems)
    for image, found in progress(in_threads(_inspect, images), len(images)):
        if isinstance(found, DatasetError):
            report.problems.append(str(found))
            continue
        areas, size, void = found
        report.problems += [
            f"the mask {image.mask_path} holds no pixel of object {name}"
            for name, area in areas.items()
            if area == 0
        ]
        report.areas += [area for area in areas.values() if area]
        report.sizes[image.image_path] = size
        report.pixels += size[0] * size[1]
        report.void += void
    if not report.problems and not report.objects:
        report.problems.append(f"no objects in {root}: every mask is empty")
    return report


def _inspect(image: LabelledImage) -> Finding | DatasetError:
    try:
        image.require_files()
        labels, void = image.labels()
        image.require_photo(labels.shape)
    except DatasetError as error:
        return error
    size = (labels.shape[0], labels.shape[1])
    return image.areas(labels), size, int(np.count_nonzero(void))
