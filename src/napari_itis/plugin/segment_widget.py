"""The dock widget: pick an image, click on objects, go through their list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import (
    QComboBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)

from napari_itis.plugin.actions import action_button
from napari_itis.plugin.buttons import make_button
from napari_itis.plugin.controllers import controller_of, session_files_of
from napari_itis.plugin.display_box import DisplayBox
from napari_itis.plugin.existing_box import ExistingBox
from napari_itis.plugin.hints import next_step
from napari_itis.plugin.image_source import has_planes
from napari_itis.plugin.key_list import KEYS, KeyList
from napari_itis.plugin.keys import Keys
from napari_itis.plugin.layers import NEGATIVE_COLOR, POSITIVE_COLOR
from napari_itis.plugin.lines import LINES_STYLE, Notice, make_line
from napari_itis.plugin.listening import ListeningWidget
from napari_itis.plugin.network_box import NetworkBox
from napari_itis.plugin.object_table import ObjectTable
from napari_itis.plugin.preview_box import SEEN, PreviewBox
from napari_itis.plugin.scrolling import fill_dock, scrolled
from napari_itis.plugin.sections import Sections
from napari_itis.plugin.session_bar import SessionBar
from napari_itis.plugin.settings import say_lost_weights
from napari_itis.plugin.slices_box import SlicesBox
from napari_itis.plugin.swatches import swatch
from napari_itis.plugin.tidy_box import TidyBox
from napari_itis.plugin.view_box import ViewBox
from napari_itis.plugin.weights_list import weights_list

if TYPE_CHECKING:
    from napari.components import ViewerModel

_BUTTONS = (
    "next_object",
    "earlier_object",
    "later_object",
    "pick",
    "undo",
    "redo",
    "clear",
    "delete_object",
)


class SegmentWidget(ListeningWidget):
    """Click on objects of an image and get their masks.

    Parameters
    ----------
    napari_viewer : napari.viewer.Viewer
        Named so that napari hands its viewer over.
    """

    def __init__(self, napari_viewer: ViewerModel) -> None:
        super().__init__()
        self.controller = controller_of(napari_viewer)
        self.files = session_files_of(napari_viewer)
        self._window: QWidget | None = None
        self._build()
        # Plugins get a proxy that cannot be referred to weakly.
        viewer = getattr(napari_viewer, "__wrapped__", napari_viewer)
        self._keys = Keys(viewer, {KEYS: self._show_keys})
        self._refresh = QTimer(self, singleShot=True, interval=0)
        self._refresh.timeout.connect(self.refresh)

    def _build(self) -> None:
        self._images = QComboBox()
        self._images.setPlaceholderText("Choose an image …")
        self._images.setToolTip("The image layer to annotate; each has its own objects")
        # A long name must not widen the dock.
        self._images.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self._images.activated.connect(self._on_image)
        self._hint = make_line("itisHint")
        self._positive = make_button("Positive", "Left-click adds what belongs to the object", "T")
        self._negative = make_button("Negative", "Left-click takes away what does not belong", "T")
        for button, color in ((self._positive, POSITIVE_COLOR), (self._negative, NEGATIVE_COLOR)):
            button.setCheckable(True)
            button.setIcon(swatch(_rgb(color)))
        self._positive.setObjectName("itisPositive")
        self._negative.setObjectName("itisNegative")
        self._positive.clicked.connect(lambda: self.controller.choose_sign(True))
        self._negative.clicked.connect(lambda: self.controller.choose_sign(False))
        self._objects = ObjectTable()
        self._objects.chosen.connect(self.controller.go_to_object)
        self._objects.renamed.connect(self.controller.rename_object)
        self._buttons = {name: action_button(self.controller, name) for name in _BUTTONS}
        self._buttons["next_object"].setObjectName("itisNext")
        self._buttons["pick"].setCheckable(True)
        self._restore = make_button("Show the layers again", "Layers of the plugin were removed")
        self._restore.clicked.connect(self.controller.restore_layers)
        self._tidy = TidyBox(self.controller)
        self._slices = SlicesBox(self.controller)
        self._display = DisplayBox(self.controller)
        self._existing = ExistingBox(self.controller)
        self._view = ViewBox(self.controller)
        self._preview = PreviewBox()
        self._preview.opened.connect(lambda: self._preview.show_last(self.controller))
        self._network = NetworkBox()
        self._network.setTitle("")
        self._network.chosen.connect(self.controller.worker.configure)
        self._sections = Sections()
        self._sections.add("Tidy the mask", "Holes, specks, outline", self._tidy)
        self._stack = self._sections.add(
            "Slices", "Slices with objects, copies of masks", self._slices
        )
        self._sections.add("Display", "What is shown, and how", self._display)
        self._correct = self._sections.add(
            "Existing masks", "Correct the masks of another layer", self._existing
        )
        self._sections.add("What the network sees", SEEN, self._preview)
        self._sections.add("Network", "Which one, and what it runs on", self._network)
        self._keys_button = make_button("Keys", "All keys in a list", KEYS)
        self._keys_button.clicked.connect(self._show_keys)
        self._notice = Notice()
        self._status = make_line("itisStatus")
        self._lay_out()
        self.setStyleSheet(LINES_STYLE + _STYLE)

    def _lay_out(self) -> None:
        signs = QHBoxLayout()
        signs.addWidget(self._positive)
        signs.addWidget(self._negative)
        grid = QGridLayout()
        grid.setSpacing(6)
        grid.addWidget(self._buttons["next_object"], 0, 0, 1, 6)
        for place, name in enumerate(("earlier_object", "later_object", "pick")):
            grid.addWidget(self._buttons[name], 1, 2 * place, 1, 2)
        for place, name in enumerate(("undo", "redo", "clear", "delete_object")):
            grid.addWidget(self._buttons[name], 2 + place // 2, 3 * (place % 2), 1, 3)
        below = QHBoxLayout()
        below.addWidget(self._status, 1)
        below.addWidget(self._keys_button, 0, Qt.AlignmentFlag.AlignTop)
        inner = QWidget()
        layout = QVBoxLayout(inner)
        layout.setSpacing(8)
        layout.setContentsMargins(10, 0, 10, 0)
        layout.addWidget(self._restore)
        layout.addWidget(self._view)
        layout.addLayout(signs)
        layout.addWidget(self._objects, 1)
        layout.addLayout(grid)
        layout.addWidget(self._sections)
        above = QVBoxLayout()
        above.setContentsMargins(10, 8, 10, 0)
        above.setSpacing(8)
        above.addWidget(SessionBar(self.files, self._images))
        above.addWidget(self._hint)
        last = QVBoxLayout()
        last.setContentsMargins(10, 0, 10, 8)
        last.setSpacing(8)
        last.addWidget(_line())
        last.addWidget(self._notice)
        last.addLayout(below)
        fill_dock(self, above, scrolled(inner), last)
        # As wide as the widest section beside a scroll bar.
        self.setMinimumWidth(300)

    # Open and closed.

    def _connect(self) -> None:
        controller = self.controller
        controller.changed.connect(self._refresh.start)
        controller.layers_changed.connect(self._on_layers)
        controller.activity.changed.connect(self._refresh.start)
        controller.notice.connect(self._notice.tell)
        weights_list().changed.connect(self._show_network)
        self._show_network()
        controller.attach(self)
        self._keys.bind()
        if self._window is None:
            self._window = self.window()
            worker = controller.worker
            self._window.destroyed.connect(lambda _window: worker.stop())
        self._on_layers()
        lost = say_lost_weights()
        if lost:
            self._notice.tell(lost)

    def _disconnect(self) -> None:
        controller = self.controller
        self._keys.unbind()
        controller.detach(self)
        controller.changed.disconnect(self._refresh.start)
        controller.layers_changed.disconnect(self._on_layers)
        controller.activity.changed.disconnect(self._refresh.start)
        controller.notice.disconnect(self._notice.tell)
        weights_list().changed.disconnect(self._show_network)

    # From the controller.

    def refresh(self) -> None:
        """Show the state of the controller."""
        if not self._connected:
            return
        controller = self.controller
        ready = controller.workspace is not None
        self._hint.setText(next_step(controller))
        if self._network.options != controller.worker.options:
            self._network.show_options(controller.worker.options)
        self._restore.setVisible(controller.missing_layers)
        self._positive.setChecked(controller.clicking and controller.positive)
        self._negative.setChecked(controller.clicking and not controller.positive)
        for widget in (self._positive, self._negative, *self._buttons.values()):
            widget.setEnabled(ready)
        self._buttons["undo"].setEnabled(controller.can_undo)
        self._buttons["redo"].setEnabled(controller.can_redo)
        self._buttons["pick"].setChecked(controller.picking.active)
        workspace = controller.workspace
        stack = ready and bool(workspace.session.slices)
        size = workspace.pixel_size if ready else None
        self._objects.show_objects(controller.objects(), controller.label, stack, size)
        has_mask = controller.area_here > 0
        self._tidy.show_state(has_mask, ready, controller.overwrites)
        self._slices.show_state(has_mask)
        self._display.show_state(ready)
        self._sections.set_available(self._stack, stack)
        self._view.refresh()
        self._preview.show_last(controller)
        self._status.setText(_status(controller))

    def _show_network(self) -> None:
        self._network.show_options(self.controller.worker.options)

    def _on_layers(self) -> None:
        controller = self.controller
        controller.choose_any_image()
        images = [layer for layer in controller.viewer.layers if has_planes(layer)]
        self._images.blockSignals(True)
        self._images.clear()
        for layer in images:
            self._images.addItem(layer.name, layer)
            row = self._images.count() - 1
            self._images.setItemData(row, layer.name, Qt.ItemDataRole.ToolTipRole)
        current = controller.image
        self._images.setCurrentIndex(images.index(current) if current in images else -1)
        self._images.blockSignals(False)
        self._sections.set_available(self._correct, self._existing.show_state())
        self._refresh.start()

    def _on_image(self, index: int) -> None:
        self.controller.choose_image(self._images.itemData(index))
        self._on_layers()

    def _show_keys(self) -> None:
        KeyList(self).show()


def _status(controller: object) -> str:
    activity = controller.activity
    if activity.failed:
        # What was used before is not used any more.
        return activity.text
    parts = [part for part in (activity.device.upper(), activity.weights) if part]
    if activity.milliseconds is not None:
        parts.append(f"last click {activity.milliseconds:.0f} ms")
    return "<br>".join(part for part in (" · ".join(parts), activity.text) if part)


def _rgb(color: str) -> tuple[float, ...]:
    return tuple(int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))


def _line() -> QFrame:
    line = QFrame()
    line.setFrameShape(QFrame.Shape.HLine)
    return line


_STYLE = """
#itisNext { font-weight: bold; padding: 6px; }
#itisSection { border: none; font-weight: bold; padding: 2px 0; }
#itisPositive:checked { background: #1f7a34; color: white; }
#itisNegative:checked { background: #9c2a25; color: white; }
"""
