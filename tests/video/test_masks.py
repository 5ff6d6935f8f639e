"""Masks of many programs become the objects that they are, and edits never reach the files."""

import pickle

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_itis.video.mask_files import read_mask_file
from napari_itis.video.masks import MaskSequence
from napari_itis.video.palette import davis_palette
from napari_itis.video.stack import VideoError

SIZE = (120, 160)


def scene():
    """Objects 2 and 5, which touch, and 3, which is too thin to have an inside."""
    labels = np.zeros(SIZE, np.uint8)
    cv2.circle(labels, (60, 60), 30, 5, -1)
    cv2.circle(labels, (100, 70), 22, 2, -1)
    cv2.line(labels, (20, 100), (140, 112), 3, 1)
    return labels


def thick():
    labels = scene()
    labels[labels == 3] = 0
    return labels


def with_palette(labels):
    image = Image.fromarray(labels)
    image.putpalette(davis_palette().ravel().tolist())
    return image


@pytest.fixture
def save(tmp_path):
    def to_file(image, name="00000.png", **options):
        image = image if isinstance(image, Image.Image) else Image.fromarray(image)
        image.save(tmp_path / name, **options)
        return tmp_path / name

    return to_file


def test_the_palette_is_that_of_davis():
    palette = davis_palette()
    assert palette[:8].tolist() == [
        [0, 0, 0],
        [128, 0, 0],
        [0, 128, 0],
        [128, 128, 0],
        [0, 0, 128],
        [128, 0, 128],
        [0, 128, 128],
        [128, 128, 128],
    ]
    assert palette[255].tolist() == [224, 224, 192]
    assert len(np.unique(palette, axis=0)) == 256


class TestFiles:
    @pytest.mark.parametrize(
        "stored",
        [
            with_palette,
            Image.fromarray,
            lambda labels: davis_palette()[labels],
            lambda labels: np.dstack([davis_palette()[labels], np.full(SIZE, 255, np.uint8)]),
            lambda labels: labels.astype(np.uint16),
        ],
        ids=["palette", "gray", "colours", "colours with alpha", "16 bit"],
    )
    def test_objects_are_read_as_they_are(self, save, stored):
        labels, problems = read_mask_file(save(stored(scene())))
        assert labels.dtype == np.int32 and np.array_equal(labels, scene())
        assert problems == []

    @pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA"])
    def test_black_and_white_is_one_object(self, save, mode):
        image = Image.fromarray((scene() > 0).astype(np.uint8) * np.uint8(255)).convert(mode)
        labels, problems = read_mask_file(save(image))
        assert np.array_equal(labels, scene() > 0) and problems == []

    def test_ids_beyond_bytes_are_kept(self, tmp_path):
        expected = scene().astype(np.int32) * 70000
        tifffile.imwrite(tmp_path / "0.tif", expected)
        labels, problems = read_mask_file(tmp_path / "0.tif")
        assert np.array_equal(labels, expected) and problems == []

    def test_a_palette_in_another_order_follows_the_colours(self, save):
        image = Image.fromarray(davis_palette()[scene()]).quantize(8)
        assert set(np.unique(image)) == {0, 1, 2, 3}
        labels, problems = read_mask_file(save(image))
        assert np.array_equal(labels, scene())
        assert len(problems) == 1 and "00000.png" in problems[0]

    def test_void_is_no_object(self, save):
        values = scene()
        values[50:70] = 255
        labels, problems = read_mask_file(save(values))
        assert set(np.unique(labels)) == {0, 2, 3, 5} and not labels[50:70].any()
        assert len(problems) == 1 and "255" in problems[0]


