"""A window that is used until its process is killed; what it writes down is what must be kept."""

import hashlib
import random
import sys
import time
from pathlib import Path

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication

from .random_window import RandomWindow
from .window_checks import Complaints, Seen

TICK = 0.05
"""Seconds between two looks whether it is time to autosave."""


def digest(session):
    """Pixels, clicks and objects of a session in a word."""
    seen = Seen(session)
    known = repr((sorted(seen.clicks.items(), key=repr), seen.objects, sorted(seen.names.items())))
    return hashlib.sha256(seen.pixels.tobytes() + known.encode()).hexdigest()[:16]


class Diary:
    """Lines of time, process, what, and a value; each is on the disk once it was written."""

    def __init__(self, path):
        self._path = Path(path)

    def write(self, what, value):
        with self._path.open("a") as file:
            file.write(f"{time.monotonic():.4f} {what} {value}\n")

    @staticmethod
    def read(path):
        lines = Path(path).read_text().splitlines() if Path(path).exists() else []
        return [(float(at), what, value) for at, what, value in map(str.split, lines)]


def annotate(seed, interval, folder, path):
    """Open a window, restore what is offered, and go on with it without an end."""
    from napari.plugins import _initialize_plugins

    app = QApplication.instance() or QApplication(sys.argv)
    _initialize_plugins()
    diary, complaints = Diary(path), Complaints()
    with complaints.listening():
        window = RandomWindow(Path(folder), complaints)
        window.controller.choose_image(window.images["stack"])
        saving = window.files.autosaving
        saving.minutes = lambda: interval / 60
        saving._timer.setInterval(round(1000 * TICK))
        window.until(lambda: not saving._looking._thread.is_alive())
        window.settle()
        if saving.offers:
            assert "“stack”" in window.bar.offers.text.text()
            window.bar.offers.restore.click()
            window.settle()
            assert not window.bar.offers.isVisible() and window.files.unsaved
        window.check()
        diary.write("restored", digest(window.workspace.session))
        use(window, random.Random(seed), saving, diary)
    app.quit()


def use(window, rng, saving, diary):
    known, number, busy_since = None, 0, None
    while True:
        before, number = time.monotonic(), number + rng.randrange(1, 9)
        chance = rng.random()
        if chance < 0.1:
            window.key(Qt.Key.Key_N)
        elif chance < 0.2:
            window.key(Qt.Key.Key_Right if chance < 0.15 else Qt.Key.Key_Left)
        elif chance < 0.25:
            window.controller.commit_frame()
        else:
            window.do_something_usual(number)
        window.settle()
        window.check()
        now, found = time.monotonic(), digest(window.workspace.session)
        if found != known:
            diary.write("state", found)
            known = found
        diary.write("step", f"{now - before:.4f}")
        if saving._running is None:
            if busy_since is not None:
                diary.write("saved", f"{now - busy_since:.4f}")
            busy_since = None
        elif busy_since is None:
            busy_since = now


if __name__ == "__main__":
    # One for many windows: what takes long is done once, then each gets a process of its own.
    import os

    interval, folder, path = float(sys.argv[1]), sys.argv[2], sys.argv[3]
    for line in sys.stdin:
        process = os.fork()
        if not process:
            annotate(int(line), interval, folder, path)
            os._exit(0)
        print(process, flush=True)
        os.waitpid(process, 0)
        print("gone", flush=True)
