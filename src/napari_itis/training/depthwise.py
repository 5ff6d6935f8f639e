"""Depthwise convolutions whose backward pass is fast on a CPU in bfloat16.

oneDNN has no fast bfloat16 gradients for depthwise convolutions with a 5x5 kernel, a stride or a
dilation: they took two thirds of a training step. In float32 it has them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.nn import functional as F
from torch.nn.modules.utils import _pair
from torch.overrides import TorchFunctionMode


class FastDepthwise(TorchFunctionMode):
    """Within this context, slow depthwise convolutions compute their gradients in float32.

    Made for the forward pass of a step under CPU autocast to bfloat16; other calls pass through
    untouched.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        if func is F.conv2d and not kwargs and len(args) == 7:
            inputs, weight, bias, stride, padding, dilation, groups = args
            plain = bias is None and not isinstance(padding, str)
            if plain and 1 < groups == weight.shape[0] and weight.shape[1] == 1:
                numbers = [list(_pair(value)) for value in (stride, padding, dilation)]
                if weight.shape[-1] > 3 or max(numbers[0] + numbers[2]) > 1:
                    return _Depthwise.apply(inputs.bfloat16(), weight.bfloat16(), *numbers)
        return func(*args, **(kwargs or {}))


class _Depthwise(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        inputs: torch.Tensor,
        weight: torch.Tensor,
        stride: list[int],
        padding: list[int],
        dilation: list[int],
    ) -> torch.Tensor:
        ctx.save_for_backward(inputs, weight)
        ctx.geometry = (stride, padding, dilation)
        return F.conv2d(inputs, weight, None, stride, padding, dilation, weight.shape[0])

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[Any, ...]:
        inputs, weight = ctx.saved_tensors
        stride, padding, dilation = ctx.geometry
        of_inputs, of_weight, _ = torch.ops.aten.convolution_backward(
            gradient.float(),
            inputs.float(),
            weight.float(),
            None,
            stride,
            padding,
            dilation,
            False,
            [0, 0],
            weight.shape[0],
            [ctx.needs_input_grad[0], ctx.needs_input_grad[1], False],
        )
        if of_inputs is not None:
            of_inputs = of_inputs.to(inputs.dtype)
        return of_inputs, of_weight.to(weight.dtype), None, None, None
