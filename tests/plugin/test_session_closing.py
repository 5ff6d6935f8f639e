"""Nothing is lost when a window is closed; napari's own menu saves sessions too."""

import os

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import QEventLoop, QTimer
from qtpy.QtWidgets import QMainWindow

from napari_itis.annotation.autosave import Autosaves
from napari_itis.annotation.storage import load_session
from napari_itis.plugin.controllers import controller_of, session_files_of
from napari_itis.plugin.session_closing import Closing, may_close

from .conftest import SHAPE, FakePredictor, disc


@pytest.fixture
def files(tmp_path, monkeypatch, settle, qapp):
    """Of a viewer with two photos and a click on the first one."""
    from napari.plugins import _initialize_plugins

    _initialize_plugins()
    monkeypatch.setenv("NAPARI_ITIS_DATA", str(tmp_path / "data"))
    viewer = ViewerModel()
    for name in ("dog", "cat"):
        viewer.add_image(np.zeros((*SHAPE, 3), np.uint8), rgb=True, name=name)
    controller = controller_of(viewer, lambda options, notice: FakePredictor())
    controller.attach()
    controller.choose_image(viewer.layers["dog"])
    controller.workspace.layers.positive.add((20, 20))
    settle(controller)
    files = session_files_of(viewer)
    yield files
    files.autosaving.finish()
    controller.close()
    controller.worker.stop(timeout=5)
    del viewer


class Answers:
    """A user who has made up his mind."""

    def __init__(self, closing, *paths):
        self.answer, self.paths = closing, list(paths)
        self.asked, self.failures = [], []

    def closing(self, images, autosaved):
        self.asked.append((tuple(images), autosaved))
        return self.answer

    def file(self, image, suggested):
        self.asked.append((image, suggested.name))
        return self.paths.pop(0)

    def failed(self, message):
        self.failures.append(message)


def test_the_window_stays_if_the_user_wants_it_to(files):
    ask = Answers(Closing.STAY)
    assert not may_close(files, ask)
    assert ask.asked == [(("dog",), True)]
    assert may_close(files, Answers(Closing.LEAVE))
    files.autosaving.minutes = lambda: 0
    may_close(files, ask)
    assert ask.asked[-1] == (("dog",), False)


def test_every_unsaved_session_is_saved_before_it_closes(files, tmp_path, settle):
    controller = files.controller
    controller.choose_image(controller.viewer.layers["cat"])
    controller.workspace.layers.positive.add((40, 40))
    settle(controller)
    ask = Answers(Closing.SAVE, tmp_path / "dog.itis", tmp_path / "cat.itis")
    assert may_close(files, ask)
    assert ask.asked[0] == (("dog", "cat"), True)
    assert [image for image, _ in ask.asked[1:]] == ["dog", "cat"]
    for name, place in (("dog", (20, 20)), ("cat", (40, 40))):
        loaded, metadata = load_session(tmp_path / f"{name}.itis")
        assert metadata.image.name == name
        assert np.array_equal(loaded.compose(()) == 1, disc(*place))
    assert not files.unsaved and files.path == tmp_path / "cat.itis"
    assert may_close(files, Answers(None))
    # From now on it is known where to.
    controller.workspace.layers.positive.add((40, 60))
    settle(controller)
    ask = Answers(Closing.SAVE)
    assert may_close(files, ask) and len(ask.asked) == 1
    assert len(load_session(tmp_path / "cat.itis")[0].clicks((), 1)) == 2


def test_what_another_window_has_written_is_not_replaced_unseen(files, tmp_path, settle):
    path = tmp_path / "dog.itis"
    assert may_close(files, Answers(Closing.SAVE, path))
    theirs = path.read_bytes() + b"theirs"
    path.write_bytes(theirs)
    os.utime(path, ns=(0, 0))
    files.controller.workspace.layers.positive.add((40, 40))
    settle(files.controller)
    ask = Answers(Closing.SAVE, tmp_path / "mine.itis")
    assert may_close(files, ask)
    assert path.read_bytes() == theirs and (tmp_path / "mine.itis").exists()
    assert ["another window" in failure for failure in ask.failures] == [True]


def test_layers_that_cannot_be_read_keep_nothing_from_being_saved(files, tmp_path, monkeypatch):
    def broken(*, frames=None):
        raise OSError("the disk is gone")

    monkeypatch.setattr(files.controller, "take_over", broken)
    assert may_close(files, Answers(Closing.SAVE, tmp_path / "dog.itis"))
    assert load_session(tmp_path / "dog.itis")[0].clicks((), 1)


@pytest.mark.parametrize("path", [None, "nowhere/dog.itis"])
def test_the_window_stays_if_it_could_not_be_saved(files, tmp_path, path):
    ask = Answers(Closing.SAVE, path and tmp_path / path)
    assert not may_close(files, ask)
    assert len(ask.failures) == (path is not None) and files.unsaved
    assert all("\n" not in failure and "dog.itis" in failure for failure in ask.failures)


def close_as_a_user(window):
    """Close a window out of Qt's own loop, as an event does."""
    loop, closed = QEventLoop(), []

    def close():
        closed.append(window.close())
        loop.quit()

    QTimer.singleShot(0, close)
    loop.exec()
    return closed[0]


def test_only_somebody_in_front_of_it_is_asked(files, qapp):
    autosaving = files.autosaving
    window = QMainWindow()
    window.show()
    autosaving.watch(window)
    autosaving.ask = Answers(Closing.STAY)
    assert not close_as_a_user(window) and window.isVisible()
    assert len(autosaving.ask.asked) == 1
    autosaving.ask = Answers(Closing.LEAVE)
    assert close_as_a_user(window) and not window.isVisible()
    autosaving.wait()
    qapp.processEvents()
    autosaving.wait()
    (left,) = Autosaves().left_behind()
    assert left.metadata.image.name == "dog"


def test_a_script_closes_its_window_without_being_asked(files):
    window = QMainWindow()
    window.show()
    files.autosaving.watch(window)
    files.autosaving.ask = Answers(Closing.STAY)
    assert window.close() and files.autosaving.ask.asked == []


def test_napari_saves_the_layers_of_the_plugin_as_a_session(files, tmp_path):
    viewer, mask = files.controller.viewer, files.controller.workspace.layers.mask
    path = tmp_path / "dog.itis"
    for selected in ({mask}, set(viewer.layers)):
        viewer.layers.selection = selected
        assert viewer.layers.save(str(path), selected=True, plugin="napari-itis") == [str(path)]
        loaded, metadata = load_session(path)
        assert metadata.image.name == "dog"
        assert np.array_equal(loaded.compose(()), mask.data)
        assert files.path == path and not files.unsaved
        path.unlink()


def test_layers_of_others_are_no_session(files, tmp_path):
    viewer = files.controller.viewer
    other = viewer.add_labels(np.ones(SHAPE, int), name="theirs")
    viewer.layers.selection = {other}
    with pytest.raises(RuntimeError, match="select the mask layer"):
        viewer.layers.save(str(tmp_path / "dog.itis"), selected=True, plugin="napari-itis")
    assert not (tmp_path / "dog.itis").exists()
