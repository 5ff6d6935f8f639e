"""The training dock and what is behind it, with trainings that the test moves along by hand."""

import dataclasses
import math
import subprocess
import time
from dataclasses import replace

import numpy as np
import pytest
from napari._qt.qt_resources import get_stylesheet
from napari.components import ViewerModel
from PIL import Image
from qtpy.QtCore import QEventLoop, QMimeData, QPointF, Qt, QTimer, QUrl
from qtpy.QtGui import QDropEvent
from qtpy.QtWidgets import QApplication, QFileDialog, QMainWindow

from napari_itis.datasets.detection import detect_layout
from napari_itis.network.own_weights import check_name
from napari_itis.plugin import training_controller
from napari_itis.plugin.json_command import JsonCommand
from napari_itis.plugin.train_widget import TrainWidget
from napari_itis.plugin.training_backend import TrainingBackend
from napari_itis.plugin.training_controller import TrainingController
from napari_itis.plugin.training_draft import Draft, read_text
from napari_itis.plugin.training_form import TrainingForm, sections_of, settings_of
from napari_itis.plugin.training_menu import TomlDialog
from napari_itis.plugin.training_plots import BLUE, Curve, CurvePlot
from napari_itis.training import TrainingConfig, load_config
from napari_itis.training.plan import Plan

from .fake_training import REPORT, FakeBackend, FakeRun


def until(condition, timeout=15.0):
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, "it does not come"
        QApplication.processEvents()
        time.sleep(0.005)
    QApplication.processEvents()


@pytest.fixture
def backend(tmp_path):
    return FakeBackend(tmp_path / "trainings")


@pytest.fixture
def make(qapp, backend):
    """Makes the trainings of a window and its dock; all are closed in the end."""
    made = []

    def make(viewer=None):
        viewer = ViewerModel() if viewer is None else viewer
        training = TrainingController(viewer, backend)
        training.said = []
        training.notice.connect(training.said.append)
        dock = TrainWidget(viewer, training=training)
        dock.resize(330, 760)
        dock.show()
        QApplication.processEvents()
        made.append((training, dock))
        return training, dock

    yield make
    for training, dock in made:
        training.close()
        dock.close()
        dock.deleteLater()


@pytest.fixture
def cells(tmp_path):
    """A data set of three images in the layout `folder`."""
    root = tmp_path / "cells"
    for name in ("images", "masks"):
        (root / name).mkdir(parents=True)
    for number in range(3):
        pixels = np.zeros((40, 50), np.uint8)
        pixels[10:30, 10 + number : 30] = 1
        Image.fromarray(200 * pixels).save(root / "images" / f"{number}.png")
        Image.fromarray(pixels).save(root / "masks" / f"{number}.png")
    return root


def with_cells(training, cells):
    training.setup.add_folders([cells])
    until(lambda: training.setup.images == 3)


def started(training, cells):
    with_cells(training, cells)
    training.setup.check(begin=True)
    until(lambda: training.run is not None and training.view is not None)
    return training.run


# Data.


def test_an_empty_dock_says_what_is_needed(make):
    training, dock = make()
    assert training.state == "empty"
    assert "what to learn from" in dock.hint.text()
    assert not dock.begin.isEnabled() and not dock.check.isEnabled()
    assert not dock.setup_page.data.viewer.isEnabled()


