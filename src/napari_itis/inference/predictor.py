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
from napari_itis.inference.patch import Box, Patch, shifted, window_of
from napari_itis.inference.picture import ArrayPicture, LazyPicture, Picture
from napari_itis.inference.promise import drop_islands, keep_elsewhere, keep_promise
from napari_itis.inference.region import (
    WIDER_CONTEXT,
    Region,
    around,
    first_look,
    whole_image,
    wider,
)
from napari_itis.inference.view import Prediction, State, States, View, clicked_parts, fingerprint
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
        self._picture: Picture | None = None
        self._key: Hashable = None
        self._remembered = States(_REMEMBERED)

    @property
    def device(self) -> torch.device:
        """Where the network runs now."""
        return self._engine.device

    def set_image(
        self,
        image: np.ndarray | LazyPicture,
        *,
        contrast_limits: tuple[float, float] | None = None,
        key: Hashable = None,
    ) -> None:
        """Choose the image to segment.

        Parameters
        ----------
        image : ndarray, shape (H, W), (H, W, 3) or (H, W, 4); or LazyPicture
            Gray, RGB or RGBA of any real dtype. Of a `LazyPicture`, only what the network looks
            at is read.
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
        if isinstance(image, LazyPicture):
            self._picture = image
        else:
            self._picture = ArrayPicture(to_rgb8(image, contrast_limits))
        if key is None:
            self._remembered.clear()
        self._key = key

    def predict(
        self,
        clicks: Sequence[Click],
        mask: np.ndarray | Patch | None = None,
        *,
        seen: int = 0,
        screen: Box | None = None,
    ) -> Prediction:
        """Segment the object that the clicks describe.

        A pure function of image, mask and clicks in their order: the clicks are replayed one by
        one, each seeing the mask after the one before (paper, Sec. 3.2). Prefixes are remembered,
        so that one more click costs one step and taking one back costs none.

        Parameters
        ----------
        clicks : sequence of Click
            In the order in which they were made, in pixels of the image.
        mask : ndarray of bool, shape (H, W), or Patch, optional
            Existing mask to start from.
        seen : int
            How many of the first clicks `mask` already answers; they are not replayed.
        screen : tuple of slice, optional
            Rows and columns of the image that the user sees. In an image of more than 2048 pixels
            a side, this is where an object is first looked for.

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
        if self._picture is None:
            raise RuntimeError("no image: call set_image first")
        clicks = tuple(clicks)
        self._check(clicks, mask, seen)
        base = Patch.empty(self._picture.shape) if mask is None else Patch.of(mask)
        start = (self._key, fingerprint(base), seen, clicks[:seen])
        prefixes = range(len(clicks), seen, -1)
        known = next((n for n in prefixes if (*start, clicks[seen:n]) in self._remembered), seen)
        if known > seen:
            state = self._remembered.recall((*start, clicks[seen:known]))
        else:
            state = State(base, None)
        for n in range(known + 1, len(clicks) + 1):
            state = self._step(base, state, clicks[:n], screen)
            self._remembered.keep((*start, clicks[seen:n]), state)
        return Prediction(state)

    def picture_of(self, region: Region) -> np.ndarray:
        """What the network sees of the image in a region, uint8 (height, width, 3)."""
        if self._picture is None:
            raise RuntimeError("no image: call set_image first")
        return self._picture.look(region)

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
        picture, patch = ArrayPicture(to_rgb8(image)), Patch.of(mask)
        region = around(patch.shape, patch, clicks, self.working_size)
        view = self._look(picture, region, clicks, patch)
        return Prediction(State(view.object(patch.shape), view))

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
        picture = ArrayPicture(to_rgb8(image))
        return self._within_memory(
            lambda region: self._engine.features(self._channels(picture, region, (), None)),
            region,
        )

    def _check(self, clicks: Sequence[Click], mask: np.ndarray | Patch | None, seen: int) -> None:
        shape = self._picture.shape
        size = mask.shape if isinstance(mask, Patch) else np.shape(mask)
        if mask is not None and size != shape:
            raise ValueError(f"the mask is {size}, the image {shape}: (H, W) must agree")
        if not 0 <= seen <= len(clicks):
            raise ValueError(f"seen must lie between 0 and the {len(clicks)} clicks, not {seen}")
        for click in clicks:
            if not click.inside(shape):
                raise ValueError(
                    f"the click (y {click.y:g}, x {click.x:g}) lies outside the image of "
                    f"{shape[0]} x {shape[1]} pixels"
                )

    def _step(
        self, base: Patch, state: State, clicks: tuple[Click, ...], screen: Box | None
    ) -> State:
        """The state after the last click, given the one before it."""
        mask, shape = state.mask, state.mask.shape
        if self.promise and not clicks[-1].positive and clicks[-1].pixel not in mask:
            return state
        existing = mask if self.config.feed_back else base
        if not self.zoom_in:
            view = self._look(self._picture, whole_image(shape, None), clicks, existing)
        elif mask.any():
            view = self._look_around(mask, clicks, existing)
        else:
            first = first_look(shape, clicks, self.working_size, screen, self._picture.most)
            view = self._look_closer(first, mask, clicks, existing)
        if not self.promise:
            return State(view.object(shape), view)
        # Nothing else of the image can change, however large it is.
        reach = self.config.click_radius / view.region.scale
        window = window_of(shape, [view.found(), mask.box, base.box], clicks, int(reach) + 2)
        logit, inner = view.logit(window), shifted(clicks, window)
        after = keep_promise(logit > 0, logit, inner, reach)
        if base.any():
            after = keep_elsewhere(mask.within(window), after, inner[-1])
        after = drop_islands(after, inner, base.within(window))
        corner = (window[0].start, window[1].start)
        return State(Patch(shape, *corner, after).cropped(), view)

    def _look_around(self, mask: Patch, clicks: tuple[Click, ...], existing: Patch) -> View:
        """The region around the mask; a wider one if the object runs beyond it."""
        shape = mask.shape
        region = around(shape, mask, clicks, self.working_size)
        view = self._look(self._picture, region, clicks, existing)
        if region.touches(view.values > 0, shape):
            found = mask.union(view.object(shape))
            region = around(shape, found, clicks, self.working_size, WIDER_CONTEXT)
            view = self._look(self._picture, region, clicks, existing)
            if region.touches(view.values > 0, shape):
                first = first_look(
                    shape,
                    [*clicks, *_corners(found)],
                    self.working_size,
                    most=self._picture.most,
                )
                return self._look_closer(first, mask, clicks, existing)
        return view

    def _look_closer(
        self, region: Region, mask: Patch, clicks: tuple[Click, ...], existing: Patch
    ) -> View:
        """A large region first; then nearer, as long as the object is small in what was seen."""
        shape, most = mask.shape, self._picture.most
        view = self._look(self._picture, region, clicks, existing)
        while region.touches(view.clicked(clicks), shape):
            # Of a large image that was not seen as a whole.
            region = wider(region, shape, self.working_size)
            if most is not None and max(region.shape) > most:
                break
            view = self._look(self._picture, region, clicks, existing)
        for _ in range(_CLOSER_LOOKS):
            found = mask.union(clicked_parts(view.object(shape), clicks))
            target = around(shape, found, clicks, self.working_size)
            if max(target.shape) > _ZOOM_WORTH * max(view.region.shape):
                break
            view = self._look(self._picture, target, clicks, existing)
        return view

    def _look(
        self, picture: Picture, region: Region, clicks: Sequence[Click], existing: Patch
    ) -> View:
        """What the network sees in a region of an image."""

        def run(region: Region) -> View:
            clicked, mask = region.to_region(clicks), region.resample_mask(existing)
            return View.of(region, self._engine.run(self._channels(picture, region, clicked, mask)))

        return self._within_memory(run, region)

    def _channels(
        self, picture: Picture, region: Region, clicks: Sequence[Click], mask: np.ndarray | None
    ) -> np.ndarray:
        """The network's input: a region of an image, clicks and mask in pixels of the region."""
        rgb = picture.look(region).transpose(2, 0, 1).astype(np.float32) / 255
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


def _corners(mask: Patch) -> list[Click]:
    """Clicks that make a region hold a whole mask."""
    if not mask.any():
        return []
    rows, columns = mask.box
    return [
        Click(rows.start, columns.start, True),
        Click(rows.stop - 1, columns.stop - 1, True),
    ]
