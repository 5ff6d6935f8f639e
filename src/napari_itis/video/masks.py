"""The masks of a video as one array: read as one looks through it, changed in memory."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_itis.video.edits import EditedPlanes
from napari_itis.video.mask_files import present_ids, read_mask_file
from napari_itis.video.numbering import files_of_frames, image_names
from napari_itis.video.stack import LazyStack, OnProblem, VideoError, is_whole_number

CACHE_BYTES = 96 << 20
"""What decoded masks may take: 250 of 480p."""

# Files that are read to learn which objects there are.
_LOOKED_AT = 8


class MaskSequence(LazyStack):
    """Label images of a video's frames, int32 (t, y, x), from a folder with one image a frame.

    A frame's mask is the file with its stem (or, where no stem is the same, its number); a frame
    without a file is background, `missing` lists these. What is odd about a file is reported
    and handled as `read_mask_file` says. Files are never written to: what is assigned to
    frames (``masks[t, ...] = labels``, as napari's brush does) is kept in memory, and
    `edited` names these frames.

    Parameters
    ----------
    folder : str, path-like or None
        None for masks that do not exist yet.
    names : sequence of str
        Stems of the frames.
    size : tuple of int
        Height and width of the frames.
    budget : int
        Bytes that decoded masks may take.
    on_problem : callable, optional
        Takes one line for each file that is not as it should be, in the thread that reads it.

    Attributes
    ----------
    folder : Path or None
    names : tuple of str
    changes : int
        Grows with every change; see `edited_since`.
    saved : dict of Path to int
        Folders that the masks were saved to, with the `changes` that they have.

    Raises
    ------
    VideoError
        If the folder cannot be listed, or no file in it belongs to a frame.
    """

    def __init__(
        self,
        folder: str | PathLike[str] | None,
        names: Sequence[str],
        size: tuple[int, int],
        *,
        budget: int = CACHE_BYTES,
        on_problem: OnProblem | None = None,
    ) -> None:
        self.folder = None if folder is None else Path(folder)
        self.names = tuple(names)
        self._files, others, first = _listed(self.folder, self.names)
        # Never taken by threads that read: whoever changes a frame may wait for them.
        self._edit_lock = threading.RLock()
        self._edits = EditedPlanes((int(size[0]), int(size[1])))
        self._changed_at: dict[int, int] = {}
        self.changes = 0
        self.saved: dict[Path, int] = {}
        self._known: frozenset[int] | None = None
        self._seen: set[int] = set()
        self._refused: set[int] = set()
        # Ids are few: eight bits for most masks, whatever the array says they are.
        super().__init__(
            (len(self.names), *size),
            np.int32,
            budget=budget,
            on_problem=on_problem,
            plane_bytes=int(size[0]) * int(size[1]),
        )
        if first:
            self._report(f"{folder}: masks are numbered from 1, frames from 0; taken in order")
        if others:
            more = f" and {len(others) - 1} more" if len(others) > 1 else ""
            self._report(f"{self.folder / others[0]}{more}: no frame has this name; not used")

    # What there is.

    @property
    def missing(self) -> list[int]:
        """Frames without a file."""
        return [index for index in range(len(self)) if index not in self._files]

    @property
    def edited(self) -> list[int]:
        """Frames that were changed, in order."""
        with self._edit_lock:
            return list(self._edits)

    def edited_since(self, changes: int) -> list[int]:
        """Frames that were changed after `changes` had a value."""
        with self._edit_lock:
            return sorted(i for i, change in self._changed_at.items() if change > changes)

    def path(self, index: int) -> Path | None:
        """The file that a frame's mask comes from; None if it has none."""
        file = self._files.get(self._index(index))
        return None if file is None else self.folder / file

    def labels(self) -> list[int]:
        """Tell which objects there are, as far as is known.

        Those of eight files spread over the video, which are read for it once, of every frame
        that was read since, and of what was drawn. An object that is in sight for a moment only
        turns up with its frame.

        Returns
        -------
        list of int
            Ids in order, without background.
        """
        known = self._look_around()
        with self._lock:
            return sorted((known | self._seen) - {0})

    def max(self, axis: None = None, out: None = None) -> int:
        """The largest id of `labels`: napari's key for a new label asks for it."""
        return max(self.labels(), default=0)

    def read(self, index: int) -> NDArray[np.int32] | None:
        """Read the mask of one frame without disturbing what is about to be shown.

        Parameters
        ----------
        index : int
            From 0 on.

        Returns
        -------
        ndarray of int32, shape (H, W), or None
            An array of its own; None where the frame has no mask.

        Raises
        ------
        IndexError
            If there is no such frame.
        """
        index = self._index(index)
        with self._edit_lock:
            plane = self._edits.get(index)
            if plane is not None:
                return plane.copy()
        return self.original(index)

    def original(self, index: int) -> NDArray[np.int32] | None:
        """Read the mask of a frame's file, whatever was changed since; otherwise as `read`."""
        index = self._index(index)
        if index not in self._files:
            return None
        plane = self._reader.get(index, keep=False)
        return None if index in self._refused else plane.astype(np.int32)

    # What can be changed.

    def __setitem__(self, key: Any, value: Any) -> None:
        first, rest = self._split(key)
        with self._edit_lock:
            if is_whole_number(first):
                self._write(self._index(first), rest, value)
            elif isinstance(first, slice):
                places = range(*first.indices(len(self)))
                values = np.broadcast_to(value, (len(places), *self._part(0, rest)))
                for place, part in zip(places, values):
                    self._write(place, rest, part)
            else:
                places, arrays, tail = self._arrays(first, rest)
                shape = (*places.shape, *self._part(len(arrays), tail))
                values = np.broadcast_to(value, shape)
                for place in np.unique(places):
                    here = places == place
                    self._write(int(place), (*(a[here] for a in arrays), *tail), values[here])

    def restore(self, index: int) -> None:
        """Take back what was changed on a frame: it has the mask of its file again."""
        index = self._index(index)
        with self._edit_lock:
            if index in self._edits:
                self._edits.discard(index)
                self._note(index)

    def _write(self, index: int, rest: tuple[Any, ...], value: Any) -> None:
        plane = self._edits.get(index)
        if plane is None:
            plane = self._plane(index)
        value = np.asarray(value)
        # A frame that was looked at with a brush and left as it was is not an edited one.
        if (plane[rest] == value).all():
            return
        plane[rest] = value
        self._edits.put(index, plane)
        with self._lock:
            self._seen.update(present_ids(value))
        self._note(index)

    def _note(self, index: int) -> None:
        self.changes += 1
        self._changed_at[index] = self.changes

    # From the files.

    def _shown(self, index: int) -> NDArray[np.int32]:
        with self._edit_lock:
            plane = self._edits.get(index)
            if plane is not None:
                return plane.copy()
        # Through the reader even without a file: the player goes on from here.
        return self._reader.show(index).astype(np.int32)

    def _plane(self, index: int) -> NDArray[np.int32]:
        plane = self.read(index)
        return np.zeros(self.shape[1:], np.int32) if plane is None else plane

    def _decode(self, index: int) -> NDArray:
        path = self.path(index)
        if path is None:
            return np.zeros(self.shape[1:], np.uint8)
        labels, problems = read_mask_file(path, size=self.shape[1:], known=self._look_around)
        for line in problems:
            self._report(line)
        if labels is None:
            self._refused.add(index)
            return np.zeros(self.shape[1:], np.uint8)
        found = present_ids(labels)
        self._tell_of_new({label for label in found if label}, path)
        return labels.astype(np.uint8 if found[-1] < 256 else np.int32)

    def _tell_of_new(self, found: set[int], path: Path) -> None:
        with self._lock:
            new = found - self._seen
            first = not self._seen
            self._seen |= new
        # Looking around takes a moment, and what is seen first surprises nobody.
        if new and not first and (new := new - self._look_around()):
            names = ", ".join(map(str, sorted(new)))
            self._report(f"{path}: object {names} is in none of the masks looked at before")

    def _look_around(self) -> frozenset[int]:
        """The objects of files from all over the video, the same ones whatever is read first."""
        with self._lock:
            if self._known is not None:
                return self._known
            places = sorted(self._files)
            chosen = np.unique(np.linspace(0, len(places) - 1, _LOOKED_AT).astype(int))
            known: set[int] = set()
            for place in chosen if places else ():
                labels, _ = read_mask_file(self.path(places[place]), size=self.shape[1:])
                if labels is not None:
                    known.update(present_ids(labels))
            self._known = frozenset(known - {0})
            return self._known

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        del state["_edit_lock"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._edit_lock = threading.RLock()
        super().__setstate__(state)


def _listed(folder: Path | None, names: tuple[str, ...]) -> tuple[dict[int, str], list[str], int]:
    if folder is None:
        return {}, [], 0
    try:
        files = image_names(folder)
    except OSError as error:
        raise VideoError(f"cannot list the folder {folder}: {error.strerror}") from None
    found, others, first = files_of_frames(files, names)
    if not found:
        expected = f"{names[0]}.png" if names else "one PNG for each frame"
        raise VideoError(f"no mask in {folder} belongs to a frame: expected {expected}, ...")
    return found, others, first
