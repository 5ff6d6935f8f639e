"""The one line that tells a user what to do next with a video."""

from __future__ import annotations

import numpy as np

from napari_itis.plugin.frame_marks import Mark
from napari_itis.plugin.predictors import MISFIT
from napari_itis.plugin.video_correction import VideoCorrection


def next_step(video: VideoCorrection, marks: np.ndarray, suspicion: np.ndarray) -> str:
    """What to do next, in a sentence or two.

    Parameters
    ----------
    video : VideoCorrection
    marks, suspicion : ndarray, shape (frames,)
        Its own, as they are shown.
    """
    if not video.active:
        return "Open a video: drop a folder of frames or a movie into the window."
    if MISFIT in video.no_network:
        return f"{video.no_network}. Then start napari again."
    if video.no_network:
        # Before all else: nothing that is asked for will ever be done.
        return (
            f"{video.no_network}. Choose another device or other weights: “Network” in the "
            "segmentation dock. Clicks are kept until then."
        )
    if video.propagation is not None:
        if video.propagation.paused:
            return "It waits. “Go on” (G), or “Cancel” (Q) and correct the mask shown."
        return "Watch the masks. Where one goes wrong, “Cancel” (Q) and correct it."
    if not marks.any():
        if video.source is None and video.mask_layers():
            return "Choose the masks to correct above, or click on the object to begin."
        return "Click on the object in the image to begin."
    mark = Mark(marks[video.frame])
    if mark == Mark.SUSPICIOUS:
        return "This mask may be wrong: correct it with clicks, or commit it (K)."
    if mark == Mark.CORRECTED:
        return "Right now? Carry it on to the frames beside it, or commit it (K)."
    if video.ranking is not None:
        return "Looking for wrong masks. You can go on correcting meanwhile."
    if np.isnan(suspicion).all():
        return "Press “Look for wrong masks”, or go to a frame that you see is wrong."
    left = int((marks == Mark.SUSPICIOUS).sum())
    if left:
        frames = "1 frame looks" if left == 1 else f"{left} frames look"
        return f"{frames} wrong. Go to the worst one (W)."
    return "No suspicious frame is left. Look through the video, then save the masks."
