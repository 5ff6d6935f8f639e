"""COCO and LVIS on small trees: polygons, run lengths, crowds, overlaps, and what is broken."""

import logging
import pickle

import numpy as np
import pytest

from napari_itis.datasets import DatasetError, read_dataset, read_training_set


@pytest.fixture
def broken(trees, tmp_path):
    """Write the tree with one more annotation."""

    def write(segmentation, image=7):
        content = trees.coco_json()
        content["annotations"].append(trees.annotation(99, image, segmentation))
        return trees.coco(tmp_path, content)

    return write


class TestObjects:
    def test_polygons_keep_what_others_cover(self, trees, tmp_path, same):
        samples = read_dataset("coco", trees.coco(tmp_path))
        assert [s.id for s in samples] == [
            "000000000007/10",
            "000000000007/11",
            "Bär_01/20",
            "Bär_01/21",
        ]
        same(samples[0], trees.box(*trees.LARGE), trees.CROWD)
        same(samples[1], trees.box(*trees.SMALL), trees.CROWD)

    def test_several_parts_are_one_object(self, trees, tmp_path, same):
        samples = read_dataset("coco", trees.coco(tmp_path))
        same(samples[2], trees.FIRST | trees.SECOND)

    def test_run_lengths(self, trees, tmp_path, same):
        samples = read_dataset("coco", trees.coco(tmp_path))
        same(samples[3], trees.box(5, 0, 6, 3))

    @pytest.mark.parametrize("form", ["runs", "compressed"])
    def test_run_lengths_of_a_ragged_mask(self, broken, trees, form, same):
        ragged = np.random.default_rng(3).random(trees.SIZE) < 0.4
        ragged[0, 0] = True
        root = broken(getattr(trees, form)(ragged), image=3)
        (sample,) = (s for s in read_dataset("coco", root) if s.id.endswith("/99"))
        same(sample, ragged)

    def test_compressed_run_lengths_as_pycocotools_writes_them(self, trees, broken, same):
        coco_mask = pytest.importorskip("pycocotools.mask")
        mask = np.random.default_rng(4).random(trees.SIZE) < 0.5
        coded = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
        root = broken({"size": coded["size"], "counts": coded["counts"].decode()}, image=3)
        (sample,) = (s for s in read_dataset("coco", root) if s.id.endswith("/99"))
        same(sample, mask)

    def test_long_runs(self, trees):
        from napari_itis.datasets.outlines import parse_outline

        mask = np.zeros((300, 500), bool)
        mask[20:280, 30:480] = True
        mask[100:110, 40:60] = False
        for form in (trees.runs(mask), trees.compressed(mask)):
            outline = parse_outline(form, mask.shape)
            np.testing.assert_array_equal(outline.draw(), mask)
            assert outline.area() == mask.sum()

    def test_samples_can_be_sent_to_workers(self, trees, tmp_path):
        sample = read_dataset("coco", trees.coco(tmp_path))[1]
        assert pickle.loads(pickle.dumps(sample)).load()[1].sum() == 4


class TestTraining:
    def test_smaller_objects_lie_over_larger_ones_and_crowds_under_all(self, trees, tmp_path):
        images = read_training_set("coco", trees.coco(tmp_path, split="train2017"))
        assert [i.id for i in images] == ["000000000007", "Bär_01"]
        labels, void = pickle.loads(pickle.dumps(images[0])).labels()
        large, small = trees.box(*trees.LARGE), trees.box(*trees.SMALL)
        np.testing.assert_array_equal(labels, np.where(small, 2, large))
        np.testing.assert_array_equal(void, trees.CROWD & ~large)

    def test_a_photo_without_objects_is_background(self, trees, tmp_path):
        content = trees.coco_json()
        content["annotations"] = content["annotations"][:1]
        images = read_training_set("coco", trees.coco(tmp_path, content), "val2017")
        labels, void = images[1].labels()
        assert not labels.any()
        assert not void.any()


