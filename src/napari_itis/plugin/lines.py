"""Lines for the user, as narrow docks show them."""

from __future__ import annotations

import re

_LONGEST = 24
_BREAK = "\u200b"


def breakable(text: str) -> str:
    """Let long names and paths be broken where they must: they would widen the dock.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
        Looks the same.
    """
    return re.sub(rf"\S{{{_LONGEST + 1},}}", _with_breaks, text)


def _with_breaks(word: re.Match[str]) -> str:
    parted = re.sub(r"([/\\_.-])", rf"\1{_BREAK}", word[0])
    return re.sub(rf"[^{_BREAK}]{{{_LONGEST}}}", rf"\g<0>{_BREAK}", parted)
