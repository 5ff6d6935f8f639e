"""Opening videos in napari: DAVIS roots, folders of numbered frames, movies."""

from __future__ import annotations

import threading
from collections.abc import Callable
from os import PathLike
from typing import Any

from napari_itis.video.sources import TRUTH, VideoSource, find_video, is_video
from napari_itis.video.stack import VideoError

LayerData = tuple[Any, dict[str, Any], str]
ReadPath = Callable[[str | PathLike[str]], list[LayerData]]

METADATA = "napari-itis"
"""Where layers' metadata hold what is known of their video; see `video_metadata`."""

# Broken files come in hundreds; what a user reads does not.
_TOLD = 3


def get_reader(path: str | PathLike[str] | list[str]) -> ReadPath | None:
    """Give a reader for a path that is a video, at a glance; None for everything else.

    Parameters
    ----------
    path : str, path-like or list of str
        Several paths to be stacked are left to others.

    Returns
    -------
    callable or None
    """
    if isinstance(path, list):
        if len(path) != 1:
            return None
        path = path[0]
    return read_video if is_video(path) else None


def read_video(path: str | PathLike[str] | list[str]) -> list[LayerData]:
    """Open a video as napari layers: its frames, and the masks that are to be corrected.

    Parameters
    ----------
    path : str, path-like or list of one
        See `napari_itis.video.sources.find_video`.

    Returns
    -------
    list of LayerData
        An RGB image (t, y, x), and Labels if there are masks, both read as one looks at them.

    Raises
    ------
    VideoError
        If there are no frames.
    """
    path = path[0] if isinstance(path, list) else path
    source = find_video(path)
    layers = layers_of(source, source.first_masks)
    _say_what_else_there_is(source)
    return layers


def layers_of(source: VideoSource, method: str | None) -> list[LayerData]:
    """Open frames and masks of a source.

    Parameters
    ----------
    source : VideoSource
    method : str or None
        Whose masks, one of `source.masks`; None for frames alone.

    Returns
    -------
    list of LayerData

    Raises
    ------
    VideoError
        If frames cannot be opened. Masks that cannot are told to the user and left out.
    """
    told = Problems("More files are not as they should be: see layer.data.problems for all")
    frames = source.open_frames(told)
    known = video_metadata(frames.names, source, method, source.truth)
    image = {
        "name": source.name,
        "rgb": True,
        "multiscale": False,
        "axis_labels": ("t", "y", "x"),
        "metadata": {METADATA: known},
    }
    layers: list[LayerData] = [(frames, image, "image")]
    if method is None:
        return layers
    try:
        masks = source.open_masks(method, frames, told)
    except VideoError as error:
        # The frames are there, and masks can be made.
        told(str(error))
        return layers
    return [*layers, (masks, mask_options(f"{source.name}: {method}", known), "labels")]


def mask_options(name: str, known: dict[str, Any]) -> dict[str, Any]:
    """How a Labels layer of a video is shown.

    Parameters
    ----------
    name : str
        Of the layer.
    known : dict
        See `video_metadata`.
    """
    from napari.utils.colormaps import CyclicLabelColormap

    from napari_itis.plugin.layers import MASK_COLORS

    return {
        "name": name,
        "multiscale": False,
        "opacity": 0.5,
        "colormap": CyclicLabelColormap(colors=MASK_COLORS),
        "axis_labels": ("t", "y", "x"),
        "metadata": {METADATA: known},
    }


def video_metadata(
    names: tuple[str, ...], source: VideoSource | None, method: str | None, truth: Any = None
) -> dict[str, Any]:
    """What the layers of a video know, as ``layer.metadata["napari-itis"]``.

    Parameters
    ----------
    names : tuple of str
        Stems of the frames, as masks are named when they are saved.
    source : VideoSource or None
        Where frames and masks come from; None for a video that was made by code.
    method : str or None
        Whose masks were opened.
    truth : Path, ndarray of int32 with shape (t, H, W), or None
        Ground truth, a folder of masks or the masks themselves. For scoring only: what proposes
        frames or masks never looks at it.
    """
    return {"names": tuple(names), "source": source, "method": method, "truth": truth}


class Problems:
    """Tells the user of the first things that are not as they should be. For any thread.

    Parameters
    ----------
    more : str
        What is said once there are too many of them.
    """

    def __init__(self, more: str) -> None:
        self._more = more
        self._lock = threading.Lock()
        self._count = 0

    def __call__(self, line: str) -> None:
        from napari.utils.notifications import show_warning

        with self._lock:
            self._count += 1
            count = self._count
        if count <= _TOLD:
            show_warning(line)
        elif count == _TOLD + 1:
            show_warning(self._more)


def _say_what_else_there_is(source: VideoSource) -> None:
    from napari.utils.notifications import show_info

    others = [method for method in source.masks if method not in (source.first_masks, TRUTH)]
    if others and source.chosen is None:
        show_info(
            f"{source.name} opened with the masks of {source.first_masks}; there are also those "
            f"of {', '.join(others)}: drop their folder to correct them"
        )
    if len(source.among) > 1:
        show_info(
            f"{source.name} is the first of {len(source.among)} sequences: drop the folder of "
            f"another one, such as {source.frames.with_name(source.among[1])}, to open it"
        )
