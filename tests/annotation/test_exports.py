"""Annotations in the formats of others, read by the programs of others where there are any."""

import csv
import json
import threading

import numpy as np
import pytest
import tifffile
from PIL import Image
from skimage.draw import polygon2mask

from napari_itis.annotation import AnnotationSession
from napari_itis.annotation.exports import FORMATS, Export, ExportError, export
from napari_itis.annotation.exports.coco import compress, run_lengths
from napari_itis.annotation.exports.polygons import polygons
from napari_itis.annotation.metadata import PixelSize
from napari_itis.clicks import Click

from .annotating import SHAPE, disc, settle

SIZE = PixelSize(0.5, 0.25, 0.125, "µm")


@pytest.fixture
def session():
    """Two cells of which one covers the other, and a ring that another program has made."""
    session = AnnotationSession(SHAPE, clock=lambda: 1_700_000_000.25)
    ring = disc(40, 60, 12) & ~disc(40, 60, 5)
    session.give_masks(lambda frame: ring * np.int32(7), labels=[7])
    for label, (y, x) in ((1, (20, 20)), (2, (20, 32.5))):
        session.add_click((), label, Click(y, x, True))
        settle(session)
    session.add_click((), 2, Click(5, 5, False))
    settle(session)
    session.rename(1, "cell")
    session.rename(2, "cell")
    return session


@pytest.fixture
def stack():
    """Object 1 on two of four slices, object 2 on one of them."""
    session = AnnotationSession(SHAPE, slices=(4,))
    session.set_mask((1,), 1, disc(20, 20, 8))
    session.set_mask((3,), 1, disc(20, 20, 9))
    session.set_mask((3,), 2, disc(40, 40, 5))
    session.rename(2, "Zelle/groß: ../1")
    return session


def written(tmp_path, name, session, image="a photo.jpg", stem="out", **options):
    kind = FORMATS[name]
    path = tmp_path / f"{stem}{'' if kind.is_folder(session.slices) else kind.suffix}"
    assert export(path, name, Export(session, image, SIZE, **options))
    return path


def test_label_images_are_the_pixels_of_the_session(session, stack, tmp_path):
    tiff = tifffile.imread(written(tmp_path, "tiff", session))
    assert tiff.dtype == np.uint8 and np.array_equal(tiff, session.compose(()))
    png = np.asarray(Image.open(written(tmp_path, "png", session)))
    assert png.dtype == np.uint8 and np.array_equal(png, session.compose(()))
    tiff = tifffile.imread(written(tmp_path, "tiff", stack, stem="stack"))
    expected = np.stack([stack.compose((index,)) for index in range(4)])
    assert np.array_equal(tiff, expected)
    folder = written(tmp_path, "png", stack)
    assert sorted(path.name for path in folder.iterdir()) == [
        f"a_photo_{index:05d}.png" for index in range(4)
    ]
    for index in range(4):
        found = np.asarray(Image.open(folder / f"a_photo_{index:05d}.png"))
        assert np.array_equal(found, expected[index])


@pytest.mark.parametrize(
    ("label", "bits"), [(254, 8), (255, 16), (65_535, 16), (65_536, 32), (2**31 - 1, 32)]
)
def test_pixels_are_as_wide_as_the_labels_need(label, bits, tmp_path):
    session = AnnotationSession(SHAPE)
    session.set_mask((), label, disc(20, 20, 8))
    found = tifffile.imread(written(tmp_path, "tiff", session))
    assert found.dtype.itemsize * 8 == bits and found[20, 20] == label
    if bits <= 16:
        found = np.asarray(Image.open(written(tmp_path, "png", session)))
        assert found[20, 20] == label and found.max() == label
    else:
        with pytest.raises(ExportError, match=f"object {label} does not fit.*TIFF"):
            written(tmp_path, "png", session)
        assert not list(tmp_path.glob("*.png"))
    written(tmp_path, "coco", session)
    found = json.loads((tmp_path / "out.json").read_text())
    assert found["annotations"][0]["object"] == label


@pytest.mark.parametrize("label", [300, 70_000])
def test_objects_that_nobody_has_looked_at_keep_their_labels(label, tmp_path):
    """Of a video's masks only some frames are known: object 300 became 44."""
    masks = np.zeros((4, *SHAPE), np.int32)
    masks[0, 5:9, 5:9], masks[2, 5:9, 5:9] = 1, label
    session = AnnotationSession(SHAPE, slices=(4,))
    session.give_masks(masks.__getitem__, labels=[1])
    found = tifffile.imread(written(tmp_path, "tiff", session))
    assert np.array_equal(found, masks)


def test_stacks_of_more_axes_are_written_plane_by_plane(tmp_path):
    session = AnnotationSession(SHAPE, slices=(2, 3))
    session.set_mask((1, 2), 5, disc(20, 20, 8))
    found = tifffile.imread(written(tmp_path, "tiff", session))
    assert found.shape == (2, 3, *SHAPE) and np.array_equal(found[1, 2], session.compose((1, 2)))
    folder = written(tmp_path, "object-pngs", session)
    assert [path.name for path in folder.iterdir()] == ["object-00005_00001_00002.png"]


def test_one_image_per_object_whose_name_may_be_anything(session, stack, tmp_path):
    folder = written(tmp_path, "object-pngs", session)
    found = {path.name: np.asarray(Image.open(path)) for path in folder.iterdir()}
    assert set(found) == {"object-00001-cell.png", "object-00002-cell.png", "object-00007.png"}
    for name, pixels in found.items():
        assert np.array_equal(pixels, 255 * (session.compose(()) == int(name[7:12])))
    folder = tmp_path / "stack"
    export(folder, "object-pngs", Export(stack, "stack"))
    assert sorted(path.name for path in folder.iterdir()) == [
        "object-00001_00001.png",
        "object-00001_00003.png",
        "object-00002-Zelle_groß_____1_00003.png",
    ]


def test_coco_is_read_by_coco(session, tmp_path):
    mask_api = pytest.importorskip("pycocotools.mask")
    from pycocotools.coco import COCO

    coco = COCO(str(written(tmp_path, "coco", session)))
    assert coco.imgs[1]["file_name"] == "a photo.jpg"
    assert (coco.imgs[1]["height"], coco.imgs[1]["width"]) == SHAPE
    labels = session.compose(())
    for one in coco.loadAnns(coco.getAnnIds(imgIds=[1])):
        mask = coco.annToMask(one).astype(bool)
        assert np.array_equal(mask, labels == one["object"])
        assert one["area"] == mask.sum() == mask_api.area(one["segmentation"])
        assert one["bbox"] == mask_api.toBbox(one["segmentation"]).tolist()
    names = {one["object"]: coco.cats[one["category_id"]]["name"] for one in coco.anns.values()}
    assert names == {1: "cell", 2: "cell", 7: "object"} and len(coco.cats) == 2


def test_every_slice_is_an_image_of_coco(stack, tmp_path):
    pytest.importorskip("pycocotools.mask")
    from pycocotools.coco import COCO

    coco = COCO(str(written(tmp_path, "coco", stack)))
    assert [image["file_name"] for image in coco.imgs.values()] == [
        f"a_photo_{index:05d}.jpg" for index in range(4)
    ]
    for image in coco.imgs.values():
        drawn = np.zeros(SHAPE, int)
        for one in coco.loadAnns(coco.getAnnIds(imgIds=[image["id"]])):
            drawn[coco.annToMask(one) > 0] = one["object"]
        assert np.array_equal(drawn, stack.compose(tuple(image["frame"])))


def test_frames_of_a_video_keep_the_names_of_their_files(stack, tmp_path):
    files = [f"frame{index}.jpg" for index in range(4)]
    found = json.loads(written(tmp_path, "coco", stack, files=files).read_text())
    assert [image["file_name"] for image in found["images"]] == files
    folder = written(tmp_path, "png", stack, files=files)
    assert sorted(path.name for path in folder.iterdir()) == [f"frame{i}.png" for i in range(4)]
    folder = written(tmp_path, "object-pngs", stack, stem="objects", files=files)
    assert "object-00001_frame3.png" in {path.name for path in folder.iterdir()}


