"""COCO (Lin et al. 2014) and LVIS (Gupta et al. 2019): instances that may overlap; crowds are void.

Layout of COCO: ``annotations/instances_SPLIT.json`` and the photos in ``SPLIT/``, such as
``val2017/``. Layout of LVIS: ``lvis_v1_SPLIT.json``, here or in ``annotations/``, and COCO's
``train2017/`` and ``val2017/``. Photos may also lie under ``images/``.
"""

from __future__ import annotations

import importlib.util
import json
import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from os import PathLike
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_itis.datasets.base import DatasetError, Masks, ObjectSample, report
from napari_itis.datasets.files import unknown_split
from napari_itis.datasets.labelled import LabelledImage, Labels
from napari_itis.datasets.outlines import Outline, parse_outline

LAYOUT = "annotations/instances_SPLIT.json and photos in SPLIT/, such as val2017"
LVIS_LAYOUT = "lvis_v1_SPLIT.json and COCO's photos in train2017/ and val2017/"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CocoImage(LabelledImage):
    """A photo with outlines; masks are drawn when they are asked for.

    Attributes
    ----------
    size : tuple of int
        Height and width as the JSON file has them.
    outlines : dict of int to Outline
        The objects, by the id of their annotation.
    """

    size: tuple[int, int] = (0, 0)
    outlines: dict[int, Outline] | None = None

    def samples(self) -> list[ObjectSample]:
        """List the objects that have a pixel, with ids ``IMAGE/ANNOTATION``.

        Raises
        ------
        DatasetError
            If the photo is missing, broken or of another size.
        """
        self.require_files()
        self.require_photo(self.size)
        crowds = self.read_labels.keywords["crowds"]  # type: ignore[attr-defined]
        return [
            ObjectSample(
                f"{self.id}/{number}",
                self.image_path,
                self.mask_path,
                partial(read_object, outline=outline, crowds=crowds),
            )
            for number, outline in sorted((self.outlines or {}).items())
            if outline.area()
        ]

    def areas(self, labels: NDArray[np.int32]) -> dict[str, int]:
        """Size of every object in pixels by its id, covered parts included."""
        return {
            f"{self.id}/{number}": outline.area()
            for number, outline in (self.outlines or {}).items()
        }


def images(
    root: str | PathLike[str], split: str = "val2017", faults: list[str] | None = None
) -> list[LabelledImage]:
    """List the photos of a COCO split; the id is the name of the photo's file.

    Parameters
    ----------
    root : str or path-like
        The folder with ``annotations``.
    split : str
        What stands between ``instances_`` and ``.json``.
    faults : list of str, optional
        Where to note what is wrong with single annotations and photos. Without it, annotations
        that have no usable outline are left out with one warning that counts them.

    Returns
    -------
    list of LabelledImage
        Sorted by id. Where objects overlap, smaller ones lie over larger ones; crowds are void
        where no object is.

    Raises
    ------
    DatasetError
        If pycocotools is missing, or the file of annotations is missing or broken.
    """
    root = Path(root)
    return _read(root, [root / "annotations"], "instances_", split, LAYOUT, faults)


def lvis_images(
    root: str | PathLike[str], split: str = "val", faults: list[str] | None = None
) -> list[LabelledImage]:
    """List the photos of an LVIS split, ``train`` or ``val``; see `images`."""
    root = Path(root)
    return _read(root, [root, root / "annotations"], "lvis_v1_", split, LVIS_LAYOUT, faults)


def _read(
    root: Path,
    folders: Sequence[Path],
    prefix: str,
    split: str,
    layout: str,
    faults: list[str] | None,
) -> list[LabelledImage]:
    if importlib.util.find_spec("pycocotools") is None:
        raise DatasetError('COCO and LVIS need pycocotools: pip install "napari-itis[eval]"')
    if not root.is_dir():
        raise DatasetError(f"no such folder: {root}")
    for folder in folders:
        path = folder / f"{prefix}{split}.json"
        if path.is_file():
            break
    else:
        known = sorted(
            file.stem.removeprefix(prefix) for f in folders for file in f.glob(f"{prefix}*.json")
        )
        raise DatasetError(f"{unknown_split(split, root, known)} (the layout is {layout})")
    content = _load(path)
    notes: list[str] = []
    found = _images(root, split, path, content, notes, faults)
    if not found:
        report(f"{path} lists no images: expected COCO's annotations", faults)
    if faults is not None:
        faults.extend(notes)
    elif notes:
        _log.warning("%d annotations are left out, such as: %s", len(notes), notes[0])
    return found