class TestSmoothing:
    @pytest.mark.parametrize(
        "smooth",
        [
            lambda image: cv2.GaussianBlur(image, (3, 3), 0.8),
            lambda image: cv2.GaussianBlur(image, (7, 7), 1.5),
            lambda image: cv2.resize(cv2.resize(image, (107, 80)), SIZE[::-1]),
        ],
        ids=["little", "much", "resized"],
    )
    @pytest.mark.parametrize(
        "stored",
        [lambda labels: labels, lambda labels: davis_palette()[labels]],
        ids=["ids", "colours"],
    )
    def test_smoothed_edges_make_no_objects(self, save, smooth, stored):
        expected = thick()
        smoothed = smooth(stored(expected))
        labels, problems = read_mask_file(save(smoothed))
        assert set(np.unique(labels)) == {0, 2, 5}
        assert np.count_nonzero(labels != expected) < 0.02 * expected.size
        assert len(problems) == 1 and "00000.png" in problems[0]

    @pytest.mark.parametrize("sigma", [0.5, 1.0, 3.0])
    def test_soft_black_and_white_is_one_object(self, save, sigma):
        hard = (thick() > 0).astype(np.uint8) * np.uint8(255)
        labels, problems = read_mask_file(save(cv2.GaussianBlur(hard, (0, 0), sigma)))
        assert set(np.unique(labels)) == {0, 1}
        assert np.count_nonzero(labels != (hard > 0)) < 0.02 * hard.size
        assert len(problems) == 1

    def test_a_jpeg_is_one_object(self, save):
        hard = (thick() > 0).astype(np.uint8) * np.uint8(255)
        labels, _ = read_mask_file(save(hard, "0.jpg", quality=60))
        assert set(np.unique(labels)) == {0, 1}
        assert np.count_nonzero(labels != (hard > 0)) < 0.005 * hard.size

    def test_many_small_objects_are_no_smoothing(self, save):
        values = np.zeros(SIZE, np.uint8)
        for label in range(1, 255):
            row, column = divmod(label - 1, 20)
            values[2 + 9 * row :, :][:5, 1 + 8 * column :][:, :5] = label
        values[:1] = 254
        labels, problems = read_mask_file(save(values))
        assert np.array_equal(labels, values) and problems == []

    def test_specks_are_objects_only_where_the_video_has_them(self, save):
        values = scene()
        values[5:7, 5:7] = 9
        path = save(with_palette(values))
        assert np.array_equal(read_mask_file(path)[0], scene())
        labels, problems = read_mask_file(path, known={2, 3, 5})
        assert np.array_equal(labels, scene())
        assert len(problems) == 1 and "9" in problems[0]
        assert np.array_equal(read_mask_file(path, known={2, 3, 5, 9})[0], values)

    def test_a_small_object_in_black_and_white_is_kept(self, save):
        values = np.zeros(SIZE, np.uint8)
        values[5:7, 5:7] = 255
        assert read_mask_file(save(values), known={1})[0].sum() == 4


class TestStrangers:
    def test_a_colour_of_nobody_is_background_and_named(self, save):
        colours = davis_palette()[scene()].copy()
        colours[5:20, 5:20] = (250, 30, 200)
        labels, problems = read_mask_file(save(colours))
        assert np.array_equal(labels, scene())
        assert len(problems) == 1 and "#fa1ec8" in problems[0]

    def test_a_colour_near_an_objects_counts_as_it(self, save):
        colours = davis_palette()[thick()].astype(int)
        colours[thick() == 2] += (3, -5, 4)
        labels, problems = read_mask_file(save(colours.clip(0, 255).astype(np.uint8)))
        assert np.array_equal(labels, thick())
        assert len(problems) == 1

    @pytest.mark.parametrize(
        "write",
        [
            lambda path: path.write_bytes(b"no image"),
            lambda path: None,
            lambda path: tifffile.imwrite(path, np.full(SIZE, 0.5, np.float32)),
            lambda path: tifffile.imwrite(path, -scene().astype(np.int16)),
            lambda path: tifffile.imwrite(path, np.zeros((5, *SIZE), np.uint8)),
        ],
        ids=["no image", "missing", "fractions", "negative", "a stack"],
    )
    def test_what_is_no_mask_is_refused(self, tmp_path, write):
        path = tmp_path / "00000.tif"
        write(path)
        labels, problems = read_mask_file(path)
        assert labels is None
        assert len(problems) == 1 and "00000.tif" in problems[0] and "\n" not in problems[0]

    def test_another_size_of_the_same_shape_is_resized(self, save):
        large = cv2.resize(thick(), (320, 240), interpolation=cv2.INTER_NEAREST)
        labels, problems = read_mask_file(save(large), size=SIZE)
        assert labels.shape == SIZE and np.count_nonzero(labels != thick()) < 0.01 * labels.size
        assert len(problems) == 1 and "320 x 240" in problems[0] and "160 x 120" in problems[0]

    def test_another_shape_is_refused(self, save):
        labels, problems = read_mask_file(save(thick()[:100]), size=SIZE)
        assert labels is None and "160 x 100" in problems[0]