def random_masks():
    generator = np.random.default_rng(5)
    yield np.ones((4, 3), bool)
    yield np.eye(5, dtype=bool)
    yield ~np.eye(5, dtype=bool)
    # Four pixels around a hole, each touching the next at a corner.
    yield np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], bool)
    for share in (0.1, 0.3, 0.5, 0.7, 0.9):
        for _ in range(12):
            yield generator.random(generator.integers(1, 14, 2)) < share


def test_run_lengths_are_those_of_coco():
    mask_api = pytest.importorskip("pycocotools.mask")
    for mask in random_masks():
        image = np.zeros((17, 19), np.uint8)
        image[2 : 2 + mask.shape[0], 1 : 1 + mask.shape[1]] = mask
        counts = compress(run_lengths(mask, (2, 1), image.shape))
        expected = mask_api.encode(np.asfortranarray(image))
        assert counts == expected["counts"].decode()
    assert run_lengths(np.ones((5, 6), bool), (0, 0), (5, 6)) == [0, 30]


def test_polygons_hold_exactly_the_pixels_of_the_mask():
    for mask in random_masks():
        drawn = np.zeros(mask.shape, int)
        for number, (outer, *holes) in enumerate(polygons(mask), 1):
            # Pixels are where their middle is; rows before columns.
            inside = polygon2mask(mask.shape, np.array(outer)[:, ::-1] - 0.5)
            for hole in holes:
                inside &= ~polygon2mask(mask.shape, np.array(hole)[:, ::-1] - 0.5)
            assert not drawn[inside].any()
            drawn[inside] = number
        assert np.array_equal(drawn > 0, mask)


