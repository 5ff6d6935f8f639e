"""The two halves of DeepLabV3+ behind the encoder: ASPP and decoder (paper, Sec. 3.1)."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

ATROUS_RATES = (6, 12, 18)
LOW_LEVEL_WIDTH = 48


def conv_norm(inputs: int, outputs: int) -> nn.Sequential:
    """1x1 convolution, batch norm, ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


def separable_conv(inputs: int, outputs: int, dilation: int = 1) -> nn.Sequential:
    """Depthwise 3x3 and pointwise 1x1 convolution, each with batch norm and ReLU."""
    return nn.Sequential(
        nn.Conv2d(
            inputs, inputs, 3, padding=dilation, dilation=dilation, groups=inputs, bias=False
        ),
        nn.BatchNorm2d(inputs),
        nn.ReLU(inplace=True),
        *conv_norm(inputs, outputs),
    )


class ASPP(nn.Module):
    """Atrous spatial pyramid pooling: 1x1, three atrous separable 3x3, image-level pooling.

    Parameters
    ----------
    inputs, width : int
        Channels of the encoder's deepest features and of the result.
    """

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            [conv_norm(inputs, width), *(separable_conv(inputs, width, r) for r in ATROUS_RATES)]
        )
        self.pooling = conv_norm(inputs, width)
        self.project = conv_norm(width * (len(self.branches) + 1), width)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        pooled = self.pooling(features.mean((2, 3), keepdim=True))
        parts = [branch(features) for branch in self.branches]
        parts.append(pooled.expand(-1, -1, *features.shape[-2:]))
        return self.project(torch.cat(parts, 1))


class Decoder(nn.Module):
    """Joins ASPP's output with features at stride 4 and gives logits of two classes there.

    Parameters
    ----------
    low_level : int
        Channels of the encoder's features at stride 4.
    width : int
        Channels of ASPP's output.
    """

    def __init__(self, low_level: int, width: int) -> None:
        super().__init__()
        self.reduce = conv_norm(low_level, LOW_LEVEL_WIDTH)
        self.fuse = nn.Sequential(
            separable_conv(width + LOW_LEVEL_WIDTH, width), separable_conv(width, width)
        )
        self.logits = nn.Conv2d(width, 2, 1)

    def forward(self, low_level: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        low_level = self.reduce(low_level)
        context = F.interpolate(
            context, size=low_level.shape[-2:], mode="bilinear", align_corners=False
        )
        return self.logits(self.fuse(torch.cat([context, low_level], 1)))
