"""The part of the widget for what is not a plain image: other planes, 3-D, channels."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from napari_itis.plugin.axes import possible_channels
from napari_itis.plugin.buttons import make_button

if TYPE_CHECKING:
    from napari.layers import Image

    from napari_itis.plugin.controller import Controller

_ON_SCREEN, _THREE = "screen", "three"
_COLORS = ("Red", "Green", "Blue")


class ViewBox(QWidget):
    """Ways out of a view that cannot be clicked in, and the choice of channels.

    It shows only what applies to the image and to the view.

    Parameters
    ----------
    controller : Controller
    """

    def __init__(self, controller: Controller) -> None:
        super().__init__()
        self._controller = controller
        self._back = make_button("Go back", "Show the planes that are annotated")
        self._back.clicked.connect(controller.go_back_to_planes)
        self._annotate = make_button(
            "Annotate these",
            "Segment the planes on screen: they get objects of their own, the others keep theirs",
        )
        self._annotate.clicked.connect(controller.annotate_view)
        self._axis = _combo(
            "Whether one axis of the image is its channels: an object is the same on all of them. "
            "Objects that were made with another choice are kept and come back with it"
        )
        self._axis.activated.connect(self._on_axis)
        self._shown = _combo("What the network sees of the channels, from the next click on")
        self._shown.activated.connect(self._on_shown)
        self._three = [_combo(f"The channel that the network sees as {c.lower()}") for c in _COLORS]
        for combo in self._three:
            combo.activated.connect(self._on_three)
        buttons, channels, colors = QHBoxLayout(), QGridLayout(), QHBoxLayout()
        buttons.addWidget(self._back)
        buttons.addWidget(self._annotate)
        self._title, self._seen = QLabel("Channels"), QLabel("Network sees")
        for row, (name, combo) in enumerate(
            ((self._title, self._axis), (self._seen, self._shown)),
        ):
            channels.addWidget(name, row, 0)
            channels.addWidget(combo, row, 1)
        channels.setColumnStretch(1, 1)
        for name, combo in zip(_COLORS, self._three):
            combo.setAccessibleName(name)
            # All three fit into the narrowest dock.
            combo.setMinimumWidth(60)
            colors.addWidget(combo, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        for row in (buttons, channels, colors):
            layout.addLayout(row)

    def refresh(self) -> None:
        """Show what applies now."""
        controller = self._controller
        image, workspace = controller.image, controller.workspace
        usable = workspace is not None and image is not None
        deep = controller.viewer.dims.ndisplay == 3
        away = usable and not controller.flat
        self._back.setText("Back to 2-D" if deep else "Go back")
        self._back.setVisible(bool(away and (deep or not controller.turned)))
        self._annotate.setVisible(bool(away and controller.other_view))
        axes = possible_channels(image) if usable else []
        for widget in (self._title, self._axis):
            widget.setVisible(bool(axes))
        chosen = workspace.axes.channels if usable else None
        for widget in (self._seen, self._shown):
            widget.setVisible(bool(axes) and chosen is not None)
        shown = workspace.source.shown if usable else ()
        for combo in self._three:
            combo.setVisible(bool(axes) and chosen is not None and len(shown) == 3)
        if axes:
            self._fill(image, axes, chosen, shown)
        self.setVisible(bool(away or axes))

    def _fill(
        self, image: Image, axes: list[int], chosen: int | None, shown: tuple[int, ...]
    ) -> None:
        entries = [("None", None), *((_name(image, axis), axis) for axis in axes)]
        _show(self._axis, entries, chosen)
        if chosen is None:
            return
        count = self._controller.workspace.axes.sizes[chosen]
        numbers = [(f"Channel {number}", number) for number in range(count)]
        entries = [("On screen", _ON_SCREEN), *numbers, ("As colours", _THREE)]
        kinds = {0: _ON_SCREEN, 1: shown[0] if shown else 0, 3: _THREE}
        _show(self._shown, entries, kinds[len(shown)])
        if len(shown) == 3:
            for name, combo, number in zip(_COLORS, self._three, shown):
                short = [(f"{name[0]}: {each}", each) for each in range(count)]
                _show(combo, short, number)

    def _on_axis(self, index: int) -> None:
        self._controller.choose_channels(self._axis.itemData(index))

    def _on_shown(self, index: int) -> None:
        workspace = self._controller.workspace
        axis, chosen = workspace.axes.channels, self._shown.itemData(index)
        last = workspace.axes.sizes[axis] - 1
        three = (0, min(1, last), min(2, last))
        kinds = {_ON_SCREEN: (), _THREE: three}
        self._controller.choose_channels(axis, kinds.get(chosen, (chosen,)))

    def _on_three(self, _index: int) -> None:
        shown = tuple(combo.currentData() for combo in self._three)
        self._controller.choose_channels(self._controller.workspace.axes.channels, shown)


def _name(image: Image, axis: int) -> str:
    """An axis by its name, or by its number where napari has made up one."""
    name, size = str(image.axis_labels[axis]), image.data.shape[axis]
    name = f"Axis {axis}" if re.fullmatch(r"(axis )?-?\d+", name) else name
    return f"{name} ({size})"


def _show(combo: QComboBox, entries: list[tuple[str, object]], chosen: object) -> None:
    known = [(combo.itemText(row), combo.itemData(row)) for row in range(combo.count())]
    if known != entries:
        combo.clear()
        for text, value in entries:
            combo.addItem(text, value)
    combo.setCurrentIndex([value for _, value in entries].index(chosen))


def _combo(tip: str) -> QComboBox:
    combo = QComboBox()
    combo.setToolTip(tip)
    # Long names must not widen the dock.
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(4)
    return combo
