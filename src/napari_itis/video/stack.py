"""Arrays whose planes are read when they are looked at: what napari needs of a layer's data."""

from __future__ import annotations

import math
import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from napari_itis.video.cache import PlaneReader

OnProblem = Callable[[str], object]

# All planes at once are for short sequences: napari asks for them where it draws in 3D.
_MOST_AT_ONCE = 4 << 30
_AHEAD = 32


class VideoError(ValueError):
    """A video or its masks that cannot be opened or written; the message is one line."""


class MasksThereError(VideoError):
    """A folder holds masks that nobody has said may be replaced."""


class LazyStack(ABC):
    """Planes along a first axis, read one by one when they are asked for. For any thread.

    Behaves as a numpy array where napari and this project look: ``shape``, ``dtype``, ``ndim``,
    ``size``, ``len``, indexing and ``numpy.asarray``. What is wrong with a file is reported once
    and its plane is empty: nothing is raised while a user looks through a video.

    Parameters
    ----------
    shape : tuple of int
        (t, y, x) or (t, y, x, channels).
    dtype : dtype
        Of the elements.
    budget : int
        Bytes that planes read before may take.
    on_problem : callable, optional
        Takes one line that names the file, in whichever thread reads it.
    plane_bytes : int, optional
        What a plane takes in the cache, if less than `shape` and `dtype` say.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        dtype: DTypeLike,
        *,
        budget: int,
        on_problem: OnProblem | None = None,
        plane_bytes: int | None = None,
    ) -> None:
        self.shape = tuple(int(length) for length in shape)
        self.dtype = np.dtype(dtype)
        self.on_problem = on_problem
        self._budget = budget
        self._plane_bytes = plane_bytes or math.prod(shape[1:]) * self.dtype.itemsize
        self._problems: dict[str, None] = {}
        self._lock = threading.RLock()
        self._reader = self._new_reader()

    @abstractmethod
    def _decode(self, index: int) -> NDArray:
        """Read a plane, in any thread; reports what is wrong with its file and never raises."""

    def _threads(self) -> int:
        """How many threads may read ahead; one core is left to the window."""
        return max(1, min(2, (os.cpu_count() or 1) - 1))

    # What an array has.

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __array__(self, dtype: DTypeLike = None, copy: bool | None = None) -> NDArray:
        if copy is False:
            raise ValueError("the planes are read from files: there is no array without a copy")
        array = self[:]
        return array if dtype is None else array.astype(dtype, copy=False)

    def __getitem__(self, key: Any) -> NDArray:
        """Read planes or parts of them; see `LazyStack`.

        Parameters
        ----------
        key : int, slice, Ellipsis, arrays of int, or a tuple of these

        Returns
        -------
        ndarray

        Raises
        ------
        IndexError
            As numpy does.
        MemoryError
            If planes of more than 4 GiB are asked for at once.
        """
        first, rest = self._split(key)
        if is_whole_number(first):
            return self._shown(self._index(first))[rest]
        if isinstance(first, slice):
            places = range(*first.indices(len(self)))
            if len(places) == 1:
                return self._shown(places[0])[None][(slice(None), *rest)]
            return self._several(places, rest)
        return self._elements(first, rest)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.shape} {self.dtype}>"

    # What it has besides.

    @property
    def problems(self) -> list[str]:
        """What was found to be wrong with files so far, one line each."""
        return list(self._problems)

    def read(self, index: int) -> NDArray:
        """Read one plane without disturbing what is about to be shown.

        Parameters
        ----------
        index : int
            From 0 on.

        Returns
        -------
        ndarray
            Not to be written to.

        Raises
        ------
        IndexError
            If there is no such plane.
        """
        return self._plane(self._index(index))

    def close(self) -> None:
        """Give files, threads and memory back; what is asked for afterwards is read anew."""
        self._reader.close()

    # For those that derive.

    def _shown(self, index: int) -> NDArray:
        """The plane that is to be shown."""
        return self._reader.show(index)

    def _plane(self, index: int) -> NDArray:
        """A plane for somebody who goes through many."""
        return self._reader.get(index, keep=False)

    def _report(self, line: str) -> None:
        with self._lock:
            if line in self._problems:
                return
            self._problems[line] = None
        if self.on_problem is not None:
            self.on_problem(line)

    def _index(self, value: Any) -> int:
        index = int(value)
        if not -len(self) <= index < len(self):
            raise IndexError(f"frame {index} of {len(self)} does not exist")
        return index % len(self)

    def _split(self, key: Any) -> tuple[Any, tuple[Any, ...]]:
        """The index along the first axis, and the one into each plane."""
        if isinstance(key, np.ndarray) and key.dtype == bool:
            key = key.nonzero()
        parts = list(key) if isinstance(key, tuple) else [key]
        places = [place for place, part in enumerate(parts) if part is Ellipsis]
        if places:
            missing = self.ndim - (len(parts) - 1)
            parts[places[0] : places[0] + 1] = [slice(None)] * missing
        if len(parts) > self.ndim or len(places) > 1:
            raise IndexError(f"too many indices for an array with {self.ndim} axes")
        return (parts[0], tuple(parts[1:])) if parts else (slice(None), ())

    def _several(self, places: range, rest: tuple[Any, ...]) -> NDArray:
        if not places:
            return np.empty((0, *self.shape[1:]), self.dtype)[(slice(None), *rest)]
        first = self._plane(places[0])[rest]
        needed = len(places) * first.nbytes
        if needed > _MOST_AT_ONCE:
            raise MemoryError(
                f"{len(places)} frames at once would take {needed / 2**30:.0f} GiB: "
                "look at them one by one, or at fewer"
            )
        found = np.empty((len(places), *first.shape), self.dtype)
        for row, index in enumerate(places):
            found[row] = self._plane(index)[rest]
        return found

    def _elements(self, first: Any, rest: tuple[Any, ...]) -> NDArray:
        """Index with arrays, as numpy does, the planes' arrays coming first."""
        places, arrays, tail = self._arrays(first, rest)
        found = np.empty((*places.shape, *self._part(len(arrays), tail)), self.dtype)
        for index in np.unique(places):
            here = places == index
            found[here] = self._plane(int(index))[(*(array[here] for array in arrays), *tail)]
        return found

    def _part(self, count: int, tail: tuple[Any, ...]) -> tuple[int, ...]:
        """Shape of what an index takes of each pixel whose first `count` axes are told."""
        # As large as a plane, and without memory.
        plane = np.broadcast_to(np.False_, self.shape[1:])
        return plane[(*((0,) * count), *tail)].shape

    def _arrays(
        self, first: Any, rest: tuple[Any, ...]
    ) -> tuple[NDArray, list[NDArray], tuple[Any, ...]]:
        first = np.asarray(first)
        first = first.nonzero()[0] if first.dtype == bool else first
        if first.dtype.kind not in "iu" and first.size:
            raise IndexError("only integers, slices, ... and arrays of integers index a video")
        count = 0
        while count < len(rest) and not isinstance(rest[count], slice):
            count += 1
        places, *arrays = np.broadcast_arrays(first.astype(np.intp), *rest[:count])
        if places.size and not (-len(self) <= places.min() and places.max() < len(self)):
            raise IndexError(f"a frame outside of 0 to {len(self) - 1} does not exist")
        return places % len(self), arrays, rest[count:]

    def _new_reader(self) -> PlaneReader:
        # What lies ahead must not push out what is shown.
        ahead = min(_AHEAD, self._budget // 2 // max(1, self._plane_bytes))
        return PlaneReader(self._decode, len(self), self._budget, int(ahead), self._threads())

    def __getstate__(self) -> dict[str, Any]:
        # Threads, locks and listeners stay behind; another process reads the files itself.
        left = {"_reader", "_lock", "on_problem"}
        return {name: value for name, value in self.__dict__.items() if name not in left}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.on_problem = None
        self._lock = threading.RLock()
        self._reader = self._new_reader()


def is_whole_number(value: object) -> bool:
    """Whether a value is an index of one plane; a truth value is none."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, (bool, np.bool_))
