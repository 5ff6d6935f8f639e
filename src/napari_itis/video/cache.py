"""Planes that were read, kept while there is room for them, and read ahead of the player."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

from numpy.typing import NDArray


class PlaneCache:
    """The planes that were asked for last, up to a number of bytes. For any thread.

    Parameters
    ----------
    budget : int
        Bytes that the planes may take. One plane is kept whatever its size.
    """

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self.bytes = 0
        self._planes: OrderedDict[int, NDArray] = OrderedDict()
        self._lock = threading.Lock()

    def __contains__(self, index: int) -> bool:
        return index in self._planes

    def get(self, index: int) -> NDArray | None:
        """Give a plane that is there, which now is the last one asked for."""
        with self._lock:
            plane = self._planes.get(index)
            if plane is not None:
                self._planes.move_to_end(index)
            return plane

    def put(self, index: int, plane: NDArray) -> None:
        """Keep a plane; those that were not asked for longest make room for it."""
        with self._lock:
            old = self._planes.pop(index, None)
            self._planes[index] = plane
            self.bytes += plane.nbytes - (0 if old is None else old.nbytes)
            while self.bytes > self.budget and len(self._planes) > 1:
                self.bytes -= self._planes.popitem(last=False)[1].nbytes

    def clear(self) -> None:
        """Keep nothing."""
        with self._lock:
            self._planes.clear()
            self.bytes = 0


class PlaneReader:
    """Reads planes through a cache, and those that will be asked for next in threads of its own.

    Parameters
    ----------
    decode : callable
        Reads the plane of an index; called from several threads at once.
    count : int
        Number of planes.
    budget : int
        Bytes for the cache.
    ahead : int
        How many planes to read ahead of the one that is shown.
    threads : int
        How many threads read ahead.
    """

    # A slider that is dragged jumps; steps up to this size tell where it is going.
    _LONGEST_STEP = 16

    def __init__(
        self,
        decode: Callable[[int], NDArray],
        count: int,
        budget: int,
        ahead: int,
        threads: int,
    ) -> None:
        self.cache = PlaneCache(budget)
        self._decode = decode
        self._count = count
        self._ahead = ahead
        self._threads = threads
        self._pool: ThreadPoolExecutor | None = None
        self._pending: dict[int, Future[NDArray]] = {}
        self._lock = threading.Lock()
        self._last = -1
        self._direction = 1

    def get(self, index: int, *, keep: bool = True) -> NDArray:
        """Give a plane.

        Parameters
        ----------
        index : int
            From 0 on.
        keep : bool
            Whether it goes into the cache: whoever walks through all of a video must not push
            out what is about to be shown.

        Returns
        -------
        ndarray
            The cache's own: not to be written to.
        """
        plane = self.cache.get(index)
        if plane is not None:
            return plane
        with self._lock:
            future = self._pending.get(index)
        # One that waits in the queue is read here, at once; one under way is waited for.
        if future is not None and not future.cancel():
            return future.result()
        plane = self._decode(index)
        if keep:
            self.cache.put(index, plane)
        return plane

    def show(self, index: int) -> NDArray:
        """Give the plane that is to be shown, and read ahead where the player is going.

        Parameters
        ----------
        index : int
            From 0 on.

        Returns
        -------
        ndarray
            As `get`.
        """
        plane = self.get(index)
        step = index - self._last
        if step:
            if abs(step) <= self._LONGEST_STEP:
                self._direction = 1 if step > 0 else -1
            self._last = index
            places = (index + self._direction * n for n in range(1, self._ahead + 1))
            self._read_ahead([place for place in places if 0 <= place < self._count])
        return plane

    def close(self) -> None:
        """Forget all planes and end the threads; the next plane that is asked for starts anew."""
        with self._lock:
            pool, self._pool = self._pool, None
            self._pending.clear()
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)
        self.cache.clear()

    def _read_ahead(self, wanted: Iterable[int]) -> None:
        missing = [index for index in wanted if index not in self.cache]
        with self._lock:
            # What was wanted before the player turned or jumped is wanted no more.
            for index in [i for i in self._pending if i not in missing]:
                if self._pending[index].cancel():
                    del self._pending[index]
            # No thread takes anything up once the program is left; what is asked for is read.
            with suppress(RuntimeError):
                for index in missing:
                    if index not in self._pending or self._pending[index].cancelled():
                        self._pending[index] = self._submit(index)

    def _submit(self, index: int) -> Future[NDArray]:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="itis-frames")
        return self._pool.submit(self._fetch, index)

    def _fetch(self, index: int) -> NDArray:
        try:
            plane = self.cache.get(index)
            if plane is None:
                plane = self._decode(index)
                self.cache.put(index, plane)
            return plane
        finally:
            with self._lock:
                self._pending.pop(index, None)
