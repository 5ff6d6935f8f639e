"""The command ``napari-itis``: exit code 0 done, 2 the input is wrong, 1 the fault is ours."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

from napari_itis.cli.errors import InputError

__all__ = ["InputError", "main"]

# What shells give a program that Ctrl+C ended; typer may return it instead of raising.
_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name; ``sys.argv[1:]`` by default.

    Returns
    -------
    int
        0 done, 2 the input is wrong, 1 the fault is ours, 130 interrupted. Every failure says so
        in one line on standard error.
    """
    from napari_itis.cli.app import command

    try:
        code = command().main(
            args=list(sys.argv[1:] if argv is None else argv),
            prog_name="napari-itis",
            standalone_mode=False,
        )
    except KeyboardInterrupt:
        return _say("interrupted", _INTERRUPTED)
    except Exception as error:
        return _report(error)
    if code == _INTERRUPTED:
        return _say("interrupted", _INTERRUPTED)
    return code if isinstance(code, int) else 0


def _report(error: Exception) -> int:
    from napari_itis.runs.endings import FULL_DISK

    # typer carries a click of its own since 0.20 or so: the two are told by what they can do.
    if hasattr(error, "format_message"):
        return _say(f"{error.format_message().rstrip('.')} (see {_help_of(error)})", 2)
    if type(error).__name__ == "Abort":
        return _say("interrupted", _INTERRUPTED)
    ours = type(error).__module__.partition(".")[0] == "napari_itis"
    if ours and isinstance(error, ValueError):
        return _say(str(error), 2)
    if isinstance(error, OSError) and error.filename is not None:
        return _say(f"{error.strerror}: {error.filename}", 2)
    # What is written into an open file fails without its name.
    if isinstance(error, OSError) and error.errno in FULL_DISK:
        return _say(f"{error.strerror}: make room on the disk", 2)
    if os.environ.get("NAPARI_ITIS_TRACEBACK"):
        traceback.print_exception(error)
    return _say(
        f"internal error, {type(error).__name__}: {error} "
        "(NAPARI_ITIS_TRACEBACK=1 shows where; please report it)",
        1,
    )


def _help_of(error: Exception) -> str:
    context = getattr(error, "ctx", None)
    return f"{context.command_path if context else 'napari-itis'} --help"


def _say(message: str, code: int) -> int:
    print(f"napari-itis: {' '.join(message.split())}", file=sys.stderr)
    return code
