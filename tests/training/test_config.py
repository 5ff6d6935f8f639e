"""A config is read strictly, and every mistake gets one line."""

import pytest

from napari_itis.training import ConfigError, load_config, shipped_configs


@pytest.mark.parametrize("name", shipped_configs())
def test_shipped_configs_load(name):
    config = load_config(name)
    assert config.name == name


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
        (["samples"], "KEY=VALUE"),
        (["data=3"], "list of tables"),
    ],
)
def test_mistakes_get_one_line(overrides, message):
    with pytest.raises(ConfigError, match=message) as caught:
        load_config("smoke", overrides)
    assert "\n" not in str(caught.value)


def test_unknown_config_names_the_shipped_ones():
    with pytest.raises(ConfigError, match=r"TOML file.*smoke"):
        load_config("no-such-config")


def test_broken_toml_names_the_file(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("name = ")
    with pytest.raises(ConfigError, match=r"mine\.toml"):
        load_config(path)
