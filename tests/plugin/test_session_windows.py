"""Sessions in real windows: saved, closed, opened in the next one, and restored after a kill."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_itis.annotation import State
from napari_itis.annotation.autosave import Autosaves
from napari_itis.annotation.storage import load_session
from napari_itis.plugin import sample_data

from .session_window import Window

# A window that is used until it is killed. What it says is what the next one must have again.
KILLED = """
import os, signal, sys
import numpy as np
from napari_itis.cli.display import display_needed, start_virtual_display
if display_needed():
    start_virtual_display()
from plugin.session_window import Window
from plugin.test_session_windows import still
person = Window(still())
person.click(150, 170)
person.wait()
person.click(150, 176, right=True)
person.wait()
person.controller.next_object()
person.click(60, 60)
person.wait()
person.files.autosaving.save()
person.until(lambda: person.files.autosaving._running is None)
session = person.session
np.savez(
    sys.argv[1],
    mask=np.asarray(person.mask),
    clicks=[(label, c.y, c.x, c.positive) for label in (1, 2) for c in session.clicks((), label)],
    states=[str(session.state((), label)) for label in (1, 2)],
)
os.kill(os.getpid(), signal.SIGKILL)
"""


def still():
    return sample_data.cat()


@pytest.fixture
def window(qapp, tmp_path, monkeypatch):
    """Opens windows; one at a time."""
    from napari.plugins import _initialize_plugins

    _initialize_plugins()
    monkeypatch.setenv("NAPARI_ITIS_DATA", str(tmp_path / "data"))
    opened = []

    def close():
        while opened:
            opened.pop().leave()

    def open_window(layers):
        close()
        opened.append(Window(layers))
        return opened[0]

    yield open_window
    close()


def test_a_still_is_there_again_in_the_next_window(window, tmp_path):
    person = window(still())
    person.click(150, 170)
    person.wait()
    person.click(150, 176, right=True)
    person.wait()
    layer = person.controller.workspace.layers.mask
    person.viewer.layers.selection.active = layer
    layer.mode, layer.brush_size = "paint", 8
    person.drag((40, 150), (40, 250))
    person.wait()
    person.controller.next_object()
    person.controller.choose_sign(True)
    person.click(250, 350)
    person.wait()
    person.process()
    assert person.bar.button.text() == "Session •"
    path = tmp_path / "cat.itis"
    person.save(path)
    person.process()
    assert person.bar.button.text() == "Session"
    assert person.bar.button.save.text() == "Save to cat.itis"
    mask, session = np.array(person.mask), person.session
    positive, negative = np.array(person.positive.data), np.array(person.negative.data)

    again = window(still())
    # What was saved is no lost session.
    assert list((tmp_path / "data" / "autosave").glob("*.itis")) == []
    # Whoever drops it need not have a dock open.
    for dock in list(again.viewer.window._wrapped_dock_widgets.values()):
        dock.close()
    again.process()
    assert not again.controller.attended
    again.drop(path)
    assert again.controller.attended
    assert again.asked == [] and np.array_equal(again.mask, mask) and mask[40, 200] == 1
    assert dict(again.session.records) == dict(session.records)
    assert again.controller.label == 2
    assert np.array_equal(again.positive.data, positive)
    assert np.array_equal(again.negative.data, negative)
    assert [again.session.state((), label) for label in (1, 2)] == [
        State.COMMITTED,
        State.CORRECTED,
    ]
    # It goes on: the next click, and back.
    again.click(200, 100)
    assert again.wait() == 1
    assert again.mask[200, 100] == 2
    again.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    again.wait()
    assert np.array_equal(again.mask, mask)


def test_a_video_with_masks_is_there_again_in_the_next_window(window, tmp_path):
    person = window(sample_data.video())
    person.controller.show_frame((5,))
    person.process()
    label = person.controller.label
    person.click(160, 60)
    person.wait()
    layer = person.controller.workspace.layers.mask
    person.viewer.layers.selection.active = layer
    layer.mode, layer.brush_size = "paint", 10
    person.controller.show_frame((9,))
    person.process()
    person.drag((40, 40), (40, 90))
    person.wait()
    person.controller.choose_sign(True)
    person.controller.show_frame((12,))
    person.controller.commit_frame()
    frames = [np.array(person.mask[frame]) for frame in range(40)]
    session = person.session
    person.save(tmp_path / "video.itis")
    # Not saved any more, and left to the next window.
    person.click(20, 20)
    person.wait()

    again = window(sample_data.video())
    (left,) = Autosaves().left_behind()
    again.until(lambda: again.bar.offers.isVisible())
    assert "cup and cat" in again.bar.offers.text.text()
    again.drop(tmp_path / "video.itis")
    assert again.asked == [], again.told
    for frame in range(40):
        assert np.array_equal(again.mask[frame], frames[frame])
    assert dict(again.session.records) != dict(session.records)
    states = again.session.states(label)
    assert states[(5,)] is states[(9,)] is State.CORRECTED and states[(12,)] is State.COMMITTED
    assert again.controller.workspace.frame == (12,)
    again.click(100, 100)
    assert again.wait() == 1
    assert again.mask[12][100, 100] == label
    again.controller.undo()
    again.wait()
    assert np.array_equal(again.mask[12], frames[12])
    # What was lost is still on offer, and asked about: there is unsaved work now.
    again.click(200, 200)
    again.wait()
    again.answers = [True]
    again.bar.offers.restore.click()
    again.until(lambda: not again.files.busy and again.asked)
    again.until(lambda: dict(again.session.records) == dict(session.records))
    again.process()
    assert not again.bar.offers.isVisible() and not left.path.exists()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that can be killed at once")
def test_kill_9_and_the_next_window_offers_what_was_there(window, tmp_path):
    tests = str(Path(__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path / "said.npz")],
        env={**os.environ, "NAPARI_ITIS_DATA": str(tmp_path / "data"), "PYTHONPATH": tests},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == -9, done.stderr
    said = np.load(tmp_path / "said.npz")
    person = window(still())
    person.until(lambda: person.bar.offers.isVisible())
    assert "“cat”" in person.bar.offers.text.text()
    person.bar.offers.restore.click()
    person.until(lambda: not person.files.busy)
    assert person.asked == [] and np.array_equal(person.mask, said["mask"])
    clicks = [
        (label, click.y, click.x, click.positive)
        for label in (1, 2)
        for click in person.session.clicks((), label)
    ]
    assert np.array_equal(clicks, said["clicks"]) and len(clicks) == 3
    assert [str(person.session.state((), label)) for label in (1, 2)] == list(said["states"])
    person.process()
    assert not person.bar.offers.isVisible() and person.files.unsaved
    # Closed like this it is offered once more; nothing of it was lost on the way.
    person.leave()
    (left,) = Autosaves().left_behind()
    assert dict(load_session(left.path)[0].records) == dict(person.session.records)