def test_a_dropped_folder_is_recognised_and_counted(make, cells):
    training, dock = make()
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(cells)), QUrl.fromLocalFile(str(cells / "none.png"))])
    event = QDropEvent(
        QPointF(20, 20),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    dock.dropEvent(event)
    until(lambda: training.setup.images == 3)
    assert training.state == "ready" and dock.begin.isEnabled()
    (row,) = dock.setup_page.data.rows
    assert row.layout_box.currentData() == "folder"
    assert "3 images" in row.folder.full_text
    row.weight.setValue(2.5)
    assert training.setup.draft.config.data[0].weight == 2.5
    row.remove.click()
    QApplication.processEvents()
    assert training.state == "empty" and not dock.setup_page.data.rows


def test_what_is_wrong_with_a_folder_is_said_beside_it(make, tmp_path):
    training, dock = make()
    training.setup.add_folders([tmp_path])
    until(lambda: dock.setup_page.data.rows and dock.setup_page.data.rows[0].about.isVisible())
    assert "images" in dock.setup_page.data.rows[0].about.text()


def test_what_is_open_in_the_viewer_is_counted_and_written_beside_saved_settings(make, tmp_path):
    viewer = ViewerModel()
    training, dock = make(viewer)
    masks = np.zeros((4, 40, 50), np.int32)
    masks[1:, 10:20, 10:20], masks[1:, 25:35, 25:35] = 1, 2
    viewer.add_image(np.zeros((4, 40, 50), np.uint8), name="cells", rgb=False)
    viewer.add_labels(masks, name="masks")
    data = dock.setup_page.data
    until(lambda: data.viewer.isEnabled())
    assert "3 images" in data.count.text()
    data.viewer.click()
    assert training.state == "ready" and training.setup.images == 3
    training.setup.save(tmp_path / "saved.toml")
    # The first image to be written brings torch along.
    until(lambda: training.said, timeout=120)
    assert "napari-itis train" in training.said[-1]
    (source,) = load_config(tmp_path / "saved.toml").data
    assert source.root == str(tmp_path / "saved-data")
    assert len(list((tmp_path / "saved-data" / "masks").iterdir())) == 3
    # What is there already is nobody's to replace.
    training.setup.save(tmp_path / "saved.toml", overwrite=True)
    assert "another name" in training.said[-1]


@pytest.mark.parametrize(
    ("names", "layout"),
    [
        (("images", "masks"), "folder"),
        (("VOCdevkit", "benchmark_RELEASE"), "voc+sbd"),
        (("VOC2012",), "voc"),
        (("data_GT", "boundary_GT"), "grabcut"),
        (("ImageSets", "Annotations", "JPEGImages"), "davis"),
        (("training/instance", "training/image_2"), "kitti"),
        (("photos",), None),
    ],
)
def test_layouts_are_told_from_the_names_in_a_folder(tmp_path, names, layout):
    for name in names:
        (tmp_path / name).mkdir(parents=True)
    assert detect_layout(tmp_path) == layout


def test_coco_is_told_from_its_annotations(tmp_path):
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations" / "instances_train2017.json").write_text("{}")
    assert detect_layout(tmp_path) == "coco"


# Settings.


def test_the_form_has_every_key_of_the_config_with_its_words(qapp):
    from napari_itis.plugin.training_form import _ELSEWHERE

    shown = {one.name for _, settings in sections_of(TrainingConfig) for one in settings}
    assert shown | {*_ELSEWHERE, "network"} == {f.name for f in dataclasses.fields(TrainingConfig)}
    assert all(one.about for one in settings_of(TrainingConfig).values())
    assert settings_of(TrainingConfig)["schedule"].choices == ("cosine", "paper")


def test_a_key_of_the_form_reaches_the_config_and_nonsense_is_refused(make):
    training, dock = make()
    dock.setup_page.more.open()
    form = dock.setup_page.more.content
    assert isinstance(form, TrainingForm)
    form.widget("lone_click").value = 0.25
    assert training.setup.draft.config.lone_click == 0.25
    form.widget("ema").value = 1.0
    until(lambda: training.said)
    assert "ema must be" in training.said[-1]
    until(lambda: form.widget("ema").value == training.setup.draft.config.ema < 1)


def test_the_learning_rate_takes_that_of_the_new_layers_along(make):
    training, _ = make()
    before = training.setup.draft.config
    training.setup.set_keys({"learning_rate": 2 * before.learning_rate})
    after = training.setup.draft.config
    assert after.head_learning_rate == pytest.approx(2 * before.head_learning_rate)


def test_suggestions_leave_alone_what_the_user_has_set():
    draft = Draft.new(lambda name: False).with_keys(batch_size=4)
    draft = draft.suggested({"batch_size": 16, "crop": 160, "no such key": 1})
    assert (draft.config.batch_size, draft.config.crop) == (4, 160)


def test_what_is_set_in_the_dock_is_what_the_saved_file_gives(make, cells, tmp_path):
    training, dock = make()
    with_cells(training, cells)
    training.setup.set_keys({"name": "my cells", "crop": 160, "network.feed_back": False})
    dock.setup_page.settings.samples.setValue(1600)
    training.setup.save(tmp_path / "saved.toml")
    assert training.setup.draft.config.name == "my-cells"
    assert load_config(tmp_path / "saved.toml") == training.setup.draft.config
    other, _ = make()
    other.setup.load(tmp_path / "saved.toml")
    assert other.setup.draft.config == training.setup.draft.config


@pytest.mark.parametrize("typed", ["a/b: c?", "x" * 59 + ".yz", "mine.safetensors", "checkpoint"])
def test_what_is_typed_as_a_name_becomes_one_or_a_line_says_why_not(make, typed):
    training, dock = make()
    before = training.setup.draft.config.name
    dock.setup_page.settings.name.setText(typed)
    dock.setup_page.settings.name.editingFinished.emit()
    name = training.setup.draft.config.name
    assert (name == before) is bool(training.said) and check_name(name) == name


def test_a_long_name_that_is_taken_has_room_for_a_number(make, tmp_path):
    training, _ = make()
    (tmp_path / "trainings" / ("n" * 60)).mkdir(parents=True)
    (tmp_path / "long.toml").write_text(f'base = "finetune"\nname = "{"n" * 60}"')
    training.setup.load(tmp_path / "long.toml")
    assert training.setup.draft.config.name == "n" * 58 + "-2" and not training.said


@pytest.mark.parametrize("typed", ["mine", "mine.toml", "mine.v2"])
def test_saved_settings_replace_only_the_file_that_was_asked_about(
    make, tmp_path, monkeypatch, typed
):
    training, dock = make()
    for name in ("mine.toml", "mine.v2.toml"):
        (tmp_path / name).write_text("of another")
    chosen = str(tmp_path / typed)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (chosen, ""))
    dock.menu.save.trigger()
    kept = [path.read_text() == "of another" for path in sorted(tmp_path.glob("*.toml"))]
    assert kept == [typed != "mine.toml", True]
    assert ("is there already" in training.said[-1]) is (typed != "mine.toml")


