"""A command in a process of its own that tells how far it is in a JSON file."""

from __future__ import annotations

import atexit
import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from napari_itis.plugin.background import Background

_TICK = 0.2
_PATIENCE = 3.0
_running: set[subprocess.Popen] = set()

_NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)


class JsonCommand:
    """Runs a command beside napari and hands on what it writes. Main thread only.

    Parameters
    ----------
    command : sequence of str
        Program and arguments.
    path : Path
        The JSON file that the command replaces again and again.
    on_content : callable
        Called in the main thread with the file's content whenever it has changed.
    on_end : callable
        Called in the main thread in the end, with a line on what went wrong, or an empty one; not
        after `stop`.
    """

    def __init__(
        self,
        command: Sequence[str],
        path: Path,
        on_content: Callable[[Any], object],
        on_end: Callable[[str], object],
    ) -> None:
        self._command, self._path = list(command), path
        self._on_content, self._on_end = on_content, on_end
        self._stopped = False
        self._background = Background(self._work, self._tell, self._end)

    def start(self) -> JsonCommand:
        """Begin."""
        self._background.start()
        return self

    def stop(self) -> None:
        """End the process; nothing more is told."""
        self._stopped = True
        self._background.stop()

    def wait(self, timeout: float = 2 * _PATIENCE) -> None:
        """Until the process is gone."""
        self._background.wait(timeout)

    def _tell(self, content: Any) -> None:
        if not self._stopped:
            self._on_content(content)

    def _end(self, message: str) -> None:
        if not self._stopped:
            self._on_end(message)

    # In the thread.

    def _work(self, background: Background) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.unlink(missing_ok=True)
        with tempfile.TemporaryFile() as errors:
            process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                creationflags=_NO_WINDOW,
            )
            _running.add(process)
            try:
                self._follow(process, background)
            finally:
                _end_process(process)
                _running.discard(process)
            if background.stopped or process.returncode == 0:
                return
            errors.seek(0)
            said = errors.read().decode("utf-8", "replace").strip().splitlines()
        raise RuntimeError(_why(process.returncode, said))

    def _follow(self, process: subprocess.Popen, background: Background) -> None:
        seen = None
        ended = False
        while not background.stopped:
            # Once more after the end: the last content is the one that counts.
            ended = process.poll() is not None
            stamp = _stamp(self._path)
            if stamp != seen:
                content = _read(self._path)
                if content is not None:
                    seen = stamp
                    background.tell(content)
            if ended:
                return
            time.sleep(_TICK)


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None


def _end_process(process: subprocess.Popen) -> None:
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _why(code: int, said: list[str]) -> str:
    if code == -9:
        return "it was ended by the system, most likely for lack of memory: close other programs"
    line = said[-1].removeprefix("napari-itis: ").removeprefix("error: ") if said else ""
    return line or f"it ended with exit code {code}"


@atexit.register
def _end_all() -> None:
    # Nobody is left to read what they find.
    for process in list(_running):
        process.kill()
