"""A config is read strictly, and every mistake gets one line."""

import subprocess
import sys
from dataclasses import asdict, replace

import pytest

from napari_itis.network import describe
from napari_itis.training import (
    ConfigError,
    DataSource,
    load_config,
    shipped_configs,
    to_toml,
    train,
)


@pytest.mark.parametrize("name", shipped_configs())
def test_shipped_configs_load(name):
    config = load_config(name)
    assert config.name == name


def test_the_four_ablation_configs_differ_in_what_they_are_about():
    chain = ["ifcn-distance", "gaussian", "gaussian-iterative", "gaussian-iterative-mask"]
    configs = [load_config(name).as_dict() for name in chain]
    expected = [{"network"}, {"reset_probability"}, {"network"}]
    for one, two, differing in zip(configs[:-1], configs[1:], expected, strict=True):
        assert {k for k in one if one[k] != two[k]} == {"name"} | differing
    assert configs[0]["samples"] == load_config("itis-lite0").samples
    assert configs[0]["data"] == load_config("itis-lite0").as_dict()["data"]


def test_paper_configs_are_the_papers():
    for name, channels in (("paper-xception65", 5), ("paper-xception65-vos", 6)):
        config = load_config(name)
        assert config.network.in_channels == channels
        assert (config.crop, config.epochs, config.samples_per_epoch) == (350, 20, 0)
        assert (config.cross_entropy, config.bootstrapped, config.dice) == (0, 1, 0)
        assert (config.freeze_norm, config.schedule, config.augment) == (True, "paper", False)
        assert config.data[0].layout == "voc+sbd"


def test_a_file_changes_a_shipped_config(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('base = "smoke"\nname = "mine"\n[network]\nhead_width = 48\n')
    config, smoke = load_config(path), load_config("smoke")
    assert (config.name, config.network.head_width) == ("mine", 48)
    assert config.network.working_size == smoke.network.working_size
    assert config.data == smoke.data


def test_a_base_must_be_shipped_and_whole(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('base = "nothing"')
    with pytest.raises(ConfigError, match=r"mine\.toml: base = 'nothing' .* smoke"):
        load_config(path)
    path.write_text('base = "gaussian"')
    with pytest.raises(ConfigError, match="use 'itis-lite0'"):
        load_config(path)


def test_the_network_of_given_weights_is_theirs():
    shipped = describe()["config"]
    assert asdict(load_config("finetune").network) == shipped
    config = load_config("finetune", ["network.feed_back=false"])
    assert asdict(config.network) == shipped | {"feed_back": False}


def test_overrides_reach_nested_settings():
    config = load_config("smoke", ["network.head_width=32", "name=mine", "learning_rate=1"])
    assert config.network.head_width == 32
    assert config.name == "mine"
    assert config.learning_rate == 1.0


def test_data_replaces_the_sources(tmp_path):
    config = load_config("itis-lite0", data=[f"cells:{tmp_path}"])
    assert [(s.name, s.root) for s in config.data] == [("cells", str(tmp_path))]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["learning_rat=1"], "unknown key 'learning_rat'"),
        (["network.width=1"], "unknown key 'network.width'"),
        (["samples=many"], "samples must be int"),
        (["batch_size=1"], "batch norm"),
        (["network.encoder=vgg"], "unknown encoder"),
        (["reset_probability=2"], "between 0 and 1"),
        (["learning_rate=nan"], "learning_rate must be a number"),
        (["cache_gb=inf"], "cache_gb must be a number"),
        (["min_area=0"], "min_area must be at least 1"),
        (["seed=-1"], "seed must be at least 0"),
        (["max_scale=0"], "max_scale must be above 0"),
        (["bootstrap_share=1.5"], "bootstrap_share must be at most 1"),
        (["ema=1"], "below 1"),
        (["samples"], "KEY=VALUE"),
        (["data=3"], "list of tables"),
    ],
)
def test_mistakes_get_one_line(overrides, message):
    with pytest.raises(ConfigError, match=message) as caught:
        load_config("smoke", overrides)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["checkpoint", "Best", "newest", "a/b", "con", "", " x", "n" * 61])
def test_a_name_that_would_cost_the_checkpoint_or_the_library_refuses_is_refused(name):
    with pytest.raises(ConfigError, match="name") as caught:
        replace(load_config("smoke"), name=name)
    assert "\n" not in str(caught.value)


def test_unknown_config_names_the_shipped_ones():
    with pytest.raises(ConfigError, match=r"TOML file.*smoke"):
        load_config("no-such-config")


def test_broken_toml_names_the_file(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("name = ")
    with pytest.raises(ConfigError, match=r"mine\.toml"):
        load_config(path)


@pytest.mark.parametrize("name", shipped_configs())
def test_a_config_comes_back_from_toml_as_it_was(name, tmp_path):
    config = replace(load_config(name), data_root='C:\\data "ö"\n\x7f', learning_rate=1e-7)
    (tmp_path / "saved.toml").write_text(to_toml(config), "utf-8")
    assert load_config(tmp_path / "saved.toml") == config


def test_settings_over_a_base_are_saved_as_such(tmp_path):
    values = {"base": "finetune", "name": "mine", "network": {"head_width": 64}}
    (tmp_path / "saved.toml").write_text(to_toml(values), "utf-8")
    config = load_config(tmp_path / "saved.toml")
    assert (config.name, config.network.head_width) == ("mine", 64)
    assert config.samples == load_config("finetune").samples
    with pytest.raises(ConfigError, match="cannot be saved"):
        to_toml({"name": None})


def test_a_saved_config_gives_the_same_run_from_elsewhere(tiny, own_shapes, tmp_path, monkeypatch):
    monkeypatch.chdir(own_shapes.parent)
    source = DataSource("mine", own_shapes.name)
    config = replace(load_config("smoke", [*tiny, "samples=8"]), data=(source,))
    one = train(config, output=tmp_path / "one")
    monkeypatch.chdir("/")
    two = train(tmp_path / "one" / "config.toml", output=tmp_path / "two")
    assert one.read_bytes()[-10_000:] == two.read_bytes()[-10_000:]
    log = [(tmp_path / run / "log.csv").read_text("utf-8") for run in ("one", "two")]
    figures = [[row.split(",")[:4] for row in text.splitlines()] for text in log]
    assert figures[0] == figures[1]


def test_settings_are_known_without_torch():
    code = "import sys; from napari_itis.training import TrainingConfig, load_config, to_toml; "
    code += "to_toml(load_config('finetune')); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr
