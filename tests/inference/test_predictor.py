"""Predictor: a pure function of image, mask and clicks, that keeps the promise of a click.

The network here is a stand-in that colours decide, so that what must hold is known.
"""

import numpy as np
import pytest
import torch

from napari_itis.clicks import Click
from napari_itis.inference import Predictor
from napari_itis.inference import predictor as module
from napari_itis.inference.engine import DeviceMemoryError
from napari_itis.inference.region import whole_image
from napari_itis.network import ItisConfig


class Bright:
    """Bright pixels are the object; counts its runs and remembers what it saw."""

    def __init__(self, **config):
        self.config = ItisConfig(working_size=128, **config)
        self.device = torch.device("cpu")
        self.inputs = []

    def to(self, device):
        self.device = device

    def run(self, channels):
        self.inputs.append(channels)
        return (channels[:3].mean(0) - 0.5) * 20

    def features(self, channels):
        self.inputs.append(channels)
        return channels[:3, ::8, ::8].transpose(1, 2, 0)


@pytest.fixture
def engine(monkeypatch):
    engine = Bright()
    monkeypatch.setattr(module, "load_engine", lambda *_: engine)
    return engine


def photo(shape=(100, 140), box=(30, 40, 60, 90)):
    image = np.full((*shape, 3), 20, np.uint8)
    image[box[0] : box[2], box[1] : box[3]] = 230
    return image


INSIDE = Click(45, 60, True)
OUTSIDE = Click(5, 5, False)


def test_mask_and_posterior_agree(engine):
    predictor = Predictor()
    predictor.set_image(photo())
    prediction = predictor.predict([INSIDE])
    assert prediction.mask.shape == prediction.posterior.shape == (100, 140)
    assert prediction.posterior.dtype == np.float32
    assert np.array_equal(prediction.mask, prediction.posterior > 0.5)
    truth = photo()[..., 0] > 100
    assert (prediction.mask ^ truth).sum() < 0.05 * truth.sum()


def test_one_more_click_costs_one_run_and_taking_it_back_none(engine):
    predictor = Predictor()
    predictor.set_image(photo())
    clicks = [INSIDE, Click(50, 70, True), Click(35, 50, True)]
    predictor.predict(clicks[:1])
    for n in (2, 3):
        before = len(engine.inputs)
        predictor.predict(clicks[:n])
        assert len(engine.inputs) == before + 1
    before = len(engine.inputs)
    predictor.predict(clicks[:1])
    predictor.predict(clicks[:2])
    assert len(engine.inputs) == before


def test_dropping_an_early_click_replays_the_rest_without_it(engine):
    predictor = Predictor()
    predictor.set_image(photo())
    clicks = [INSIDE, Click(50, 70, True), Click(35, 50, True)]
    predictor.predict(clicks)
    replayed = predictor.predict(clicks[1:])
    fresh = Predictor()
    fresh.set_image(photo())
    assert np.array_equal(replayed.posterior, fresh.predict(clicks[1:]).posterior)


def test_click_k_sees_the_prediction_before_it(engine):
    predictor = Predictor()
    predictor.set_image(photo())
    predictor.predict([INSIDE])
    assert all((channels[5] == 1).all() for channels in engine.inputs)
    predictor.predict([INSIDE, Click(50, 70, True)])
    assert (engine.inputs[-1][5] == 0).any()


def test_without_feed_back_it_sees_the_given_mask(monkeypatch):
    engine = Bright(feed_back=False)
    monkeypatch.setattr(module, "load_engine", lambda *_: engine)
    predictor = Predictor()
    predictor.set_image(photo())
    predictor.predict([INSIDE, Click(50, 70, True)])
    assert all((channels[5] == 1).all() for channels in engine.inputs)


def test_negative_click_on_background_changes_nothing(engine):
    predictor = Predictor()
    predictor.set_image(photo())
    first = predictor.predict([INSIDE])
    again = predictor.predict([INSIDE, OUTSIDE])
    assert np.array_equal(first.mask, again.mask)
    assert not predictor.predict([OUTSIDE]).mask.any()


@pytest.mark.parametrize("click", [Click(10, 10, True), Click(45, 60, False)])
def test_promise_of_a_click_where_the_network_disagrees(engine, click):
    predictor = Predictor()
    predictor.set_image(photo())
    clicks = [INSIDE if click.positive else Click(35, 45, True), click]
    mask = predictor.predict(clicks).mask
    for given in clicks:
        assert mask[given.pixel] == given.positive
    plain = Predictor(promise=False)
    plain.set_image(photo())
    assert plain.predict(clicks).mask[click.pixel] != click.positive


def test_zoom_in_magnifies_a_small_object(engine):
    image = photo((600, 800), (300, 400, 330, 440))
    predictor = Predictor()
    predictor.set_image(image)
    predictor.predict([Click(315, 420, True)])
    assert max(engine.inputs[0].shape[1:]) == 128
    # Seen from afar the object has some six pixels; in the end it fills a good part.
    assert (engine.inputs[-1][:3].mean(0) > 0.5).mean() > 0.1


def test_no_pass_over_more_than_a_megapixel_and_a_half(engine):
    predictor = Predictor(paper=True)
    predictor.set_image(photo((2000, 3000), (500, 500, 900, 900)))
    mask = predictor.predict([Click(700, 700, True)]).mask
    assert engine.inputs[0][0].size <= 1_510_000
    assert mask.shape == (2000, 3000)


