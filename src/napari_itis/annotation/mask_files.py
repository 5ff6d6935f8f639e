"""Masks as TIFF files of one bit a pixel, cropped to what is set, with where they belong."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Hashable

import numpy as np
import tifffile

from napari_itis.annotation.packed import PackedMask

# What a mask may span: more than any image that fits into memory has, and 64 MB packed.
LARGEST_MASK = 2**29

_STRIP_BYTES = 2**18
_LARGEST_STRIP = 2**24

_WIDTH, _HEIGHT, _ROWS_PER_STRIP = 256, 257, 278
_STRIP_OFFSETS, _STRIP_SIZES = 273, 279
_X_POSITION, _Y_POSITION = 286, 287
# Bits and samples a pixel, deflate, 1 is white, order of bits, no predictor; TIFF's defaults are
# the same, but for the compression.
_EXPECTED = {258: 1, 277: 1, 259: 8, 262: 1, 266: 1, 317: 1}
# Short, long, two longs.
_KINDS = {3: ("H", 2), 4: ("I", 4), 5: ("II", 4)}


def encode_mask(mask: PackedMask) -> bytes:
    """A mask that is not empty as a TIFF file.

    The file holds the rows and columns of the mask's box; XPosition and YPosition say which ones.

    Raises
    ------
    ValueError
        If it spans more than `LARGEST_MASK` pixels.
    """
    rows, columns = mask.box
    height, width = rows.stop - rows.start, columns.stop - columns.start
    if height * width > LARGEST_MASK or 8 * width > _LARGEST_STRIP:
        raise ValueError(f"a mask that spans {height} x {width} pixels is too large to be stored")
    crop = mask.crop
    # Whole bytes in every strip but the last: a strip can be read by itself.
    strip = max(1, _STRIP_BYTES // crop.shape[1]) * 8
    file = io.BytesIO()
    tifffile.imwrite(
        file,
        crop,
        photometric="minisblack",
        compression="zlib",
        rowsperstrip=min(strip, crop.shape[0]),
        resolution=(1, 1),
        resolutionunit="NONE",
        extratags=[
            (_X_POSITION, "2I", 1, (columns.start, 1), True),
            (_Y_POSITION, "2I", 1, (rows.start, 1), True),
        ],
        metadata=None,
        software=False,
    )
    return file.getvalue()


class EncodedMasks:
    """Masks that were encoded, remembered from one save of a session to the next.

    Between two autosaves few masks change, and encoding them is most of the work. For one thread at
    a time.
    """

    def __init__(self) -> None:
        self._known: dict[Hashable, bytes] = {}
        self._used: dict[Hashable, bytes] = {}

    def encode(self, key: Hashable, mask: PackedMask) -> bytes:
        """:func:`encode_mask` of a mask that `key` names."""
        data = self._known.get(key)
        if data is None:
            data = encode_mask(mask)
        self._used[key] = data
        return data

    def forget_unused(self) -> None:
        """Forget what was not asked for since the last time."""
        self._known, self._used = self._used, {}


def decode_mask(data: bytes, shape: tuple[int, int]) -> PackedMask:
    """A mask from a TIFF file of :func:`encode_mask`, of an image plane of `shape` (H, W).

    The bytes may come from anywhere. They are read here and not by a library that understands all
    of TIFF: whatever they claim, no more memory is taken than a mask of `LARGEST_MASK` pixels
    needs at one bit a pixel.

    Raises
    ------
    ValueError
        If it is no such file, or lies outside the plane.
    """
    tags = _read_tags(data)
    if any(tags.get(tag, (value,)) != (value,) for tag, value in _EXPECTED.items()):
        raise ValueError("is no TIFF of one bit a pixel, compressed with deflate")
    (height,), (width,) = _numbers(tags, _HEIGHT, 1), _numbers(tags, _WIDTH, 1)
    if height < 1 or width < 1 or height * width > LARGEST_MASK:
        raise ValueError(f"claims to have {height} x {width} pixels")
    top, left = _position(tags, _Y_POSITION), _position(tags, _X_POSITION)
    if top + height > shape[0] or left + width > shape[1]:
        raise ValueError(f"lies outside the image of {shape[0]} x {shape[1]} pixels")
    rows = min(_numbers(tags, _ROWS_PER_STRIP, 1)[0], height)
    if rows < 1 or (rows % 8 and rows != height) or rows * width > _LARGEST_STRIP:
        raise ValueError(f"has strips of {rows} rows")
    strips = -(-height // rows)
    offsets = _numbers(tags, _STRIP_OFFSETS, strips)
    counts = _numbers(tags, _STRIP_SIZES, strips)
    bits, area = [], 0
    for index, (offset, count) in enumerate(zip(offsets, counts)):
        inside = min(rows, height - index * rows)
        pixels = _read_strip(data[offset : offset + count], inside, width)
        area += int(np.count_nonzero(pixels))
        bits.append(np.packbits(pixels).tobytes())
    box = (slice(top, top + height), slice(left, left + width))
    return PackedMask(shape, box, zlib.compress(b"".join(bits), 1), area)


def _read_tags(data: bytes) -> dict[int, tuple[int, ...]]:
    """The tags that are numbers."""
    if data[:4] != b"II*\0":
        raise ValueError("is no TIFF")
    tags = {}
    try:
        (start,) = struct.unpack_from("<I", data, 4)
        (count,) = struct.unpack_from("<H", data, start)
        for at in range(start + 2, start + 2 + 12 * count, 12):
            tag, kind, length, place = struct.unpack_from("<HHII", data, at)
            if kind in _KINDS:
                form, size = _KINDS[kind]
                length *= len(form)
                if length * size > len(data):
                    raise ValueError("is truncated")
                place = at + 8 if length * size <= 4 else place
                tags[tag] = struct.unpack_from(f"<{length}{form[0]}", data, place)
    except struct.error:
        raise ValueError("is truncated") from None
    return tags


def _numbers(tags: dict[int, tuple[int, ...]], tag: int, count: int) -> tuple[int, ...]:
    numbers = tags.get(tag, ())
    if len(numbers) != count:
        raise ValueError(f"has {len(numbers)} values in tag {tag}, not {count}")
    return numbers


def _position(tags: dict[int, tuple[int, ...]], tag: int) -> int:
    position, divisor = _numbers(tags, tag, 2)
    if divisor != 1:
        raise ValueError("lies between pixels")
    return position


def _read_strip(data: bytes, rows: int, width: int) -> np.ndarray:
    size = rows * -(-width // 8)
    try:
        # One byte more than there may be: a bomb is noticed without being set off.
        raw = zlib.decompressobj().decompress(data, size + 1)
    except zlib.error:
        raise ValueError("is damaged") from None
    if len(raw) != size:
        raise ValueError("has strips of another size than it says")
    packed = np.frombuffer(raw, np.uint8).reshape(rows, -1)
    return np.unpackbits(packed, axis=1, count=width)
