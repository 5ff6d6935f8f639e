"""Free disk and memory, as far as the system tells."""

from __future__ import annotations

import shutil
import sys
from contextlib import suppress
from pathlib import Path


def free_disk(folder: Path) -> int:
    """Free bytes where a folder is, or will be made."""
    nearest = next(part for part in (folder, *folder.absolute().parents) if part.exists())
    return shutil.disk_usage(nearest).free


def free_memory() -> int:
    """Bytes that programs can have without swapping, the limits of a container counted in; or 0."""
    return min(filter(None, (_available(), _left_by_limit())), default=0)


def peak_memory() -> int:
    """The most bytes of memory that this process has had; 0 where the system does not say."""
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def human(size: int) -> str:
    """A number of bytes as people write it."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def _available() -> int:
    with suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return 1024 * int(line.split()[1])
    with suppress(ImportError):
        import psutil

        return psutil.virtual_memory().available
    return 0


def _left_by_limit() -> int:
    """What the limit of a Linux container (cgroup 2) leaves; files in memory can be given up."""
    group = Path("/sys/fs/cgroup")
    with suppress(OSError, ValueError, StopIteration):
        limit = int((group / "memory.max").read_text())
        used = int((group / "memory.current").read_text())
        statistics = (group / "memory.stat").read_text().splitlines()
        files = next(line for line in statistics if line.startswith("inactive_file "))
        return max(1, limit - used + int(files.split()[1]))
    return 0
