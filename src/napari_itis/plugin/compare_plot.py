"""A comparison of weights in one picture: IoU against clicks with intervals, and the verdict."""

from __future__ import annotations

from qtpy.QtWidgets import QWidget

from napari_itis.evaluation.comparison import Comparison


class ComparePlot(QWidget):
    """Mean IoU after each click for old and new weights, and in words which are better."""

    def show_comparison(self, comparison: Comparison | None) -> None:
        """Show a comparison, also one that is under way; None clears the plot."""
        raise NotImplementedError
