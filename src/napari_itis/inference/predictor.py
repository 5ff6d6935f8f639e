"""Predictor: from clicks on an image to the object's mask."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from os import PathLike
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch

from napari_itis.clicks import Click
from napari_itis.inference.engine import DeviceMemoryError, load_engine
from napari_itis.inference.image import to_rgb8
from napari_itis.inference.promise import drop_islands, keep_elsewhere, keep_promise
from napari_itis.inference.region import WIDER_CONTEXT, Region, around, whole_image
from napari_itis.inference.view import (
    Prediction,
    State,
    States,
    View,
    clicked_parts,
    fingerprint,
    sigmoid,
)
from napari_itis.network import DEFAULT_WEIGHTS

T = TypeVar("T")

_REMEMBERED = 256
_CLOSER_LOOKS = 2
_ZOOM_WORTH = 0.55


class Predictor:
    """Segments an object from clicks: set an image once, predict as often as clicks change.

    Parameters
    ----------
    weights : str or path-like, optional
        A name (`napari-itis weights list`) or a file; the default weights if None.
    device : {"auto", "cpu", "cuda", "mps"}
        "auto" takes CUDA, then Apple's GPU, then the CPU.
    paper : bool
        As the paper's evaluation: the image's own resolution, no zoom-in, no promise (Sec. 4).
    zoom_in : bool
        Look at the region around the object at a working size instead of the whole image.
    promise : bool
        Keep positive clicks inside the mask and negative ones outside; a negative click on
        background changes nothing; small islands without a click are left out; of a mask that
        exists, a click changes its own place only.
    working_size : int, optional
        Longer side of what the network sees, in pixels; the weights' own by default.
    on_notice : callable, optional
        Called with a line when the device runs out of memory.

    Attributes
    ----------
    weights : str
        Name of the weights.
    device : torch.device
        Where the network runs now.

    Raises
    ------
    ValueError
        If weights or device cannot be used, in one line.
    """

    def __init__(
        self,
        weights: str | PathLike | None = None,
        device: str = "auto",
        *,
        paper: bool = False,
        zoom_in: bool = True,
        promise: bool = True,
        working_size: int | None = None,
        on_notice: Callable[[str], None] | None = None,
    ) -> None:
        self._notice = on_notice or (lambda _: None)
        self._engine = load_engine(weights, device, self._notice)
        self.config = self._engine.config
        self.weights = DEFAULT_WEIGHTS if weights is None else Path(weights).name
        self.zoom_in = zoom_in and not paper
        self.promise = promise and not paper
        self.working_size = working_size or self.config.working_size
        self._image: np.ndarray | None = None
        self._key: Hashable = None
        self._remembered = States(_REMEMBERED)

    @property
    def device(self) -> torch.device:
        """Where the network runs now."""
        return self._engine.device

    def set_image(
        self,
        image: np.ndarray,
        *,
        contrast_limits: tuple[float, float] | None = None,
        key: Hashable = None,
    ) -> None:
        """Choose the image to segment.

        Parameters
        ----------
        image : ndarray, shape (H, W), (H, W, 3) or (H, W, 4)
            Gray, RGB or RGBA of any real dtype.
        contrast_limits : tuple of float, optional
            Values shown as black and white, see `to_rgb8`.
        key : hashable, optional
            Names the image's content. Going back to an image of the same key costs nothing again
            for clicks that were predicted before; without one, everything is forgotten.

        Raises
        ------
        ValueError
            If it is no image plane.
        """
        self._image = to_rgb8(image, contrast_limits)
        if key is None:
            self._remembered.clear()
        self._key = key

    def predict(
        self, clicks: Sequence[Click], mask: np.ndarray | None = None, *, seen: int = 0
    ) -> Prediction:
        """Segment the object that the clicks describe.

        A pure function of image, mask and clicks in their order: the clicks are replayed one by
        one, each seeing the mask after the one before (paper, Sec. 3.2). Prefixes are remembered,
        so that one more click costs one step and taking one back costs none.

        Parameters
        ----------
        clicks : sequence of Click
            In the order in which they were made, in pixels of the image.
        mask : ndarray of bool, shape (H, W), optional
            Existing mask to start from.
        seen : int
            How many of the first clicks `mask` already answers; they are not replayed.

        Returns
        -------
        Prediction

        Raises
        ------
        RuntimeError
            If no image was set.
        ValueError
            If the mask is of another size, a click lies outside, or `seen` is out of range.
        """
        if self._image is None:
            raise RuntimeError("no image: call set_image first")
        shape = self._image.shape[:2]
        clicks = tuple(clicks)
        self._check(clicks, mask, seen)
        base = np.zeros(shape, bool) if mask is None else np.asarray(mask, bool)
        start = (self._key, fingerprint(base), seen, clicks[:seen])
        prefixes = range(len(clicks), seen, -1)
        known = next((n for n in prefixes if (*start, clicks[seen:n]) in self._remembered), seen)
        if known > seen:
            state = self._remembered.recall((*start, clicks[seen:known]), shape)
        else:
            state = State(base, None)
        for n in range(known + 1, len(clicks) + 1):
            state = self._step(base, state, clicks[:n])
            self._remembered.keep((*start, clicks[seen:n]), state)
        return Prediction(state.posterior(), state.mask)

    def refine(
        self, image: np.ndarray, mask: np.ndarray, clicks: Sequence[Click] = ()
    ) -> Prediction:
        """What the network makes of a mask that is about right, all clicks seen at once.

        One look at the region around the mask; the image of `set_image` and what was predicted on
        it stay as they are. Nothing is promised: the answer is the network's own.

        Parameters
        ----------
        image : ndarray of uint8, shape (H, W, 3)
        mask : ndarray of bool, shape (H, W)
        clicks : sequence of Click
            In pixels of the image; the network expects a positive one at least.

        Returns
        -------
        Prediction
        """
        image, mask = to_rgb8(image), np.asarray(mask, bool)
        view = self._look(image, around(mask.shape, mask, clicks, self.working_size), clicks, mask)
        logit = view.logit(mask.shape)
        return Prediction(sigmoid(logit), logit > 0)

    def features(self, image: np.ndarray, region: Region) -> np.ndarray:
        """Describe what is seen in a region, whatever was clicked; see `describe`.

        Parameters
        ----------
        image : ndarray of uint8, shape (H, W, 3)
        region : Region

        Returns
        -------
        ndarray of float32, shape (h, w, C)
            Vectors of length 1 on a grid of about an eighth of the region's size.
        """
        return self._within_memory(
            lambda region: self._engine.features(self._channels(to_rgb8(image), region, (), None)),
            region,
        )

    def _check(self, clicks: Sequence[Click], mask: np.ndarray | None, seen: int) -> None:
        shape = self._image.shape[:2]
        if mask is not None and np.shape(mask) != shape:
            raise ValueError(f"the mask is {np.shape(mask)}, the image {shape}: (H, W) must agree")
        if not 0 <= seen <= len(clicks):
            raise ValueError(f"seen must lie between 0 and the {len(clicks)} clicks, not {seen}")
        for click in clicks:
            if not click.inside(shape):
                raise ValueError(
                    f"the click (y {click.y:g}, x {click.x:g}) lies outside the image of "
                    f"{shape[0]} x {shape[1]} pixels"
                )

    def _step(self, base: np.ndarray, state: State, clicks: tuple[Click, ...]) -> State:
        """The state after the last click, given the one before it."""
        mask = state.mask
        if self.promise and not clicks[-1].positive and not mask[clicks[-1].pixel]:
            return state
        existing = mask if self.config.feed_back else base
        if not self.zoom_in:
            view = self._look(self._image, whole_image(mask.shape, None), clicks, existing)
        elif mask.any():
            view = self._look_around(mask, clicks, existing)
        else:
            view = self._look_closer(mask, clicks, existing)
        logit = view.logit(mask.shape)
        mask = logit > 0
        if self.promise:
            reach = self.config.click_radius / view.region.scale
            mask = keep_promise(mask, logit, clicks, reach)
            if base.any():
                mask = keep_elsewhere(state.mask, mask, clicks[-1])
            mask = drop_islands(mask, clicks, base)
        return State(mask, view)

    def _look_around(
        self, mask: np.ndarray, clicks: tuple[Click, ...], existing: np.ndarray
    ) -> View:
        """The region around the mask; a wider one if the object runs beyond it."""
        region = around(mask.shape, mask, clicks, self.working_size)
        view = self._look(self._image, region, clicks, existing)
        if region.touches(view.values > 0, mask.shape):
            wider = mask | (view.logit(mask.shape) > 0)
            region = around(mask.shape, wider, clicks, self.working_size, WIDER_CONTEXT)
            view = self._look(self._image, region, clicks, existing)
            if region.touches(view.values > 0, mask.shape):
                return self._look_closer(mask, clicks, existing)
        return view

    def _look_closer(
        self, mask: np.ndarray, clicks: tuple[Click, ...], existing: np.ndarray
    ) -> View:
        """The whole image first; then nearer, as long as the object is small in what was seen."""
        shape = mask.shape
        view = self._look(self._image, whole_image(shape, self.working_size), clicks, existing)
        for _ in range(_CLOSER_LOOKS):
            found = mask | clicked_parts(view.logit(shape) > 0, clicks)
            target = around(shape, found, clicks, self.working_size)
            if max(target.shape) > _ZOOM_WORTH * max(view.region.shape):
                break
            view = self._look(self._image, target, clicks, existing)
        return view

    def _look(
        self,
        image: np.ndarray,
        region: Region,
        clicks: Sequence[Click],
        existing: np.ndarray,
    ) -> View:
        """What the network sees in a region of an image."""

        def run(region: Region) -> View:
            clicked, mask = region.to_region(clicks), region.resample_mask(existing)
            return View.of(region, self._engine.run(self._channels(image, region, clicked, mask)))

        return self._within_memory(run, region)

    def _channels(
        self, image: np.ndarray, region: Region, clicks: Sequence[Click], mask: np.ndarray | None
    ) -> np.ndarray:
        """The network's input: a region of an image, clicks and mask in pixels of the region."""
        rgb = region.resample(image).transpose(2, 0, 1).astype(np.float32) / 255
        return np.concatenate([rgb, self.config.guidance(clicks, mask, rgb.shape[1:])])

    def _within_memory(self, run: Callable[[Region], T], region: Region) -> T:
        """Run the network over a region; smaller or on the CPU where memory runs out."""
        try:
            return run(region)
        except DeviceMemoryError:
            torch.cuda.empty_cache()
        self._notice(f"out of memory on {self.device.type}: trying at half the size")
        try:
            return run(region.halved())
        except DeviceMemoryError:
            self._notice(f"out of memory on {self.device.type}: going on with the CPU")
            self._engine.to(torch.device("cpu"))
            torch.cuda.empty_cache()
        return run(region)
