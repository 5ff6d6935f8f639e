"""VOC, SBD and the paper's merge of both, on small trees."""

import pickle

import numpy as np
import pytest

from napari_itis.datasets import DatasetError, read_dataset, read_training_set


class TestVoc:
    def test_objects_and_void(self, trees, tmp_path, same):
        trees.voc(tmp_path)
        samples = read_dataset("voc", tmp_path)
        assert [s.id for s in samples] == ["2007_2/1", "2007_2/2", "Bär_01/1", "Bär_01/2"]
        same(samples[0], trees.FIRST, trees.AROUND)
        same(samples[3], trees.SECOND, trees.AROUND)

    def test_the_tree_is_found_from_three_places(self, trees, tmp_path):
        tree = trees.voc(tmp_path)
        for root in (tree, tree.parent, tmp_path):
            assert len(read_dataset("voc", root, "trainval")) == 6

    def test_difficult_objects_are_void(self, trees, tmp_path, same):
        tree = trees.voc(tmp_path)
        trees.voc_xml(tree / "Annotations" / "2007_2.xml", False, True)
        samples = read_dataset("voc", tmp_path)
        assert [s.id for s in samples] == ["2007_2/1", "Bär_01/1", "Bär_01/2"]
        same(samples[0], trees.FIRST, trees.AROUND | trees.SECOND)

    def test_an_xml_file_that_counts_other_objects_tells_nothing(self, trees, tmp_path):
        tree = trees.voc(tmp_path)
        trees.voc_xml(tree / "Annotations" / "2007_2.xml", True, True, True)
        assert len(read_dataset("voc", tmp_path)) == 4

    def test_a_broken_xml_file_is_one_line(self, trees, tmp_path):
        tree = trees.voc(tmp_path)
        trees.text(tree / "Annotations" / "2007_2.xml", "<annotation><object>")
        with pytest.raises(DatasetError, match=r"cannot read .*2007_2\.xml") as caught:
            read_dataset("voc", tmp_path)
        assert "\n" not in str(caught.value)

    def test_all_objects_of_an_image(self, trees, tmp_path):
        trees.voc(tmp_path)
        (image,) = read_training_set("voc", tmp_path)
        assert image.id == "2007_1"
        photo, labels, void = pickle.loads(pickle.dumps(image)).load()
        assert photo.dtype == np.uint8
        assert labels.dtype == np.int32
        np.testing.assert_array_equal(labels, trees.FIRST + 2 * trees.SECOND)
        np.testing.assert_array_equal(void, trees.AROUND)
        assert image.areas(labels) == {"2007_1/1": 6, "2007_1/2": 6}

    def test_an_unknown_split_names_those_that_exist(self, trees, tmp_path):
        trees.voc(tmp_path)
        with pytest.raises(DatasetError, match=r"no split 'test' in .*: .* train, trainval, val$"):
            read_dataset("voc", tmp_path, "test")

    def test_an_empty_list(self, trees, tmp_path):
        tree = trees.voc(tmp_path)
        trees.text(tree / "ImageSets/Segmentation/val.txt", "", "  ")
        with pytest.raises(DatasetError, match=r"the list .*val\.txt is empty"):
            read_dataset("voc", tmp_path)

    def test_a_list_that_is_no_text(self, trees, tmp_path):
        tree = trees.voc(tmp_path)
        (tree / "ImageSets/Segmentation/val.txt").write_bytes(b"\xff\xfe\x00B\xe4r")
        with pytest.raises(DatasetError, match=r"cannot read the list .*val\.txt"):
            read_dataset("voc", tmp_path)

    @pytest.mark.parametrize(
        ("broken", "says"),
        [
            ("JPEGImages/2007_2.jpg", r"no photo for the mask .*: expected .*2007_2\.jpg"),
            ("SegmentationObject/2007_2.png", r"no mask for the photo .*: expected .*2007_2\.png"),
        ],
    )
    def test_a_missing_file_is_found_at_the_start(self, trees, tmp_path, broken, says):
        tree = trees.voc(tmp_path)
        (tree / broken).unlink()
        with pytest.raises(DatasetError, match=says):
            read_dataset("voc", tmp_path)
        faults = []
        assert len(read_dataset("voc", tmp_path, faults=faults)) == 2
        assert len(faults) == 1

    def test_a_mask_of_another_size_is_found_at_the_start(self, trees, tmp_path):
        tree = trees.voc(tmp_path)
        trees.palette(tree / "SegmentationObject" / "2007_2.png", np.ones((6, 9)))
        with pytest.raises(DatasetError, match=r"2007_2\.png is 9 x 6 pixels, its photo .* 8 x 6"):
            read_dataset("voc", tmp_path)

    def test_a_mask_with_colors(self, trees, tmp_path):
        tree = trees.voc(tmp_path)
        trees.photo(tree / "SegmentationObject" / "2007_2.png")
        with pytest.raises(DatasetError, match=r"2007_2\.png has 3 channels"):
            read_dataset("voc", tmp_path)

    def test_corrupt_files(self, trees, tmp_path):
        tree = trees.voc(tmp_path)
        (tree / "JPEGImages" / "2007_2.jpg").write_bytes(b"no photo")
        (tree / "SegmentationObject" / "Bär_01.png").write_bytes(b"no mask")
        faults = []
        with pytest.raises(DatasetError, match="no objects in"):
            read_dataset("voc", tmp_path, faults=faults)
        assert len(faults) == 2
        assert "2007_2.jpg" in faults[0]
        assert "Bär_01.png" in faults[1]

    def test_another_tree(self, tmp_path):
        with pytest.raises(DatasetError, match=r"no folder SegmentationObject/ in .*: expected"):
            read_dataset("voc", tmp_path)


