"""The annotation of an image: what the user has clicked and painted, and the masks it led to.

Knows no window, no layers and no network.
"""

from napari_itis.annotation.contents import SessionContents
from napari_itis.annotation.exchange import Request, Result
from napari_itis.annotation.existing import ReadMasks, labels_in
from napari_itis.annotation.history import Change, Step
from napari_itis.annotation.packed import PackedMask
from napari_itis.annotation.record import Frame, Record, State
from napari_itis.annotation.session import AnnotationSession

__all__ = [
    "AnnotationSession",
    "Change",
    "Frame",
    "PackedMask",
    "ReadMasks",
    "Record",
    "Request",
    "Result",
    "SessionContents",
    "State",
    "Step",
    "labels_in",
]
