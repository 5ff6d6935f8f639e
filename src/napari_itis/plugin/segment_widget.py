"""The dock widget: pick an image, click on objects, go through their list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QTimer
from qtpy.QtGui import QHideEvent, QShowEvent
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_itis.plugin.controllers import controller_of, session_files_of
from napari_itis.plugin.hints import next_step
from napari_itis.plugin.image_source import has_planes
from napari_itis.plugin.layers import NEGATIVE_COLOR, POSITIVE_COLOR
from napari_itis.plugin.lines import breakable
from napari_itis.plugin.network_box import NetworkBox
from napari_itis.plugin.object_list import ObjectList, swatch
from napari_itis.plugin.session_bar import SessionBar
from napari_itis.plugin.settings import say_lost_weights
from napari_itis.plugin.weights_list import weights_list

if TYPE_CHECKING:
    from napari.components import ViewerModel

_NOTICE_MS = 10_000


class SegmentWidget(QWidget):
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
        self._connected = False
        self._window: QWidget | None = None
        self._build()
        self._refresh = QTimer(self, singleShot=True, interval=0)
        self._refresh.timeout.connect(self.refresh)
        self._notice_over = QTimer(self, singleShot=True, interval=_NOTICE_MS)
        self._notice_over.timeout.connect(self._notice.hide)

    def _build(self) -> None:
        self._images = QComboBox()
        self._images.setPlaceholderText("Choose an image …")
        self._images.setToolTip("The image layer to annotate; each has its own objects")
        # A long name must not widen the dock.
        self._images.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self._images.activated.connect(self._on_image)
        self._hint = _label("itisHint")
        self._positive = _button("Positive", "Left-click adds what belongs to the object (T)")
        self._negative = _button("Negative", "Left-click takes away what does not belong (T)")
        for button, color in ((self._positive, POSITIVE_COLOR), (self._negative, NEGATIVE_COLOR)):
            button.setCheckable(True)
            button.setIcon(swatch(_rgb(color)))
        self._positive.setObjectName("itisPositive")
        self._negative.setObjectName("itisNegative")
        self._positive.clicked.connect(lambda: self.controller.choose_sign(True))
        self._negative.clicked.connect(lambda: self.controller.choose_sign(False))
        self._objects = ObjectList()
        self._objects.chosen.connect(self.controller.select_object)
        self._next = _button("Next object", "Keep this object and go on to a new one (N)")
        self._next.setObjectName("itisNext")
        self._next.clicked.connect(self.controller.next_object)
        self._undo = _button("Undo", "Take back the last change (Ctrl+Z)")
        self._undo.clicked.connect(self.controller.undo)
        self._redo = _button("Redo", "Take back the last undo (Ctrl+Shift+Z)")
        self._redo.clicked.connect(self.controller.redo)
        self._clear = _button("Clear clicks", "Empty this object on this slice; can be undone")
        self._clear.clicked.connect(self.controller.clear)
        self._delete = _button("Delete object", "Delete it on every slice; can be undone")
        self._delete.clicked.connect(self.controller.delete_object)
        self._cover = QCheckBox("May cover other objects")
        self._cover.setToolTip("Off, no object takes pixels that belong to another one")
        self._cover.toggled.connect(self.controller.allow_overwriting)
        self._masks = QCheckBox("Show the masks")
        self._masks.setToolTip("Hide them to see what is below (H)")
        self._masks.clicked.connect(self.controller.toggle_mask)
        self._restore = _button("Show the layers again", "Layers of the plugin were removed")
        self._restore.clicked.connect(self.controller.restore_layers)
        self._network = NetworkBox()
        self._network.chosen.connect(self.controller.worker.configure)
        self._notice = _label("itisNotice")
        self._notice.hide()
        self._status = _label("itisStatus")
        self._lay_out()
        self.setStyleSheet(_STYLE)

    def _lay_out(self) -> None:
        signs = QHBoxLayout()
        signs.addWidget(self._positive)
        signs.addWidget(self._negative)
        grid = QGridLayout()
        grid.setSpacing(6)
        grid.addWidget(self._next, 0, 0, 1, 2)
        grid.addWidget(self._undo, 1, 0)
        grid.addWidget(self._redo, 1, 1)
        grid.addWidget(self._clear, 2, 0)
        grid.addWidget(self._delete, 2, 1)
        grid.addWidget(self._cover, 3, 0, 1, 2)
        grid.addWidget(self._masks, 4, 0, 1, 2)
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.addWidget(SessionBar(self.files, self._images))
        layout.addWidget(self._hint)
        layout.addWidget(self._restore)
        layout.addLayout(signs)
        # Directly in here: napari looks for a widget that wants the height before it pads a dock.
        layout.addWidget(self._objects, 1)
        layout.addLayout(grid)
        layout.addWidget(self._network)
        layout.addWidget(_line())
        layout.addWidget(self._notice)
        layout.addWidget(self._status)
        self.setMinimumWidth(290)

    # Open and closed.

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._connect()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        # A minimised window is still in use; a closed dock is hidden by the program.
        if not event.spontaneous():
            self._disconnect()

    def _connect(self) -> None:
        if self._connected:
            return
        self._connected = True
        controller = self.controller
        controller.changed.connect(self._refresh.start)
        controller.layers_changed.connect(self._on_layers)
        controller.activity.changed.connect(self._refresh.start)
        controller.notice.connect(self._on_notice)
        weights_list().changed.connect(self._show_network)
        self._show_network()
        controller.attach(self)
        if self._window is None:
            self._window = self.window()
            worker = controller.worker
            self._window.destroyed.connect(lambda _window: worker.stop())
        self._on_layers()
        lost = say_lost_weights()
        if lost:
            self._on_notice(lost)

    def _disconnect(self) -> None:
        if not self._connected:
            return
        self._connected = False
        controller = self.controller
        controller.detach(self)
        controller.changed.disconnect(self._refresh.start)
        controller.layers_changed.disconnect(self._on_layers)
        controller.activity.changed.disconnect(self._refresh.start)
        controller.notice.disconnect(self._on_notice)
        weights_list().changed.disconnect(self._show_network)

    # From the controller.

    def refresh(self) -> None:
        """Show the state of the controller."""
        if not self._connected:
            return
        controller = self.controller
        ready = controller.workspace is not None
        self._hint.setText(next_step(controller))
        self._restore.setVisible(controller.missing_layers)
        self._positive.setChecked(controller.clicking and controller.positive)
        self._negative.setChecked(controller.clicking and not controller.positive)
        for widget in (self._positive, self._negative, self._next, self._clear, self._delete):
            widget.setEnabled(ready)
        self._undo.setEnabled(controller.can_undo)
        self._redo.setEnabled(controller.can_redo)
        stack = ready and bool(controller.workspace.session.slices)
        self._objects.show_objects(controller.objects(), controller.label, stack)
        self._set_checked(self._cover, controller.overwrites, ready)
        self._set_checked(self._masks, controller.mask_visible, ready)
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
        current = controller.image
        self._images.setCurrentIndex(images.index(current) if current in images else -1)
        self._images.blockSignals(False)
        self._refresh.start()

    def _on_notice(self, text: str) -> None:
        self._notice.setText(breakable(text))
        self._notice.show()
        self._notice_over.start()

    def _on_image(self, index: int) -> None:
        self.controller.choose_image(self._images.itemData(index))
        self._on_layers()

    @staticmethod
    def _set_checked(box: QCheckBox, checked: bool, enabled: bool) -> None:
        box.blockSignals(True)
        box.setChecked(checked)
        box.blockSignals(False)
        box.setEnabled(enabled)


def _status(controller: object) -> str:
    activity = controller.activity
    parts = [part for part in (activity.device.upper(), activity.weights) if part]
    if activity.milliseconds is not None:
        parts.append(f"last click {activity.milliseconds:.0f} ms")
    return "<br>".join(part for part in (" · ".join(parts), activity.text) if part)


def _rgb(color: str) -> tuple[float, ...]:
    return tuple(int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    return button


def _label(name: str) -> QLabel:
    label = QLabel()
    label.setObjectName(name)
    label.setWordWrap(True)
    return label


def _line() -> QFrame:
    line = QFrame()
    line.setFrameShape(QFrame.Shape.HLine)
    return line


_STYLE = """
#itisHint { background: rgba(90, 160, 255, 40); border-left: 3px solid #5aa0ff; padding: 6px; }
#itisNotice { background: rgba(255, 176, 0, 45); border-left: 3px solid #ffb000; padding: 6px; }
#itisNext { font-weight: bold; padding: 6px; }
#itisPositive:checked { background: #1f7a34; color: white; }
#itisNegative:checked { background: #9c2a25; color: white; }
"""
