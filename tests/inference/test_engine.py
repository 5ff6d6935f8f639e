"""Folding batch norm changes speed, not results; devices that are not there are one line."""

import pytest
import torch

from napari_itis.inference.engine import find_device, fold_batch_norm
from napari_itis.network import ENCODERS, ItisConfig, ItisNetwork


@pytest.mark.parametrize("encoder", ENCODERS)
def test_folded_network_gives_the_same_logits(encoder):
    torch.manual_seed(0)
    network = ItisNetwork(ItisConfig(encoder=encoder, head_width=16))
    with torch.no_grad():
        for _ in range(2):
            network(torch.rand(2, 6, 48, 48))  # statistics that are not 0 and 1
        network.eval()
        channels = torch.rand(1, 6, 50, 67)
        folded = fold_batch_norm(network)
        assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in folded.modules())
        assert torch.allclose(folded(channels), network(channels), atol=1e-3, rtol=1e-3)


def test_unknown_and_missing_devices_are_one_line():
    with pytest.raises(ValueError, match="unknown device 'tpu'"):
        find_device("tpu")
    if not torch.cuda.is_available():
        with pytest.raises(ValueError, match="no cuda device"):
            find_device("cuda")
    assert find_device("cpu") == torch.device("cpu")