def test_paper_mode_sees_the_image_as_it_is(engine):
    predictor = Predictor(paper=True)
    predictor.set_image(photo())
    predictor.predict([INSIDE, Click(50, 70, True)])
    assert [channels.shape for channels in engine.inputs] == [(6, 100, 140)] * 2


def test_object_is_never_cut_off_at_the_region(engine):
    # The first mask, given, holds a corner of a long object; the rest lies beyond the zoom.
    image = photo((300, 400), (100, 20, 130, 380))
    mask = np.zeros((300, 400), bool)
    mask[100:130, 20:40] = True
    predictor = Predictor()
    predictor.set_image(image)
    result = predictor.predict([Click(115, 35, True)], mask).mask
    assert result[115, 22:378].all()


def test_refining_is_one_look_that_leaves_the_image_and_its_clicks_alone(engine):
    predictor = Predictor()
    predictor.set_image(photo())
    before = predictor.predict([INSIDE])
    runs = len(engine.inputs)
    other = photo(box=(20, 20, 60, 60))
    about = np.zeros((100, 140), bool)
    about[25:50, 25:50] = True
    result = predictor.refine(other, about, [Click(40, 40, True), Click(22, 22, True)])
    assert len(engine.inputs) == runs + 1
    assert (engine.inputs[-1][5] == 0).any()
    assert (engine.inputs[-1][3] == 1).sum() == 2
    truth = other[..., 0] > 100
    assert (result.mask ^ truth).sum() < 0.5 * (about ^ truth).sum()
    assert np.array_equal(predictor.predict([INSIDE]).posterior, before.posterior)
    assert len(engine.inputs) == runs + 1


def test_features_do_not_depend_on_clicks_and_masks(engine):
    predictor = Predictor()
    region = whole_image((100, 140), 128)
    assert predictor.features(photo(), region).shape[2] == 3
    channels = engine.inputs[-1]
    assert (channels[3:5] == 0).all()
    assert (channels[5] == 1).all()


def test_seen_clicks_are_not_replayed(engine):
    predictor = Predictor()
    predictor.set_image(photo())
    painted = np.zeros((100, 140), bool)
    painted[40:50, 50:70] = True
    result = predictor.predict([INSIDE, OUTSIDE], painted, seen=2)
    assert np.array_equal(result.mask, painted)
    assert not engine.inputs
    predictor.predict([INSIDE, OUTSIDE, Click(45, 65, True)], painted, seen=2)
    assert len(engine.inputs) in (1, 2)  # 2 if the region had to grow


def test_going_back_to_an_image_by_key_costs_nothing(engine):
    predictor = Predictor()
    predictor.set_image(photo(), key="a")
    predictor.predict([INSIDE])
    predictor.set_image(photo(box=(10, 10, 80, 80)), key="b")
    predictor.predict([INSIDE])
    runs = len(engine.inputs)
    predictor.set_image(photo(), key="a")
    predictor.predict([INSIDE])
    assert len(engine.inputs) == runs


def test_mistakes_get_one_line(engine):
    predictor = Predictor()
    with pytest.raises(RuntimeError, match="set_image"):
        predictor.predict([INSIDE])
    predictor.set_image(photo())
    with pytest.raises(ValueError, match="outside the image of 100 x 140"):
        predictor.predict([Click(100, 3, True)])
    with pytest.raises(ValueError, match="must agree"):
        predictor.predict([INSIDE], np.zeros((3, 3), bool))
    with pytest.raises(ValueError, match="seen"):
        predictor.predict([INSIDE], seen=2)


def test_out_of_memory_tries_smaller_then_the_cpu_and_says_so(engine):
    notices = []
    tried = []
    real = engine.run
    engine.device = torch.device("cuda")

    def run(channels):
        tried.append((engine.device.type, channels.shape[1:]))
        if engine.device.type == "cuda":
            raise DeviceMemoryError
        return real(channels)

    engine.run = run
    predictor = Predictor(on_notice=notices.append)
    predictor.set_image(photo())
    assert predictor.predict([INSIDE]).mask[INSIDE.pixel]
    kinds = [kind for kind, _ in tried[:3]]
    assert kinds == ["cuda", "cuda", "cpu"]
    assert tried[1][1] == (tried[0][1][0] // 2, tried[0][1][1] // 2)
    assert "half the size" in notices[0]
    assert "CPU" in notices[1]
    assert predictor.device.type == "cpu"


@pytest.mark.parametrize(
    "image",
    [
        np.full((20, 30), np.nan),
        np.zeros((16, 16), bool),
        np.full((40, 30), 7, np.uint16),
        np.zeros((1, 1), np.uint8),
        np.random.default_rng(0).random((30, 5, 4)),
        np.random.default_rng(0).integers(0, 60000, (33, 47), np.uint16),
    ],
    ids=["nan", "bool", "constant", "one pixel", "rgba float", "16 bits"],
)
def test_any_image_gives_a_mask(engine, image):
    predictor = Predictor()
    predictor.set_image(image)
    assert predictor.predict([Click(0, 0, True)]).mask.shape == image.shape[:2]
