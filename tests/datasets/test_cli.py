"""`napari-itis datasets`: what is said about whole and broken sets, and what is fetched."""

import hashlib
import http.server
import io
import json
import tarfile
import threading
import zipfile

import numpy as np
import pytest

from napari_itis.cli import main
from napari_itis.datasets import download as fetching

WHOLE = [
    ("voc", 4, 2),
    ("sbd", 4, 2),
    ("coco", 4, 2),
    ("lvis", 2, 2),
    ("davis2016", 3, 3),
    ("davis2017", 5, 4),
    ("kitti", 4, 2),
    ("folder", 3, 2),
]


def run(capsys, *arguments):
    capsys.readouterr()
    code = main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    assert err.count("\n") == (code != 0)
    return code, out, err


class TestCheck:
    @pytest.mark.parametrize(("tree", "objects", "photos"), WHOLE)
    def test_whole_sets(self, trees, tmp_path, capsys, tree, objects, photos):
        getattr(trees, tree)(tmp_path)
        code, out, _ = run(capsys, "datasets", "check", tree.rstrip("20167"), tmp_path)
        assert code == 0
        assert f"{objects} objects on {photos} photos in {tmp_path}, all fine" in out
        assert "image sizes: 8 x 6 pixels" in out

    def test_the_merge(self, trees, tmp_path, capsys):
        trees.voc(tmp_path)
        trees.sbd(tmp_path)
        code, out, _ = run(capsys, "datasets", "check", "voc+sbd", tmp_path)
        assert code == 0
        assert "6 objects on 3 photos" in out

    def test_figures(self, trees, tmp_path, capsys):
        trees.voc(tmp_path)
        report = tmp_path / "report.json"
        arguments = ("datasets", "check", "voc", tmp_path, "--split", "train", "--json", report)
        code, out, _ = run(capsys, *arguments)
        assert code == 0
        assert "object sizes: 6 to 6 pixels, median 6" in out
        assert "void: 29.2 % of the pixels" in out
        found = json.loads(report.read_text())
        assert found["dataset"] == "voc"
        assert found["split"] == "train"
        assert found["object_pixels"] == {"min": 6, "median": 6.0, "max": 6}
        assert found["image_sizes"] == [{"height": 6, "width": 8, "images": 1}]
        assert found["void_share"] == pytest.approx(trees.AROUND.sum() / 48)
        assert found["problems"] == []

    def test_all_problems_are_told(self, trees, tmp_path, capsys):
        root = trees.folder(tmp_path)
        trees.photo(root / "images/no_mask.png")
        trees.gray(root / "masks/no_photo.png", trees.FIRST)
        for name in ("colors", "other_size", "no_image"):
            trees.photo(root / "images" / f"{name}.png")
        trees.photo(root / "masks/colors.png")
        trees.gray(root / "masks/other_size.png", np.ones((6, 9)))
        trees.gray(root / "masks/no_image.png", trees.FIRST)
        (root / "images/no_image.png").write_bytes(b"no image")
        code, out, err = run(capsys, "datasets", "check", "folder", root)
        assert code == 2
        lines = out.splitlines()
        for says in ("no mask for", "no photo for", "3 channels", "9 x 6", "no_image.png"):
            assert sum(says in line for line in lines) == 1
        assert f"5 problems in {root}" in err
        assert "3 objects on 2 photos are fine" in err

    def test_a_mask_without_its_object(self, trees, tmp_path, capsys):
        trees.photo(tmp_path / "data_GT/a.jpg")
        trees.gray(tmp_path / "boundary_GT/a.png", np.full(trees.SIZE, 128))
        code, out, _ = run(capsys, "datasets", "check", "grabcut", tmp_path)
        assert code == 2
        assert "a.png holds no pixel of object a" in out

    def test_a_photo_with_several_masks_is_one_photo(self, trees, tmp_path, capsys):
        trees.photo(tmp_path / "images/12.jpg")
        trees.gray(tmp_path / "masks/12.png", trees.FIRST * 255)
        trees.gray(tmp_path / "masks/12a.png", trees.SECOND * 255)
        code, out, _ = run(capsys, "datasets", "check", "berkeley", tmp_path)
        assert code == 0
        assert "2 objects on 1 photos" in out

    def test_annotations_of_coco(self, trees, tmp_path, capsys):
        content = trees.coco_json()
        content["annotations"] += [
            trees.annotation(50, 3, []),
            trees.annotation(51, 3, [[1, 1, 2, 2]]),
            trees.annotation(52, 3, [[1, 1, 1.01, 1, 1, 1.01]]),
        ]
        trees.coco(tmp_path, content)
        code, out, err = run(capsys, "datasets", "check", "coco", tmp_path)
        assert code == 2
        assert "annotation 50" in out
        assert "annotation 51" in out
        assert "no pixel of object Bär_01/52" in out
        assert "3 problems" in err

    def test_nothing_but_background(self, trees, tmp_path, capsys):
        trees.photo(tmp_path / "images/a.png")
        trees.gray(tmp_path / "masks/a.png", np.zeros(trees.SIZE))
        code, out, _ = run(capsys, "datasets", "check", "folder", tmp_path)
        assert code == 2
        assert "every mask is empty" in out

    def test_an_empty_folder(self, tmp_path, capsys):
        for name in ("images", "masks"):
            (tmp_path / name).mkdir()
        code, out, _ = run(capsys, "datasets", "check", "folder", tmp_path)
        assert code == 2
        assert "no images in" in out

    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            (("pascal", "."), "unknown data set 'pascal'"),
            (("voc", "nowhere"), "no such folder"),
            (("folder", ".", "--split", "val"), "no splits"),
            (("folder", ".", "--json", "a.txt"), "must end with one of .json"),
        ],
    )
    def test_wrong_input(self, tmp_path, monkeypatch, capsys, arguments, says):
        monkeypatch.chdir(tmp_path)
        code, _, err = run(capsys, "datasets", "check", *arguments)
        assert code == 2
        assert says in err


