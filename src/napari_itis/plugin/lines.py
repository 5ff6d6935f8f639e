"""Lines for the user, as narrow docks show them."""

from __future__ import annotations

import re

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QLabel, QWidget

LINES_STYLE = """
#itisHint { background: rgba(90, 160, 255, 40); border-left: 3px solid #5aa0ff; padding: 6px; }
#itisNotice { background: rgba(255, 176, 0, 45); border-left: 3px solid #ffb000; padding: 6px; }
"""
"""For the style sheet of a dock: `itisHint` says what to do next."""

_NOTICE_MS = 10_000
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


def one_line(error: BaseException) -> str:
    """An exception as one line for the user."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def counted(count: int, thing: str) -> str:
    """A number of things."""
    return f"{count} {thing}" + ("" if count == 1 else "s")


def make_line(name: str) -> QLabel:
    """A label for lines of any length.

    Parameters
    ----------
    name : str
        Of the object, for style sheets.
    """
    label = QLabel()
    label.setObjectName(name)
    label.setWordWrap(True)
    return label


class Notice(QLabel):
    """Says what has happened, and goes away by itself.

    Parameters
    ----------
    milliseconds : int
        For so long it is to be seen.
    parent : QWidget, optional
    """

    def __init__(self, milliseconds: int = _NOTICE_MS, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("itisNotice")
        self.setWordWrap(True)
        self.hide()
        self._over = QTimer(self, singleShot=True, interval=milliseconds)
        self._over.timeout.connect(self.hide)

    def tell(self, text: str) -> None:
        """Say something else from now on."""
        self.setText(breakable(text))
        self.show()
        self._over.start()


def _with_breaks(word: re.Match[str]) -> str:
    parted = re.sub(r"([/\\_.-])", rf"\1{_BREAK}", word[0])
    return re.sub(rf"[^{_BREAK}]{{{_LONGEST}}}", rf"\g<0>{_BREAK}", parted)
