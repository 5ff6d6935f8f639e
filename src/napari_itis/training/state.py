"""What a training object keeps from one visit to the next (paper, Sec. 3.2)."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass

import numpy as np

from napari_itis.clicks import Click

# A mask is mostly flat: the fastest level already makes a tenth of it.
_LEVEL = 1


@dataclass(frozen=True)
class ObjectState:
    """What an object keeps from one visit to the next: crop, clicks, prediction.

    Attributes
    ----------
    source, image, label : int
        The object, as `Sources.draw` gives it.
    region : tuple of int
        (top, left, side) of the square crop in the image; it may reach beyond the image.
    clicks : tuple of Click
        In pixels of the resampled crop, before flips.
    mask : ndarray of bool, shape (crop, crop), or None
        The last prediction, or a spoilt mask; None is the empty mask.
    background : tuple of int, or None
        (source, image, top, left, side) of the crop of another photo that the object is shown on.
    """

    source: int
    image: int
    label: int
    region: tuple[int, int, int]
    clicks: tuple[Click, ...] = ()
    mask: np.ndarray | None = None
    background: tuple[int, int, int, int, int] | None = None

    def to_bytes(self) -> bytes:
        """The state in a few hundred bytes, since there is one for every object of the data."""
        mask = b"" if self.mask is None else np.packbits(self.mask).tobytes()
        about = {
            "object": [self.source, self.image, self.label],
            "region": self.region,
            "clicks": [[c.y, c.x, c.positive] for c in self.clicks],
            "background": self.background,
            "mask": None if self.mask is None else self.mask.shape,
        }
        head = json.dumps(about, separators=(",", ":")).encode()
        return zlib.compress(len(head).to_bytes(4, "little") + head + mask, _LEVEL)

    @classmethod
    def from_bytes(cls, packed: bytes) -> ObjectState:
        """The reverse of `to_bytes`."""
        content = zlib.decompress(packed)
        end = 4 + int.from_bytes(content[:4], "little")
        about = json.loads(content[4:end])
        mask = None
        if about["mask"] is not None:
            height, width = about["mask"]
            bits = np.frombuffer(content, np.uint8, offset=end)
            mask = np.unpackbits(bits, count=height * width).reshape(height, width).astype(bool)
        clicks = tuple(Click(y, x, positive) for y, x, positive in about["clicks"])
        background = about["background"] and tuple(about["background"])
        return cls(*about["object"], tuple(about["region"]), clicks, mask, background)
