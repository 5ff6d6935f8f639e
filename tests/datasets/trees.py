"""Small data sets on disk, written from the descriptions of their formats, not with our readers.

Every photo is 6 rows high and 8 columns wide. One of each set has a name beyond ASCII.
"""

import json
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.io import savemat

SIZE = (6, 8)
UMLAUT = "Bär_01"


def box(top, left, bottom, right, size=SIZE):
    """A mask of a rectangle, the end excluded."""
    mask = np.zeros(size, bool)
    mask[top:bottom, left:right] = True
    return mask


# Two objects that touch nothing, and a frame of void around the second.
FIRST = box(0, 0, 2, 3)
SECOND = box(3, 4, 5, 7)
AROUND = box(2, 3, 6, 8) & ~SECOND


def photo(path: Path, size=SIZE):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((*size, 3), 90, np.uint8)).save(path)


def gray(path: Path, values, dtype=np.uint8):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(values).astype(dtype)).save(path)


def palette(path: Path, values):
    """An indexed PNG, as VOC and DAVIS 2017 have them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(np.asarray(values, np.uint8), "P")
    picture.putpalette([(37 * index) % 256 for index in range(768)])
    picture.save(path)


def text(path: Path, *lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def voc_mask(outlines=True):
    """Objects 1 and 2; the outline of the second is 255."""
    values = np.zeros(SIZE, np.uint8)
    values[FIRST] = 1
    values[SECOND] = 2
    if outlines:
        values[AROUND] = 255
    return values


def voc_xml(path: Path, *difficult):
    objects = "".join(
        f"<object><name>dog</name><difficult>{int(flag)}</difficult>"
        f"<part><name>head</name></part></object>"
        for flag in difficult
    )
    text(path, f"<annotation><filename>{path.stem}.jpg</filename>{objects}</annotation>")


def voc(root: Path, train=("2007_1",), val=(UMLAUT, "2007_2")):
    """The tree that VOCtrainval_11-May-2012.tar unpacks to."""
    tree = root / "VOCdevkit" / "VOC2012"
    for name in (*train, *val):
        photo(tree / "JPEGImages" / f"{name}.jpg")
        palette(tree / "SegmentationObject" / f"{name}.png", voc_mask())
    lists = tree / "ImageSets" / "Segmentation"
    text(lists / "train.txt", *train)
    text(lists / "val.txt", *val)
    text(lists / "trainval.txt", *train, *val)
    return tree


def sbd_mat(path: Path, labels):
    """A file of inst/: a 1 x 1 struct with Segmentation, Boundaries and Categories."""
    path.parent.mkdir(parents=True, exist_ok=True)
    count = int(labels.max())
    boundaries = np.empty((count, 1), object)
    for index in range(count):
        boundaries[index, 0] = np.zeros(labels.shape, bool)
    instances = {
        "Segmentation": labels.astype(np.uint8),
        "Boundaries": boundaries,
        "Categories": np.full((count, 1), 12.0),
    }
    savemat(path, {"GTinst": instances}, do_compression=True)


def sbd(root: Path, train=("2008_1",), val=(UMLAUT, "2008_2")):
    """The tree that benchmark.tgz unpacks to."""
    tree = root / "benchmark_RELEASE" / "dataset"
    for name in (*train, *val):
        photo(tree / "img" / f"{name}.jpg")
        sbd_mat(tree / "inst" / f"{name}.mat", voc_mask(outlines=False))
    text(tree / "train.txt", *train)
    text(tree / "val.txt", *val)
    return tree


def runs(mask):
    """COCO's uncompressed run lengths: down the columns, starting with what is outside."""
    counts, value = [0], False
    for column in range(mask.shape[1]):
        for row in range(mask.shape[0]):
            if bool(mask[row, column]) != value:
                counts.append(0)
                value = not value
            counts[-1] += 1
    return {"size": list(mask.shape), "counts": counts}


def compressed(mask):
    """COCO's text form of `runs`: differences to the run two before, from the fourth on."""
    counts, characters = runs(mask)["counts"], []
    for index, count in enumerate(counts):
        value = count - counts[index - 2] if index > 2 else count
        while True:
            five, value = value & 31, value >> 5
            more = value != (-1 if five & 16 else 0)
            characters.append(chr(48 + five + (32 if more else 0)))
            if not more:
                break
    return {"size": list(mask.shape), "counts": "".join(characters)}


def polygon(top, left, bottom, right):
    """The corners of a rectangle, x before y, the end excluded."""
    return [left, top, right, top, right, bottom, left, bottom]


