"""What keys and buttons do to the annotation: each action once, for both and for the list of keys.

The keys are free of napari's own and of those that its Points and Labels layers have, and of those
of the video dock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QPushButton

from napari_itis.plugin.buttons import make_button, readable_key

if TYPE_CHECKING:
    from napari_itis.plugin.controller import Controller


@dataclass(frozen=True)
class Action:
    """Something that a user does.

    Parameters
    ----------
    group : str
        Where the list of keys has it.
    text, tip : str
        Of its button.
    key : str
        In napari's notation; empty: it has a button only.
    run : callable
        Takes the controller.
    """

    group: str
    text: str
    tip: str
    key: str
    run: Callable[[Controller], object]

    @property
    def readable_key(self) -> str:
        """The key as users read it."""
        return readable_key(self.key)


def action_button(controller: Controller, name: str) -> QPushButton:
    """A button for one of :data:`ACTIONS`."""
    action = ACTIONS[name]
    button = make_button(action.text, action.tip, action.readable_key)
    button.clicked.connect(lambda: action.run(controller))
    return button


def _tidy(name: str) -> Callable[[Controller], object]:
    return lambda controller: controller.tidying.tidy(name)


ACTIONS: dict[str, Action] = {
    "next_object": Action(
        "Objects",
        "Next object",
        "Accept this object and go on to a new one",
        "N",
        lambda controller: controller.next_object(),
    ),
    "later_object": Action(
        "Objects",
        "Object ▼",
        "Go to the object after this one in the list",
        "J",
        lambda controller: controller.step_object(1),
    ),
    "earlier_object": Action(
        "Objects",
        "Object ▲",
        "Go to the object before this one in the list",
        "Shift-J",
        lambda controller: controller.step_object(-1),
    ),
    "pick": Action(
        "Objects",
        "Pick",
        "Click on an object in the image to go to it",
        "I",
        lambda controller: controller.picking.toggle(),
    ),
    "delete_object": Action(
        "Objects",
        "Delete object",
        "Delete it on every slice; can be undone",
        "Shift-D",
        lambda controller: controller.delete_object(),
    ),
    "toggle_sign": Action(
        "Clicks",
        "Positive / negative",
        "The other sign for left clicks",
        "T",
        lambda controller: controller.toggle_sign(),
    ),
    "clear": Action(
        "Clicks",
        "Clear clicks",
        "Empty this object on this slice; can be undone",
        "",
        lambda controller: controller.clear(),
    ),
    "undo": Action(
        "Clicks",
        "Undo",
        "Take back the last change, on whatever slice it was",
        "Control-Z",
        lambda controller: controller.undo(),
    ),
    "redo": Action(
        "Clicks",
        "Redo",
        "Take back the last undo",
        "Control-Shift-Z",
        lambda controller: controller.redo(),
    ),
    "fill_holes": Action(
        "Tidy", "Fill holes", "Fill what the mask encloses", "Shift-F", _tidy("fill_holes")
    ),
    "keep_largest": Action(
        "Tidy", "Largest part", "Keep the largest part only", "Shift-L", _tidy("keep_largest")
    ),
    "remove_specks": Action(
        "Tidy",
        "Remove specks",
        "Remove parts up to the size on the right",
        "Shift-R",
        _tidy("remove_specks"),
    ),
    "smooth": Action("Tidy", "Smooth", "Smooth the outline", "Shift-S", _tidy("smooth")),
    "grow": Action("Tidy", "Grow", "Move the outline outwards by a pixel", "0", _tidy("grow")),
    "shrink": Action("Tidy", "Shrink", "Move the outline inwards by a pixel", "9", _tidy("shrink")),
    "toggle_mask": Action(
        "Display",
        "Masks",
        "Hide the masks to see what is below",
        "H",
        lambda controller: controller.display.toggle_masks(),
    ),
    "toggle_points": Action(
        "Display",
        "Clicks",
        "Hide the dots of the clicks; clicking goes on",
        "Shift-H",
        lambda controller: controller.display.toggle_clicks(),
    ),
    "toggle_contour": Action(
        "Display",
        "Outlines",
        "Show the masks as outlines only",
        "R",
        lambda controller: controller.display.toggle_outlines(),
    ),
    "more_opaque": Action(
        "Display",
        "Opacity +",
        "Show the masks stronger",
        "Shift-Up",
        lambda controller: controller.display.change_opacity(0.1),
    ),
    "less_opaque": Action(
        "Display",
        "Opacity −",
        "Show the masks fainter",
        "Shift-Down",
        lambda controller: controller.display.change_opacity(-0.1),
    ),
    "next_slice": Action(
        "Slices",
        "Slice ▶",
        "Go to the next slice that has an object",
        "PageDown",
        lambda controller: controller.slices.step(1),
    ),
    "previous_slice": Action(
        "Slices",
        "◀ Slice",
        "Go to the slice before this one that has an object",
        "PageUp",
        lambda controller: controller.slices.step(-1),
    ),
    "copy_to_next": Action(
        "Slices",
        "Copy ▶",
        "Copy the mask to the next slice, as what its clicks start from",
        "Shift-PageDown",
        lambda controller: controller.slices.copy(1),
    ),
    "copy_to_previous": Action(
        "Slices",
        "◀ Copy",
        "Copy the mask to the slice before, as what its clicks start from",
        "Shift-PageUp",
        lambda controller: controller.slices.copy(-1),
    ),
}
