"""A training as a process: started, asked to stop, found again by a window that comes later."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import tomllib
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from napari_itis.runs import registry
from napari_itis.runs.endings import explain, saved_step, stopped
from napari_itis.runs.folder import (
    BEGINNING,
    CHECKPOINT,
    CONFIG,
    OUTPUT,
    STOP,
    Status,
    read_status,
    write_status,
)
from napari_itis.runs.identity import is_here
from napari_itis.runs.lock import RunError, is_held

# Until it holds its lock, a process that another window has started is taken for alive so long.
_START_SECONDS = 20.0
# A process with gigabytes of memory takes a moment to be gone.
_DEATH_SECONDS = 10.0
_NICENESS = 10
# glibc gives the large blocks of each step back to the system and asks for them again, page by
# page: without that a step takes two thirds of the time.
_MALLOC = {"MALLOC_MMAP_THRESHOLD_": str(2**30), "MALLOC_TRIM_THRESHOLD_": str(2**30)}

_children: dict[Path, subprocess.Popen[bytes]] = {}


class Run:
    """A training that runs, or ran, in a folder; cheap to make, may be made anew at any time.

    Everything it does takes a few milliseconds and reads files: call it in a background thread.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder).absolute()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Run) and self.folder == other.folder

    def __hash__(self) -> int:
        return hash(self.folder)

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r})"

    @property
    def name(self) -> str:
        """The name of the weights, from the config; the folder's if there is none."""
        name = _settings(self.config).get("name")
        return name if isinstance(name, str) and name else self.folder.name

    @property
    def config(self) -> Path:
        """The TOML file that `napari-itis train` takes for the same run."""
        return self.folder / CONFIG

    @property
    def alive(self) -> bool:
        """Whether its process lives; another process with its number does not count."""
        child = _children.get(self.folder)
        if child is not None and child.poll() is None:
            return True
        if is_held(self.folder):
            return True
        said = read_status(self.folder)
        recent = said is not None and 0 <= time.time() - said.started < _START_SECONDS
        return child is None and recent and said.state == "starting" and said.pid == 0

    def status(self) -> Status:
        """Where it stands. A process that died is "failed", with the reason and what to do next."""
        alive = self.alive
        # In this order: what it said at its end was written before it died.
        said = read_status(self.folder)
        asked = (self.folder / STOP).exists()
        if said is None:
            message = f"there is no training in {self.folder}"
            return Status("starting") if alive else Status("failed", message=message)
        if alive:
            # A process that has said its end takes a moment to be gone.
            if said.state == "done":
                return replace(said, state="running")
            return replace(said, state="stopping") if asked or said.ended else said
        step = saved_step(self.folder)
        ended = replace(said, seconds_left=None, checkpoint_step=step)
        if said.state == "done":
            return ended
        if said.state == "stopped" or (said.state == "starting" and asked):
            return replace(ended, state="stopped", message=stopped(step, said.steps))
        child = _children.get(self.folder)
        reason = said.message if said.state == "failed" else ""
        code = None if child is None else child.poll()
        message = explain(self.folder, reason, code, step)
        return replace(ended, state="failed", message=message)

    def stop(self) -> None:
        """Ask for a checkpoint and the end; returns at once, `status` tells when it is done.

        Raises
        ------
        OSError
            If the folder cannot be written: `kill` is what is left.
        """
        if not self.alive:
            return
        (self.folder / STOP).touch()
        said = read_status(self.folder)
        # There is nothing to save yet, and reading the data may take long.
        if said is not None and said.state == "starting":
            with suppress(RunError):
                self.kill()

    def kill(self) -> None:
        """End the process at once, without a checkpoint: the last resort.

        Raises
        ------
        RunError
            If it may be on another computer, or its number another process's: it is asked to stop.
        """
        child = _children.get(self.folder)
        if child is not None and child.poll() is None:
            pid = child.pid
        elif is_held(self.folder):
            said = read_status(self.folder) or Status()
            if not is_here(said):
                (self.folder / STOP).touch()
                host = said.host or "another computer"
                process = f"{self.name} runs on {host}, in a process that is not known here"
                raise RunError(f"{process}: it was asked to stop")
            pid = said.pid
        else:
            return
        _end(pid)
        deadline = time.monotonic() + _DEATH_SECONDS
        while self.alive and time.monotonic() < deadline:
            time.sleep(0.02)

    @property
    def weights(self) -> Path | None:
        """The weights at the end, or at the stop; None if there are none yet."""
        path = self.folder / f"{self.name}.safetensors"
        with suppress(OSError):
            return path if path.is_file() else None
        return None