def annotation(number, image, segmentation, crowd=0):
    return {
        "id": number,
        "image_id": image,
        "category_id": 18,
        "iscrowd": crowd,
        "area": 6.0,
        "bbox": [0, 0, 1, 1],
        "segmentation": segmentation,
    }


LARGE = (1, 1, 5, 6)
SMALL = (2, 2, 4, 4)
CROWD = box(0, 4, 6, 8)


def coco_json():
    """Image 7: a large object over which a small one lies, and a crowd. Image 3: two parts."""
    height, width = SIZE
    return {
        "info": {"year": 2017},
        "categories": [{"id": 18, "name": "dog"}],
        "images": [
            {"id": 7, "file_name": "000000000007.jpg", "height": height, "width": width},
            {"id": 3, "file_name": f"{UMLAUT}.jpg", "height": height, "width": width},
        ],
        "annotations": [
            annotation(11, 7, [polygon(*SMALL)]),
            annotation(10, 7, [polygon(*LARGE)]),
            annotation(12, 7, runs(CROWD), crowd=1),
            annotation(20, 3, [polygon(0, 0, 2, 3), polygon(3, 4, 5, 7)]),
            annotation(21, 3, compressed(box(5, 0, 6, 3))),
        ],
    }


def coco(root: Path, content=None, split="val2017"):
    content = content or coco_json()
    for entry in content["images"]:
        photo(root / split / entry["file_name"])
    text(
        root / "annotations" / f"instances_{split}.json",
        json.dumps(content, ensure_ascii=False),
    )
    return root


def lvis(root: Path):
    """No crowds, no file_name: photos are named by their address, from two folders."""
    images, annotations = [], []
    for number, folder in ((5, "train2017"), (6, "val2017")):
        name = f"{number:012d}.jpg"
        photo(root / folder / name)
        images.append(
            {
                "id": number,
                "coco_url": f"http://images.cocodataset.org/{folder}/{name}",
                "height": SIZE[0],
                "width": SIZE[1],
                "not_exhaustive_category_ids": [],
                "neg_category_ids": [],
            }
        )
        entry = annotation(number, number, [polygon(*SMALL)])
        del entry["iscrowd"]
        annotations.append(entry)
    content = {"images": images, "annotations": annotations, "categories": []}
    text(root / "lvis_v1_val.json", json.dumps(content))
    return root


def davis2016(root: Path):
    """480p frames with one object of 255 each, lists of photo and mask."""
    lines = []
    for sequence, number in (("bear", "00000"), ("bear", "00001"), (UMLAUT, "00000")):
        photo(root / f"JPEGImages/480p/{sequence}/{number}.jpg")
        gray(root / f"Annotations/480p/{sequence}/{number}.png", FIRST * 255)
        lines.append(
            f"/JPEGImages/480p/{sequence}/{number}.jpg /Annotations/480p/{sequence}/{number}.png"
        )
    text(root / "ImageSets/480p/val.txt", *lines)
    text(root / "ImageSets/480p/train.txt", lines[0])
    return root


def davis2017(root: Path):
    """Palette masks with two objects; in the last frame one has left, in another all."""
    both = FIRST + 2 * SECOND
    for sequence, masks in (("judo", [both, 2 * SECOND, 0 * both]), (UMLAUT, [both])):
        for number, values in enumerate(masks):
            photo(root / f"JPEGImages/480p/{sequence}/{number:05d}.jpg")
            palette(root / f"Annotations/480p/{sequence}/{number:05d}.png", values)
    text(root / "ImageSets/2017/val.txt", "judo", UMLAUT)
    text(root / "ImageSets/2017/train.txt", "judo")
    text(root / "ImageSets/2016/val.txt", "judo")
    return root


def kitti(root: Path):
    """Two cars, a group of cars, a person and road, 16 bits."""
    values = np.full(SIZE, 7 * 256)
    values[FIRST] = 26 * 256 + 1
    values[SECOND] = 26 * 256 + 3
    values[5, 0] = 26 * 256
    values[0, 7] = 24 * 256 + 1
    for name in ("000000_10", UMLAUT):
        photo(root / "training/image_2" / f"{name}.png")
        gray(root / "training/instance" / f"{name}.png", values, np.uint16)
    return root


def folder(root: Path):
    """A mask with void and one object, and one of 0 and 255 alone."""
    photo(root / "images" / "a.png")
    gray(root / "masks" / "a.png", np.where(AROUND, 255, FIRST + 3 * SECOND))
    photo(root / "images" / f"{UMLAUT}.jpg")
    gray(root / "masks" / f"{UMLAUT}.png", FIRST * 255)
    return root
