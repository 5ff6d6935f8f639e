"""What must hold in a window, whatever its user does."""

import logging
import sys
import threading
import traceback
from contextlib import contextmanager

import numpy as np
from napari.utils.notifications import NotificationSeverity, notification_manager

from napari_itis.annotation.contents import SessionContents

from .conftest import answer

_BAD = ("could not be", "not saved:", "cannot be opened", "Traceback")


class Complaints(logging.Handler):
    """Everything that goes wrong without reaching the caller."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.heard = []

    @contextmanager
    def listening(self):
        hooks = sys.excepthook, threading.excepthook
        sys.excepthook = lambda *error: self.heard.append(error)
        threading.excepthook = lambda args: self.heard.append(args)
        logging.getLogger("vispy").addHandler(self)
        self._known = len(notification_manager.records)
        try:
            yield
        finally:
            sys.excepthook, threading.excepthook = hooks
            logging.getLogger("vispy").removeHandler(self)

    def emit(self, record):
        self.heard.append(record.getMessage())
        # What Qt warns of says nothing of where it came from.
        traceback.print_stack(limit=30)

    def check(self):
        found, self.heard = self.heard, []
        records = notification_manager.records
        for record in records[self._known :]:
            if record.severity > NotificationSeverity.INFO and not _of_status_bar(record):
                found.append(record.message)
        self._known = len(records)
        for complaint in list(found):
            error = complaint[1] if isinstance(complaint, tuple) else None
            error = getattr(complaint, "exc_value", error)
            if isinstance(error, IndexError) and "non-painted dimension" in str(error):
                # napari's own: the slider stands where another layer is larger than this one.
                found.remove(complaint)
            elif isinstance(error, BaseException):
                raise error
        assert not found, found


def _of_status_bar(record):
    """Whether napari's own thread looked at a layer while that was changed, as it knows it does."""
    error = getattr(record, "exception", None)
    frames = [] if error is None else traceback.extract_tb(error.__traceback__)
    return any(frame.name == "calculate_status" for frame in frames)


class Seen:
    """Pixels, clicks and names of a session, to be compared."""

    def __init__(self, contents):
        # Past what the session remembers having drawn.
        frames = list(np.ndindex(*contents.slices))
        self.pixels = np.stack([SessionContents.compose(contents, frame) for frame in frames])
        self.clicks = {key: r.clicks for key, r in contents.records.items() if r.clicks}
        self.objects, self.names = contents.objects(), contents.names

    def assert_is(self, other):
        assert self.clicks == other.clicks
        assert self.names == other.names
        assert self.objects == other.objects, (self.objects, other.objects)
        assert np.array_equal(self.pixels, other.pixels)


def _differences(found, expected):
    """Where two label images differ, and how: how many pixels of which rows and columns."""
    rows, columns = np.nonzero(found != expected)
    pairs = np.unique(np.stack([found[rows, columns], expected[rows, columns]]), axis=1)
    return len(rows), (rows.min(), rows.max()), (columns.min(), columns.max()), pairs.T.tolist()


class CheckedWindow:
    """What can be asked of a :class:`RandomWindow`."""

    def check(self):
        """Everything that a user relies on."""
        self.complaints.check()
        wrong = [line for line in self.told if any(bad in line for bad in _BAD)]
        assert not wrong, wrong
        self.told.clear()
        for workspace in self.controller.workspaces:
            if workspace not in self.starts:
                self.starts[workspace] = workspace.session.snapshot()
            if self.controller.attended:
                self.check_layers(workspace)
            self.check_predictions(workspace.session)

    def check_layers(self, workspace):
        """What is on screen is what the session has."""
        session, layers = workspace.session, workspace.layers
        for frame in np.ndindex(*session.slices):
            drawn = SessionContents.compose(session, frame)
            assert np.array_equal(session.compose(frame), drawn), "remembered wrongly"
            if layers.mask is not None:
                found = np.asarray(layers.mask.data[workspace.axes.index(frame)])
                assert np.array_equal(found, drawn), (frame, _differences(found, drawn))
        if workspace is not self.workspace:
            return
        assert not self.controller._events.is_writing and not self.controller._events.painting
        mask = layers.mask
        if mask is not None and mask.visible and self.controller.flat and self._inside(mask):
            shown = np.asarray(mask._slice.image.raw)
            if mask._slice_input.displayed[0] > mask._slice_input.displayed[1]:
                shown = shown.T
            drawn = SessionContents.compose(session, workspace.frame)
            assert np.array_equal(shown, drawn), self._other_slice(shown)
        for positive, layer in layers.points():
            expected = [
                (*frame, click.y, click.x)
                for frame in session.clicked_frames(workspace.label)
                for click in session.clicks(frame, workspace.label)
                if click.positive is positive
            ]
            points = [workspace.axes.split(point) for point in layer.data.tolist()]
            found = [(*map(round, point[:-2]), *point[-2:]) for point in points]
            assert sorted(found) == sorted(expected)
        if self.gate.is_set() and self.controller.image is not None:
            assert session.pending() == []

    def _inside(self, mask):
        """Whether the slider is in the stack: another layer may be larger."""
        along = list(self.workspace.axes.along)
        index = np.rint(mask.world_to_data(self.viewer.dims.point[-mask.ndim :]))[along]
        return (index >= 0).all() and (index < np.array(mask.data.shape)[along]).all()

    def _other_slice(self, shown):
        """What there is to know where other pixels are on screen than those of the slice."""
        workspace, dims = self.workspace, self.viewer.dims
        mask, image = workspace.layers.mask, self.controller.image
        frames = np.ndindex(*workspace.session.slices)
        alike = [f for f in frames if np.array_equal(shown, workspace.session.compose(f))]
        places = {
            layer.name: (layer.world_to_data(dims.point[-layer.ndim :]), layer.scale, layer.rotate)
            for layer in (mask, image)
            if layer is not None
        }
        return f"{workspace.frame} is annotated, {alike} on screen: {dims!r}, {places}"

    def check_predictions(self, session):
        """A mask is what the network makes of the clicks, with the user's strokes on top."""
        for record in session.records.values():
            if record.fresh:
                base = record.base.unpack() if record.base else np.zeros(session.shape, bool)
                expected = answer(record.clicks[record.seen :], base)
                found = record.prediction.unpack() if record.prediction else np.zeros_like(base)
                assert np.array_equal(found, expected)
            mask = record.mask.unpack() if record.mask else np.zeros(session.shape, bool)
            for strokes, inside in ((record.added, True), (record.removed, False)):
                if strokes is not None:
                    assert (mask[strokes.unpack()] == inside).all()
