"""The training loss: the paper's, and what helps from ImageNet weights."""

from __future__ import annotations

import torch
from torch.nn import functional as F


def pixel_cross_entropy(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of every pixel.

    Parameters
    ----------
    logits : Tensor of float, shape (N, 2, H, W)
    truth : Tensor of bool, shape (N, H, W)

    Returns
    -------
    Tensor of float32, shape (N, H, W)
    """
    return F.cross_entropy(logits.float(), truth.long(), reduction="none")


def bootstrapped_cross_entropy(
    losses: torch.Tensor, valid: torch.Tensor, share: float = 0.25
) -> torch.Tensor:
    """Mean of each image's worst losses, averaged over images (paper, Sec. 4.2).

    Parameters
    ----------
    losses : Tensor of float, shape (N, H, W)
        From `pixel_cross_entropy`.
    valid : Tensor of bool, shape (N, H, W)
        False where void.
    share : float
        Share of the valid pixels that counts.

    Returns
    -------
    Tensor of float, shape ()
    """
    flat = losses.masked_fill(~valid, -1.0).flatten(1)
    # Sorting pays for per-image counts; void pixels come last, since no loss is negative.
    worst, _ = flat.sort(dim=1, descending=True)
    count = (valid.flatten(1).sum(1) * share).ceil().clamp(min=1)
    rank = torch.arange(worst.shape[1], device=worst.device)
    counted = (rank[None] < count[:, None]) & (worst >= 0)
    return ((worst * counted).sum(1) / counted.sum(1).clamp(min=1)).mean()


def dice_loss(logits: torch.Tensor, truth: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
    """One minus the soft Dice coefficient of the object, averaged over images.

    Parameters
    ----------
    logits : Tensor of float, shape (N, 2, H, W)
    truth, valid : Tensor of bool, shape (N, H, W)

    Returns
    -------
    Tensor of float, shape ()
    """
    posterior = logits.float().softmax(1)[:, 1] * valid
    target = (truth & valid).float()
    overlap = (posterior * target).flatten(1).sum(1)
    total = posterior.flatten(1).sum(1) + target.flatten(1).sum(1)
    return (1 - (2 * overlap + 1) / (total + 1)).mean()


def total_loss(
    logits: torch.Tensor,
    truth: torch.Tensor,
    valid: torch.Tensor,
    *,
    cross_entropy: float,
    bootstrapped: float,
    dice: float,
    share: float,
) -> torch.Tensor:
    """Weighted sum of the mean cross-entropy, the bootstrapped one and Dice.

    Parameters
    ----------
    logits : Tensor of float, shape (N, 2, H, W)
    truth, valid : Tensor of bool, shape (N, H, W)
    cross_entropy, bootstrapped, dice : float
        Weights; a loss of weight 0 is not computed. (0, 1, 0) is the paper's.
    share : float
        As in `bootstrapped_cross_entropy`.

    Returns
    -------
    Tensor of float, shape ()
    """
    losses = pixel_cross_entropy(logits, truth)
    total = losses.new_zeros(())
    if cross_entropy:
        mean = (losses * valid).flatten(1).sum(1) / valid.flatten(1).sum(1).clamp(min=1)
        total = total + cross_entropy * mean.mean()
    if bootstrapped:
        total = total + bootstrapped * bootstrapped_cross_entropy(losses, valid, share)
    if dice:
        total = total + dice * dice_loss(logits, truth, valid)
    return total
