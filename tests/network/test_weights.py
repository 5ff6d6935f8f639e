"""A weights file rebuilds its network; anything else gets one line and runs no code."""

import json
import pickle

import pytest
import torch
from safetensors.torch import save_file

from napari_itis.network import (
    ItisConfig,
    ItisNetwork,
    WeightsError,
    describe,
    find_weights,
    list_weights,
    load_network,
    save_weights,
    verify,
)
from napari_itis.network.names import PRETRAINED, named_weights
from napari_itis.network.weights import sha256

CONFIG = ItisConfig(head_width=16, working_size=200, feed_back=False)


@pytest.fixture
def saved(tmp_path):
    torch.manual_seed(0)
    network = ItisNetwork(CONFIG).eval()
    path = tmp_path / "mine.safetensors"
    save_weights(network, path, half=False, training={"samples_seen": 7})
    return network, path


def test_a_file_is_enough_to_rebuild_the_network(saved):
    network, path = saved
    loaded = load_network(path)
    assert loaded.config == CONFIG
    channels = torch.rand(1, 6, 32, 32)
    assert torch.equal(loaded(channels), network(channels))


def test_half_precision_is_half_the_size_and_nearly_the_same(saved, tmp_path):
    network, path = saved
    half = tmp_path / "half.safetensors"
    save_weights(network, half)
    assert half.stat().st_size < 0.55 * path.stat().st_size
    channels = torch.rand(1, 6, 32, 32)
    assert torch.allclose(load_network(half)(channels), network(channels), atol=0.05)


def test_description_names_config_and_training(saved):
    about = describe(saved[1])
    assert about["config"]["head_width"] == 16
    assert about["training"] == {"samples_seen": 7}
    assert about["sha256"] == sha256(saved[1])


def broken_files(folder, saved):
    data = saved.read_bytes()
    truncated = folder / "truncated.safetensors"
    truncated.write_bytes(data[: len(data) // 2])
    empty = folder / "empty.safetensors"
    empty.write_bytes(b"")
    foreign = folder / "foreign.safetensors"
    save_file({"a": torch.zeros(2)}, foreign)
    picture = folder / "picture.png"
    picture.write_bytes(b"\x89PNG\r\n" + bytes(500))
    mismatched = folder / "mismatched.safetensors"
    config = {"config": {"head_width": 32}}
    save_file({"a": torch.zeros(2)}, mismatched, metadata={"napari_itis": json.dumps(config)})
    unknown = folder / "unknown.safetensors"
    config = {"config": {"width": 32}}
    save_file({"a": torch.zeros(2)}, unknown, metadata={"napari_itis": json.dumps(config)})
    return [truncated, empty, foreign, picture, mismatched, unknown, folder, folder / "none"]


def test_broken_files_get_one_line_that_names_them(saved, tmp_path):
    for path in broken_files(tmp_path, saved[1]):
        with pytest.raises(WeightsError) as caught:
            load_network(path)
        assert path.name in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_pickle_is_refused_and_never_run(tmp_path):
    proof = tmp_path / "ran"

    class Evil:
        def __reduce__(self):
            return (open, (str(proof), "w"))

    path = tmp_path / "evil.pth"
    path.write_bytes(pickle.dumps(Evil()))
    with pytest.raises(WeightsError):
        load_network(path)
    assert not proof.exists()


def test_failed_write_leaves_the_old_file(saved, tmp_path, monkeypatch):
    network, path = saved
    before = path.read_bytes()

    def full(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr("napari_itis.network.weights.save_file", full)
    with pytest.raises(OSError, match="disk full"):
        save_weights(network, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_shipped_weights_are_the_ones_that_shipped():
    assert list_weights() == sorted(named_weights(), key=lambda n: (n != "itis-lite0", n))
    for name, entry in named_weights().items():
        path = find_weights(name)
        assert path.parent == PRETRAINED
        assert sha256(path) == entry["sha256"]
        assert path.stat().st_size <= 10_000_000
        verify(name)


def test_unknown_name_lists_the_known():
    with pytest.raises(WeightsError, match="'itis-huge'"):
        find_weights("itis-huge")
