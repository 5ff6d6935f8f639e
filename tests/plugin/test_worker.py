"""The inference thread: who is served when, and what happens when something fails."""

import time
from types import SimpleNamespace

import numpy as np
import pytest

from napari_itis.annotation import Request
from napari_itis.clicks import Click
from napari_itis.plugin.image_source import Plane
from napari_itis.plugin.jobs import Job
from napari_itis.plugin.predictors import PredictorOptions, make_predictor
from napari_itis.plugin.tasks import Task
from napari_itis.plugin.worker import InferenceWorker

from .conftest import FakePredictor

IMAGE = np.zeros((60, 80), np.uint8)


def job(label, revision=1, frame=(), owner="me", read=lambda: IMAGE):
    request = Request(frame, label, revision, (Click(20, 20, True),), None, 0)
    plane = Plane((frame,), None, (IMAGE.shape,), lambda number, box: read()[box])
    return Job(owner, request, plane, time.perf_counter())


@pytest.fixture
def run(qapp, predictor):
    """A running thread with a closed gate, and what comes out of it."""
    worker = InferenceWorker(lambda options, notice: predictor)
    out = SimpleNamespace(worker=worker, done=[], failed=[], predictor=predictor)
    worker.finished.connect(lambda job, result: out.done.append((job, result)))
    worker.failed.connect(lambda job, message: out.failed.append(message))

    def settle():
        predictor.gate.set()
        end = time.monotonic() + 10
        while worker.waiting and time.monotonic() < end:
            qapp.processEvents()
            time.sleep(0.002)
        for _ in range(5):
            qapp.processEvents()
            time.sleep(0.002)

    out.settle = settle
    predictor.gate.clear()
    worker.start()
    yield out
    predictor.gate.set()
    worker.stop(timeout=5)


def occupied(run):
    """Wait until the first job is being worked on, so that the next ones queue up."""
    run.worker.submit(job(99))
    end = time.monotonic() + 10
    while not run.predictor.calls and time.monotonic() < end:
        time.sleep(0.002)


def test_the_newest_wins_in_its_slot_and_every_slot_is_served(run):
    occupied(run)
    for revision in range(1, 6):
        run.worker.submit(job(1, revision))
        run.worker.submit(job(2, revision))
    run.settle()
    served = [(one.request.object, one.request.revision) for one, _ in run.done]
    assert served == [(99, 1), (1, 5), (2, 5)]


def test_what_is_on_screen_goes_first(run):
    occupied(run)
    for index in range(5):
        for label in (1, 2):
            run.worker.submit(job(label, frame=(index,)))
    run.worker.look_at("me", (3,), 2)
    run.settle()
    served = [(one.request.frame, one.request.object) for one, _ in run.done[1:]]
    assert served[:2] == [((3,), 2), ((3,), 1)] and len(served) == 10


def test_the_same_question_is_not_asked_twice(run):
    occupied(run)
    run.worker.submit(job(99))
    run.settle()
    assert len(run.predictor.calls) == 1


def test_what_is_not_wanted_any_more_is_not_predicted(run):
    occupied(run)
    run.worker.submit(job(1))
    run.worker.cancel(job(1).slot)
    run.settle()
    assert [one.request.object for one, _ in run.done] == [99]


def test_an_image_that_cannot_be_read_fails_alone(run):
    def unreadable():
        raise OSError("the disk is gone")

    run.worker.submit(job(1, read=unreadable))
    run.settle()
    assert run.failed == ["the disk is gone"]
    run.worker.submit(job(2))
    run.settle()
    assert [one.request.object for one, _ in run.done] == [2]


def test_an_image_is_set_once_for_all_its_clicks(run):
    for revision in range(3):
        run.worker.submit(job(1, revision))
        run.settle()
    assert len(run.predictor.images) == 1 and len(run.done) == 3


def test_torch_and_torchvision_that_do_not_fit_are_told_with_what_to_do(monkeypatch):
    def load(*args, **options):
        raise RuntimeError("operator torchvision::nms does not exist")

    monkeypatch.setattr("napari_itis.inference.Predictor", load)
    with pytest.raises(RuntimeError, match="do not fit together: install both from one place"):
        make_predictor(PredictorOptions(), print)


