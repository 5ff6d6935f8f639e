"""Buttons with a tooltip that names their key."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QPushButton

_READABLE = {"Control": "Ctrl", "PageDown": "Page Down", "PageUp": "Page Up"}


def make_button(text: str, tip: str, key: str = "") -> QPushButton:
    """A push button.

    Parameters
    ----------
    text, tip : str
    key : str, optional
        The key that does the same, as users read it.
    """
    button = QPushButton(text)
    button.setToolTip(f"{tip} ({key})" if key else tip)
    # A click leaves the keys to the canvas: arrows go on stepping through the frames.
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button


def readable_key(key: str) -> str:
    """A key in napari's notation, as users read it."""
    return "+".join(_READABLE.get(part, part) for part in key.split("-"))
