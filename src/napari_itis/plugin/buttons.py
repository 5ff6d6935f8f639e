"""Buttons with a tooltip that names their key."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QPushButton


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