def test_text_that_is_no_config_keeps_its_window_open(make):
    training, _ = make()
    dialog = TomlDialog(training)
    dialog.text.setPlainText('name = "x"\nbatch_size = "many"')
    dialog._take()
    assert "batch_size" in dialog.wrong.text() and not dialog.result()
    dialog.text.setPlainText('base = "finetune"\nname = "x"\nbatch_size = 4')
    dialog._take()
    assert dialog.result() and training.setup.draft.config.batch_size == 4


@pytest.mark.parametrize("opened", ["before", "after"])
def test_whatever_a_file_may_say_the_dock_shows_it_and_goes_on(make, tmp_path, opened):
    training, dock = make()
    more = dock.setup_page.more
    if opened == "before":
        more.open()
        more.content.widget("seed")
    path = tmp_path / "mine.toml"
    large = "seed = 4000000000\nsamples = 3000000000\ncrop = 8192\ncross_entropy = 1e10"
    path.write_text(f'base = "finetune"\nname = "mine"\ndevice = "cuda:1"\n{large}')
    training.setup.load(path)
    more.open()
    form, box = more.content, dock.setup_page.settings
    until(lambda: form.widget("seed").value == 4_000_000_000)
    assert form.widget("cross_entropy").value == 1e10
    assert box.device.currentData() == "cuda:1" and box.crop.value() == 8192
    form.widget("seed").value = 7
    box.batch.setValue(4)
    config = training.setup.draft.config
    assert (config.seed, config.batch_size, config.samples) == (7, 4, 3_000_000_000)


