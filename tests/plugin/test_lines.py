"""Long names must not widen a dock, and read as they are."""

from napari_itis.plugin.lines import breakable

BREAK = "\u200b"


def test_sentences_stay_as_they_are():
    text = "Undo it (Ctrl+Z). J is 0.75, well-known."
    assert breakable(text) == text


def test_no_part_of_a_path_is_wider_than_a_dock():
    text = "Not saved: /data/some/very/long_path-to/" + "x" * 60 + ".itis: No space left"
    shown = breakable(text)
    assert shown.replace(BREAK, "") == text
    assert max(map(len, shown.replace(BREAK, " ").split())) <= 24
    assert f"data/{BREAK}" in shown
