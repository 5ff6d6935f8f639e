"""The dock widget for videos: find wrong masks, correct them, carry them on, save them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import (
    QComboBox,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from napari_itis.plugin.buttons import make_button
from napari_itis.plugin.carry_on_box import CarryOnBox
from napari_itis.plugin.controllers import session_files_of, video_correction_of
from napari_itis.plugin.frame_buttons import FrameButtons
from napari_itis.plugin.frame_marks import Mark
from napari_itis.plugin.frame_strip import FrameStrip, StripLegend
from napari_itis.plugin.keys import Keys
from napari_itis.plugin.lines import LINES_STYLE, Notice, breakable, make_line
from napari_itis.plugin.listening import ListeningWidget
from napari_itis.plugin.progress_row import ProgressRow
from napari_itis.plugin.save_button import SaveButton
from napari_itis.plugin.score_plot import ScorePlot
from napari_itis.plugin.scrolling import fill_dock, scrolled
from napari_itis.plugin.session_bar import SessionBar
from napari_itis.plugin.settings import say_lost_weights
from napari_itis.plugin.video_correction import VideoCorrection
from napari_itis.plugin.video_hints import next_step

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Labels


class VideoWidget(ListeningWidget):
    """Correct the masks of a video.

    Parameters
    ----------
    napari_viewer : napari.viewer.Viewer
        Named so that napari hands its viewer over.
    video : VideoCorrection, optional
        What is shown and asked; that of the viewer by default.
    """

    def __init__(self, napari_viewer: ViewerModel, *, video: VideoCorrection | None = None) -> None:
        super().__init__()
        self.video = video_correction_of(napari_viewer) if video is None else video
        self.files = session_files_of(napari_viewer)
        self._layers: list[tuple[Labels, str]] = []
        self._build()
        # Plugins get a proxy that cannot be referred to weakly.
        viewer = getattr(napari_viewer, "__wrapped__", napari_viewer)
        self._keys = Keys(viewer, {key: button.click for key, button in self._by_key().items()})
        self._refresh = QTimer(self, singleShot=True, interval=0)
        self._refresh.timeout.connect(self.refresh)

    def _build(self) -> None:
        video = self.video
        self._masks = QComboBox()
        self._masks.setToolTip("The masks to correct; their layer is hidden and never changed")
        # A long name must not widen the dock.
        self._masks.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self._masks.activated.connect(lambda at: video.start_from(self._masks.itemData(at)))
        self._hint = make_line("itisHint")
        self._here = QLabel()
        # A long line must not widen the dock.
        self._here.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._strip = FrameStrip()
        self._strip.chosen.connect(video.go_to)
        self._legend = StripLegend()
        self._frames = FrameButtons(video)
        self._rank = make_button(
            "Look for wrong masks", "Rank all frames by how likely their mask is wrong"
        )
        self._rank.clicked.connect(video.rank)
        stop = make_button("Stop", "Stop looking; what was found is kept")
        stop.clicked.connect(video.stop_ranking)
        self._ranking = ProgressRow(stop)
        self._carry_on = CarryOnBox()
        self._carry_on.asked.connect(video.propagate)
        self._carry_on.paused.connect(video.pause)
        self._carry_on.cancelled.connect(video.cancel)
        self._scores = ScorePlot()
        self._scores.chosen.connect(video.go_to)
        self._save = SaveButton()
        self._save.asked.connect(video.save)
        stop_saving = make_button("Stop", "Stop saving; the frames written so far stay")
        stop_saving.clicked.connect(video.stop_saving)
        self._saving = ProgressRow(stop_saving)
        self._notice = Notice()
        self._lay_out()
        self.setStyleSheet(LINES_STYLE + _STYLE)

    def _lay_out(self) -> None:
        inner = QWidget()
        layout = QVBoxLayout(inner)
        layout.setSpacing(8)
        layout.setContentsMargins(10, 0, 10, 0)
        layout.addWidget(self._here)
        layout.addWidget(self._strip)
        layout.addWidget(self._legend)
        layout.addWidget(self._rank)
        layout.addWidget(self._ranking)
        layout.addWidget(self._frames)
        layout.addWidget(self._carry_on)
        layout.addWidget(self._scores)
        layout.addStretch(1)
        above = QVBoxLayout()
        above.setContentsMargins(10, 8, 10, 0)
        above.addWidget(SessionBar(self.files, self._masks))
        above.addWidget(self._hint)
        below = QVBoxLayout()
        below.setSpacing(8)
        below.setContentsMargins(10, 0, 10, 8)
        below.addWidget(self._save)
        below.addWidget(self._saving)
        below.addWidget(self._notice)
        fill_dock(self, above, scrolled(inner), below)
        self.setMinimumWidth(290)

    def _by_key(self) -> dict[str, QPushButton]:
        return {
            ".": self._frames.next,
            ",": self._frames.previous,
            "W": self._frames.worst,
            "U": self._frames.uncorrected,
            "K": self._frames.commit,
            "Shift-Right": self._carry_on.forwards,
            "Shift-Left": self._carry_on.backwards,
            "G": self._carry_on.pause,
            "Q": self._carry_on.cancel,
        }

    # Open and closed.

    def _connect(self) -> None:
        self.video.changed.connect(self._refresh.start)
        self.video.notice.connect(self._notice.tell)
        self.video.attach()
        self._keys.bind()
        self.refresh()
        lost = say_lost_weights()
        if lost:
            self._notice.tell(lost)

    def _disconnect(self) -> None:
        self._refresh.stop()
        self._keys.unbind()
        self.video.changed.disconnect(self._refresh.start)
        self.video.notice.disconnect(self._notice.tell)
        self.video.detach()

    # From the video.

    def refresh(self) -> None:
        """Show the state of the video."""
        if not self._connected:
            return
        video = self.video
        active = video.active
        marks = video.marks() if active else np.zeros(0, np.uint8)
        suspicion = video.suspicion if active else np.zeros(0, np.float32)
        self._hint.setText(breakable(next_step(video, marks, suspicion)))
        self._show_masks()
        self._show_frames(marks, suspicion)
        self._show_actions(marks, suspicion)
        self._show_scores(active)
        self._save.setEnabled(video.saving is None and bool(marks.any()))
        self._save.show_suggestion(video.suggested_folder() if active else None)
        self._saving.show_progress(video.saving)

    def _show_masks(self) -> None:
        layers = [(layer, layer.name) for layer in self.video.mask_layers()]
        if layers != self._layers:
            self._layers = layers
            self._masks.clear()
            for layer, name in layers:
                self._masks.addItem(name, layer)
                row = self._masks.count() - 1
                self._masks.setItemData(row, name, Qt.ItemDataRole.ToolTipRole)
        known = [layer for layer, _ in layers]
        source = self.video.source
        self._masks.setCurrentIndex(known.index(source) if source in known else -1)
        self._masks.setEnabled(bool(layers))
        self._masks.setPlaceholderText("Masks to correct …" if layers else "No masks to correct")

    def _show_frames(self, marks: np.ndarray, suspicion: np.ndarray) -> None:
        if self._strip.show_marks(marks, suspicion):
            self._legend.show_marks(marks)
        if not len(marks):
            self._here.setText("No video")
            return
        frame = self.video.frame
        self._strip.show_frame(frame)
        about = self._strip.describe(frame).partition(": ")[2]
        label = self.video.controller.label
        self._here.setText(f"<b>{frame}</b> / {len(marks) - 1} · object {label}: {about}")

    def _show_actions(self, marks: np.ndarray, suspicion: np.ndarray) -> None:
        video = self.video
        here = Mark(marks[video.frame]) if len(marks) else Mark.EMPTY
        self._frames.show_state(marks, suspicion)
        # Without a network it would wait at 0 for ever.
        usable = not video.no_network
        self._rank.setEnabled(usable and bool(marks.any()))
        self._rank.setVisible(video.ranking is None)
        self._ranking.show_progress(video.ranking)
        begun = usable and here != Mark.EMPTY
        self._carry_on.show_state(
            video.propagation if len(marks) else None,
            begun and video.frame > 0,
            begun and video.frame < len(marks) - 1,
        )

    def _show_scores(self, active: bool) -> None:
        scores = self.video.truth_scores if active else None
        if scores is not None:
            self._scores.show_scores(*scores)
            self._scores.show_frame(self.video.frame)
        self._scores.setVisible(scores is not None)


_STYLE = """
#itisCommit { font-weight: bold; padding: 6px; }
#itisCommit:checked { background: #1f7a34; color: white; }
"""
