"""Classical interactive segmentation to compare with, under the same robot user (paper, Table 1).

Every method gets the clicks as discs of `seeds.CLICK_RADIUS` pixels, the image at its own
resolution and the parameters written here: the libraries' defaults where they have any, the same
for all images. None of them is fitted to a data set.
"""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_itis.clicks import Click
from napari_itis.evaluation.colours import BINS, ColourHistogram
from napari_itis.evaluation.seeds import all_seeds, click_seeds


@dataclass(frozen=True)
class BaselinePrediction:
    """What a method makes of the clicks.

    Attributes
    ----------
    mask : ndarray of bool, shape (H, W)
    """

    mask: NDArray[np.bool_]


class Baseline:
    """A method that needs no training: set an image once, predict as often as clicks change.

    Attributes
    ----------
    parameters : str
        What was chosen for it, in one line for reports.
    """

    parameters: str

    def __init__(self) -> None:
        self._image: NDArray[np.uint8] | None = None

    def set_image(self, image: NDArray[np.uint8]) -> None:
        """Choose the image to segment.

        Parameters
        ----------
        image : ndarray of uint8, shape (H, W, 3)
            RGB.

        Raises
        ------
        ValueError
            If it is no such image.
        """
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise ValueError(f"a uint8 RGB image is needed, got {image.dtype} {image.shape}")
        self._image = np.ascontiguousarray(image)
        self._prepare(self._image)

    def predict(
        self, clicks: Sequence[Click], mask: NDArray[np.bool_] | None = None
    ) -> BaselinePrediction:
        """Segment the object that the clicks describe.

        A pure function of image, clicks and mask.

        Parameters
        ----------
        clicks : sequence of Click
            Inside the image.
        mask : ndarray of bool, shape (H, W), optional
            Existing mask to correct.

        Returns
        -------
        BaselinePrediction
            The mask as it was, or an empty one, where nothing says object.

        Raises
        ------
        RuntimeError
            If no image was set.
        """
        if self._image is None:
            raise RuntimeError("no image: call set_image first")
        shape = self._image.shape[:2]
        if mask is not None:
            mask = np.asarray(mask, bool)
        seeds = all_seeds(shape, clicks, mask)
        if seeds is None or not (seeds < 0).any():
            found = np.zeros(shape, bool) if mask is None else mask.copy()
            found[click_seeds(shape, clicks) > 0] = True
            found[click_seeds(shape, clicks) < 0] = False
        else:
            found = self._segment(clicks, seeds, mask)
        return BaselinePrediction(found)

    def _prepare(self, image: NDArray[np.uint8]) -> None:
        """What depends on the image alone."""

    def _segment(
        self,
        clicks: Sequence[Click],
        seeds: NDArray[np.int8],
        mask: NDArray[np.bool_] | None,
    ) -> NDArray[np.bool_]:
        """The object, given seeds of both sides."""
        raise NotImplementedError


class GrabCutBaseline(Baseline):
    """GrabCut (Rother et al. 2004) of OpenCV: colour mixtures and graph cuts in turns.

    Clicks are certain; all other pixels are probably background, or probably what an existing
    mask says. The image's border has no part in it.
    """

    ITERATIONS = 5
    parameters = f"cv2.grabCut, GC_INIT_WITH_MASK, {ITERATIONS} iterations"

    def _segment(self, clicks, seeds, mask):
        known = click_seeds(seeds.shape, clicks)
        labels = np.full(known.shape, cv2.GC_PR_BGD, np.uint8)
        if mask is not None:
            labels[mask] = cv2.GC_PR_FGD
        labels[known > 0] = cv2.GC_FGD
        labels[known < 0] = cv2.GC_BGD
        # OpenCV draws the first means of its mixtures from a generator of its own.
        cv2.setRNGSeed(0)
        models = np.zeros((1, 65)), np.zeros((1, 65))
        bgr = np.ascontiguousarray(self._image[..., ::-1])
        cv2.grabCut(bgr, labels, None, *models, self.ITERATIONS, cv2.GC_INIT_WITH_MASK)
        return (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)


