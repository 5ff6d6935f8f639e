"""A training that fails says so in one line, in its folder and in what it raises."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from napari_itis.runs import Reporter

LACK_OF_MEMORY = "not enough memory: close other programs, or lower batch_size, crop or cache_gb"


@contextmanager
def clear_failures(folder: Path, reporter: Reporter) -> Iterator[None]:
    """Within this context a failure is written to the status; lack of memory says what to do.

    Raises
    ------
    OSError
        With ENOMEM in place of the many ways in which memory runs out.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if is_lack_of_memory(error):
            reporter.say(state="failed", message=LACK_OF_MEMORY)
            raise OSError(errno.ENOMEM, LACK_OF_MEMORY, str(folder)) from error
        reporter.say(state="failed", message=_one_line(error))
        raise
    except Exception as error:
        reporter.say(state="failed", message=_one_line(error))
        raise


def is_lack_of_memory(error: Exception) -> bool:
    """Whether it is one of the many ways in which memory runs out, a GPU's too."""
    signs = ("DefaultCPUAllocator", "out of memory")
    return isinstance(error, MemoryError) or any(sign in str(error) for sign in signs)


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.strerror}: {error.filename}"
    line = " ".join(str(error).split())
    ours = type(error).__module__.startswith("napari_itis") or isinstance(error, FloatingPointError)
    return line if ours else f"internal error, {type(error).__name__}: {line}"