def test_without_a_network_jobs_wait_until_there_is_one(qapp):
    said, done = [], []

    def factory(options, notice):
        if options.device == "auto":
            raise ValueError("no such weights\nTraceback")
        return FakePredictor()

    worker = InferenceWorker(factory)
    worker.unusable.connect(said.append)
    worker.finished.connect(lambda job, result: done.append(job))
    worker.start()
    worker.submit(job(1))
    end = time.monotonic() + 10
    while not said and time.monotonic() < end:
        qapp.processEvents()
    assert said == ["no such weights"] and worker.waiting == 1
    worker.configure(PredictorOptions(device="cpu"))
    while not done and time.monotonic() < end:
        qapp.processEvents()
    assert len(done) == 1
    worker.stop(timeout=5)


def test_stopping_ends_the_thread_and_is_final(qapp):
    worker = InferenceWorker(lambda options, notice: FakePredictor())
    worker.start()
    worker.stop(timeout=5)
    assert not worker._thread.is_alive()
    worker.submit(job(1))
    worker.stop(timeout=5)


def waiting_for(qapp, condition):
    end = time.monotonic() + 10
    while not condition() and time.monotonic() < end:
        qapp.processEvents()
        time.sleep(0.002)
    assert condition()


def test_a_task_goes_on_between_the_clicks(run, qapp):
    steps, ended = [], []
    run.worker.stepped.connect(lambda task, value: steps.append(value))
    run.worker.ended.connect(lambda task, message: ended.append(message))

    def work(predictor):
        for number in range(50):
            if number == 10:
                run.worker.submit(job(1))
            yield number, len(run.done), predictor

    run.predictor.gate.set()
    run.worker.begin(Task(work))
    waiting_for(qapp, lambda: ended)
    assert [number for number, *_ in steps] == list(range(50))
    assert {predictor for *_, predictor in steps} == {run.predictor}
    assert len(run.done) == 1
    assert ended == [""]


def test_the_most_urgent_task_goes_first_and_a_paused_one_waits(run, qapp):
    order = []
    run.worker.stepped.connect(lambda task, value: order.append(value))
    occupied(run)
    slow = Task(lambda predictor: (f"ranking {n}" for n in range(3)))
    urgent = Task(lambda predictor: (f"propagation {n}" for n in range(3)), urgency=1)
    paused = Task(lambda predictor: (f"paused {n}" for n in range(3)), urgency=2, paused=True)
    for task in (slow, urgent, paused):
        run.worker.begin(task)
    run.predictor.gate.set()
    waiting_for(qapp, lambda: len(order) == 6)
    assert order[:3] == [f"propagation {n}" for n in range(3)]
    run.worker.pause(paused, False)
    waiting_for(qapp, lambda: len(order) == 9)


def test_an_abandoned_task_is_closed_and_never_heard_of_again(run, qapp):
    steps, ended, closed = [], [], []
    run.worker.stepped.connect(lambda task, value: steps.append(value))
    run.worker.ended.connect(lambda task, message: ended.append(message))

    def endless(predictor):
        try:
            while True:
                yield time.sleep(0.001)
        finally:
            closed.append(True)

    run.predictor.gate.set()
    task = Task(endless)
    run.worker.begin(task)
    waiting_for(qapp, lambda: steps)
    run.worker.abandon(task)
    waiting_for(qapp, lambda: closed)
    assert not ended


def test_a_task_that_fails_says_so_and_the_thread_goes_on(run, qapp):
    ended = []
    run.worker.ended.connect(lambda task, message: ended.append(message))

    def broken(predictor):
        yield 1
        raise ValueError("frame 7 cannot be read\nand more")

    run.predictor.gate.set()
    run.worker.begin(Task(broken))
    waiting_for(qapp, lambda: ended)
    assert ended == ["frame 7 cannot be read"]
    run.worker.submit(job(1))
    run.settle()
    assert len(run.done) == 1
