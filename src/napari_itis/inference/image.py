"""Any image a viewer shows, as the 8-bit RGB that the network sees."""

from __future__ import annotations

import numpy as np


def to_rgb8(image: np.ndarray, contrast_limits: tuple[float, float] | None = None) -> np.ndarray:
    """Convert an image plane to 8-bit RGB.

    Parameters
    ----------
    image : ndarray, shape (H, W), (H, W, 1), (H, W, 3) or (H, W, 4)
        Gray, RGB or RGBA of any real dtype; alpha is not looked at.
    contrast_limits : tuple of float, optional
        Values shown as black and white. By default the whole range of uint8 and bool, [0, 1] for
        floats that stay within it, and the image's own finite range for everything else.

    Returns
    -------
    ndarray of uint8, shape (H, W, 3)
        NaN is black; a constant image without limits is black, too.

    Raises
    ------
    ValueError
        If the shape or dtype is not that of an image plane.
    """
    image = np.asarray(image)
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] not in (1, 3, 4)):
        raise ValueError(f"an image plane is (H, W), (H, W, 3) or (H, W, 4), not {image.shape}")
    if 0 in image.shape:
        raise ValueError(f"the image has no pixels: its shape is {image.shape}")
    if image.dtype.kind not in "buif":
        raise ValueError(f"an image holds real numbers, not {image.dtype}")
    if image.ndim == 3:
        image = image[..., :3]
    if image.dtype != np.uint8 or contrast_limits not in (None, (0, 255)):
        image = _stretch(image, contrast_limits)
    if image.ndim == 2:
        image = image[..., None]
    return np.ascontiguousarray(np.broadcast_to(image, (*image.shape[:2], 3)))


def _stretch(image: np.ndarray, limits: tuple[float, float] | None) -> np.ndarray:
    if limits is None:
        limits = find_range(image)
    if image.dtype == bool:
        image = image.astype(np.uint8)
    low, high = (float(v) for v in limits)
    values = image.astype(np.float32)
    scale = 255.0 / (high - low) if high > low else 0.0
    values = (values - low) * scale
    values = np.nan_to_num(values, nan=0.0, posinf=255.0, neginf=0.0)
    return np.clip(values + 0.5, 0, 255).astype(np.uint8)


def find_range(image: np.ndarray) -> tuple[float, float]:
    """Values shown as black and white where nobody says which, see `to_rgb8`."""
    if image.dtype in (np.uint8, bool):
        return 0.0, 255.0 if image.dtype == np.uint8 else 1.0
    finite = image[np.isfinite(image)] if image.dtype.kind == "f" else image
    if not finite.size:
        return 0.0, 0.0
    low, high = float(finite.min()), float(finite.max())
    if image.dtype.kind == "f" and low >= 0 and high <= 1 and high > low:
        return 0.0, 1.0
    return low, high
