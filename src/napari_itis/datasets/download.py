"""Fetching the data sets whose archives have a stable address and a published checksum."""

from __future__ import annotations

import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from napari_itis.datasets.base import DatasetError
from napari_itis.datasets.files import unknown_split
from napari_itis.datasets.layouts import find_layout


@dataclass(frozen=True)
class Archive:
    """A file on the network.

    Attributes
    ----------
    url : str
    checksum : str
        As its publishers or the libraries that fetch it have it, such as ``md5:...``.
    holds : str
        A file or folder in it, relative to where it is unpacked; if it is there, nothing is done.
    """

    url: str
    checksum: str
    holds: str

    @property
    def name(self) -> str:
        """The file's own name."""
        return PurePosixPath(self.url).name


_VOC = Archive(
    "http://host.robots.ox.ac.uk/pascal/VOC/voc2012/VOCtrainval_11-May-2012.tar",
    "md5:6cd6e144f989b92b3379bac3b3de84fd",
    "VOCdevkit/VOC2012/SegmentationObject",
)
_SBD = Archive(
    "http://www.eecs.berkeley.edu/Research/Projects/CS/vision/grouping/semantic_contours/"
    "benchmark.tgz",
    "md5:82b4d87ceb2ed10f6038a1cba92111cb",
    "benchmark_RELEASE/dataset/inst",
)
_COCO_JSON = Archive(
    "http://images.cocodataset.org/annotations/annotations_trainval2017.zip",
    "md5:f4bbac642086de4f52a3fdda2de5fa2c",
    "annotations/instances_val2017.json",
)
_COCO_VAL = Archive(
    "http://images.cocodataset.org/zips/val2017.zip",
    "md5:442b8da7639aecaf257c1dceb8ba8c80",
    "val2017",
)
_COCO_TRAIN = Archive(
    "http://images.cocodataset.org/zips/train2017.zip",
    "md5:cced6f7f71b7629ddf16f17bbcfab6b2",
    "train2017",
)
# 2017: the sequences of 2016 are among them, with each object by itself. TensorFlow Datasets'
# checksum.
_DAVIS = Archive(
    "https://data.vision.ee.ethz.ch/csergi/share/davis/DAVIS-2017-trainval-480p.zip",
    "sha256:e3d0b5b77c3d031b000a19e0e25e3e2cac65d183755601bc2cf066df1a2aa492",
    "DAVIS/JPEGImages/480p",
)

# Archives by layout and split; the empty split stands for an archive that has all of them.
ARCHIVES: dict[str, dict[str, tuple[Archive, ...]]] = {
    "voc": {"": (_VOC,)},
    "sbd": {"": (_SBD,)},
    "voc+sbd": {"": (_VOC, _SBD)},
    "davis": {"": (_DAVIS,)},
    "coco": {"val2017": (_COCO_JSON, _COCO_VAL), "train2017": (_COCO_JSON, _COCO_TRAIN)},
}

# Sets without a checksum that could be relied on, or behind a form.
BY_HAND = {
    "lvis": "lvis_v1_val.json and lvis_v1_train.json from https://www.lvisdataset.org/dataset",
    "grabcut": "GrabCut's images and masks with the void band",
    "berkeley": "McGuinness and O'Connor's masks with their 96 photos",
    "kitti": "data_semantics.zip from https://www.cvlibs.net/datasets/kitti/eval_instance_seg.php",
}


def find_archives(name: str, root: Path, split: str | None = None) -> tuple[Archive, ...]:
    """Say which archives a data set consists of.

    Parameters
    ----------
    name : str
        One of `DATASETS`.
    root : Path
        Where the data set shall lie, for the message.
    split : str, optional
        For sets with an archive for each split.

    Returns
    -------
    tuple of Archive

    Raises
    ------
    DatasetError
        If the set cannot be fetched; the message says where it is and how it must lie.
    """
    layout = find_layout(name)
    if name not in ARCHIVES:
        what = BY_HAND.get(name, "your own photos and masks")
        raise DatasetError(
            f"{name} has no address to download it from: put {what} into {root}, "
            f"so that it holds {layout.description}"
        )
    splits = ARCHIVES[name]
    if "" in splits:
        return splits[""]
    wanted = split or layout.evaluated or ""
    if wanted not in splits:
        raise DatasetError(unknown_split(wanted, Path(name), list(splits)))
    return splits[wanted]


