"""The layout `folder`: what users have of their own."""

import numpy as np
import pytest

from napari_itis.datasets import DatasetError, read_dataset, read_training_set
from napari_itis.datasets.folder import images


class TestReading:
    def test_objects_void_and_255_alone(self, trees, tmp_path, same):
        samples = read_dataset("folder", trees.folder(tmp_path))
        assert [s.id for s in samples] == ["Bär_01:1", "a:1", "a:3"]
        same(samples[0], trees.FIRST)
        same(samples[2], trees.SECOND, trees.AROUND)

    def test_16_bits(self, trees, tmp_path):
        root = trees.folder(tmp_path)
        values = np.where(trees.AROUND, 65535, 255 * trees.FIRST + 300 * trees.SECOND)
        trees.gray(root / "masks/a.png", values, np.uint16)
        image = read_training_set("folder", root)[1]
        labels, void = image.labels()
        assert image.areas(labels) == {"a:255": 6, "a:300": 6}
        np.testing.assert_array_equal(void, trees.AROUND)

    def test_a_photo_without_objects_is_background(self, trees, tmp_path):
        root = trees.folder(tmp_path)
        trees.gray(root / "masks/a.png", np.zeros(trees.SIZE))
        assert len(read_dataset("folder", root)) == 1
        assert len(read_training_set("folder", root)) == 2


class TestWhatIsBroken:
    def test_the_first_fault_is_raised_and_all_are_collected(self, trees, tmp_path):
        root = trees.folder(tmp_path)
        trees.photo(root / "images/b.png")
        trees.photo(root / "images/b.jpg")
        trees.gray(root / "masks/c.png", trees.FIRST)
        with pytest.raises(DatasetError, match=r"b\.jpg and b\.png share a name"):
            read_training_set("folder", root)
        faults = []
        assert [image.id for image in images(root, faults)] == ["Bär_01", "a"]
        assert len(faults) == 3
        assert "share a name" in faults[0]
        assert "no mask for" in faults[1]
        assert "c.png" in faults[2]

    def test_a_mask_with_colors(self, trees, tmp_path):
        root = trees.folder(tmp_path)
        trees.photo(root / "masks/a.png")
        with pytest.raises(DatasetError, match=r"a\.png has 3 channels: a mask has one"):
            read_dataset("folder", root)
        faults = []
        assert len(read_dataset("folder", root, faults=faults)) == 1
        assert len(faults) == 1

    def test_a_mask_of_fractions(self, trees, tmp_path):
        import tifffile

        root = trees.folder(tmp_path)
        (root / "masks/a.png").unlink()
        tifffile.imwrite(root / "masks/a.tif", np.full(trees.SIZE, 0.5, np.float32))
        with pytest.raises(DatasetError, match=r"a\.tif holds float32 values that are no ids"):
            read_dataset("folder", root)

    def test_a_tiff_photo_of_another_size(self, trees, tmp_path):
        import tifffile

        root = trees.folder(tmp_path)
        (root / "images/a.png").unlink()
        tifffile.imwrite(root / "images/a.tif", np.zeros((7, 8), np.uint8))
        with pytest.raises(
            DatasetError, match=r"a\.png is 8 x 6 pixels, its photo a\.tif is 8 x 7"
        ):
            read_dataset("folder", root)

    def test_no_object_anywhere(self, trees, tmp_path):
        trees.photo(tmp_path / "images/a.png")
        trees.gray(tmp_path / "masks/a.png", np.zeros(trees.SIZE))
        with pytest.raises(DatasetError, match=r"no objects in .*: every mask is empty"):
            read_dataset("folder", tmp_path)
