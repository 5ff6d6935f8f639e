"""The masks of a session as levels of a Labels layer: drawn where napari looks only."""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_itis.annotation import AnnotationSession
from napari_itis.plugin.axes import Axes

LARGEST_PLANE = 1 << 25
"""Masks of larger planes are such views: in an array they would take seconds to draw."""

LARGEST_ARRAY = 1 << 30
"""And so are those of stacks with more pixels than this, which may not fit into memory."""

_SMALLEST = 256


class MaskView:
    """Label images of a session as an array that is drawn when it is converted to numpy's.

    Parameters
    ----------
    session : AnnotationSession
    axes : Axes
    step : int
        Only the middle pixel of each square of `step` x `step` pixels is in it.
    """

    dtype = np.dtype(np.int32)

    def __init__(self, session: AnnotationSession, axes: Axes, step: int) -> None:
        self._session, self._axes, self._step = session, axes, step
        steps = [step if axis in axes.plane else 1 for axis in range(len(axes.sizes))]
        sizes = [max(1, (size + by - 1 - by // 2) // by) for size, by in zip(axes.sizes, steps)]
        # Which of its own pixels each axis shows; an integer once it is indexed by one.
        self._parts: list[range | int] = [range(size) for size in sizes]

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(len(part) for part in self._parts if isinstance(part, range))

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> MaskView | np.int32:
        keys = list(key) if isinstance(key, tuple) else [key]
        parts: list[range | int] = []
        for part in self._parts:
            parts.append(part[keys.pop(0)] if isinstance(part, range) and keys else part)
        if keys:
            raise IndexError(f"too many indices for masks of {self.ndim} axes")
        view = MaskView.__new__(MaskView)
        view._session, view._axes, view._step = self._session, self._axes, self._step
        view._parts = parts
        return view if view.ndim else np.asarray(view)[()]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        axes, step = self._axes, self._step
        parts = [part if isinstance(part, range) else range(part, part + 1) for part in self._parts]
        box = tuple(
            slice(
                min(part.start * step + step // 2, size - 1) if part else 0,
                min(part[-1] * step + step // 2, size - 1) + 1 if part else 0,
                step * part.step,
            )
            for part, size in ((parts[axis], axes.sizes[axis]) for axis in axes.plane)
        )
        found = np.zeros([len(part) for part in parts], np.int32)
        places = list(np.ndindex(*[len(parts[axis]) for axis in axes.along]))
        # Of a single frame the existing masks are read, as it is looked at.
        known = set(self._session.frames()) if len(places) > 1 else None
        for place in places:
            frame = tuple(parts[axis][index] for axis, index in zip(axes.along, place))
            if known is not None and frame not in known:
                continue
            labels = self._session.drawing(frame)[box]
            index = axes.index(place, (slice(None), slice(None)), slice(None))
            if axes.channels is not None and axes.channels < axes.plane[1]:
                first = axes.channels > axes.plane[0]
                labels = labels[:, None] if first else labels[None]
            elif axes.channels is not None:
                labels = labels[..., None]
            found[index] = labels
        found = found.reshape(self.shape)
        return found if dtype is None else found.astype(dtype, copy=False)


def mask_levels(session: AnnotationSession, axes: Axes) -> list[MaskView]:
    """The masks of a session at every resolution, the finest first."""
    levels = [MaskView(session, axes, 1)]
    step = 2
    while max(axes.shape) // step >= _SMALLEST:
        levels.append(MaskView(session, axes, step))
        step *= 2
    return levels


def needs_views(axes: Axes) -> bool:
    """Whether the masks of an image are too large for an array, and for `RenderedMasks`."""
    large_plane = axes.shape[0] * axes.shape[1] > LARGEST_PLANE
    return large_plane or (is_long(axes) and not (axes.plain and len(axes.slices) == 1))


def is_long(axes: Axes) -> bool:
    """Whether a stack has more pixels than an array may have."""
    return int(np.prod(axes.of_masks.sizes, dtype=np.int64)) > LARGEST_ARRAY