def _load(path: Path) -> dict[str, Any]:
    try:
        with path.open(encoding="utf-8") as file:
            # Points as arrays while parsing: millions of Python floats need four times the memory.
            content = json.load(file, object_hook=_slim)
    except (OSError, ValueError, RecursionError) as error:
        raise DatasetError(f"cannot read {path}: {error}; expected COCO's JSON") from None
    ok = isinstance(content, dict) and all(
        isinstance(content.get(key), list) and all(isinstance(e, dict) for e in content[key])
        for key in ("images", "annotations")
    )
    if not ok:
        raise DatasetError(f"{path} has no lists of images and annotations, as COCO's files do")
    return content


def _slim(entry: dict[str, Any]) -> dict[str, Any]:
    if "segmentation" not in entry:
        return entry
    kept = {key: entry.get(key) for key in ("id", "image_id", "iscrowd", "segmentation")}
    if isinstance(kept["segmentation"], list):
        kept["segmentation"] = [_packed(points) for points in kept["segmentation"]]
    return kept


def _packed(points: Any) -> Any:
    try:
        return np.array(points, np.float64)
    except (TypeError, ValueError):
        return points


def _images(
    root: Path,
    split: str,
    path: Path,
    content: dict[str, Any],
    notes: list[str],
    faults: list[str] | None,
) -> list[LabelledImage]:
    entries = {entry.get("id"): entry for entry in content["images"]}
    objects: dict[Any, dict[int, Outline]] = defaultdict(dict)
    crowds: dict[Any, list[Outline]] = defaultdict(list)
    for number, annotation in enumerate(content["annotations"], start=1):
        name = annotation.get("id", number)
        entry = entries.get(annotation.get("image_id"))
        try:
            if entry is None:
                raise DatasetError(f"the image {annotation.get('image_id')!r}, which is not listed")
            outline = parse_outline(annotation.get("segmentation"), _size(entry, path))
        except DatasetError as error:
            notes.append(f"annotation {name} in {path} has {error}")
            continue
        if annotation.get("iscrowd"):
            crowds[entry.get("id")].append(outline)
        else:
            objects[entry.get("id")][name] = outline
    found: dict[str, LabelledImage] = {}
    for key, entry in entries.items():
        try:
            name, photo = _photo(root, split, entry, path)
            size = _size(entry, path)
            if name in found:
                raise DatasetError(f"{path} has two images of the name {name}: keep one of them")
        except DatasetError as error:
            report(str(error), faults)
            continue
        outlines = objects.get(key, {})
        read_labels = partial(
            draw_labels, outlines=outlines, crowds=tuple(crowds.get(key, ())), size=size
        )
        found[name] = CocoImage(name, photo, path, read_labels, size=size, outlines=outlines)
    return [found[name] for name in sorted(found)]


def _size(entry: dict[str, Any], path: Path) -> tuple[int, int]:
    size = entry.get("height"), entry.get("width")
    if not all(type(n) is int and n > 0 for n in size):
        raise DatasetError(f"image {entry.get('id')!r} in {path} has no height and width")
    return size  # type: ignore[return-value]


def _photo(root: Path, split: str, entry: dict[str, Any], path: Path) -> tuple[str, Path]:
    # LVIS mixes photos of two folders and names them by their address alone.
    address = PurePosixPath(str(entry.get("coco_url") or ""))
    name = str(entry.get("file_name") or address.name)
    if not name:
        raise DatasetError(f"image {entry.get('id')!r} in {path} has no file_name")
    folders = [folder for folder in (split, address.parent.name) if folder]
    places = [base / folder / name for folder in folders for base in (root, root / "images")]
    found = next((place for place in places if place.is_file()), None)
    photo = found or root / (address.parent.name or split) / name
    return str(PurePosixPath(name).with_suffix("")), photo


def draw_labels(
    path: Path,
    outlines: dict[int, Outline],
    crowds: Sequence[Outline],
    size: tuple[int, int],
) -> Labels:
    """Draw all objects of a photo, the largest first; see `LabelledImage.read_labels`.

    Parameters
    ----------
    path : Path
        The JSON file; it is not read again.
    outlines : dict of int to Outline
        The objects by annotation; the labels 1..n are in the order of these ids.
    crowds : sequence of Outline
    size : tuple of int
        Height and width.
    """
    labels = np.zeros(size, np.int32)
    areas = {number: outline.area() for number, outline in outlines.items()}
    label_of = {number: label for label, number in enumerate(sorted(outlines), start=1)}
    for number in sorted(outlines, key=lambda number: -areas[number]):
        labels[outlines[number].draw()] = label_of[number]
    return labels, _draw_crowds(crowds, size) & (labels == 0)


def read_object(path: Path, outline: Outline, crowds: Sequence[Outline]) -> Masks:
    """Draw one object whole and the crowds around it; see `ObjectSample.read_masks`."""
    truth = outline.draw()
    return truth, _draw_crowds(crowds, outline.size) & ~truth


def _draw_crowds(crowds: Sequence[Outline], size: tuple[int, int]) -> NDArray[np.bool_]:
    void = np.zeros(size, bool)
    for outline in crowds:
        void |= outline.draw()
    return void
