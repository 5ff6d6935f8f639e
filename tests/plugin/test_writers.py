"""Masks that are saved from napari, read back with nothing but Pillow."""

import numpy as np
import pytest
import tifffile
from napari.components import ViewerModel
from PIL import Image

from napari_itis.plugin.writers import SavingError

SIZE = (40, 60)
NAMES = ["shot_7", "shot_8", "shot_9", "shot_10"]


@pytest.fixture(autouse=True)
def plugins():
    """As napari starts with them."""
    from napari.plugins import _initialize_plugins

    _initialize_plugins()


def mask(index):
    labels = np.zeros(SIZE, np.uint8)
    labels[10:25, 5 + index : 20 + index] = 1
    labels[20:35, 30:40] = 2 + index
    return labels


def davis_colour(label):
    """The colour map as the benchmark defines it, bit by bit."""
    colour = [0, 0, 0]
    for place in range(8):
        for channel in range(3):
            colour[channel] |= (label >> channel & 1) << (7 - place)
        label >>= 3
    return colour


@pytest.fixture
def clip(tmp_path):
    """Frames with the masks of some method beside them."""
    (tmp_path / "clip").mkdir()
    (tmp_path / "masks").mkdir()
    for index, name in enumerate(NAMES):
        Image.fromarray(np.full((*SIZE, 3), 9 * index, np.uint8)).save(
            tmp_path / "clip" / f"{name}.png"
        )
        Image.fromarray(mask(index)).save(tmp_path / "masks" / f"{name}.png")
    return tmp_path / "clip"


@pytest.fixture
def layers(clip):
    return ViewerModel().open(str(clip), plugin="napari-itis")


def save(layer, path):
    from napari.plugins.io import save_layers

    return save_layers(str(path), [layer], plugin="napari-itis")


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("name", ["out", "out.png"])
def test_the_folder_equals_the_layer(layers, tmp_path, name):
    _, masks = layers
    masks.paint((2, 5, 50), 7)
    assert save(masks, tmp_path / name) == [str(tmp_path / "out")]
    assert sorted(files(tmp_path / "out")) == sorted(f"{stem}.png" for stem in NAMES)
    for index, stem in enumerate(NAMES):
        with Image.open(tmp_path / "out" / f"{stem}.png") as image:
            assert image.mode == "P" and image.size == (SIZE[1], SIZE[0])
            indices = np.asarray(image)
            assert indices.dtype == np.uint8
            assert np.array_equal(indices, masks.data[index])
            palette = np.reshape(image.getpalette(), (-1, 3))
            assert palette.tolist() == [davis_colour(label) for label in range(256)]
    assert np.array_equal(masks.data[0], mask(0))


def test_saving_again_writes_what_has_changed(layers, tmp_path):
    _, masks = layers
    save(masks, tmp_path / "out")
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    masks.paint((3, 5, 50), 7)
    save(masks, tmp_path / "out")
    after = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    assert [name for name in before if before[name] != after[name]] == ["shot_10.png"]
    assert np.array_equal(Image.open(tmp_path / "out" / "shot_10.png"), masks.data[3])


def test_what_was_opened_is_not_written_to(layers, clip):
    _, masks = layers
    masks.paint((3, 5, 50), 7)
    for folder in (clip, clip.parent / "masks"):
        before = files(folder)
        with pytest.raises(SavingError, match="choose another folder"):
            save(masks, folder)
        assert files(folder) == before


def test_files_of_others_are_not_replaced(layers, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "shot_9.png").write_bytes(b"mine")
    with pytest.raises(SavingError, match=r"shot_9\.png"):
        save(layers[1], tmp_path / "out")
    assert files(tmp_path / "out") == {"shot_9.png": b"mine"}


def test_any_labels_layer_can_be_saved(tmp_path):
    stack = np.stack([mask(index) for index in range(4)]).astype(np.int64)
    layer = ViewerModel().add_labels(stack)
    save(layer, tmp_path / "stack")
    assert sorted(files(tmp_path / "stack")) == [f"0000{index}.png" for index in range(4)]
    assert np.array_equal(Image.open(tmp_path / "stack" / "00003.png"), stack[3])

    still = ViewerModel().add_labels(stack[1])
    assert save(still, tmp_path / "still.png") == [str(tmp_path / "still.png")]
    with Image.open(tmp_path / "still.png") as image:
        assert image.mode == "P" and np.array_equal(image, stack[1])

    with pytest.raises(SavingError, match="this layer has 4"):
        save(ViewerModel().add_labels(stack[None]), tmp_path / "more")


def test_large_ids_go_into_a_tiff(tmp_path):
    stack = np.stack([mask(index) for index in range(4)]).astype(np.int32)
    stack[2, 0, 0] = 300
    layer = ViewerModel().add_labels(stack)
    with pytest.raises(SavingError, match=r"object 300.*TIFF"):
        save(layer, tmp_path / "stack")
    assert save(layer, tmp_path / "stack.tif") == [str(tmp_path / "stack.tif")]
    read = tifffile.imread(tmp_path / "stack.tif")
    assert read.dtype == np.uint16 and np.array_equal(read, stack)


def test_a_tiff_of_masks_read_lazily(layers, tmp_path):
    _, masks = layers
    masks.paint((1, 5, 50), 9)
    save(masks, tmp_path / "masks.tif")
    assert np.array_equal(tifffile.imread(tmp_path / "masks.tif"), np.asarray(masks.data))


def test_corrected_masks_open_again_with_their_video(layers, clip):
    _, masks = layers
    masks.paint((1, 5, 50), 9)
    save(masks, masks.metadata["napari-itis"]["source"].output)
    _, again = ViewerModel().open(str(clip), plugin="napari-itis")
    assert np.array_equal(np.asarray(again.data), np.asarray(masks.data))
