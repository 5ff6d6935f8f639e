"""How probable a pixel's colour is, given pixels of one side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

BINS = 16
UNIFORM = 0.05


class ColourHistogram:
    """Histograms of RGB over chosen pixels of one image.

    `BINS` bins a channel, smoothed by a Gaussian of one bin, with a share `UNIFORM` of a uniform
    distribution so that no colour is impossible.

    Parameters
    ----------
    image : ndarray of uint8, shape (H, W, 3)
    """

    def __init__(self, image: NDArray[np.uint8]) -> None:
        channels = np.moveaxis(image.astype(np.intp) * BINS // 256, -1, 0)
        self._bins = np.ravel_multi_index(tuple(channels), (BINS,) * 3)

    def likelihood(self, where: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Probability of every pixel's colour under the histogram of some pixels.

        Parameters
        ----------
        where : ndarray of bool, shape (H, W)
            At least one pixel.

        Returns
        -------
        ndarray of float64, shape (H, W)
            In (0, 1].
        """
        counts = np.bincount(self._bins[where], minlength=BINS**3).astype(float)
        smooth = gaussian_filter(counts.reshape((BINS,) * 3), 1.0).ravel()
        share = (1 - UNIFORM) * smooth / smooth.sum() + UNIFORM / BINS**3
        return share[self._bins]
