"""What a network is built from; known without torch, so that forms and files can ask for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_itis.clicks import Click, distance_map, gaussian_map, mask_distance_map

ENCODERS = ("tf_efficientnet_lite0", "tf_efficientnet_lite2", "resnet50", "xception65")

# A file from somebody else may say anything: no network is built that fills the memory.
_RANGES = {
    "head_width": (int, 1, 1024),
    "click_sigma": (float, 0.1, 1000),
    "click_radius": (int, 1, 1000),
    "click_clip": (float, 1, 10_000),
    "mask_clip": (float, 1, 10_000),
    "working_size": (int, 32, 4096),
}


@dataclass(frozen=True)
class ItisConfig:
    """All that is needed to rebuild a network; it is saved with the weights.

    Parameters
    ----------
    encoder : str
        One of `ENCODERS`, by timm's name.
    head_width : int
        Channels of ASPP and decoder; 256 in the paper.
    mask_channel : bool
        Whether a sixth input channel holds the existing mask.
    click_encoding : {"gaussian", "distance"}
        The paper's Gaussians or iFCN's clipped distances.
    click_sigma, click_radius : float, int
        Gaussians' standard deviation and extent in pixels.
    click_clip, mask_clip : float
        Largest distance of the distance encoding and of the mask channel, in pixels.
    feed_back : bool
        Whether click k sees the prediction after click k-1 in the mask channel; if not, it sees
        the given mask (an empty one, from scratch) at every click.
    working_size : int
        Longer side in pixels to which a region is resampled when the network is used.
    """

    encoder: str = "tf_efficientnet_lite0"
    head_width: int = 128
    mask_channel: bool = True
    click_encoding: str = "gaussian"
    click_sigma: float = 10.0
    click_radius: int = 20
    click_clip: float = 255.0
    mask_clip: float = 128.0
    feed_back: bool = True
    working_size: int = 320

    def __post_init__(self) -> None:
        if self.encoder not in ENCODERS:
            raise ValueError(
                f"unknown encoder {_short(self.encoder)}: choose {', '.join(ENCODERS)}"
            )
        if self.click_encoding not in ("gaussian", "distance"):
            raise ValueError(
                f"unknown click encoding {_short(self.click_encoding)}: choose gaussian or distance"
            )
        for name in ("mask_channel", "feed_back"):
            value = getattr(self, name)
            if not isinstance(value, bool):
                raise ValueError(f"{name} must be true or false, not {_short(value)}")
        for name, (kind, low, high) in _RANGES.items():
            value = getattr(self, name)
            number = isinstance(value, int if kind is int else (int, float))
            if isinstance(value, bool) or not number or not low <= value <= high:
                what = "a whole number" if kind is int else "a number"
                raise ValueError(f"{name} must be {what} from {low} to {high}, not {_short(value)}")

    @property
    def in_channels(self) -> int:
        """5 (RGB and two click channels), or 6 with the mask channel."""
        return 5 + self.mask_channel

    def guidance(
        self, clicks: Sequence[Click], mask: np.ndarray | None, shape: tuple[int, int]
    ) -> np.ndarray:
        """Encode clicks and existing mask as the network's channels 4, 5 (and 6).

        Parameters
        ----------
        clicks : sequence of Click
            Clicks in pixels of `shape`.
        mask : ndarray of bool, shape (H, W), or None
            Existing mask; None is the empty one.
        shape : tuple of int
            (H, W).

        Returns
        -------
        ndarray of float32, shape (2 or 3, H, W)
            Positive clicks, negative clicks, mask distance; all in [0, 1].
        """
        channels = []
        for sign in (True, False):
            signed = [click for click in clicks if click.positive == sign]
            if self.click_encoding == "gaussian":
                channels.append(gaussian_map(signed, shape, self.click_sigma, self.click_radius))
            else:
                channels.append(distance_map(signed, shape, self.click_clip))
        if self.mask_channel:
            empty = np.ones(shape, np.float32)
            channels.append(empty if mask is None else mask_distance_map(mask, self.mask_clip))
        return np.stack(channels)


def _short(value: object) -> str:
    return f"{value!r:.60}"