class TestWhatIsBroken:
    @pytest.mark.parametrize(
        ("segmentation", "says"),
        [
            ([], "an empty segmentation"),
            ([[]], "a polygon of 0 points"),
            ([[1, 1, 3, 3]], "a polygon of 2 points"),
            ([[1, 1, 3, 3, 2]], "no list of x, y"),
            ([[1, 1, 3, 3, None, 2]], "no numbers"),
            ([["a", 1, 3, 3, 1, 2]], "no numbers"),
            ("what", "neither polygons nor run lengths"),
            ({"size": [8, 6], "counts": [48]}, r"run lengths of size \[8, 6\]: expected \[6, 8\]"),
            ({"size": [6, 8], "counts": [10, 20]}, "run lengths of 30 pixels: the photo has 48"),
            ({"size": [6, 8], "counts": [60, -12]}, "no list of numbers"),
            ({"size": [6, 8], "counts": "0000"}, "run lengths of 0 pixels"),
            ({"size": [6, 8], "counts": "P"}, "cut off"),
            ({"size": [6, 8], "counts": "ä"}, "with the character 'ä'"),
            ({"size": [6, 8]}, "no list of numbers"),
        ],
    )
    def test_an_annotation_is_left_out_and_named(self, broken, caplog, segmentation, says):
        root = broken(segmentation)
        with caplog.at_level(logging.WARNING):
            assert len(read_dataset("coco", root)) == 4
        assert "1 annotations are left out" in caplog.text
        faults = []
        assert len(read_dataset("coco", root, faults=faults)) == 4
        assert len(faults) == 1
        with pytest.raises(DatasetError, match=f"^annotation 99 in .*val2017.json has .*{says}"):
            raise DatasetError(faults[0])

    def test_an_annotation_of_no_image(self, broken):
        faults = []
        read_dataset("coco", broken([[0, 0, 0, 3, 3, 3]], image=5), faults=faults)
        assert "has the image 5, which is not listed" in faults[0]

    def test_an_object_smaller_than_a_pixel_is_none(self, broken):
        assert len(read_dataset("coco", broken([[1, 1, 1.01, 1, 1, 1.01]]))) == 4

    def test_a_missing_photo(self, trees, tmp_path):
        root = trees.coco(tmp_path)
        (root / "val2017" / "Bär_01.jpg").unlink()
        with pytest.raises(DatasetError, match=r"no photo for .*: expected .*Bär_01\.jpg"):
            read_dataset("coco", root)

    def test_a_photo_of_another_size(self, trees, tmp_path):
        root = trees.coco(tmp_path)
        trees.photo(root / "val2017" / "Bär_01.jpg", (7, 8))
        with pytest.raises(DatasetError, match=r"json is 8 x 6 pixels, its photo Bär_01\.jpg"):
            read_dataset("coco", root)

    @pytest.mark.parametrize(
        "content", ["{", "[]", '{"images": 3}', '{"images": [], "annotations": 2}']
    )
    def test_no_annotations(self, trees, tmp_path, content):
        trees.text(tmp_path / "annotations/instances_val2017.json", content)
        with pytest.raises(DatasetError, match=r"instances_val2017\.json") as caught:
            read_dataset("coco", tmp_path)
        assert "\n" not in str(caught.value)

    def test_file_names_with_folders(self, trees, tmp_path):
        content = trees.coco_json()
        for entry, folder in zip(content["images"], ("left", "right")):
            entry["file_name"] = f"{folder}/one.jpg"
        images = read_training_set("coco", trees.coco(tmp_path, content), "val2017")
        assert [i.id for i in images] == ["left/one", "right/one"]
        assert all(i.image_path.is_file() for i in images)

    def test_two_images_of_one_name(self, trees, tmp_path):
        content = trees.coco_json()
        content["images"][0]["file_name"] = content["images"][1]["file_name"]
        with pytest.raises(DatasetError, match=r"has two images of the name Bär_01"):
            read_dataset("coco", trees.coco(tmp_path, content))

    def test_no_images(self, trees, tmp_path):
        trees.coco(tmp_path, {"images": [], "annotations": []})
        with pytest.raises(DatasetError, match=r"val2017\.json lists no images"):
            read_dataset("coco", tmp_path)

    def test_an_image_without_its_size(self, trees, tmp_path):
        content = trees.coco_json()
        del content["images"][0]["height"]
        trees.coco(tmp_path, content)
        with pytest.raises(DatasetError, match=r"image 7 in .* has no height and width"):
            read_dataset("coco", tmp_path)

    def test_an_unknown_split_names_those_that_exist(self, trees, tmp_path):
        root = trees.coco(tmp_path)
        with pytest.raises(DatasetError, match=r"no split 'val2014' .*expected one of val2017"):
            read_dataset("coco", root, "val2014")

    def test_without_pycocotools(self, trees, tmp_path, monkeypatch):
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
        with pytest.raises(DatasetError, match=r'pip install "napari-itis\[eval\]"'):
            read_dataset("coco", trees.coco(tmp_path))


class TestLvis:
    def test_photos_of_two_folders(self, trees, tmp_path, same):
        samples = read_dataset("lvis", trees.lvis(tmp_path))
        assert [s.id for s in samples] == ["000000000005/5", "000000000006/6"]
        assert [s.image_path.parent.name for s in samples] == ["train2017", "val2017"]
        same(samples[0], trees.box(*trees.SMALL))

    def test_annotations_in_their_own_folder(self, trees, tmp_path):
        root = trees.lvis(tmp_path)
        (root / "annotations").mkdir()
        (root / "lvis_v1_val.json").rename(root / "annotations" / "lvis_v1_train.json")
        assert len(read_training_set("lvis", root)) == 2
