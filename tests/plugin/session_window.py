"""A window whose sessions are saved and opened, as its user does it."""

from napari_itis.plugin.controllers import session_files_of
from napari_itis.plugin.session_bar import SessionBar

from .conftest import FakePredictor
from .real_viewer import RIGHT, Person


class Window(Person):
    """A person with session files, whose answers are given beforehand."""

    def __init__(self, layers, make_predictor=FakePredictor):
        super().__init__(layers, make_predictor, autosave=True)
        self.files = session_files_of(self.viewer)
        self.files.ask = self.answer
        self.answers, self.asked, self.told = [], [], []
        self.controller.notice.connect(self.told.append)
        self.bar = self.widget.findChild(SessionBar)

    def answer(self, question):
        self.asked.append(question)
        return self.answers.pop(0)

    @property
    def session(self):
        return self.controller.workspace.session

    def click(self, y, x, right=False):
        super().click(y, x, RIGHT) if right else super().click(y, x)

    def until(self, condition, rounds=4000):
        for _ in range(rounds):
            if condition():
                return
            self.process(1)
        raise AssertionError(self.told)

    def save(self, path):
        self.files.save(path)
        self.until(lambda: not self.files.busy)

    def leave(self):
        """Close the window; what was not saved is on the disk then."""
        self.close()
        self.until(lambda: self.files.autosaving._finished)
        self.files.autosaving.wait()

    def drop(self, path):
        """What napari does with a file that is dropped on its window."""
        assert self.viewer.open(str(path), plugin="napari-itis") == []
        self.until(lambda: self.files.busy or self.told)
        self.until(lambda: not self.files.busy)
