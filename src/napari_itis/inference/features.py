"""What the encoder sees at each place, as vectors that can be compared."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import functional as F

# Wide levels are projected: the cost of learning from the vectors grows with the square of their
# length and the narrow encoders lose nothing.
_WIDEST = 320


def describe(levels: Sequence[torch.Tensor]) -> np.ndarray:
    """Join the levels of an encoder into one vector for each place.

    Each level counts the same: it is centred over the image, brought to length 1, and to the
    grid of the third one.

    Parameters
    ----------
    levels : sequence of Tensor of float, shape (1, C, H, W)
        From stride 2 to the deepest one; the first is left out.

    Returns
    -------
    ndarray of float32, shape (h, w, sum of C)
        Vectors of length 1.
    """
    size = levels[min(2, len(levels) - 1)].shape[-2:]
    joined = []
    for level in levels[1:]:
        level = level.float()
        if level.shape[1] > _WIDEST:
            level = torch.einsum("nchw,cd->ndhw", level, _projection(level.shape[1], level.device))
        level = F.normalize(level - level.mean((2, 3), keepdim=True), dim=1)
        if level.shape[-1] > size[-1]:
            level = F.adaptive_avg_pool2d(level, size)
        else:
            level = F.interpolate(level, size=size, mode="bilinear", align_corners=False)
        joined.append(level)
    vectors = F.normalize(torch.cat(joined, 1), dim=1)[0].permute(1, 2, 0)
    return np.ascontiguousarray(vectors.cpu().numpy())


def _projection(channels: int, device: torch.device) -> torch.Tensor:
    """A random projection, which keeps distances about as they are; the same on every run."""
    random = np.random.default_rng(channels).standard_normal((channels, _WIDEST), np.float32)
    return torch.from_numpy(random).to(device)