class GraphCutBaseline(Baseline):
    """One graph cut (Boykov and Jolly 2001): colour histograms of the seeds, contrast at edges.

    The histograms are those of `colours.ColourHistogram`; 8 neighbours; the contrast's sigma is
    the image's own mean difference of neighbours.

    Raises
    ------
    ModuleNotFoundError
        If PyMaxflow is not installed.
    """

    SMOOTHNESS = 50.0
    parameters = (
        f"PyMaxflow; RGB histograms of {BINS} bins a channel from the seeds; 8 neighbours, "
        f"lambda {SMOOTHNESS:g}"
    )

    # Half of the 8 neighbours, the other half follows by symmetry: (row, column) steps.
    _STEPS = ((0, 1), (1, 0), (1, 1), (1, -1))
    _CERTAIN = 1e6

    def __init__(self) -> None:
        super().__init__()
        _require("maxflow", "graph-cut needs PyMaxflow")

    def _prepare(self, image):
        self._colours = ColourHistogram(image)
        pixels = image.astype(np.float32)
        # What wraps around belongs to edges that lead out of the image; they are never built.
        squared = [
            np.sum((pixels - np.roll(pixels, (-row, -column), (0, 1))) ** 2, axis=2)
            for row, column in self._STEPS
        ]
        self._contrast = [
            self.SMOOTHNESS
            * np.exp(-values / (2 * max(float(values.mean()), 1e-6)))
            / np.hypot(*step)
            for values, step in zip(squared, self._STEPS)
        ]

    def _segment(self, clicks, seeds, mask):
        import maxflow

        as_object = -np.log(self._colours.likelihood(seeds > 0))
        as_background = -np.log(self._colours.likelihood(seeds < 0))
        as_object[seeds < 0] = as_background[seeds > 0] = self._CERTAIN
        as_object[seeds > 0] = as_background[seeds < 0] = 0
        graph = maxflow.Graph[float](seeds.size, 4 * seeds.size)
        nodes = graph.add_grid_nodes(seeds.shape)
        for (row, column), weights in zip(self._STEPS, self._contrast):
            structure = np.zeros((3, 3))
            structure[1 + row, 1 + column] = 1
            graph.add_grid_edges(nodes, weights=weights, structure=structure, symmetric=True)
        graph.add_grid_tedges(nodes, as_background, as_object)
        graph.maxflow()
        return ~graph.get_grid_segments(nodes)


class RandomWalkerBaseline(Baseline):
    """Random walker (Grady 2006) of scikit-image.

    Solved by multigrid, which scikit-image recommends for its speed, a fifth of the default's time.

    Raises
    ------
    ModuleNotFoundError
        If pyamg is not installed.
    """

    parameters = "skimage.segmentation.random_walker, beta 130, mode cg_mg, tol 1e-3"

    def __init__(self) -> None:
        super().__init__()
        _require("pyamg", "random-walker needs pyamg")

    def _segment(self, clicks, seeds, mask):
        from skimage.segmentation import random_walker

        labels = np.select([seeds > 0, seeds < 0], [1, 2])
        with warnings.catch_warnings():
            # At the default tolerance some probabilities leave [0, 1] by a thousandth.
            warnings.filterwarnings("ignore", "The probability range", UserWarning)
            return random_walker(self._image, labels, mode="cg_mg", channel_axis=-1) == 1


class GeodesicBaseline(Baseline):
    """Geodesic distance (Bai and Sapiro 2007, without the matting): the nearest seed's side wins.

    A path costs the change of the object's probability along it, which `colours.ColourHistogram`
    gives for the two sides' seeds (by the Sobel magnitude), and `STEP` for each pixel of its
    length.
    """

    STEP = 0.01
    parameters = (
        "skimage.graph.MCP_Geometric on the Sobel magnitude of the object's probability "
        f"(RGB histograms of {BINS} bins a channel from the seeds) + {STEP:g} a pixel"
    )

    def _prepare(self, image):
        self._colours = ColourHistogram(image)

    def _segment(self, clicks, seeds, mask):
        from skimage.filters import sobel
        from skimage.graph import MCP_Geometric

        as_object, as_background = (
            self._colours.likelihood(side) for side in (seeds > 0, seeds < 0)
        )
        cost = self.STEP + sobel(as_object / (as_object + as_background))
        to_object, to_background = (
            MCP_Geometric(cost).find_costs(_rim(side))[0] for side in (seeds > 0, seeds < 0)
        )
        return to_object < to_background


def _require(module: str, message: str) -> None:
    if importlib.util.find_spec(module) is None:
        raise ModuleNotFoundError(f'{message}: pip install "napari-itis[eval]"')


def _rim(where: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Pixels at the edge of an area: a path from elsewhere into it passes one of them."""
    inner = cv2.erode(where.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=0) > 0
    return np.argwhere(where & ~inner)


BASELINES: dict[str, type[Baseline]] = {
    "grabcut": GrabCutBaseline,
    "graph-cut": GraphCutBaseline,
    "random-walker": RandomWalkerBaseline,
    "geodesic": GeodesicBaseline,
}
"""The methods by the names that the command line knows."""


def make_baseline(name: str) -> Baseline:
    """Make a method by its name.

    Parameters
    ----------
    name : str
        One of `BASELINES`.

    Returns
    -------
    Baseline

    Raises
    ------
    ValueError
        If the name is unknown.
    ModuleNotFoundError
        If a package is missing; the message says which.
    """
    if name not in BASELINES:
        raise ValueError(f"unknown method {name!r}: expected one of {', '.join(BASELINES)}")
    return BASELINES[name]()
