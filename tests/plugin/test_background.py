"""Work in threads that nobody keeps."""

import gc
import threading

from qtpy.QtCore import QCoreApplication

from napari_itis.plugin.background import Background, finish_all


class Owner:
    """Keeps its work, and is kept by nothing but it."""

    def begin(self, heard, go):
        def work(background):
            go.wait(10)
            background.tell("told")

        def told(value):
            heard.append((self, value))

        def ended(message):
            heard.append((self, message))

        self.work = Background(work, told, ended).start()


def test_work_is_heard_of_although_its_owner_was_let_go(qapp):
    """Python cleared its functions away while Qt was about to call them: a crash."""
    heard, go = [], threading.Event()
    owner = Owner()
    owner.begin(heard, go)
    thread = owner.work._thread
    del owner
    go.set()
    thread.join(10)
    gc.collect()
    QCoreApplication.processEvents()
    assert [value for _, value in heard] == ["told", ""]


def test_nothing_is_left_of_it_in_the_end(qapp):
    heard, go = [], threading.Event()
    before = {id(it) for it in gc.get_objects() if type(it) is Background}
    go.set()
    Owner().begin(heard, go)
    while len(heard) < 2:
        QCoreApplication.processEvents()
    QCoreApplication.processEvents()
    heard.clear()
    gc.collect()
    assert {id(it) for it in gc.get_objects() if type(it) is Background} <= before


def test_what_writes_files_is_waited_for_when_the_program_is_left_and_nothing_else_is(qapp):
    written, go, never = [], threading.Event(), threading.Event()

    def write(_background):
        go.wait(10)
        written.append("file")

    def ignore(_value):
        pass

    looking = Background(lambda _background: never.wait(10), ignore, ignore).start()
    Background(write, ignore, ignore, finish=True).start()
    threading.Timer(0.05, go.set).start()
    finish_all()
    assert written and looking.alive
    never.set()
