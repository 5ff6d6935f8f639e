"""Image files as arrays: one place that knows about TIFF, palettes, 16 bits and alpha."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

LARGEST_ID = 2**31 - 1
"""Of an object: labels are int32."""

_TIFF = {".tif", ".tiff"}
_JPEG = {".jpg", ".jpeg"}
_COLOURS = {"CMYK", "YCbCr", "HSV", "LAB", "RGBX", "RGBa"}


class ImageError(ValueError):
    """An image file that is missing, unreadable or of the wrong shape; the message is one line."""


def read_array(path: str | PathLike[str], *, colors: bool = False) -> NDArray:
    """Read one still image as it is stored.

    Parameters
    ----------
    path : str or path-like
        TIFF or any format that Pillow reads.
    colors : bool
        Give the colours of a palette image; by default its indices, as label masks need them.

    Returns
    -------
    ndarray
        Shape (H, W) or (H, W, C); bool, uint8, uint16, int32 or float32.

    Raises
    ------
    ImageError
        If the file is missing, cannot be read, or holds a stack of images.
    """
    path = Path(path)
    if not path.is_file():
        raise ImageError(f"no such image file: {path}")
    try:
        array = _read_tiff(path) if path.suffix.lower() in _TIFF else _read_pillow(path, colors)
    except ImageError:
        raise
    except (UnidentifiedImageError, tifffile.TiffFileError):
        raise ImageError(f"not an image that can be read: {path}") from None
    except MemoryError:
        raise
    # Of a file that is damaged, decoders raise almost anything.
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ImageError(f"cannot read the image {path}: {reason}") from None
    # Two planes are no photo: found now, not when it is shown to the network.
    if array.shape[2:] not in ((), (1,), (3,), (4,)) or array.ndim < 2 or 0 in array.shape:
        raise ImageError(
            f"{path} holds an array of shape {array.shape}; expected one image (H, W), "
            "(H, W, 3) or (H, W, 4)"
        )
    return array


def read_image(path: str | PathLike[str]) -> NDArray[np.uint8]:
    """Read a photo as 8-bit RGB.

    Parameters
    ----------
    path : str or path-like
        See `read_array`.

    Returns
    -------
    ndarray of uint8, shape (H, W, 3)
        Converted as `napari_itis.inference.to_rgb8` does.

    Raises
    ------
    ImageError
        See `read_array`.
    """
    # Data are seen as the predictor sees them. Imported here, since that room loads torch and
    # listing or checking files must not wait for it.
    from napari_itis.inference import to_rgb8

    return to_rgb8(read_array(path, colors=True))


def read_indices(path: str | PathLike[str]) -> NDArray:
    """Read a mask whose values are ids.

    Parameters
    ----------
    path : str or path-like
        See `read_array`; a palette image gives its indices.

    Returns
    -------
    ndarray of bool or integers, shape (H, W)
        No value is negative or above `LARGEST_ID`.

    Raises
    ------
    ImageError
        As `read_array`, and if the file has colours or values that are no ids.
    """
    mask = read_array(path)
    if mask.ndim != 2:
        raise ImageError(f"{path} has {mask.shape[-1]} channels: a mask has one, with object ids")
    require_ids(mask, path)
    return mask


def require_ids(mask: NDArray, path: str | PathLike[str]) -> None:
    """Refuse a mask that labels of int32 cannot hold.

    Raises
    ------
    ImageError
        If it has fractions, negative values or ids above `LARGEST_ID`.
    """
    if mask.dtype.kind not in "bui" or mask.min() < 0:
        raise ImageError(f"{path} holds {mask.dtype} values that are no ids: expected 0, 1, 2, ...")
    if mask.max() > LARGEST_ID:
        raise ImageError(f"{path} holds the id {mask.max()}: expected {LARGEST_ID} at most")


def verified_size(path: str | PathLike[str]) -> tuple[int, int]:
    """Tell the height and width of an image and make sure that its file is whole.

    Parameters
    ----------
    path : str or path-like
        See `read_array`.

    Returns
    -------
    height, width : int
        In pixels.

    Raises
    ------
    ImageError
        If the file is missing, no image, or cut off.
    """
    path = Path(path)
    if path.suffix.lower() not in _JPEG or not path.is_file():
        height, width = read_array(path).shape[:2]
        return height, width
    try:
        with Image.open(path) as image:
            size = image.height, image.width
            # An eighth of the resolution takes a quarter of the time, and all of the file.
            image.draft("L", (1, 1))
            image.load()
            return size
    except Exception:
        # Decoded in full, it says what is wrong with it.
        height, width = read_array(path).shape[:2]
        return height, width


def _read_pillow(path: Path, colors: bool) -> NDArray:
    with Image.open(path) as image:
        # What phones and cameras add to a JPEG is a smaller version of it or a depth map.
        if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":
            raise ImageError(f"{path} holds {image.n_frames} images; expected one")
        if image.mode in _COLOURS or (image.mode in ("P", "PA") and colors):
            image = image.convert("RGB")
        elif image.mode in ("LA", "La"):
            image = image.convert("L")
        return np.array(image)


def _read_tiff(path: Path) -> NDArray:
    with tifffile.TiffFile(path) as tiff:
        series = tiff.series[0]
        array, axes = np.asarray(series.asarray()), series.axes
    # Planar TIFFs store the colours first.
    if axes == "SYX":
        array = np.moveaxis(array, 0, -1)
    return array