def test_a_long_name_does_not_widen_the_dock(make, tmp_path):
    training, dock = make()
    before = dock.minimumSizeHint().width()
    root = tmp_path / ("a" * 120)
    root.mkdir()
    training.setup.add_folders([root])
    training.setup.set_keys({"name": "n" * 200})
    until(lambda: dock.setup_page.data.rows)
    training.notice.emit("x" * 300)
    QApplication.processEvents()
    assert dock.minimumSizeHint().width() == before
    inner = dock._area.widget()
    assert inner.minimumSizeHint().width() <= dock.minimumWidth()


def test_nothing_of_the_settings_is_cut_beside_a_scroll_bar(make):
    training, dock = make()
    window = QMainWindow()
    window.setStyleSheet(get_stylesheet("dark"))
    window.setCentralWidget(dock)
    window.show()
    training.setup.set_minutes(None)
    window.resize(10, 400)
    until(lambda: dock.setup_page.settings.samples.isVisible())
    area, unit = dock._area, dock.setup_page.settings.unit
    needed = area.widget().minimumSizeHint().width() + area.verticalScrollBar().sizeHint().width()
    assert needed <= dock.minimumWidth()
    assert unit.width() >= unit.sizeHint().width()
    dock.setParent(None)


# Check and start.


def test_with_a_problem_nothing_is_started_and_nothing_stays(make, cells, backend):
    training, dock = make()
    with_cells(training, cells)
    backend.report = replace(REPORT, problems=("the disk is full: choose another folder",))
    training.setup.check(begin=True)
    assert training.state == "checking"
    QApplication.processEvents()
    assert not dock.setup_page.data.isEnabled() and dock.checking.isVisible()
    until(lambda: not training.setup.busy)
    QApplication.processEvents()
    assert training.state == "ready" and not backend.started
    assert "the disk is full" in dock.setup_page.found.problems.text()
    assert "143 objects" in dock.setup_page.found.facts.text()
    assert not backend.home().exists()


def test_where_nothing_is_wrong_the_hint_names_the_button_that_starts(make, cells):
    training, dock = make()
    with_cells(training, cells)
    training.setup.check(begin=False)
    until(lambda: "Nothing is wrong" in dock.hint.text())
    assert f"<b>{dock.begin.text()}</b>" in dock.hint.text()


def test_without_a_problem_it_starts_with_the_very_settings(make, cells, backend):
    training, dock = make()
    with_cells(training, cells)
    config = training.setup.draft.config
    dock.begin.click()
    until(lambda: training.run is not None)
    ((text, folder, resume),) = backend.started
    assert read_text(text) == config and not resume
    assert folder == backend.home() / config.name
    # The next one has a name of its own.
    assert training.setup.draft.config.name != config.name


def test_minutes_become_samples_when_the_speed_is_known(make, cells, backend):
    training, dock = make()
    with_cells(training, cells)
    samples = training.setup.draft.config.samples
    backend.report = replace(REPORT, seconds=1200.0)
    dock.setup_page.settings.unit.setCurrentIndex(0)
    dock.setup_page.settings.unit.activated.emit(0)
    dock.setup_page.settings.minutes.setValue(5)
    training.setup.check(begin=True)
    until(lambda: training.run is not None)
    started = read_text(backend.started[0][0])
    assert started.samples == pytest.approx(samples / 4, abs=started.batch_size)


