"""ItisNetwork: DeepLabV3+ that sees clicks and an existing mask (paper, Sec. 3)."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from napari_itis.network.config import ItisConfig
from napari_itis.network.deeplab import ASPP, Decoder
from napari_itis.network.timm_import import timm

MIN_SIZE = 16


class ItisNetwork(nn.Module):
    """DeepLabV3+ on a timm encoder at output stride 16 (paper, Sec. 3.1).

    Parameters
    ----------
    config : ItisConfig
        What to build. The weights are random until loaded.
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, config: ItisConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or ItisConfig()
        backbone = timm.create_model(
            config.encoder,
            features_only=True,
            output_stride=16,
            in_chans=config.in_channels,
            pretrained=False,
        )
        info = backbone.feature_info
        # The deepest level, and the last one that is still at stride 4.
        self._low = max(i for i, r in enumerate(info.reduction()) if r <= 4)
        channels = info.channels()
        self.encoder = backbone
        self.aspp = ASPP(channels[-1], config.head_width)
        self.decoder = Decoder(channels[self._low], config.head_width)
        cfg = timm.get_pretrained_cfg(config.encoder)
        self.register_buffer("mean", torch.tensor(cfg.mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(cfg.std).view(1, 3, 1, 1), persistent=False)

    def forward(self, channels: torch.Tensor) -> torch.Tensor:
        """Logits of background and object.

        Parameters
        ----------
        channels : Tensor of float, shape (N, 5 or 6, H, W)
            RGB in [0, 1], positive clicks, negative clicks, and with the mask channel the distance
            to the existing mask. H and W from 16 up, odd sizes too.

        Returns
        -------
        Tensor of float, shape (N, 2, H, W)

        Raises
        ------
        ValueError
            If the channels or the size are not what the network was built for.
        """
        if channels.shape[1] != self.config.in_channels:
            raise ValueError(
                f"the network takes {self.config.in_channels} channels, not {channels.shape[1]}"
            )
        size = channels.shape[-2:]
        if min(size) < MIN_SIZE:
            raise ValueError(f"the network takes images from {MIN_SIZE} px up, not {tuple(size)}")
        image = (channels[:, :3] - self.mean) / self.std
        features = self.encoder(torch.cat([image, channels[:, 3:]], 1))
        logits = self.decoder(features[self._low], self.aspp(features[-1]))
        return F.interpolate(logits, size=size, mode="bilinear", align_corners=False)

    def encode(self, channels: torch.Tensor) -> list[torch.Tensor]:
        """The encoder's features.

        Parameters
        ----------
        channels : Tensor of float, shape (N, 5 or 6, H, W)
            As for `forward`.

        Returns
        -------
        list of Tensor of float, shape (N, C, h, w)
            One for each level, from stride 2 to the deepest one.
        """
        image = (channels[:, :3] - self.mean) / self.std
        return self.encoder(torch.cat([image, channels[:, 3:]], 1))
