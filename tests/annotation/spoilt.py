"""Session files as nobody should write them, made from a good one."""

import io
import json
import struct
import warnings
import zipfile
import zlib

import numpy as np
import tifffile

DEFLATED, STORED = zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED

MEBIBYTE = 2**20
MOST_RECORDS = 5_000


def entries(good):
    with zipfile.ZipFile(io.BytesIO(good)) as file:
        return {name: file.read(name) for name in file.namelist()}


def pack(contents):
    """A zip of (name or ZipInfo, data, compression)."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as target, warnings.catch_warnings():
        # An entry that is there twice is what is wanted.
        warnings.simplefilter("ignore")
        for name, data, compression in contents:
            target.writestr(name, data, compression)
    return file.getvalue()


def repack(good, changed):
    """The good file with some entries changed; None takes one away."""
    found = {**entries(good), **changed}
    return pack(
        (name, data, STORED if name.endswith(".tif") else DEFLATED)
        for name, data in found.items()
        if data is not None
    )


def with_header(good, **changed):
    header = {**json.loads(entries(good)["session.json"]), **changed}
    return repack(good, {"session.json": json.dumps(header)})


def with_image(good, **changed):
    header = json.loads(entries(good)["session.json"])
    return with_header(good, image={**header["image"], **changed})


def with_record(good, **changed):
    first, *others = entries(good)["records.jsonl"].splitlines()
    record = {**json.loads(first), **changed}
    lines = [json.dumps(record).encode(), *others]
    return repack(good, {"records.jsonl": b"\n".join(lines)})


def with_click(good, **changed):
    click = {"y": 20.0, "x": 20.0, "positive": True, "made": 5.0, **changed}
    return with_record(good, clicks=[click], seen=0)


def with_text(good, old, new):
    """Text of the records that no JSON writer would write."""
    return repack(good, {"records.jsonl": entries(good)["records.jsonl"].replace(old, new, 1)})


def with_mask(good, data):
    return repack(good, {"masks/1.tif": data})


def tiff(array, top=0, left=0, **kwargs):
    file = io.BytesIO()
    options = {
        "photometric": "minisblack",
        "compression": "zlib",
        "metadata": None,
        "extratags": [(286, "2I", 1, (left, 1), True), (287, "2I", 1, (top, 1), True)],
    }
    tifffile.imwrite(file, array, **{**options, **kwargs})
    return file.getvalue()


def with_tag(data, code, value):
    """A TIFF of ours with another value of a tag that is a single number."""
    (start,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, start)
    data = bytearray(data)
    for index in range(count):
        at = start + 2 + 12 * index
        if struct.unpack_from("<H", data, at)[0] == code:
            struct.pack_into("<HIQ"[:3], data, at + 2, 4, 1)
            struct.pack_into("<I", data, at + 8, value)
            return bytes(data)
    raise KeyError(code)


def strip_bomb(good):
    """A strip that inflates to two million times of what its rows hold."""
    data = tiff(np.ones((8, 8), bool))
    bomb = zlib.compress(bytes(16 * MEBIBYTE), 9)
    data = with_tag(with_tag(data, 273, len(data)), 279, len(bomb))
    return with_mask(good, data + bomb)


def directory_flood(count):
    """A zip of nothing but a list of entries."""
    name = b"masks/1.tif"
    entry = struct.pack("<4s4B4HL2L5H2L", b"PK\1\2", 20, 3, 20, 0, 0, 0, 0, 0, 0, 0, 0,
                        len(name), 0, 0, 0, 0, 0, 0) + name  # fmt: skip
    listed = entry * count
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count % 65536, count % 65536, len(listed), 0, 0)
    return listed + end


def lying_directory(good):
    """A list of entries that claims to have four gigabytes."""
    at = good.rfind(b"PK\5\6")
    return good[: at + 12] + struct.pack("<L", 2**32 - 2) + good[at + 16 :]


def overlapping(good):
    """Entries that all lie on the same bytes."""
    noise = np.random.default_rng(0).bytes(4096)
    data = pack([("session.json", noise, STORED), *((f"masks/{i}.tif", noise, STORED)
                                                    for i in range(1, 200))])  # fmt: skip
    at = data.find(b"PK\1\2")
    end = data.rfind(b"PK\5\6")
    listed = bytearray(data[at:end])
    position = 0
    while position < len(listed):
        name, extra, comment = struct.unpack_from("<3H", listed, position + 28)
        struct.pack_into("<L", listed, position + 42, 0)
        position += 46 + name + extra + comment
    kept = data[: 30 + len("session.json") + 4096]
    ending = bytearray(data[end:])
    struct.pack_into("<2L", ending, 12, len(listed), len(kept))
    return kept + bytes(listed) + bytes(ending)


def claimed_size(good, size):
    """An entry that claims to be larger than it is."""
    data = bytearray(good)
    at = data.find(b"PK\1\2")
    struct.pack_into("<2L", data, at + 20, size, size)
    return bytes(data)


def bomb(good, name, claimed):
    """An entry of a few kilobytes that inflates to four gigabytes, and claims to have `claimed`."""
    packer = zlib.compressobj(9, wbits=-15)
    block = packer.compress(bytes(MEBIBYTE)) + packer.flush(zlib.Z_FULL_FLUSH)
    kept = {other: data for other, data in entries(good).items() if other != name}
    data = bytearray(
        pack([(name, block * 4096, STORED), *((n, d, STORED) for n, d in kept.items())])
    )
    listed = data.find(b"PK\1\2")
    for at, method, size in ((0, 8, 22), (listed, 10, 24)):
        struct.pack_into("<H", data, at + method, DEFLATED)
        struct.pack_into("<L", data, at + size, claimed)
    return bytes(data)


def flags(good, offset, value):
    """Another field of the first entry in the list."""
    data = bytearray(good)
    struct.pack_into("<H", data, data.find(b"PK\1\2") + offset, value)
    return bytes(data)


def wrong_sum(good):
    """A mask whose bytes are not those that were written."""
    at = good.find(entries(good)["masks/1.tif"])
    return good[: at + 40] + bytes([good[at + 40] ^ 255]) + good[at + 41 :]


def records(lines):
    return lambda good: repack(good, {"records.jsonl": lines(good)})


def many_records(good):
    """More than the test allows: half a million would take a minute."""
    return b"".join(b'{"frame":[%d],"object":%d,"committed":true}\n' % (i % 50, 1 + i // 50)
                    for i in range(MOST_RECORDS + 1))  # fmt: skip


def link(good):
    info = zipfile.ZipInfo("masks/9.tif")
    info.create_system, info.external_attr = 3, 0o120777 << 16
    return pack(
        [*((n, d, STORED) for n, d in entries(good).items()), (info, "/etc/passwd", STORED)]
    )


def added(*names):
    def make(good):
        return pack([*((n, d, STORED) for n, d in entries(good).items()),
                     *((name, b"evil", STORED) for name in names)])  # fmt: skip

    return make


SPOILT = {
    # Not a session.
    "empty": lambda good: b"",
    "text": lambda good: b"hello\n" * 100,
    "a TIFF": lambda good: tiff(np.ones((8, 8), bool)),
    "an empty zip": lambda good: pack([]),
    "a zip of something else": lambda good: pack([("readme.txt", b"hello", DEFLATED)]),
    "zeros": lambda good: bytes(MEBIBYTE),
    # Truncated.
    **{
        f"the first {share} %": lambda good, share=share: good[: len(good) * share // 100]
        for share in (1, 10, 25, 50, 75, 90, 99)
    },
    "without its last byte": lambda good: good[:-1],
    "without its beginning": lambda good: good[100:],
    # The zip.
    "path to a parent": added("../../evil"),
    "absolute path": added("/tmp/evil"),
    "path of Windows": added("C:\\evil.txt"),
    "path through masks": added("masks/../../evil.tif"),
    "name with a line break": added("evil\nline"),
    "name with control characters": added("\x1b[31mevil\x07"),
    "very long name": added("x" * 60_000),
    "folder": added("masks/"),
    "link": link,
    "entry twice": added("masks/1.tif"),
    "encrypted": lambda good: flags(good, 8, 1),
    "unknown compression": lambda good: flags(good, 10, 99),
    "compressed with LZMA": lambda good: pack(
        (n, d, zipfile.ZIP_LZMA) for n, d in entries(good).items()
    ),
    "masks compressed twice": lambda good: pack((n, d, DEFLATED) for n, d in entries(good).items()),
    "zip of the future": lambda good: flags(good, 6, 90),
    "flood of entries": lambda good: directory_flood(400_000),
    "the same entry over and over": lambda good: directory_flood(50_000),
    "list of four gigabytes": lying_directory,
    "overlapping entries": overlapping,
    "entry of four gigabytes": lambda good: claimed_size(good, 2**32 - 2),
    "wrong checksum": wrong_sum,
    "header that inflates to four gigabytes": lambda good: bomb(good, "session.json", 2**32 - 2),
    "header that inflates to more than it says": lambda good: bomb(good, "session.json", 1000),
    "records that inflate to four gigabytes": lambda good: bomb(good, "records.jsonl", 2**32 - 2),
    "records that inflate to more than they say": lambda good: bomb(good, "records.jsonl", 1000),
    "mask that inflates to four gigabytes": lambda good: bomb(good, "masks/1.tif", 2**32 - 2),
    "zip in a zip": lambda good: pack([("session.itis", good, STORED)]),
    # session.json
    "no header": lambda good: repack(good, {"session.json": None}),
    "no JSON": lambda good: repack(good, {"session.json": b"{"}),
    "not UTF-8": lambda good: repack(good, {"session.json": b'{"format": "\xff\xfe"}'}),
    "header is a list": lambda good: repack(good, {"session.json": b"[]"}),
    "huge header": lambda good: repack(good, {"session.json": b" " * (16 * MEBIBYTE)}),
    "deep header": lambda good: repack(good, {"session.json": b"[" * MEBIBYTE}),
    "other format": lambda good: with_header(good, format="something else"),
    "newer version": lambda good: with_header(good, version=3, something="new"),
    "version as text": lambda good: with_header(good, version="1"),
    "no version": lambda good: with_header(good, version=None),
    "negative version": lambda good: with_header(good, version=-1),
    "unknown key": lambda good: with_header(good, evil=1),
    "no image": lambda good: with_header(good, image=None),
    "image is a text": lambda good: with_header(good, image="dog"),
    "objects are a number": lambda good: with_header(good, objects=7),
    "object 0": lambda good: with_header(good, objects=[{"label": 0}]),
    "name is a number": lambda good: with_header(good, objects=[{"label": 1, "name": 7}]),
    "name of a megabyte": lambda good: with_header(
        good, objects=[{"label": 1, "name": "x" * MEBIBYTE}]
    ),
    "shape of one axis": lambda good: with_image(good, shape=[60]),
    "shape of three axes": lambda good: with_image(good, shape=[60, 80, 3]),
    "negative shape": lambda good: with_image(good, shape=[-60, 80]),
    "empty shape": lambda good: with_image(good, shape=[0, 80]),
    "shape of floats": lambda good: with_image(good, shape=[60.5, 80]),
    "shape of texts": lambda good: with_image(good, shape=["60", "80"]),
    "shape of true": lambda good: with_image(good, shape=[True, 80]),
    "enormous shape": lambda good: with_image(good, shape=[2**40, 2**40]),
    "shape of a thousand digits": lambda good: with_image(good, shape=[10**1000, 80]),
    "smaller shape": lambda good: with_image(good, shape=[10, 10]),
    "fewer frames": lambda good: with_image(good, slices=[2]),
    "no frames": lambda good: with_image(good, slices=[0]),
    "a thousand axes": lambda good: with_image(good, slices=[50] * 1000),
    "path is a list": lambda good: with_image(good, path=["/etc"]),
    "weights are a text": lambda good: with_header(good, weights="itis-lite0"),
    "saved never": lambda good: with_header(good, saved="never"),
    # records.jsonl
    "no records": lambda good: repack(good, {"records.jsonl": None}),
    "records that are no JSON": records(lambda good: b"hello\n"),
    "empty line": records(lambda good: b"\n\n"),
    "a line of 16 megabytes": records(lambda good: b"0" * (16 * MEBIBYTE)),
    "too many records": records(many_records),
    "deep record": records(lambda good: b"[" * 500_000),
    "record twice": records(lambda good: entries(good)["records.jsonl"] * 2),
    "record without a frame": records(lambda good: b'{"object": 1}\n'),
    "NaN in a click": lambda good: with_text(good, b'"y":20.25', b'"y":NaN'),
    "infinite click": lambda good: with_text(good, b'"y":20.25', b'"y":1e999'),
    "click outside": lambda good: with_click(good, y=1e300),
    "click before the image": lambda good: with_click(good, x=-1.0),
    "click at a text": lambda good: with_click(good, y="20"),
    "click at null": lambda good: with_click(good, x=None),
    "sign is a number": lambda good: with_click(good, positive=1),
    "click with more": lambda good: with_click(good, evil=True),
    "clicks are a mapping": lambda good: with_record(good, clicks={}),
    "more clicks seen than made": lambda good: with_record(good, seen=100),
    "negative number of clicks seen": lambda good: with_record(good, seen=-1),
    "frame outside": lambda good: with_record(good, frame=[50]),
    "frame of two axes": lambda good: with_record(good, frame=[1, 1]),
    "negative frame": lambda good: with_record(good, frame=[-1]),
    "frame is a number": lambda good: with_record(good, frame=3),
    "frame is a float": lambda good: with_record(good, frame=[0.5]),
    "object -1": lambda good: with_record(good, object=-1),
    "object of 64 bits": lambda good: with_record(good, object=2**40),
    "object is a text": lambda good: with_record(good, object="dog"),
    "unknown state": lambda good: with_record(good, state="finished"),
    "committed is a text": lambda good: with_record(good, committed="yes"),
    "revision of a thousand digits": lambda good: with_record(good, revision=10**1000),
    "mask that is not there": lambda good: with_record(good, mask=123456),
    "negative mask": lambda good: with_record(good, mask=-1),
    "mask is a path": lambda good: with_record(good, mask="../../etc/passwd"),
    "mask number with a hundred digits": lambda good: with_record(good, mask=10**100),
    # masks/*.tif
    "mask is empty": lambda good: with_mask(good, b""),
    "mask is no TIFF": lambda good: with_mask(good, b"hello" * 100),
    "mask is truncated": lambda good: with_mask(good, entries(good)["masks/1.tif"][:-10]),
    "mask is outside": lambda good: with_mask(good, tiff(np.ones((8, 8), bool), top=1000)),
    "mask is larger than the image": lambda good: with_mask(good, tiff(np.ones((100, 100), bool))),
    "mask of 8 bits": lambda good: with_mask(good, tiff(np.ones((8, 8), np.uint8))),
    "mask in colour": lambda good: with_mask(
        good, tiff(np.ones((8, 8, 3), np.uint8), photometric="rgb")
    ),
    "mask in tiles": lambda good: with_mask(good, tiff(np.ones((8, 8), np.uint8), tile=(16, 16))),
    "mask not compressed": lambda good: with_mask(
        good, tiff(np.ones((8, 8), bool), compression=None)
    ),
    "mask without a place": lambda good: with_mask(good, tiff(np.ones((8, 8), bool), extratags=())),
    "mask with a million rows": lambda good: with_mask(
        good, with_tag(tiff(np.ones((8, 8), bool)), 257, 10**6)
    ),
    "mask with four billion rows": lambda good: with_mask(
        good, with_tag(tiff(np.ones((8, 8), bool)), 257, 2**32 - 1)
    ),
    "mask of four billion by four billion pixels": lambda good: with_image(
        with_mask(
            good,
            with_tag(with_tag(tiff(np.ones((8, 8), bool)), 257, 2**31 - 8), 256, 2**31 - 8),
        ),
        shape=[2**31, 2**31],
    ),
    "mask in one strip of 2^28 pixels": lambda good: with_image(
        with_mask(
            good,
            with_tag(
                with_tag(with_tag(tiff(np.ones((8, 8), bool)), 257, 2**14), 256, 2**14), 278, 2**14
            ),
        ),
        shape=[2**15, 2**15],
    ),
    "mask with strips of no rows": lambda good: with_mask(
        good, with_tag(tiff(np.ones((8, 8), bool)), 278, 0)
    ),
    "mask that lies beyond the file": lambda good: with_mask(
        good, with_tag(tiff(np.ones((8, 8), bool)), 273, 2**31)
    ),
    "mask in a strip that explodes": strip_bomb,
    "mask of 70 megabytes": lambda good: with_mask(good, bytes(70 * MEBIBYTE)),
}
