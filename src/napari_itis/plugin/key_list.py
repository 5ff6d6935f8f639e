"""The list of all keys, which a dock opens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget

from napari_itis.plugin.actions import ACTIONS

KEYS = "F1"

_MOUSE = (
    ("Left button", "A click of the sign that is chosen"),
    ("Right button, Ctrl + left button", "A negative click"),
    ("3, then drag", "Move a click (napari's own: 2 goes back to adding)"),
    ("3, then Delete", "Remove the clicks that are selected"),
    ("Middle button or Space, then drag", "Move the image"),
)

Row = tuple[str, str]


def key_rows() -> dict[str, list[Row]]:
    """Keys and what they do, by groups."""
    groups: dict[str, list[Row]] = {"Mouse": list(_MOUSE)}
    for action in ACTIONS.values():
        if action.key:
            groups.setdefault(action.group, []).append((action.readable_key, action.tip))
    groups["Help"] = [(KEYS, "This list")]
    return groups


class KeyList(QDialog):
    """All keys, in a window beside the others."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("ITIS: keys")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        text = QTextBrowser()
        text.setHtml("".join(_table(group, rows) for group, rows in key_rows().items()))
        close = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        close.rejected.connect(self.close)
        layout = QVBoxLayout(self)
        layout.addWidget(text)
        layout.addWidget(close)
        self.resize(520, 640)


def _table(group: str, rows: Sequence[Row]) -> str:
    lines: Iterable[str] = (
        f"<tr><td width='190'><b>{escape(key)}</b></td><td>{escape(what)}</td></tr>"
        for key, what in rows
    )
    return f"<h4>{escape(group)}</h4><table cellpadding='2'>{''.join(lines)}</table>"
