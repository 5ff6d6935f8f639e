"""What is written as a `folder` data set is what is read again."""

import numpy as np
import pytest

from napari_itis.datasets import DatasetError, read_array, read_training_set
from napari_itis.datasets.folder_writing import file_name, write_pair

RNG = np.random.default_rng(0)


def pixels(dtype, *channels):
    values = RNG.uniform(0, 1, (12, 17, *channels))
    return values.astype(dtype) if np.dtype(dtype).kind == "f" else (values * 250).astype(dtype)


@pytest.mark.parametrize(
    "image",
    [
        pixels(np.uint8),
        pixels(np.uint8, 3),
        pixels(np.uint8, 4),
        (pixels(np.float64) * 60_000).astype(np.uint16),
        pixels(np.uint16, 3),
        pixels(np.float32),
        pixels(np.float64, 3),
        pixels(np.int16),
    ],
    ids=lambda image: f"{image.dtype} {image.shape}",
)
def test_images_are_read_as_they_were(tmp_path, image):
    labels = np.zeros((12, 17), np.int32)
    labels[2:5, 3:9] = 255
    written = write_pair(tmp_path, "a", image, labels)
    again = read_array(written.image)
    assert again.dtype == image.dtype and np.array_equal(again, image)
    (one,) = read_training_set("folder", tmp_path)
    _, read, void = one.load()
    assert np.array_equal(read, labels) and not void.any()


def test_ids_that_would_be_void_or_do_not_fit_get_free_ones(tmp_path):
    labels = np.zeros((12, 17), np.int64)
    labels[0], labels[1], labels[2], labels[3] = 1, 65535, 65534, 9_000_000_000
    written = write_pair(tmp_path, "a", pixels(np.uint8), labels)
    assert written.moved == {65535: 2, 9_000_000_000: 3}
    (one,) = read_training_set("folder", tmp_path)
    read, void = one.labels()
    assert [read[row, 0] for row in range(5)] == [1, 2, 65534, 3, 0] and not void.any()


@pytest.mark.parametrize(
    ("image", "labels", "said"),
    [
        (pixels(np.uint8), np.zeros((12, 16), int), "12 pixels"),
        (pixels(np.uint8), np.zeros((12, 17)), "whole numbers"),
        (pixels(np.uint8), np.full((12, 17), -1), "negative"),
        (pixels(np.uint8, 2), np.zeros((12, 17), int), "(12, 17, 2)"),
        (pixels(np.uint8).astype(complex), np.zeros((12, 17), int), "complex"),
    ],
)
def test_what_is_no_pair_is_refused_and_leaves_nothing(tmp_path, image, labels, said):
    with pytest.raises(DatasetError) as caught:
        write_pair(tmp_path, "a", image, labels)
    assert said in str(caught.value) and "\n" not in str(caught.value)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_files_of_others_are_never_overwritten(tmp_path):
    labels = np.ones((12, 17), int)
    write_pair(tmp_path, "a", pixels(np.float32), labels)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*")}
    with pytest.raises(DatasetError, match=r"a\.tif is there already"):
        write_pair(tmp_path, "a", pixels(np.uint8), labels)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.*")} == before


def test_a_full_disk_leaves_no_half_of_a_pair(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tifffile.imwrite", full)
    with pytest.raises(OSError, match="No space"):
        write_pair(tmp_path, "a", pixels(np.float32), np.ones((12, 17), int))
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_names_are_those_that_files_can_have(tmp_path):
    assert file_name("cells [1]: day 2/3") == "cells-1-day-2-3"
    assert file_name("../..") == "image" and file_name("") == "image"
    assert file_name("con") == "image-con"
    assert len(file_name("x" * 500)) == 100
    assert file_name("Größe_1.tif") == "Größe_1.tif"
    with pytest.raises(DatasetError, match="no name for a file"):
        write_pair(tmp_path, "../a", pixels(np.uint8), np.ones((12, 17), int))
