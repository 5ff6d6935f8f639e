"""The plot says which weights are better, before and after all of it is known."""

from types import SimpleNamespace

import numpy as np
import pytest

from napari_itis.evaluation.comparison import ComparedObject, Comparison
from napari_itis.plugin.compare_plot import ComparePlot
from napari_itis.plugin.training_hints import next_step


def comparison(gain, done=20, clicks=5, name="cells"):
    rng = np.random.default_rng(0)
    objects = []
    for number in range(done):
        old = np.linspace(0.5, 0.8, clicks) + 0.05 * rng.normal()
        new = old + gain + 0.01 * rng.normal()
        objects.append(ComparedObject(f"{number}", f"{number}", (tuple(old), tuple(new))))
    return Comparison(("itis-lite0", name), clicks, 20, tuple(objects))


@pytest.fixture
def plot(qapp):
    shown = ComparePlot()
    shown.resize(280, 420)
    shown.show()
    yield shown
    shown.close()


def pixels_of(plot, color):
    """How many pixels of the curves are about of a colour."""
    image = plot.curves.grab().toImage()
    image = image.convertToFormat(image.Format.Format_RGB32)
    data = np.frombuffer(image.constBits().asstring(image.sizeInBytes()), np.uint8)
    rgb = data.reshape(image.height(), image.width(), 4)[..., 2::-1].astype(int)
    return int((abs(rgb - color).sum(axis=2) < 40).sum())


BLUE, ORANGE = (86, 180, 233), (240, 163, 48)


def test_both_are_drawn_and_the_verdict_is_said_in_colour(plot):
    for gain, said, edge in (
        (0.1, "cells is better", "#3fae5a"),
        (-0.1, "cells is worse", "#e05548"),
        (0.0, "No clear difference", "#8a8f98"),
    ):
        plot.show_comparison(comparison(gain))
        assert said in plot.verdict.text() and edge in plot.verdict.styleSheet()
        assert pixels_of(plot, ORANGE) > 100
    plot.show_comparison(comparison(0.1))
    assert pixels_of(plot, BLUE) > 100
    assert "itis-lite0" in plot.legend.text() and "clicks to IoU 0.85" in plot.legend.text()


def test_under_way_it_says_so_and_judges_by_no_colour(plot):
    plot.show_comparison(comparison(0.1, done=0))
    assert plot.verdict.text() == "0 of 20 objects compared" and pixels_of(plot, BLUE) == 0
    plot.show_comparison(comparison(0.1, done=7))
    assert "7 of 20" in plot.verdict.text() and "#3fae5a" not in plot.verdict.styleSheet()
    plot.show_comparison(None)
    assert plot.legend.isHidden() and pixels_of(plot, BLUE) == 0


def test_one_click_and_long_names_are_fine(plot):
    plot.show_comparison(comparison(0.1, clicks=1, name="x" * 300 + "<b>&"))
    assert pixels_of(plot, ORANGE) > 10
    assert plot.minimumSizeHint().width() < 290
    assert "&lt;b&gt;" in plot.legend.text() or "&lt;b>" in plot.legend.text()


@pytest.mark.parametrize(
    ("gain", "done", "said"),
    [
        (0.1, 20, "The new weights are better"),
        (-0.1, 20, "The old weights are better"),
        (0.0, 20, "No clear difference"),
        (0.1, 3, "Too few images"),
    ],
)
def test_the_next_step_follows_from_the_comparison(gain, done, said):
    known = {"state": "compared", "status": None, "setup": SimpleNamespace(report=None)}
    result = SimpleNamespace(result=comparison(gain, done))
    assert said in next_step(SimpleNamespace(comparison=result, **known))
