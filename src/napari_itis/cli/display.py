"""A virtual display for unattended screenshots and tests on Linux."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys

from napari_itis.cli.errors import InputError

_PR_SET_PDEATHSIG = 1


def display_needed() -> bool:
    """Whether this is a Linux session without a display.

    Returns
    -------
    bool
    """
    return sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )


def start_virtual_display(size: str = "1600x1000") -> str:
    """Start Xvfb and point this process at it; call it before Qt is imported.

    The server lives as long as the calling process: an X server that ends before Qt does takes the
    whole process down with it.

    Parameters
    ----------
    size : str
        Width x height of the screen.

    Returns
    -------
    str
        The display's name, such as ``":99"``.

    Raises
    ------
    InputError
        If Xvfb is not installed or does not start.
    """
    server = shutil.which("Xvfb")
    if server is None:
        raise InputError("there is no display and no Xvfb: install it (Debian: apt install xvfb)")
    read_end, write_end = os.pipe()
    # fmt: off
    process = subprocess.Popen(
        [server, "-displayfd", str(write_end), "-screen", "0", f"{size}x24", "+extension", "GLX",
         "-nolisten", "tcp", "-noreset"],
        pass_fds=[write_end],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=_end_with_parent,
    )
    # fmt: on
    os.close(write_end)
    with os.fdopen(read_end) as pipe:
        number = pipe.readline().strip()
    if not number:
        raise InputError(
            f"Xvfb did not start (exit code {process.wait()}): run Xvfb :99 to see why"
        )
    os.environ["DISPLAY"] = f":{number}"
    os.environ.pop("WAYLAND_DISPLAY", None)
    os.environ["QT_QPA_PLATFORM"] = "xcb"
    return os.environ["DISPLAY"]


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