@pytest.fixture
def server(tmp_path_factory):
    """A server on this machine; gives its folder and address."""
    folder = tmp_path_factory.mktemp("served")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(folder))

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


@pytest.fixture
def offer(server, monkeypatch):
    """Serve an archive in place of VOC's."""
    folder, address = server
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    def put(name, content, checksum=None, holds="VOCdevkit/VOC2012/SegmentationObject"):
        if content is not None:
            (folder / name).write_bytes(content)
        checksum = checksum or "md5:" + hashlib.md5(content).hexdigest()
        archive = fetching.Archive(f"{address}/{name}", checksum, holds)
        monkeypatch.setitem(fetching.ARCHIVES, "voc", {"": (archive,)})
        return archive

    return put


@pytest.fixture
def voc_tar(trees, tmp_path_factory):
    tree = tmp_path_factory.mktemp("source")
    trees.voc(tree)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        tar.add(tree / "VOCdevkit", "VOCdevkit")
    return buffer.getvalue()


class TestDownload:
    def test_fetched_checked_and_unpacked(self, offer, voc_tar, tmp_path, capsys):
        offer("voc.tar", voc_tar)
        root = tmp_path / "new" / "VOC"
        code, out, _ = run(capsys, "datasets", "download", "voc", "--to", root)
        assert code == 0
        assert str(root / "VOCdevkit") in out
        assert [path.name for path in root.iterdir()] == ["VOCdevkit"]
        assert run(capsys, "datasets", "check", "voc", root)[0] == 0

    def test_what_is_there_is_not_fetched_again(self, offer, trees, tmp_path, capsys):
        offer("voc.tar", None, "md5:" + 32 * "0")
        trees.voc(tmp_path)
        assert run(capsys, "datasets", "download", "voc", "--to", tmp_path)[0] == 0

    def test_a_zip_file(self, offer, tmp_path, capsys):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("VOCdevkit/VOC2012/SegmentationObject/a.png", b"")
        offer("voc.zip", buffer.getvalue())
        assert run(capsys, "datasets", "download", "voc", "--to", tmp_path)[0] == 0
        assert (tmp_path / "VOCdevkit/VOC2012/SegmentationObject/a.png").is_file()

    def test_a_wrong_checksum(self, offer, voc_tar, tmp_path, capsys):
        archive = offer("voc.tar", voc_tar, "md5:" + 32 * "0")
        code, _, err = run(capsys, "datasets", "download", "voc", "--to", tmp_path)
        assert code == 2
        assert f"{archive.url} is not the file it should be" in err
        assert not list(tmp_path.iterdir())

    def test_offline(self, tmp_path, monkeypatch, capsys):
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        archive = fetching.Archive("http://127.0.0.1:9/voc.tar", "md5:" + 32 * "0", "VOCdevkit")
        monkeypatch.setitem(fetching.ARCHIVES, "voc", {"": (archive,)})
        code, _, err = run(capsys, "datasets", "download", "voc", "--to", tmp_path)
        assert code == 2
        assert f"cannot download {archive.url}" in err
        assert f"put it at {tmp_path / 'voc.tar'} by hand" in err
        assert "SegmentationObject/NAME.png" in err

    def test_not_found(self, offer, tmp_path, capsys):
        offer("nothing.tar", None, "md5:" + 32 * "0")
        code, _, err = run(capsys, "datasets", "download", "voc", "--to", tmp_path)
        assert code == 2
        assert "nothing.tar" in err

    def test_an_archive_put_there_by_hand(self, offer, voc_tar, server, tmp_path, capsys):
        offer("voc.tar", voc_tar)
        (server[0] / "voc.tar").rename(tmp_path / "voc.tar")
        assert run(capsys, "datasets", "download", "voc", "--to", tmp_path)[0] == 0
        assert sorted(path.name for path in tmp_path.iterdir()) == ["VOCdevkit", "voc.tar"]

    def test_another_file_put_there_by_hand(self, offer, voc_tar, tmp_path, capsys):
        offer("voc.tar", voc_tar)
        (tmp_path / "voc.tar").write_bytes(b"mine")
        code, _, err = run(capsys, "datasets", "download", "voc", "--to", tmp_path)
        assert code == 2
        assert "remove it" in err
        assert (tmp_path / "voc.tar").read_bytes() == b"mine"

    @pytest.mark.parametrize("kind", ["tar", "zip"])
    def test_nothing_is_written_outside(self, offer, tmp_path, capsys, kind):
        buffer = io.BytesIO()
        if kind == "tar":
            with tarfile.open(fileobj=buffer, mode="w") as tar:
                tar.addfile(tarfile.TarInfo("../../evil.txt"), io.BytesIO())
        else:
            with zipfile.ZipFile(buffer, "w") as archive:
                archive.writestr("../../evil.txt", b"")
        offer(f"voc.{kind}", buffer.getvalue())
        root = tmp_path / "a" / "b"
        code, _, err = run(capsys, "datasets", "download", "voc", "--to", root)
        assert code == 2
        assert "cannot unpack" in err
        assert not list(tmp_path.rglob("evil.txt"))
        assert not list(root.glob(".unpacking-*"))

    def test_an_archive_of_something_else(self, offer, tmp_path, capsys):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("readme.txt", b"")
        offer("voc.zip", buffer.getvalue())
        code, _, err = run(capsys, "datasets", "download", "voc", "--to", tmp_path)
        assert code == 2
        assert "holds no VOCdevkit" in err

    @pytest.mark.parametrize("name", ["lvis", "grabcut", "berkeley", "kitti", "folder"])
    def test_sets_to_get_by_hand(self, tmp_path, capsys, name):
        code, _, err = run(capsys, "datasets", "download", name, "--to", tmp_path)
        assert code == 2
        assert f"{name} has no address" in err
        assert f"into {tmp_path}, so that it holds" in err

    def test_splits_of_coco(self, tmp_path, capsys):
        names = [a.name for a in fetching.find_archives("coco", tmp_path, "train2017")]
        assert names == ["annotations_trainval2017.zip", "train2017.zip"]
        code, _, err = run(capsys, "datasets", "download", "coco", "--split", "test2017")
        assert code == 2
        assert "expected one of val2017, train2017" in err
