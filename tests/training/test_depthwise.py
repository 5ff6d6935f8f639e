"""The fast backward pass of depthwise convolutions gives the gradients of the plain one."""

import pytest
import torch
from torch.nn import functional as F

from napari_itis.training.depthwise import FastDepthwise


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "dilation"),
    [(5, 1, 2, 1), (5, 2, 0, 1), (3, 2, 1, 1), (3, 1, 6, 6), (3, 1, 1, 1)],
)
def test_gradients_are_those_of_the_plain_convolution(kernel, stride, padding, dilation):
    torch.manual_seed(0)
    inputs = torch.randn(2, 12, 17, 15, requires_grad=True)
    weight = torch.randn(12, 1, kernel, kernel, requires_grad=True)

    def gradients(context):
        inputs.grad = weight.grad = None
        with torch.autocast("cpu", torch.bfloat16), context:
            result = F.conv2d(inputs, weight, None, stride, padding, dilation, 12)
        assert result.dtype == torch.bfloat16
        (result.float() ** 2).sum().backward()
        return inputs.grad, weight.grad

    for plain, fast in zip(
        gradients(torch.autocast("cpu", torch.bfloat16)), gradients(FastDepthwise()), strict=True
    ):
        assert (plain - fast).norm() < 0.02 * plain.norm()


def test_other_convolutions_pass_through():
    inputs, weight = torch.randn(1, 4, 9, 9), torch.randn(8, 4, 3, 3)
    expected = F.conv2d(inputs, weight, None, 1, 1, 1, 1)
    with FastDepthwise():
        assert F.conv2d(inputs, weight, None, 1, 1, 1, 1).equal(expected)
        assert F.conv2d(inputs, weight, padding=1).equal(expected)