def test_what_is_set_last_as_the_length_is_how_long_it_learns(make, tmp_path):
    training, dock = make()
    (tmp_path / "epochs.toml").write_text('base = "finetune"\nname = "mine"\nepochs = 30')
    training.setup.load(tmp_path / "epochs.toml")
    box = dock.setup_page.settings
    until(lambda: box.epochs.isVisible() and box.unit.currentText() == "epochs")
    assert box.epochs.value() == 30 and not box.samples.isVisible()

    def steps():
        return Plan.of(training.setup.draft.config, 500).steps

    def choose(unit):
        box.unit.activated.emit(box.unit.findText(unit))
        until(lambda: box.unit.currentText() == unit)

    choose("samples")
    box.samples.setValue(800)
    assert steps() == 100
    choose("epochs")
    box.epochs.setValue(3)
    assert steps() == 3 * (300 // 8)
    choose("minutes")
    assert training.setup.draft.for_minutes(60.0).config.epochs == 0 and steps() == 100


def test_a_check_that_fails_says_so_in_a_line(make, cells, backend):
    training, _ = make()
    with_cells(training, cells)
    backend.error = "napari-itis: training needs Lightning Fabric"
    training.setup.check(begin=True)
    until(lambda: not training.setup.busy)
    assert training.said == ["training needs Lightning Fabric"]
    assert training.state == "ready" and not backend.started


def test_what_lies_where_napari_was_started_is_not_taken_for_a_module(tmp_path):
    (tmp_path / "random.py").write_text("raise SystemExit('of another')")
    backend, path = TrainingBackend(), tmp_path / "x"
    for command in (
        backend.check_command(path, path, path),
        backend.compare_command("old", path, path, path),
    ):
        module = command.index("-m")
        done = subprocess.run(
            [*command[: module + 2], "--version"], cwd=tmp_path, capture_output=True, text=True
        )
        assert "napari-itis 0." in done.stdout, done.stderr


def test_a_check_can_be_left(make, cells, backend):
    training, _ = make()
    with_cells(training, cells)
    backend.wait = 60
    training.setup.check(begin=True)
    until(lambda: training.setup.progress.total == 18)
    training.setup.cancel()
    assert training.state == "ready"
    QApplication.processEvents()
    assert not backend.started and not training.said


def test_a_name_that_is_taken_is_refused(make, cells, backend):
    training, _ = make()
    with_cells(training, cells)
    training.setup.set_keys({"name": "itis-lite0"})
    training.setup.check(begin=True)
    assert "another name" in training.said[-1] and not training.setup.busy


def test_a_start_that_is_refused_says_why(make, cells, backend):
    training, _ = make()
    with_cells(training, cells)
    backend.refused = "a training runs in that folder already"
    training.setup.check(begin=True)
    until(lambda: training.said)
    assert training.said == [backend.refused] and training.state == "ready"


def test_a_command_that_is_left_ends_and_tells_nothing(qapp, tmp_path):
    import sys

    told = []
    command = JsonCommand(
        [sys.executable, "-c", "import time; time.sleep(60)"],
        tmp_path / "x.json",
        told.append,
        told.append,
    ).start()
    time.sleep(0.3)
    before = time.monotonic()
    command.stop()
    command.wait()
    QApplication.processEvents()
    assert time.monotonic() - before < 5 and not told


# A training under way.


def test_progress_plots_pictures_and_log_follow_the_training(make, cells):
    training, dock = make()
    run = started(training, cells)
    page = dock.run_page
    run.write_curves(200)
    for step in (0, 60, 120):
        run.write_picture(step)
    (run.folder / "output.txt").write_text("step 200/500\n")
    run.set(step=200, seconds_left=600.0)
    until(lambda: training.curves is not None and len(training.curves.step) == 200)
    until(lambda: page.pictures.isVisible())
    assert training.state == "running"
    assert "Step 200 of 500" in page.progress.text.text()
    assert "10 min left" in page.progress.text.text()
    assert page.pictures.steps == ("0", "120")
    assert "loss 0." not in page.loss.describe(150) and "Step 150" in page.loss.describe(150)
    assert "to 0.85: " in page.clicks.describe(60)
    page.log.open()
    QApplication.processEvents()
    assert "step 200/500" in page.log.content.toPlainText()


def test_stop_and_resume(make, cells, backend):
    training, dock = make()
    run = started(training, cells)
    dock.run_page.stop.click()
    assert training.state == "stopping"
    until(lambda: run.asked == ["stop"])
    QApplication.processEvents()
    assert not dock.run_page.stop.isEnabled()
    run.set(state="stopped", step=100, checkpoint_step=100)
    until(lambda: training.state == "stopped")
    QApplication.processEvents()
    assert dock.resume.isVisible() and not dock.run_page.stop.isVisible()
    dock.resume.click()
    until(lambda: training.state == "running")
    assert backend.started[-1][2] is True


def test_a_failed_training_says_why_and_offers_its_checkpoint(make, cells):
    training, dock = make()
    run = started(training, cells)
    run.set(state="failed", checkpoint_step=50, message="the disk is full: make room, then Resume")
    until(lambda: training.state == "failed")
    QApplication.processEvents()
    assert "The disk is full" in dock.hint.text().replace("\u200b", "")
    assert dock.resume.isVisible()


def test_a_folder_that_is_deleted_is_said(make, cells):
    import shutil

    training, dock = make()
    run = started(training, cells)
    shutil.rmtree(run.folder)
    until(lambda: training.state == "failed")
    QApplication.processEvents()
    assert "deleted" in dock.hint.text()
    training.forget()
    until(lambda: not training.runs)
    assert training.run is None


def test_a_training_that_cannot_be_read_says_so_and_hides_no_other(make, cells, backend, tmp_path):
    training, _ = make()
    run = started(training, cells)
    other = FakeRun(tmp_path / "other")
    other.folder.mkdir()
    lock = str(other.folder / "run.lock")

    def status():
        raise PermissionError(13, "Permission denied", lock)

    other.status = status
    backend.runs[other.folder] = other
    until(lambda: len(training.runs) == 2)
    known = {facts.folder: facts.status for facts in training.runs}
    assert known[run.folder].state == "running" and known[other.folder].state == "failed"
    assert known[other.folder].message == f"{lock} cannot be read: Permission denied"
    training.show_run(other.folder)
    until(lambda: training.state == "failed")


def done(training, cells):
    run = started(training, cells)
    (run.folder / f"{run.name}.safetensors").write_bytes(b"weights")
    run.set(state="done", step=500)
    until(lambda: training.state == "done")
    return run


def test_weights_are_used_at_once_and_added_once(make, cells, backend, monkeypatch):
    chosen = []
    monkeypatch.setattr(
        training_controller, "choose_weights", lambda viewer, name: chosen.append(name)
    )
    training, dock = make()
    run = done(training, cells)
    QApplication.processEvents()
    dock.run_page.result.use.click()
    until(lambda: chosen)
    training.use()
    until(lambda: len(chosen) == 2)
    assert chosen == [run.name, run.name] and list(backend.added) == [run.name]
    assert f"“{run.name}”" in training.said[-1]


def test_comparing_shows_what_is_known_so_far_and_the_end(make, cells, backend):
    from napari_itis.evaluation.comparison import ComparedObject, Comparison

    training, dock = make()
    run = done(training, cells)
    objects = tuple(
        ComparedObject(str(n), str(n), ((0.5, 0.6, 0.7), (0.7, 0.8, 0.85))) for n in range(4)
    )
    backend.comparison = Comparison(("itis-lite0", run.name), 3, 4, objects)
    training.compare("itis-lite0")
    assert training.state == "comparing"
    until(lambda: training.state == "compared")
    QApplication.processEvents()
    assert dock.run_page.result.plot.isVisible()
    # It is there again when the training is shown again.
    training.show_new()
    training.show_run(run.folder)
    until(lambda: training.state == "compared")


# Windows.


def test_a_training_that_runs_is_found_again(make, cells, backend):
    training, _ = make()
    run = started(training, cells)
    training.close()
    again, dock = make()
    until(lambda: again.run is run and again.view is not None)
    assert again.state == "running"
    QApplication.processEvents()
    assert run.name in dock.runs.currentText()


def test_a_training_that_ended_meanwhile_is_shown_once(make, cells, backend):
    training, _ = make()
    run = started(training, cells)
    training.close()
    run.set(state="done", step=500)
    again, _ = make()
    until(lambda: again.state == "done")
    later, _ = make()
    until(lambda: later.runs)
    assert later.run is None
    later.show_run(run.folder)
    until(lambda: later.state == "done")


def close_by_hand(window):
    """Close a window as its user does, within Qt's loop; whether it is closed."""
    loop, closed = QEventLoop(), []
    QTimer.singleShot(0, lambda: (closed.append(window.close()), loop.quit()))
    loop.exec()
    return closed[0]


@pytest.mark.parametrize(
    ("answer", "closes", "asked"), [(None, False, []), (0, True, []), (1, True, ["stop"])]
)
def test_closing_asks_what_becomes_of_a_training(make, cells, answer, closes, asked):
    training, dock = make()
    window = QMainWindow()
    window.setCentralWidget(dock)
    window.show()
    training.attach(window)
    run = started(training, cells)
    until(lambda: training.runs)
    choices = []
    training.choose = lambda choice: choices.append(choice) or answer
    assert close_by_hand(window) is closes
    assert run.asked == asked and len(choices) == 1 and run.name in choices[0].text
    dock.setParent(None)


def test_a_script_that_closes_the_window_is_not_asked(make, cells):
    training, dock = make()
    window = QMainWindow()
    window.setCentralWidget(dock)
    window.show()
    training.attach(window)
    run = started(training, cells)
    until(lambda: training.runs)
    training.choose = lambda choice: pytest.fail("asked")
    assert window.close() and run.asked == []
    dock.setParent(None)


def test_closing_asks_nothing_when_nothing_runs(make):
    training, _ = make()
    training.choose = lambda choice: pytest.fail("asked")
    assert training.may_close()


def test_a_dock_that_is_closed_and_opened_again_is_connected_once(make, cells):
    training, dock = make()
    for _ in range(3):
        dock.hide()
        dock.show()
    calls = []
    dock.refresh = lambda: calls.append(1)
    with_cells(training, cells)
    assert training.receivers(training.changed) == 1
    dock.hide()
    assert training.receivers(training.changed) == 0


# Plots.


def test_a_plot_draws_its_curve_where_the_values_are(qapp):
    plot = CurvePlot("IoU", top=1.0)
    plot.resize(300, plot.height())
    steps = np.arange(1, 101)
    plot.show_curves([Curve("crops", BLUE, steps, np.full(100, 0.75))], 200)
    image = plot.grab().toImage()
    ratio = plot.devicePixelRatioF()

    def bluish(x, y):
        color = image.pixelColor(round(x * ratio), round(y * ratio))
        return color.blue() - color.red() > 60

    columns = [x for x in range(34, 292) if any(bluish(x, y) for y in range(26, 100))]
    # The first half of the steps: the first half of the width, and no more.
    assert columns[0] < 40 and 155 < columns[-1] < 170
    # Between 0.5 and 1 it lies in the middle.
    rows = [y for y in range(26, 100) if bluish(100, y)]
    assert 56 <= np.mean(rows) <= 70
    assert "crops 0.75" in plot.describe(50)


def test_a_plot_without_values_says_when_there_will_be_some(qapp):
    plot = CurvePlot("Loss", hint="after the first steps")
    plot.resize(300, plot.height())
    plot.grab()
    assert math.isnan(Curve("", BLUE, np.zeros(0), np.zeros(0)).last)


def test_steep_starts_do_not_flatten_a_loss(qapp):
    plot = CurvePlot("Loss")
    values = np.full(1000, 0.3)
    values[0] = 90.0
    plot.show_curves([Curve("", BLUE, np.arange(1000), values)], 1000)
    assert plot._ticks()[-1] < 1