NAMES = [f"{index:05d}" for index in range(12)]


@pytest.fixture
def folder(tmp_path):
    """Masks in which object 2 moves right; those of frames 4 and 9 do not exist."""
    for index in range(12):
        if index not in (4, 9):
            with_palette(np.roll(thick(), index, axis=1)).save(tmp_path / f"{index:05d}.png")
    return tmp_path


class TestSequence:
    def test_it_is_an_array_of_labels(self, folder):
        masks = MaskSequence(folder, NAMES, SIZE)
        assert masks.shape == (12, *SIZE) and masks.dtype == np.int32 and masks.ndim == 3
        expected = np.stack(
            [np.roll(thick(), i, axis=1) * np.uint8(i not in (4, 9)) for i in range(12)]
        )
        assert np.array_equal(np.asarray(masks), expected)
        for key in [3, (3, slice(2, 70)), slice(3, 8), (slice(5, 6), slice(0, 9), slice(3, 9))]:
            assert np.array_equal(masks[key], expected[key])
        at = tuple(np.random.default_rng(0).integers(0, size, 40) for size in masks.shape)
        assert np.array_equal(masks[at], expected[at])

    def test_a_frame_without_a_mask_is_counted_and_no_error(self, folder):
        masks = MaskSequence(folder, NAMES, SIZE)
        assert masks.missing == [4, 9] and masks.read(4) is None and not masks[4].any()
        assert masks.problems == []

    def test_it_tells_the_objects(self, folder):
        values = thick()
        values[100:110, 100:110] = 7
        with_palette(values).save(folder / "00007.png")
        masks = MaskSequence(folder, NAMES, SIZE)
        assert set(masks.labels()) >= {2, 5}
        np.asarray(masks)
        assert masks.labels() == [2, 5, 7] and np.max(masks) == 7

    def test_a_mask_that_cannot_be_used_is_as_none(self, folder):
        (folder / "00003.png").write_bytes(b"no image")
        heard = []
        masks = MaskSequence(folder, NAMES, SIZE, on_problem=heard.append)
        assert not masks[3].any() and masks.read(3) is None
        assert len(heard) == 1 and "00003.png" in heard[0]

    def test_specks_do_not_depend_on_what_was_read_first(self, folder):
        values = np.roll(thick(), 6, axis=1)
        values[5:7, 5:7] = 9
        with_palette(values).save(folder / "00006.png")
        found = []
        for order in (range(12), range(11, -1, -1)):
            masks = MaskSequence(folder, NAMES, SIZE)
            found.append({index: masks[index] for index in order}[6])
        assert np.array_equal(*found) and set(np.unique(found[0])) == {0, 2, 5}

    def test_masks_are_found_by_number_where_names_differ(self, folder):
        for path in list(folder.iterdir()):
            path.rename(folder / f"mask_{int(path.stem)}.png")
        masks = MaskSequence(folder, [f"frame{i:03d}" for i in range(12)], SIZE)
        assert np.array_equal(masks[5], np.roll(thick(), 5, axis=1)) and masks.missing == [4, 9]

    def test_masks_counted_from_one_are_taken_in_order(self, tmp_path):
        for index in range(3):
            with_palette(np.roll(thick(), index, axis=1)).save(tmp_path / f"m{index + 1}.png")
        masks = MaskSequence(tmp_path, ["00000", "00001", "00002"], SIZE)
        assert np.array_equal(masks[2], np.roll(thick(), 2, axis=1))
        assert len(masks.problems) == 1

    def test_files_of_no_frame_are_named(self, folder):
        masks = MaskSequence(folder, NAMES[:10], SIZE)
        assert "00010.png" in masks.problems[0]

    def test_a_folder_of_something_else_is_one_line(self, folder):
        with pytest.raises(VideoError, match=r"expected other\.png"):
            MaskSequence(folder, ["other"], SIZE)
        with pytest.raises(VideoError, match="cannot list"):
            MaskSequence(folder / "nowhere", NAMES, SIZE)

    def test_masks_that_do_not_exist_yet_are_empty(self):
        masks = MaskSequence(None, NAMES, SIZE)
        assert not masks[3].any() and masks.labels() == [] and len(masks.missing) == 12
        masks[3, 10:20, 10:20] = 1
        assert masks[3].sum() == 100 and masks.labels() == [1]


