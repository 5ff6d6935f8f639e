"""Questions that a user has to answer before something is replaced."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from qtpy.QtWidgets import QApplication, QMainWindow, QMessageBox


@dataclass(frozen=True)
class Question:
    """A question with two answers, of which the second leaves everything as it is.

    Attributes
    ----------
    text : str
        The question.
    go_on : str
        What the button says that answers it with yes.
    reasons : tuple of str
        Why it is asked, a line each.
    """

    text: str
    go_on: str
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Choice:
    """A question with several answers, and "Cancel" beside them.

    Attributes
    ----------
    text : str
    answers : tuple of str
        What the buttons say; the first one is what Enter chooses.
    reasons : tuple of str
        Why it is asked, a line each.
    """

    text: str
    answers: tuple[str, ...]
    reasons: tuple[str, ...] = ()


Ask = Callable[[Question], bool]
Choose = Callable[[Choice], "int | None"]


def ask_user(question: Question) -> bool:
    """Ask in a dialog, and wait for the answer."""
    box = _box(question.text, question.reasons)
    go_on = box.addButton(question.go_on, QMessageBox.ButtonRole.AcceptRole)
    cancel = box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(cancel)
    box.setEscapeButton(cancel)
    box.exec()
    return box.clickedButton() is go_on


def choose_user(choice: Choice) -> int | None:
    """Ask in a dialog which of the answers it is; None: cancel."""
    box = _box(choice.text, choice.reasons)
    buttons = [box.addButton(text, QMessageBox.ButtonRole.AcceptRole) for text in choice.answers]
    cancel = box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(buttons[0])
    box.setEscapeButton(cancel)
    box.exec()
    clicked = box.clickedButton()
    return next((at for at, button in enumerate(buttons) if button is clicked), None)


def _box(text: str, reasons: tuple[str, ...]) -> QMessageBox:
    windows = [one for one in QApplication.topLevelWidgets() if isinstance(one, QMainWindow)]
    # Of a window, it looks as the rest of it does.
    box = QMessageBox(QApplication.activeWindow() or next(iter(windows), None))
    box.setIcon(QMessageBox.Icon.Question)
    box.setText(text)
    box.setInformativeText("\n".join(f"• {reason}" for reason in reasons))
    return box
