"""A user's own weights have names, take nothing that is spoilt, and nothing is lost."""

import json
import os
import pickle
import struct
import threading
import time

import pytest
import torch
from safetensors.torch import load_file, save_file

from napari_itis.network import (
    ItisConfig,
    ItisNetwork,
    WeightsError,
    find_weights,
    list_weights,
    save_weights,
)
from napari_itis.network import own_weights as library
from napari_itis.network.names import own_folder, own_weights


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("runs") / "cells.safetensors"
    save_weights(ItisNetwork(ItisConfig(head_width=8)), path, training={"samples_seen": 7})
    return path


@pytest.fixture(autouse=True)
def empty_library(tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_ITIS_DATA", str(tmp_path / "data"))


def put(name, content=b"weights"):
    own_folder().mkdir(parents=True, exist_ok=True)
    (own_folder() / f"{name}.safetensors").write_bytes(content)


def everything():
    return sorted(p.name for p in own_folder().glob("*") if p.is_file() and p.name != ".lock")


def test_what_is_added_is_known_by_its_name(trained):
    assert list_weights() == ["itis-lite0"]
    assert library.add(trained) == "cells"
    assert list_weights() == ["itis-lite0", "cells"]
    assert find_weights("cells").read_bytes() == trained.read_bytes()
    # Once more is not over the first.
    assert library.add(trained) == "cells (2)"
    assert library.add(trained, "  Zellen, neu".replace(",", "")) == "Zellen neu"
    assert list(own_weights()) == ["cells", "cells (2)", "Zellen neu"]


def test_shipped_names_stay_what_they_are(trained):
    assert library.add(trained, "itis-lite0") == "itis-lite0 (2)"
    put("itis-lite0")
    assert list_weights() == ["itis-lite0", "itis-lite0 (2)"]
    assert find_weights("itis-lite0").parent != own_folder()


def with_header(path, change):
    """A copy of a file with another header over the same values."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    change(header)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data[8 + length :]


def about(**config):
    def change(header):
        header["__metadata__"]["napari_itis"] = json.dumps({"config": config})

    return change


def deep(header):
    header["__metadata__"]["napari_itis"] = "[" * 100_000


def huge_tensor(header):
    name = next(key for key in header if key != "__metadata__")
    header[name]["shape"] = [1 << 40, 1 << 20]


class Evil:
    def __reduce__(self):
        return (os.mkdir, ("was-executed",))


def nan_values(trained):
    tensors = load_file(trained)
    next(iter(tensors.values())).view(-1)[0] = float("nan")
    return tensors


SPOILT = {
    "cut off": lambda trained: trained.read_bytes()[:-100],
    "empty": lambda trained: b"",
    "a picture": lambda trained: b"\x89PNG\r\n" + bytes(500),
    "a pickle": lambda trained: pickle.dumps(Evil()),
    "an endless header": lambda trained: struct.pack("<Q", 1 << 62) + trained.read_bytes()[8:],
    "a huge tensor": lambda trained: with_header(trained, huge_tensor),
    "deep json": lambda trained: with_header(trained, deep),
    "another's": lambda trained: with_header(trained, lambda header: header.pop("__metadata__")),
    "a huge network": lambda trained: with_header(trained, about(head_width=10**9)),
    "other widths": lambda trained: with_header(trained, about(head_width=16)),
    "a list for a number": lambda trained: with_header(trained, about(head_width=[8])),
    "text for a truth": lambda trained: with_header(trained, about(head_width=8, feed_back="no")),
    "an encoder of its own": lambda trained: with_header(trained, about(encoder="x" * 10**6)),
}


@pytest.mark.parametrize("kind", SPOILT)
def test_a_spoilt_file_gets_one_line_and_leaves_the_library_as_it_was(
    trained, tmp_path, monkeypatch, kind
):
    monkeypatch.chdir(tmp_path)
    put("mine")
    spoilt = tmp_path / "from a colleague.safetensors"
    spoilt.write_bytes(SPOILT[kind](trained))
    with pytest.raises(WeightsError) as caught:
        library.add(spoilt)
    line = str(caught.value)
    assert "from a colleague.safetensors" in line and "\n" not in line and len(line) < 500
    assert everything() == ["mine.safetensors"]
    assert not (tmp_path / "was-executed").exists()


def test_values_that_are_no_numbers_are_refused(trained, tmp_path):
    spoilt = tmp_path / "nan.safetensors"
    metadata = {"napari_itis": json.dumps({"config": {"head_width": 8}})}
    save_file(nan_values(trained), spoilt, metadata=metadata)
    with pytest.raises(WeightsError, match="no numbers"):
        library.add(spoilt)
    assert everything() == []


def test_a_file_beyond_all_sizes_is_not_copied(tmp_path, monkeypatch):
    large = tmp_path / "large.safetensors"
    with large.open("wb") as file:
        file.truncate(library.LARGEST_FILE + 1)
    with pytest.raises(WeightsError, match="GB at most"):
        library.add(large)
    with pytest.raises(WeightsError, match="no such file"):
        library.add(tmp_path / "none.safetensors")
    assert everything() == []


def test_a_full_disk_leaves_nothing_half(trained, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(library.os, "fsync", full)
    with pytest.raises(WeightsError, match="No space left"):
        library.add(trained)
    assert everything() == []


def test_names_can_be_changed_but_not_to_one_that_is_taken():
    put("a")
    put("b", b"other")
    assert library.rename("a", " cells, day 2 ".replace(",", "")) == "cells day 2"
    assert find_weights("cells day 2").read_bytes() == b"weights"
    for taken in ("b", "B", "itis-lite0"):
        with pytest.raises(WeightsError, match="already"):
            library.rename("cells day 2", taken)
    assert library.rename("b", "B") == "B"
    with pytest.raises(WeightsError, match="no weights 'gone'"):
        library.rename("gone", "c")
    assert list(own_weights()) == ["B", "cells day 2"]


@pytest.mark.parametrize(
    "name", ["", " ", "../up", "a/b", "a\\b", ".hidden", "a:b", "con", "LPT1.x", "x" * 61, "a\nb"]
)
def test_what_cannot_be_a_name_is_said_in_a_line(name):
    put("a")
    with pytest.raises(WeightsError) as caught:
        library.rename("a", name)
    assert "\n" not in str(caught.value)
    assert list(own_weights()) == ["a"]


def test_names_of_files_that_are_no_names_become_some(tmp_path):
    assert library._name_from(tmp_path / "best: 3/4?.safetensors") == "4"
    assert library._name_from(tmp_path / "cells (2).safetensors") == "cells (2)"
    assert library._name_from(tmp_path / "...safetensors") == "weights"
    assert library._name_from(tmp_path / "nul.safetensors") == "weights"
    assert library._name_from(tmp_path / ("ü" * 99 + ".safetensors")) == "ü" * 60


def test_deleted_weights_come_back():
    put("cells", b"first")
    library.delete("cells")
    assert list_weights() == ["itis-lite0"]
    with pytest.raises(WeightsError, match="no weights 'cells'"):
        find_weights("cells")
    put("cells", b"second")
    library.delete("cells")
    put("cells", b"third")
    assert library.restore("cells") == "cells (2)"
    assert find_weights("cells (2)").read_bytes() == b"second"
    assert library.restore("cells") == "cells (3)"
    with pytest.raises(WeightsError, match="nothing to bring back"):
        library.restore("cells")


def test_what_was_deleted_does_not_pile_up():
    for number in range(25):
        put(f"w{number}")
        library.delete(f"w{number}")
    assert len(list((own_folder() / "deleted").iterdir())) == 20
    assert library.restore("w24") == "w24"
    with pytest.raises(WeightsError):
        library.restore("w4")


def test_export_is_one_file_that_another_can_add(trained, tmp_path):
    library.add(trained)
    path = library.export("cells", tmp_path / "for you")
    assert path == tmp_path / "for you.safetensors"
    assert path.read_bytes() == trained.read_bytes()
    with pytest.raises(WeightsError, match="exists"):
        library.export("cells", path)
    assert library.export("cells", path, overwrite=True) == path
    assert library.add(path) == "for you"


def test_several_windows_at_once_get_different_names(trained, monkeypatch):
    monkeypatch.setattr("napari_itis.network.weights.verify", lambda path: None)
    names = []
    threads = [
        threading.Thread(target=lambda: names.append(library.add(trained))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(names) == ["cells", "cells (2)", "cells (3)", "cells (4)"]
    assert len(own_weights()) == 4


def test_what_a_killed_window_left_is_swept_away(trained):
    own_folder().mkdir(parents=True)
    for name, hours in ((".dead.tmp", 2), (".alive.tmp", 0)):
        (own_folder() / name).write_bytes(b"half")
        then = time.time() - 3600 * hours
        os.utime(own_folder() / name, (then, then))
    put("cells")
    library.delete("cells")
    assert everything() == [".alive.tmp"]
