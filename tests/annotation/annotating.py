"""A user and a network of which one knows beforehand what they do."""

import numpy as np

from napari_itis.annotation import PackedMask, Result
from napari_itis.clicks import Click

SHAPE = (60, 80)


def disc(y, x, radius, shape=SHAPE):
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return (rows - y) ** 2 + (columns - x) ** 2 <= radius**2


def answer(request, radius=10):
    """A network that says: discs around positive clicks, minus discs around negative ones."""
    mask = np.zeros(SHAPE, bool) if request.base is None else request.base.unpack()
    for click in request.clicks[request.seen :]:
        around = disc(click.y, click.x, radius if click.positive else radius / 2)
        mask = mask | around if click.positive else mask & ~around
    return Result(request.frame, request.object, request.revision, PackedMask.pack(mask))


def settle(session, **kwargs):
    """Answer every open request; returns how many there were."""
    keys = session.pending()
    for key in keys:
        assert session.apply(answer(session.request(*key), **kwargs))
    return len(keys)


def click(session, label, y, x, positive=True, frame=()):
    session.add_click(frame, label, Click(y, x, positive))


def undo_all(session):
    while session.can_undo:
        session.undo()


class Masks:
    """Existing masks of a video: object 1 moves to the right, object 2 stands still below.

    Takes note of which frames were read.
    """

    def __init__(self, frames=10_000):
        self.frames = frames
        self.reads = []

    def __call__(self, frame):
        self.reads.append(frame)
        return self.image(frame)

    def image(self, frame):
        labels = np.zeros(SHAPE, np.uint8)
        labels[disc(20, 15 + frame[0] % 50, 8)] = 1
        labels[40:50, 30:60] = 2
        return labels
