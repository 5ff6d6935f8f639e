"""The zip around a session: written whole or not at all, read without trusting it."""

from __future__ import annotations

import io
import os
import re
import stat
import struct
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

HEADER, RECORDS, SCHEMA = "session.json", "records.jsonl", "schema.json"
MASK_NAME = "masks/{}.tif"

# Room for 250 000 masks. Python's list of a zip's entries takes some ten times as much memory.
LARGEST_DIRECTORY = 2**24
MOST_MASKS = 250_000
LARGEST_HEADER = 2**22
LARGEST_LINE = 2**20
LARGEST_MASK_FILE = 2**26 + 2**20

# What zipfile raises of a spoilt file.
_SPOILT = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
)
_KNOWN = re.compile(r"session\.json|records\.jsonl|schema\.json|masks/[1-9][0-9]{0,8}\.tif")


class SessionFileError(ValueError):
    """A session file that cannot be used; the message is one line."""


def quoted(text: object) -> str:
    """Something from a file that may hold anything, fit for an error's one line."""
    return shortened(repr(text))


def shortened(text: object, length: int = 120) -> str:
    """A text as one line that is not too long."""
    line = " ".join(str(text).split())
    return line if len(line) <= length else f"{line[: length - 20]} … {line[-16:]}"


def replace_file(path: Path, write: Callable[[BinaryIO], None]) -> None:
    """Write a file beside its place and rename it once it is on the disk."""
    # Through a link: the file that it points to is the one to be replaced.
    path = Path(os.path.realpath(path))
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.tmp")
    try:
        with temporary.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    if os.name == "posix":
        # The new name is on the disk only when the folder is.
        folder = os.open(path.parent, os.O_RDONLY)
        # Some file systems know no such thing; the file itself is there.
        with suppress(OSError):
            os.fsync(folder)
        os.close(folder)


class Archive:
    """The entries of a session file; nothing is ever extracted to the disk.

    Parameters
    ----------
    path : Path
    file : binary file
        The opened file.

    Raises
    ------
    SessionFileError
        If it is no zip, or one that no session would be stored in.
    """

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path = path
        size = file.seek(0, io.SEEK_END)
        bounded = _Bounded(file, LARGEST_DIRECTORY)
        try:
            self._zip = zipfile.ZipFile(bounded)
        except _TooMuch:
            raise self.error("its list of entries is too long") from None
        except _SPOILT as error:
            raise self.error(
                f"it is truncated, or no session at all ({shortened(error)})"
            ) from None
        bounded.limit = 2 * LARGEST_MASK_FILE
        self._entries: dict[str, zipfile.ZipInfo] = {}
        for entry in self._zip.infolist():
            self._check(entry)
            self._entries[entry.filename] = entry
        if sum(entry.compress_size for entry in self._entries.values()) > size:
            raise self.error("its entries overlap")

    def error(self, problem: str) -> SessionFileError:
        """An error that says which file it is."""
        return SessionFileError(f"cannot open {self._path}: {problem}")

    def require_known_names(self) -> None:
        """Refuse a file with entries that no session has."""
        for name in self._entries:
            if not _KNOWN.fullmatch(name):
                raise self.error(f"it has an entry {quoted(name)}, which no session has")

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def read(self, name: str, limit: int) -> bytes:
        """An entry of at most `limit` bytes."""
        with self._open(name) as entry:
            data = entry.read(limit + 1)
        if len(data) > limit:
            raise self.error(f"{name} is longer than {limit} bytes")
        return data

    def lines(self, name: str, limit: int) -> Iterator[bytes]:
        """The lines of an entry, of at most `limit` bytes each."""
        with self._open(name) as entry:
            while line := entry.readline(limit + 1):
                if len(line) > limit:
                    raise self.error(f"{name} has a line of more than {limit} bytes")
                yield line

    def _check(self, entry: zipfile.ZipInfo) -> None:
        name = quoted(entry.filename)
        if entry.filename in self._entries:
            raise self.error(f"it has the entry {name} twice")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise self.error(f"its entry {name} is a link")
        if entry.flag_bits & 1:
            raise self.error(f"its entry {name} is encrypted")
        # A mask is compressed already. Compressed twice, a small file could hold terabytes.
        allowed = [zipfile.ZIP_STORED]
        if not entry.filename.endswith(".tif"):
            allowed.append(zipfile.ZIP_DEFLATED)
        if entry.compress_type not in allowed:
            raise self.error(f"its entry {name} is compressed in an unknown way")

    @contextmanager
    def _open(self, name: str) -> Iterator[zipfile.ZipExtFile]:
        if name not in self._entries:
            raise self.error(f"it has no {name}")
        try:
            with self._zip.open(self._entries[name]) as entry:
                yield entry
        except SessionFileError:
            raise
        except (_TooMuch, *_SPOILT) as error:
            raise self.error(f"{name} is damaged ({shortened(error)})") from None


class _TooMuch(Exception):
    pass


class _Bounded(io.RawIOBase):
    """A file of which no more than `limit` bytes can be read at once.

    zipfile believes what a file says of the length of its list of entries, and reads it in one go.
    """

    def __init__(self, file: BinaryIO, limit: int) -> None:
        self._file = file
        self.limit = limit

    def read(self, size: int = -1) -> bytes:
        if size is None or size < 0:
            size = self.limit
        if size > self.limit:
            raise _TooMuch
        return self._file.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True