def test_rings_are_simple_turn_the_right_way_and_have_corners_only():
    for mask in random_masks():
        for polygon in polygons(mask):
            for number, ring in enumerate(polygon):
                assert len(set(ring)) == len(ring) >= 4
                x, y = np.array(ring).T
                area = (x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2
                assert (area > 0) == (number == 0)
                steps = np.diff([*ring, *ring[:2]], axis=0)
                assert (steps == 0).any(axis=1).all()
                assert (steps[1:] * steps[:-1] == 0).all()
    assert polygons(np.zeros((3, 3), bool)) == []
    assert len(polygons(np.eye(3, dtype=bool))) == 3


def test_geojson_says_where_and_how_large_objects_are(session, stack, tmp_path):
    found = json.loads(written(tmp_path, "geojson", session).read_text())
    assert found["type"] == "FeatureCollection" and "pixels" in found["coordinates"]
    assert found["pixel_size"] == {"y": 0.5, "x": 0.25, "unit": "µm"}
    by_label = {one["properties"]["object"]: one for one in found["features"]}
    assert set(by_label) == {1, 2, 7}
    ring = by_label[7]
    assert ring["geometry"]["type"] == "Polygon" and len(ring["geometry"]["coordinates"]) == 2
    for part in ring["geometry"]["coordinates"]:
        assert part[0] == part[-1]
    x, y = np.array(ring["geometry"]["coordinates"][0]).T
    assert (x.min(), x.max(), y.min(), y.max()) == (48, 73, 28, 53)
    said = ring["properties"]
    assert said["area_px"] == np.count_nonzero(session.compose(()) == 7)
    assert said["area"] == said["area_px"] * 0.125 and said["area_unit"] == "µm²"
    (tmp_path / "out.geojson").unlink()
    found = json.loads(written(tmp_path, "geojson", stack).read_text())
    places = [
        (one["properties"]["object"], one["properties"]["slice"]) for one in found["features"]
    ]
    assert places == [(1, [1]), (1, [3]), (2, [3])]


def table(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_clicks_are_a_table_in_their_order(session, tmp_path):
    found = table(written(tmp_path, "clicks", session))
    assert found[0] == {
        "object": "1",
        "name": "cell",
        "number": "1",
        "y": "20",
        "x": "20",
        "sign": "positive",
        "made": "2023-11-14T22:13:20.250+00:00",
    }
    assert [(one["object"], one["number"], one["sign"], one["x"]) for one in found[1:]] == [
        ("2", "1", "positive", "32.5"),
        ("2", "2", "negative", "5"),
    ]


def test_objects_are_a_table_with_areas_in_the_units_of_the_layer(session, stack, tmp_path):
    found = table(written(tmp_path, "objects", session))
    labels = session.compose(())
    assert [one["object"] for one in found] == ["1", "2", "7"]
    for one in found:
        area = np.count_nonzero(labels == int(one["object"]))
        assert int(one["area_px"]) == area and float(one["area"]) == area * 0.125
        assert one["area_unit"] == "µm²"
    assert [one["state"] for one in found] == ["corrected", "corrected", "automatic"]
    assert [found[2][side] for side in ("top", "left", "bottom", "right")] == [
        "28",
        "48",
        "53",
        "73",
    ]
    (tmp_path / "out.csv").unlink()
    found = table(written(tmp_path, "objects", stack))
    assert [(one["object"], one["slice"]) for one in found] == [("1", "1"), ("1", "3"), ("2", "3")]


def test_areas_are_written_without_the_noise_of_floating_point(tmp_path):
    session = AnnotationSession(SHAPE)
    mask = np.zeros(SHAPE, bool)
    mask[0, :3] = True
    session.set_mask((), 1, mask)
    assert 3 * 0.1 != 0.3
    what = Export(session, "photo", PixelSize(0.1 * 3, 1, 0.1, "µm"))
    export(tmp_path / "out.csv", "objects", what)
    assert table(tmp_path / "out.csv")[0]["area"] == "0.3"
    export(tmp_path / "out.geojson", "geojson", what)
    found = json.loads((tmp_path / "out.geojson").read_text())
    assert found["features"][0]["properties"]["area"] == found["pixel_size"]["y"] == 0.3


@pytest.mark.parametrize("name", FORMATS)
def test_an_empty_session_is_exported_too(name, tmp_path):
    written(tmp_path, name, AnnotationSession(SHAPE))
    written(tmp_path, name, AnnotationSession(SHAPE, slices=(2,)), "///", "stack")


@pytest.mark.parametrize("name", FORMATS)
def test_a_stopped_export_leaves_nothing_and_what_was_there_stays(name, stack, tmp_path):
    kind = FORMATS[name]
    path = tmp_path / f"out{'' if kind.is_folder(stack.slices) else kind.suffix}"
    stopped = Export(stack, "stack", progress=lambda frames: iter(frames[:2]))
    if name == "clicks":
        # They are not gone through frame by frame.
        return
    assert not export(path, name, stopped)
    assert not list(tmp_path.iterdir())
    if not kind.is_folder(stack.slices):
        path.write_text("mine")
        assert not export(path, name, stopped, overwrite=True)
        assert path.read_text() == "mine"


def test_what_is_there_is_replaced_only_if_that_was_said(session, stack, tmp_path):
    path = written(tmp_path, "clicks", session)
    with pytest.raises(ExportError, match="there already"):
        export(path, "coco", Export(session, "photo"))
    assert export(path, "clicks", Export(session, "photo"), overwrite=True)
    with pytest.raises(ExportError, match="is a folder"):
        export(tmp_path, "coco", Export(session, "photo"), overwrite=True)
    with pytest.raises(ExportError, match="not empty"):
        export(tmp_path, "png", Export(stack, "photo"), overwrite=True)
    empty = tmp_path / "empty"
    empty.mkdir()
    assert export(empty, "png", Export(stack, "photo")) and len(list(empty.iterdir())) == 4


def test_a_snapshot_is_exported_in_a_thread_while_the_user_goes_on(session, tmp_path):
    before = session.compose(()).copy()
    what = Export(session.snapshot(), "photo")
    thread = threading.Thread(target=export, args=(tmp_path / "out.tif", "tiff", what))
    thread.start()
    session.clear(1)
    thread.join()
    assert np.array_equal(tifffile.imread(tmp_path / "out.tif"), before)