def start(config: Path, folder: Path, resume: bool = False) -> Run:
    """Start a training in a process of its own that lives on when this one ends.

    It has a lower priority than the window, and one core less where there are more than two.

    Parameters
    ----------
    config : Path
        A TOML file; it is copied to the folder, where the training writes it out in full, with
        absolute paths. What is wrong with it, the process says: `Run.status` is "failed" then.
    folder : Path
        Made if it is missing.
    resume : bool
        Go on from the folder's checkpoint, with the folder's own config: `config` is not looked at.

    Returns
    -------
    Run

    Raises
    ------
    RunError
        If a training runs in the folder already, or the folder holds one and `resume` is False.
    OSError
        If the folder cannot be written.
    """
    run = Run(folder)
    _refuse(run, resume)
    run.folder.mkdir(parents=True, exist_ok=True)
    (run.folder / STOP).unlink(missing_ok=True)
    if not resume and Path(config).absolute() != run.config:
        run.config.write_bytes(Path(config).read_bytes())
    step = saved_step(run.folder) if resume else 0
    write_status(run.folder, Status("starting", checkpoint_step=step, started=time.time()))
    registry.remember(run.folder)
    command = [sys.executable, "-P", "-m", "napari_itis", "train", str(run.config)]
    command += ["--output", str(run.folder), *(["--resume"] if resume else [])]
    if not _settings(run.config).get("threads"):
        command += ["--set", f"threads={spare_threads()}"]
    with (run.folder / OUTPUT).open("ab" if resume else "wb") as output:
        output.write(f"{BEGINNING} {datetime.now(UTC):%Y-%m-%d %H:%M} UTC\n".encode())
        output.flush()
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=_environment(),
            **_apart(),
        )
    _children[run.folder] = child
    _step_back(child.pid)
    return run


def spare_threads() -> int:
    """Compute threads that leave the window a core.

    Of two cores both are used: with one, a quarter of an hour would be half an hour, and the lower
    priority leaves the window the core whenever it asks for it.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    return max(min(cores, 2), cores - 1)


def known_runs() -> list[Run]:
    """Trainings that were started by any window and not forgotten, the newest first."""
    return [Run(folder) for folder in registry.known()]


def forget(run: Run) -> None:
    """Take a training off the list; its folder stays."""
    registry.forget(run.folder)


def _refuse(run: Run, resume: bool) -> None:
    if run.alive:
        raise RunError(
            f"a training runs in {run.folder} already: stop it first, or take another folder"
        )
    there = (run.folder / CHECKPOINT).exists()
    if resume and not (there and run.config.exists()):
        raise RunError(f"nothing to resume in {run.folder}: there is no checkpoint, start anew")
    if there and not resume:
        raise RunError(f"{run.folder} holds a training already: resume it, or take another folder")


def _settings(config: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(config.read_text("utf-8"))
    except (OSError, ValueError):
        return {}


def _environment() -> dict[str, str]:
    changes = {"PYTHONUNBUFFERED": "1", "NAPARI_ITIS_TRACEBACK": "1"}
    if sys.platform == "linux":
        changes |= {name: os.environ.get(name, value) for name, value in _MALLOC.items()}
    return os.environ | changes


def _apart() -> dict[str, Any]:
    """A session of its own: neither Ctrl-C nor the end of this process reaches it."""
    if os.name != "nt":
        return {"start_new_session": True}
    return {
        "creationflags": subprocess.CREATE_NEW_PROCESS_GROUP
        | subprocess.CREATE_NO_WINDOW
        | subprocess.BELOW_NORMAL_PRIORITY_CLASS
    }


def _step_back(pid: int) -> None:
    """Let a process wait for the window's, however much it computes."""
    if not hasattr(os, "setpriority"):
        return
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, _NICENESS)
    # Linux shares the cores among sessions before it looks at priorities within one.
    with suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text(str(_NICENESS), "ascii")


def _end(pid: int) -> None:
    if os.name == "nt":
        subprocess.run(["taskkill", "/T", "/F", "/PID", str(pid)], capture_output=True, check=False)
        return
    with suppress(ProcessLookupError):
        # The processes that prepare samples are of its group, if it has one of its own.
        if os.getpgid(pid) == pid:
            os.killpg(pid, signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGKILL)
