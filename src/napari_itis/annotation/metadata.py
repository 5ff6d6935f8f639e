"""What a stored session says of the image, the masks and the network that it was made with."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

import numpy as np
from pydantic import FiniteFloat

from napari_itis.annotation.archive import quoted
from napari_itis.annotation.record import Frame

_WINDOW = 64


@dataclass(frozen=True, slots=True)
class AxesFacts:
    """Which axes of an image the session is about, where these are not plainly the last two.

    Parameters
    ----------
    plane : tuple of int
        The axes y and x of the plane.
    channels : int, optional
        The axis of the channels.
    shown : tuple of int
        The channel that the network sees, or three as red, green and blue; empty: the one on
        screen.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"strict": True, "extra": "forbid"}

    plane: tuple[int, int]
    channels: int | None = None
    shown: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """By what an image is known again.

    Parameters
    ----------
    name : str
    shape : tuple of int
        (H, W) of the plane.
    slices : tuple of int
        Sizes of the axes in front of the plane.
    dtype : str
    fingerprint : str
        See :func:`fingerprint`; empty: not known.
    path : str
        Where it was; empty: not known.
    axes : AxesFacts, optional
        Not given: the plane is the last two axes, all others are slices.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"strict": True, "extra": "forbid"}

    name: str
    shape: tuple[int, int]
    slices: Frame = ()
    dtype: str = ""
    fingerprint: str = ""
    path: str = ""
    axes: AxesFacts | None = None


@dataclass(frozen=True, slots=True)
class MasksFacts:
    """Where the existing masks came from; they are not in the file.

    Parameters
    ----------
    path : str
    fingerprint : str
        Empty: not known.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"strict": True, "extra": "forbid"}

    path: str
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class WeightsFacts:
    """The network whose predictions are stored.

    Parameters
    ----------
    name : str
    sha256 : str
        Of the file; empty: not known.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"strict": True, "extra": "forbid"}

    name: str
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class PixelSize:
    """The size of a pixel of the image plane.

    Parameters
    ----------
    y, x : float
        Height and width of a pixel, in `unit`.
    area : float
        Its area, in the square of `unit`; less than the product where the layer is sheared.
    unit : str
        As a user reads it; px: nobody has said.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"strict": True, "extra": "forbid"}

    y: FiniteFloat = 1.0
    x: FiniteFloat = 1.0
    area: FiniteFloat = 1.0
    unit: str = "px"

    @property
    def area_unit(self) -> str:
        """The unit of areas, as a user reads it."""
        return "px" if self.unit == "px" else f"{self.unit}²"


@dataclass(frozen=True, slots=True)
class SessionMetadata:
    """What a session file says besides the session.

    Parameters
    ----------
    image : ImageFacts
    weights : WeightsFacts, optional
    masks : MasksFacts, optional
    saved : datetime, optional
        When it was written; set by saving.
    label : int, optional
        The object that was worked on.
    frame : tuple of int, optional
        The frame that was looked at.
    pixel_size : PixelSize, optional
    """

    image: ImageFacts
    weights: WeightsFacts | None = None
    masks: MasksFacts | None = None
    saved: datetime | None = None
    label: int | None = None
    frame: Frame | None = None
    pixel_size: PixelSize | None = None


def differences(stored: ImageFacts, image: ImageFacts) -> list[str]:
    """What tells an image from the one that a session was made on, in words.

    Parameters
    ----------
    stored : ImageFacts
        Of the session.
    image : ImageFacts
        Of the image that it is opened on.

    Returns
    -------
    list of str
        One line each for another size, name, type and other pixels; empty if nothing differs. With
        another size the session cannot be used.
    """
    found = []
    if not fits(stored, image):
        found.append(f"the session is for {_size(stored)} pixels, the image has {_size(image)}")
    if stored.name != image.name:
        found.append(f"the session is for {quoted(stored.name)}, the image is {quoted(image.name)}")
    if stored.dtype and image.dtype and stored.dtype != image.dtype:
        kinds = (quoted(stored.dtype)[1:-1], quoted(image.dtype)[1:-1])
        found.append("the session is for {} pixels, the image has {}".format(*kinds))
    known = stored.fingerprint and image.fingerprint and fits(stored, image)
    if known and stored.fingerprint != image.fingerprint:
        found.append("the image has other pixels than the one of the session")
    return found


def fits(stored: ImageFacts, image: ImageFacts) -> bool:
    """Whether a session can be used on an image: they have the same size."""
    return (stored.slices, stored.shape) == (image.slices, image.shape)


def readable(name: str) -> str:
    """Name of a file as text of any kind can hold it: on Linux it need not be UTF-8."""
    return name.encode("utf-8", "replace").decode()


def fingerprint(plane: Callable[[Frame], Any], shape: tuple[int, int], slices: Frame = ()) -> str:
    """A name for the pixels of an image that may be too large to be read.

    Nine windows of 64 x 64 pixels are looked at, on the first, the middle and the last frame: other
    images differ there, a change of a few pixels may not be noticed.

    Parameters
    ----------
    plane : callable
        Returns the plane of a frame, an array of any kind that can be sliced, (H, W) or (H, W, C).
    shape : tuple of int
        (H, W)
    slices : tuple of int
        Sizes of the axes in front of the plane.

    Returns
    -------
    str
        32 hexadecimal digits.
    """
    digest = hashlib.blake2b(repr((tuple(shape), tuple(slices))).encode(), digest_size=16)
    count = int(np.prod(slices, dtype=np.int64))
    for index in sorted({0, count // 2, count - 1}) if count else ():
        frame = tuple(int(i) for i in np.unravel_index(index, slices)) if slices else ()
        pixels = plane(frame)
        for rows in _windows(shape[0]):
            for columns in _windows(shape[1]):
                window = np.ascontiguousarray(pixels[rows, columns])
                digest.update(window.dtype.str.encode())
                digest.update(window.tobytes())
    return digest.hexdigest()


def _windows(size: int) -> list[slice]:
    width = min(_WINDOW, size)
    starts = sorted({0, (size - width) // 2, size - width})
    return [slice(start, start + width) for start in starts]


def _size(image: ImageFacts) -> str:
    return " x ".join(str(size) for size in (*image.slices, *image.shape))
