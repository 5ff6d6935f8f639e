"""Given masks: where they are looked for, which frames are the worst, what the first click does."""

import numpy as np
import pytest
from PIL import Image

from napari_itis.datasets import DatasetError, ObjectSample
from napari_itis.evaluation import MaskFolder, corrections, every_nth, worst_frames
from napari_itis.evaluation.starting_masks import sequence_of

SHAPE = (20, 30)


def read_square(path):
    truth = np.zeros(SHAPE, bool)
    truth[5:15, 5:15] = True
    return truth, np.zeros_like(truth)


def frame(name, folder):
    return ObjectSample(name, folder / "photo.jpg", folder / "mask.png", read_square)


@pytest.fixture
def save(tmp_path):
    def write(name, values):
        path = tmp_path / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.asarray(values, np.uint8)).save(path)

    return write


def rows(count):
    """The upper rows of the square: an IoU of count / 10."""
    mask = np.zeros(SHAPE, np.uint8)
    mask[5 : 5 + count, 5:15] = 255
    return mask


class TestMaskFolder:
    def test_a_file_for_each_object(self, tmp_path, save):
        save("a", rows(3))
        save("b_2", rows(4))
        masks = MaskFolder(tmp_path)
        assert np.count_nonzero(masks(frame("a", tmp_path))) == 30
        assert np.count_nonzero(masks(frame("b:2", tmp_path))) == 40

    def test_results_of_a_video_method(self, tmp_path, save):
        save("bear/00000", rows(3))
        labels = np.zeros(SHAPE, np.uint8)
        labels[5:7, 5:15], labels[7:10, 5:15] = 1, 2
        save("dogs/00000", labels)
        save("cat/00000", rows(6))
        masks = MaskFolder(tmp_path)
        for name, count in (
            ("bear/00000", 30),
            ("dogs/00000:1", 20),
            ("dogs/00000:2", 30),
            ("dogs/00000:3", 0),
            ("cat/00000:1", 60),
        ):
            assert np.count_nonzero(masks(frame(name, tmp_path))) == count, name

    def test_palette_images_are_read_by_their_indices(self, tmp_path):
        (tmp_path / "dogs").mkdir()
        image = Image.fromarray(np.full(SHAPE, 2, np.uint8))
        image.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0])
        image.save(tmp_path / "dogs" / "00000.png")
        assert MaskFolder(tmp_path)(frame("dogs/00000:2", tmp_path)).all()

    def test_what_is_wrong(self, tmp_path, save):
        masks = MaskFolder(tmp_path)
        with pytest.raises(DatasetError, match=r"no initial mask for a: expected .*a\.png"):
            masks(frame("a", tmp_path))
        save("a", np.zeros((*SHAPE, 3)))
        with pytest.raises(DatasetError, match="3 channels"):
            masks(frame("a", tmp_path))
        (tmp_path / "b.png").write_text("broken")
        with pytest.raises(DatasetError, match=r"b\.png"):
            masks(frame("b", tmp_path))


class TestFrames:
    @pytest.fixture
    def samples(self, tmp_path):
        names = [f"bear/{n:05d}" for n in range(5)]
        names += [f"dogs/{n:05d}:{label}" for n in range(2) for label in (1, 2)]
        return [frame(name, tmp_path) for name in names]

    def test_tracks(self, samples, tmp_path):
        assert sequence_of(samples[0]) == "bear"
        assert sequence_of(samples[-1]) == "dogs:2"
        assert sequence_of(frame("a:1", tmp_path)) is None

    def test_every_nth_frame_of_each_track(self, samples):
        chosen = [sample.id for sample in every_nth(samples, 2)]
        assert chosen == ["bear/00000", "bear/00002", "bear/00004", "dogs/00000:1", "dogs/00000:2"]

    def test_the_worst_frame_of_each_track(self, samples):
        quality = {"bear/00003": 2, "dogs/00001:1": 3, "dogs/00000:2": 0}
        chosen = worst_frames(samples, lambda sample: rows(quality.get(sample.id, 9)) > 0)
        assert [sample.id for sample in chosen] == list(quality)

    def test_small_objects_and_bad_files_are_left_out(self, samples):
        def masks(sample):
            if sample.id == "bear/00000":
                raise DatasetError("broken")
            return rows(5) > 0

        with pytest.raises(DatasetError, match="broken"):
            worst_frames(samples, masks)
        chosen = worst_frames(samples, masks, skip_bad=True)
        assert chosen[0].id == "bear/00001"
        assert worst_frames(samples, masks, skip_bad=True, min_area=101) == []

    def test_masks_of_another_size(self, samples):
        with pytest.raises(DatasetError, match="bear/00000"):
            worst_frames(samples, lambda sample: np.zeros((3, 3), bool))

    def test_objects_that_are_no_frames(self, tmp_path):
        samples = [frame("a", tmp_path)]
        for choose in (
            lambda: every_nth(samples, 2),
            lambda: worst_frames(samples, MaskFolder(tmp_path)),
        ):
            with pytest.raises(DatasetError, match="SEQUENCE/FRAME"):
                choose()


class TestCorrections:
    def test_counted_by_hand(self):
        found = corrections([[0.7], [0.4], [0.96], [0.85], [0.8]], [0.5, 0.5, 0.92, 0.95, 0.7])
        assert found["bad"] == {"below": 0.6, "frames": 2, "mean_gain": pytest.approx(0.05)}
        # One mask gains 0.04, the other loses 0.1.
        assert found["good"] == {
            "above": 0.9,
            "frames": 2,
            "mean_loss": pytest.approx(0.03),
            "largest_loss": pytest.approx(0.1),
        }

    def test_none_of_a_kind(self):
        found = corrections([[0.8]], [0.7])
        assert found["bad"]["frames"] == found["good"]["frames"] == 0
        assert found["bad"]["mean_gain"] is None
        assert found["good"]["largest_loss"] is None
