"""Small trees in the layouts of GrabCut and Berkeley, whole ones and broken ones."""

import pickle

import numpy as np
import pytest
from PIL import Image

from napari_itis.datasets import DatasetError, read_dataset, read_training_set


def save(path, values):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(values, np.uint8)).save(path)


def photo(path, size=(4, 6)):
    save(path, np.full((*size, 3), 90))


@pytest.fixture
def grabcut(tmp_path):
    for name in ("lion", "ant"):
        photo(tmp_path / "data_GT" / f"{name}.jpg")
        mask = np.zeros((4, 6))
        mask[1:3, 1:5] = 128
        mask[1:3, 2:4] = 255
        save(tmp_path / "boundary_GT" / f"{name}.png", mask)
    return tmp_path


@pytest.fixture
def berkeley(tmp_path):
    mask = np.zeros((4, 6))
    mask[1:3, 2:4] = 255
    for name in ("100", "189011", "20"):
        photo(tmp_path / "images" / f"{name}.jpg")
        save(tmp_path / "masks" / f"{name}.png", mask)
    save(
        tmp_path / "masks" / "189011a.png",
        np.flipud(np.where(np.arange(4)[:, None] > 2, 255, 0)) + np.zeros((4, 6)),
    )
    return tmp_path


class TestGrabCut:
    def test_object_and_void(self, grabcut):
        samples = read_dataset("grabcut", grabcut)
        assert [sample.id for sample in samples] == ["ant", "lion"]
        image, truth, void = samples[0].load()
        assert image.shape == (4, 6, 3)
        assert image.dtype == np.uint8
        assert truth.dtype == void.dtype == bool
        assert np.argwhere(truth).tolist() == [[1, 2], [1, 3], [2, 2], [2, 3]]
        assert np.argwhere(void).tolist() == [[1, 1], [1, 4], [2, 1], [2, 4]]

    def test_a_broken_photo_is_found_at_the_start(self, grabcut):
        (grabcut / "data_GT" / "lion.jpg").write_text("broken")
        with pytest.raises(DatasetError, match=r"not an image .*lion\.jpg"):
            read_dataset("grabcut", grabcut)
        faults = []
        assert [s.id for s in read_dataset("grabcut", grabcut, faults=faults)] == ["ant"]
        assert len(faults) == 1

    @pytest.mark.parametrize("suffix", ["jpg", "png"])
    def test_a_photo_that_is_cut_off_is_found_at_the_start(self, grabcut, suffix):
        noise = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
        (grabcut / "data_GT" / "lion.jpg").unlink()
        path = grabcut / "data_GT" / f"lion.{suffix}"
        save(path, noise)
        save(grabcut / "boundary_GT" / "lion.png", np.full((64, 96), 255))
        assert len(read_dataset("grabcut", grabcut)) == 2
        path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
        with pytest.raises(DatasetError, match=rf"cannot read .*lion\.{suffix}"):
            read_dataset("grabcut", grabcut)

    def test_listing_for_training_reads_no_pixels(self, grabcut):
        (grabcut / "data_GT" / "lion.jpg").write_text("broken")
        assert len(read_training_set("grabcut", grabcut)) == 2

    def test_missing_mask_is_named(self, grabcut):
        (grabcut / "boundary_GT" / "lion.png").unlink()
        with pytest.raises(DatasetError, match=r"no mask for .*lion\.jpg: expected .*lion\.png"):
            read_dataset("grabcut", grabcut)

    def test_what_vanishes_later_is_named(self, grabcut):
        lion = read_dataset("grabcut", grabcut)[1]
        (grabcut / "boundary_GT" / "lion.png").unlink()
        with pytest.raises(DatasetError, match=r"no mask for .*lion\.jpg: expected .*lion\.png"):
            lion.require_files()
        with pytest.raises(DatasetError, match=r"no such image file: .*lion\.png"):
            lion.load()

    def test_mask_of_another_size(self, grabcut):
        save(grabcut / "boundary_GT" / "lion.png", np.full((4, 7), 255))
        with pytest.raises(DatasetError, match=r"lion\.png is 7 x 4 .* lion\.jpg is 6 x 4"):
            read_dataset("grabcut", grabcut)

    def test_mask_without_object(self, grabcut):
        save(grabcut / "boundary_GT" / "lion.png", np.full((4, 6), 128))
        with pytest.raises(DatasetError, match=r"lion\.png holds no pixel"):
            read_dataset("grabcut", grabcut)

    def test_unknown_value(self, grabcut):
        save(grabcut / "boundary_GT" / "lion.png", np.full((4, 6), 77))
        with pytest.raises(DatasetError, match=r"lion\.png has the value 77"):
            read_dataset("grabcut", grabcut)

    def test_no_such_folder(self, tmp_path):
        with pytest.raises(DatasetError, match="no such folder"):
            read_dataset("grabcut", tmp_path / "nowhere")

    def test_another_layout(self, tmp_path):
        (tmp_path / "images").mkdir()
        with pytest.raises(DatasetError, match="no folder data_GT/"):
            read_dataset("grabcut", tmp_path)

    def test_a_mask_without_photo_is_found(self, grabcut):
        save(grabcut / "boundary_GT" / "bee.png", np.full((4, 6), 255))
        with pytest.raises(DatasetError, match=r"no photo for .*bee\.png: expected .*bee\.jpg"):
            read_dataset("grabcut", grabcut)

    def test_all_objects_of_an_image(self, grabcut):
        image = read_training_set("grabcut", grabcut)[0]
        photo, labels, void = pickle.loads(pickle.dumps(image)).load()
        assert photo.shape == (4, 6, 3)
        assert labels.dtype == np.int32
        assert np.unique(labels).tolist() == [0, 1]
        assert labels.sum() == void.sum() == 4

    def test_there_are_no_splits(self, grabcut):
        with pytest.raises(DatasetError, match=r"no split 'val' .*this layout .* has no splits"):
            read_dataset("grabcut", grabcut, "val")

    def test_empty_set(self, tmp_path):
        (tmp_path / "data_GT").mkdir()
        (tmp_path / "boundary_GT").mkdir()
        with pytest.raises(DatasetError, match="no photos in"):
            read_dataset("grabcut", tmp_path)

    def test_two_photos_of_one_name(self, grabcut):
        photo(grabcut / "data_GT" / "lion.png")
        with pytest.raises(DatasetError, match="share a name"):
            read_dataset("grabcut", grabcut)

    def test_samples_can_be_sent_to_workers(self, grabcut):
        sample = read_dataset("grabcut", grabcut)[0]
        assert pickle.loads(pickle.dumps(sample)).load()[1].sum() == 4


