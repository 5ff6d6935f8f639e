"""DAVIS 2016 and 2017 and KITTI's instances, on small trees and on some of the real DAVIS."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from napari_itis.datasets import DatasetError, read_dataset, read_training_set
from napari_itis.evaluation import MaskFolder, every_nth, worst_frames

REAL_DAVIS = Path(__file__).parents[3] / "shared" / "data" / "eval" / "DAVIS"


class TestDavis2016:
    def test_one_object_a_frame(self, trees, tmp_path, same):
        samples = read_dataset("davis", trees.davis2016(tmp_path))
        assert [s.id for s in samples] == ["Bär_01/00000", "bear/00000", "bear/00001"]
        for sample in samples:
            same(sample, trees.FIRST)

    def test_255_is_the_object_and_nothing_is_void(self, trees, tmp_path):
        (image,) = read_training_set("davis", trees.davis2016(tmp_path))
        labels, void = pickle.loads(pickle.dumps(image)).labels()
        np.testing.assert_array_equal(labels, trees.FIRST.astype(int))
        assert not void.any()

    def test_a_mask_with_color_channels(self, trees, tmp_path, same):
        root = trees.davis2016(tmp_path)
        rgba = np.dstack(
            [trees.FIRST * 255, *np.full((2, *trees.SIZE), 0), np.full(trees.SIZE, 255)]
        )
        trees.gray(root / "Annotations/480p/bear/00000.png", rgba)
        same(read_dataset("davis", root)[1], trees.FIRST)

    def test_a_frame_without_the_object_is_no_object(self, trees, tmp_path):
        root = trees.davis2016(tmp_path)
        trees.gray(root / "Annotations/480p/bear/00000.png", np.zeros(trees.SIZE))
        assert [s.id for s in read_dataset("davis", root)] == ["Bär_01/00000", "bear/00001"]
        assert len(read_training_set("davis", root, "val")) == 3

    @pytest.mark.parametrize(("kind", "says"), [("JPEGImages", "photo"), ("Annotations", "mask")])
    def test_a_missing_file(self, trees, tmp_path, kind, says):
        root = trees.davis2016(tmp_path)
        suffix = "jpg" if says == "photo" else "png"
        (root / kind / "480p/bear" / f"00001.{suffix}").unlink()
        with pytest.raises(DatasetError, match=rf"no {says} for .*: expected .*00001\.{suffix}"):
            read_dataset("davis", root)

    def test_a_line_with_one_path(self, trees, tmp_path):
        root = trees.davis2016(tmp_path)
        trees.text(root / "ImageSets/480p/val.txt", "/JPEGImages/480p/bear/00000.jpg")
        with pytest.raises(DatasetError, match=r"val\.txt has the line .*expected a photo and its"):
            read_dataset("davis", root)


class TestDavis2017:
    def test_each_object_of_each_frame(self, trees, tmp_path, same):
        samples = read_dataset("davis", trees.davis2017(tmp_path))
        assert [s.id for s in samples] == [
            "Bär_01/00000:1",
            "Bär_01/00000:2",
            "judo/00000:1",
            "judo/00000:2",
            "judo/00001:2",
        ]
        same(samples[2], trees.FIRST)
        same(samples[4], trees.SECOND)

    def test_evaluation_knows_tracks_and_given_masks(self, trees, tmp_path):
        root = trees.davis2017(tmp_path)
        samples = read_dataset("davis", root)
        masks = MaskFolder(root / "Annotations" / "480p")
        for sample in samples:
            np.testing.assert_array_equal(masks(sample), sample.masks()[0])
        assert [s.id for s in worst_frames(samples, masks)] == [s.id for s in samples[:4]]
        assert len(every_nth(samples, 2)) == 4

    def test_all_objects_of_a_frame(self, trees, tmp_path):
        images = read_training_set("davis", trees.davis2017(tmp_path))
        assert [i.id for i in images] == ["judo/00000", "judo/00001", "judo/00002"]
        labels, void = images[0].labels()
        np.testing.assert_array_equal(labels, trees.FIRST + 2 * trees.SECOND)
        assert not void.any()

    def test_the_task_of_2016_joins_the_objects(self, trees, tmp_path, same):
        samples = read_dataset("davis", trees.davis2017(tmp_path), "2016/val")
        assert [s.id for s in samples] == ["judo/00000", "judo/00001"]
        same(samples[0], trees.FIRST | trees.SECOND)

    def test_both_years_in_one_folder(self, trees, tmp_path):
        trees.davis2016(tmp_path)
        trees.davis2017(tmp_path)
        assert len(read_dataset("davis", tmp_path, "480p/train")) == 1
        assert read_dataset("davis", tmp_path)[-1].id == "judo/00001:2"

    def test_the_folder_that_the_archive_was_unpacked_in(self, trees, tmp_path):
        inside = read_dataset("davis", trees.davis2017(tmp_path / "DAVIS"))
        assert [s.id for s in read_dataset("davis", tmp_path)] == [s.id for s in inside]

    def test_255_alone_is_the_object(self, trees, tmp_path, same):
        root = trees.davis2017(tmp_path)
        trees.palette(root / "Annotations/480p/judo/00000.png", trees.FIRST * 255)
        same(read_dataset("davis", root, "train")[0], trees.FIRST)

    def test_the_mask_of_the_first_frame_alone(self, trees, tmp_path):
        root = trees.davis2017(tmp_path)
        for number in ("00001", "00002"):
            (root / f"Annotations/480p/judo/{number}.png").unlink()
        assert len(read_training_set("davis", root)) == 1

    def test_a_frame_without_mask_between_others(self, trees, tmp_path):
        root = trees.davis2017(tmp_path)
        (root / "Annotations/480p/judo/00001.png").unlink()
        with pytest.raises(DatasetError, match=r"no mask for .*00001\.jpg: expected .*00001\.png"):
            read_dataset("davis", root)

    def test_a_sequence_that_is_not_there(self, trees, tmp_path):
        root = trees.davis2017(tmp_path)
        trees.text(root / "ImageSets/2017/val.txt", "judo", "nowhere")
        with pytest.raises(DatasetError, match=r"no folder .*nowhere for the sequence nowhere"):
            read_dataset("davis", root)
        faults = []
        assert len(read_dataset("davis", root, faults=faults)) == 3
        assert len(faults) == 1

    def test_an_unknown_split_names_those_that_exist(self, trees, tmp_path):
        root = trees.davis2017(tmp_path)
        with pytest.raises(DatasetError, match=r"expected one of 2016/val, 2017/train, 2017/val"):
            read_dataset("davis", root, "2017/test-dev")

    def test_an_empty_list(self, trees, tmp_path):
        root = trees.davis2017(tmp_path)
        trees.text(root / "ImageSets/2017/val.txt")
        with pytest.raises(DatasetError, match=r"val\.txt is empty"):
            read_dataset("davis", root)


@pytest.mark.skipif(not REAL_DAVIS.is_dir(), reason="no DAVIS beside the checkout")
def test_the_real_davis():
    images = read_training_set("davis", REAL_DAVIS, "val")
    assert len({image.id.partition("/")[0] for image in images}) == 4
    photo, labels, void = images[0].load()
    assert photo.shape == (480, 854, 3)
    assert np.unique(labels).tolist() == [0, 1]
    assert not void.any()


class TestKitti:
    def test_cars(self, trees, tmp_path, same):
        samples = read_dataset("kitti", trees.kitti(tmp_path))
        assert [s.id for s in samples] == ["000000_10/1", "000000_10/3", "Bär_01/1", "Bär_01/3"]
        group = trees.box(5, 0, 6, 1)
        same(samples[0], trees.FIRST, group)
        same(samples[1], trees.SECOND, group)

    def test_other_classes_are_background(self, trees, tmp_path):
        image = read_training_set("kitti", trees.kitti(tmp_path) / "training")[0]
        labels, void = image.labels()
        np.testing.assert_array_equal(labels, trees.FIRST + 3 * trees.SECOND)
        assert np.argwhere(void).tolist() == [[5, 0]]

    def test_8_bits_are_no_instances(self, trees, tmp_path):
        root = trees.kitti(tmp_path)
        trees.gray(root / "training/instance/Bär_01.png", np.full(trees.SIZE, 26))
        with pytest.raises(DatasetError, match=r"Bär_01\.png has 8 bits: .*class \* 256"):
            read_dataset("kitti", root)

    def test_a_photo_without_mask(self, trees, tmp_path):
        root = trees.kitti(tmp_path)
        (root / "training/instance/Bär_01.png").unlink()
        with pytest.raises(DatasetError, match=r"no mask for .*Bär_01\.png"):
            read_dataset("kitti", root)

    def test_no_photos(self, trees, tmp_path):
        root = trees.kitti(tmp_path)
        for path in (root / "training/image_2").iterdir():
            path.unlink()
        with pytest.raises(DatasetError, match=r"no photos in .*image_2"):
            read_dataset("kitti", root)

    def test_another_tree(self, tmp_path):
        with pytest.raises(DatasetError, match=r"no folder instance/ in .*: expected training/"):
            read_dataset("kitti", tmp_path)