class TestSbd:
    def test_objects(self, trees, tmp_path, same):
        trees.sbd(tmp_path)
        samples = read_dataset("sbd", tmp_path)
        assert [s.id for s in samples] == ["2008_2/1", "2008_2/2", "Bär_01/1", "Bär_01/2"]
        same(samples[0], trees.FIRST)
        same(samples[3], trees.SECOND)

    def test_training_takes_train(self, trees, tmp_path):
        tree = trees.sbd(tmp_path)
        (image,) = read_training_set("sbd", tree)
        np.testing.assert_array_equal(image.labels()[0], trees.FIRST + 2 * trees.SECOND)

    def test_a_file_that_is_cut_off(self, trees, tmp_path):
        tree = trees.sbd(tmp_path)
        path = tree / "inst" / "2008_2.mat"
        path.write_bytes(path.read_bytes()[:200])
        with pytest.raises(DatasetError, match=r"cannot read .*2008_2\.mat: ") as caught:
            read_dataset("sbd", tmp_path)
        assert "\n" not in str(caught.value)

    def test_a_file_of_something_else(self, trees, tmp_path):
        from scipy.io import savemat

        tree = trees.sbd(tmp_path)
        savemat(tree / "inst" / "2008_2.mat", {"GTcls": {"Segmentation": np.ones((6, 8))}})
        with pytest.raises(DatasetError, match=r"2008_2\.mat has no GTinst\.Segmentation"):
            read_dataset("sbd", tmp_path)

    def test_an_unknown_split_names_those_that_exist(self, trees, tmp_path):
        trees.sbd(tmp_path)
        with pytest.raises(
            DatasetError, match=r"no split 'train_noval' .*expected one of train, val"
        ):
            read_dataset("sbd", tmp_path, "train_noval")


class TestTheMerge:
    @pytest.fixture
    def root(self, trees, tmp_path):
        trees.voc(tmp_path, train=("both", "only_voc"), val=("held_back",))
        trees.sbd(tmp_path, train=("both", "held_back"), val=("only_sbd", "Bär_01"))
        return tmp_path

    def test_what_is_in_it(self, root):
        images = read_training_set("voc+sbd", root)
        assert [i.id for i in images] == ["Bär_01", "both", "only_sbd", "only_voc"]

    def test_the_annotation_of_voc_wins(self, root, trees):
        images = {i.id: i for i in read_training_set("voc+sbd", root)}
        assert images["both"].mask_path.suffix == ".png"
        np.testing.assert_array_equal(images["both"].labels()[1], trees.AROUND)
        assert images["only_sbd"].mask_path.suffix == ".mat"
        assert not images["only_sbd"].labels()[1].any()

    def test_it_has_one_split(self, root):
        with pytest.raises(DatasetError, match=r"no split 'val' .*: expected one of train"):
            read_training_set("voc+sbd", root, "val")

    def test_without_sbd(self, trees, tmp_path):
        trees.voc(tmp_path)
        with pytest.raises(DatasetError, match=r"no folder inst/ .*: expected VOCdevkit"):
            read_training_set("voc+sbd", tmp_path)