class TestEdits:
    @pytest.mark.parametrize(
        "key, value",
        [
            (3, 7),
            ((3, slice(10, 20), slice(10, 20)), 7),
            ((slice(3, 4), slice(10, 20), slice(10, 20)), np.full((1, 10, 10), 7)),
            ((slice(2, 6), 3), 7),
            ((np.array([3, 8, 3]), np.array([1, 2, 3]), np.array([4, 5, 6])), np.array([7, 8, 9])),
            ((np.array([3, 8]), slice(0, 2)), 7),
            ((..., 5, 5), 7),
        ],
    )
    def test_assigning_is_numpys(self, folder, key, value):
        masks = MaskSequence(folder, NAMES, SIZE)
        expected = np.asarray(masks)
        masks[key] = value
        expected[key] = value
        assert np.array_equal(np.asarray(masks), expected)
        assert np.array_equal(masks[3], expected[3]) and np.array_equal(masks.read(3), expected[3])

    def test_files_stay_as_they_are(self, folder):
        before = {path.name: path.read_bytes() for path in folder.iterdir()}
        masks = MaskSequence(folder, NAMES, SIZE)
        masks[:] = 1
        masks.close()
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
        assert (masks[5] == 1).all()

    def test_what_was_handed_out_is_nobodys_mask(self, folder):
        masks = MaskSequence(folder, NAMES, SIZE)
        for _ in range(2):
            masks[3][:] = 9
            masks.read(3)[:] = 9
            assert np.array_equal(masks[3], np.roll(thick(), 3, axis=1))
            masks[4, 0, 0] = 1

    def test_it_knows_what_was_changed(self, folder):
        masks = MaskSequence(folder, NAMES, SIZE)
        masks[5, :10] = 1
        masks[6] = masks[6]
        before = masks.changes
        masks[2, :10] = 1
        assert masks.edited == [2, 5] and masks.edited_since(before) == [2]
        masks.restore(5)
        assert masks.edited == [2] and masks.edited_since(before) == [2, 5]
        assert np.array_equal(masks[5], np.roll(thick(), 5, axis=1))

    def test_many_edited_frames_are_all_kept(self):
        names = [str(index) for index in range(60)]
        masks = MaskSequence(None, names, SIZE)
        for index in range(60):
            masks[index, index] = index + 250
        copy = pickle.loads(pickle.dumps(masks))
        for these in (masks, copy):
            for index in range(60):
                assert (these[index][index] == index + 250).all()
                assert np.count_nonzero(these[index]) == SIZE[1]
