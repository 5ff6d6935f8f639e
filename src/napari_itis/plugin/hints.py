"""The one line that tells a user what to do next."""

from __future__ import annotations

from napari_itis.plugin.controller import Controller
from napari_itis.plugin.lines import counted
from napari_itis.plugin.predictors import MISFIT


def next_step(controller: Controller) -> str:
    """What to do next, in a sentence or two."""
    if controller.workspace is None:
        return "Open an image: drag it into the window, or File › Open Sample › ITIS."
    if controller.image is None:
        return "The image was removed. Open it again, or choose another one above."
    if controller.missing_layers:
        return "One of the layers was removed. Nothing is lost: press “Show the layers again”."
    if controller.viewer.dims.ndisplay == 3:
        return "In 3-D the masks can be looked at. Press “Back to 2-D” to click on."
    if controller.turned:
        return (
            "The image is rotated or sheared out of the plane on screen, where clicks would miss "
            "it. Show another plane, or reset the transform of the image layer."
        )
    if not controller.flat and not controller.other_view:
        return "This view shows no plane that can be segmented. Go back to the ones that can."
    if not controller.flat and (there := controller.objects_in_other_view):
        return (
            f"This view shows other planes, with {counted(there, 'object')} of their own. "
            "Press “Annotate these” to go on with them, or go back."
        )
    if not controller.flat:
        return (
            "This view shows other planes than those with your objects. Go back to them, or "
            "annotate these: they get objects of their own."
        )
    if MISFIT in controller.activity.text:
        return "Once they are installed, start napari again: no choice below helps."
    if controller.activity.failed:
        return "Choose other weights or another device below. Clicks are kept until then."
    if controller.picking.active:
        return "Click on an object in the image to go to it, or press “Pick” again to leave it."
    if not controller.clicking:
        return "Press “Positive” or “Negative” to click on the image."
    if not controller.objects_known and controller.correctable_layers():
        return (
            f"Click on the middle of object {controller.label} in the image, or correct masks "
            "that are there: “Existing masks” below."
        )
    count = controller.clicks_here
    if not count and not controller.area_here:
        return f"Click on the middle of object {controller.label} in the image."
    if not controller.area_here:
        return "No mask here yet: left-click on a typical part of the object."
    return (
        "Left-click on what is missing, right-click on what is too much. Done? Press “Next object”."
    )