def download(
    name: str,
    root: Path,
    split: str | None = None,
    progress: Callable[[str], Any] | None = None,
) -> list[Path]:
    """Fetch a data set, check it and unpack it.

    An archive that lies in `root` already, put there by hand, is checked and unpacked.

    Parameters
    ----------
    name, root, split
        See `find_archives`; missing folders are made.
    progress : callable, optional
        Takes an archive's name, returns an object with ``total``, ``update(count)``, ``reset()``
        and ``close()``, as pooch wants it.

    Returns
    -------
    list of Path
        What is there now; what was there before is left as it was.

    Raises
    ------
    DatasetError
        If there is no such set, no network, no room, or a file that is not what it should be.
    """
    archives = find_archives(name, root, split)
    root.mkdir(parents=True, exist_ok=True)
    for archive in archives:
        if not (root / archive.holds).exists():
            _fetch(archive, root, find_layout(name).description, progress)
    return [root / archive.holds for archive in archives]


def _fetch(
    archive: Archive, root: Path, layout: str, progress: Callable[[str], Any] | None
) -> None:
    import pooch
    from requests.exceptions import RequestException

    pooch.get_logger().setLevel("WARNING")
    path = root / archive.name
    by_hand = path.exists()
    if by_hand and not pooch.hashes.hash_matches(path, archive.checksum):
        raise DatasetError(
            f"{path} is not the file it should be ({archive.checksum}): remove it and start again"
        )
    try:
        bar = progress(archive.name) if progress else False
        pooch.retrieve(
            archive.url,
            archive.checksum,
            fname=archive.name,
            path=root,
            downloader=pooch.HTTPDownloader(progressbar=bar, timeout=60),
        )
    except (RequestException, OSError) as error:
        # What requests says is a chain of objects over many lines; the name of the error will do.
        reason = error.strerror or type(error).__name__
        raise DatasetError(
            f"cannot download {archive.url} ({reason}): put it at {path} by hand "
            f"and start again, or lay out {root} as {layout}"
        ) from None
    except ValueError:
        raise DatasetError(
            f"{archive.url} is not the file it should be ({archive.checksum}): start again, or "
            f"get it elsewhere and put it at {path}"
        ) from None
    _unpack(path, root)
    if not (root / archive.holds).exists():
        raise DatasetError(f"{path} holds no {archive.holds}: expected {layout}")
    if not by_hand:
        path.unlink()


def _unpack(path: Path, root: Path) -> None:
    # Beside the target, so that moving is renaming: what is there is there as a whole.
    with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=root) as scratch:
        try:
            if zipfile.is_zipfile(path):
                _unzip(path, Path(scratch))
            else:
                _untar(path, Path(scratch))
        except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError) as error:
            raise DatasetError(f"cannot unpack {path}: {error}") from None
        for entry in sorted(Path(scratch).iterdir()):
            _merge(entry, root / entry.name)


def _untar(path: Path, folder: Path) -> None:
    # Python 3.11 knows filters from 3.11.4 on; Debian 12 has an older one.
    wanted = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
    with tarfile.open(path) as archive:
        for member in archive:
            if member.isfile() or member.isdir():
                _require_inside(member.name, folder)
                archive.extract(member, folder, set_attrs=False, **wanted)


def _unzip(path: Path, folder: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        for member in archive.namelist():
            _require_inside(member, folder)
        archive.extractall(folder)


def _require_inside(member: str, folder: Path) -> None:
    if not (folder / member.replace("\\", "/")).resolve().is_relative_to(folder.resolve()):
        raise OSError(f"{member} would be written outside of the folder")


def _merge(source: Path, target: Path) -> None:
    if source.is_dir() and target.is_dir():
        for entry in sorted(source.iterdir()):
            _merge(entry, target / entry.name)
    elif not target.exists():
        shutil.move(source, target)