class TestBerkeley:
    def test_one_sample_per_object(self, berkeley):
        samples = read_dataset("berkeley", berkeley)
        assert [sample.id for sample in samples] == ["100", "189011", "189011a", "20"]
        assert samples[2].image_path == samples[1].image_path
        _, truth, void = samples[0].load()
        assert truth.sum() == 4
        assert not void.any()
        assert samples[2].masks()[0].sum() == 6

    def test_an_objects_own_copy_of_the_photo_is_preferred(self, berkeley):
        photo(berkeley / "images" / "189011a.jpg")
        assert read_dataset("berkeley", berkeley)[2].image_path.name == "189011a.jpg"

    def test_a_photo_without_mask_and_a_mask_without_photo_are_found(self, berkeley):
        photo(berkeley / "images" / "555.jpg")
        save(berkeley / "masks" / "777.png", np.full((4, 6), 255))
        found = []
        assert len(read_dataset("berkeley", berkeley, faults=found)) == 4
        assert len(found) == 2
        assert "no mask for" in found[0]
        assert "555" in found[0]
        assert "no photo for" in found[1]
        assert "777" in found[1]


def test_unknown_data_set(tmp_path):
    with pytest.raises(DatasetError, match=r"'pascal'.*voc, .*grabcut, berkeley, .*folder"):
        read_dataset("pascal", tmp_path)
