"""The list of own weights: every button does what it says, and mistakes are told."""

import time

import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QFileDialog

from napari_itis.network.names import own_folder, own_weights
from napari_itis.plugin.controllers import controller_of
from napari_itis.plugin.weights_list import weights_list
from napari_itis.plugin.weights_manager import WeightsManager

from .conftest import FakePredictor


def put(name, content=b"weights"):
    own_folder().mkdir(parents=True, exist_ok=True)
    (own_folder() / f"{name}.safetensors").write_bytes(content)


@pytest.fixture
def manager(qapp, preferred, monkeypatch):
    # What a file has to be is tried in tests/network.
    monkeypatch.setattr("napari_itis.network.weights.verify", lambda path: None)
    for name in ("cells", "nuclei"):
        put(name)
    viewer = ViewerModel()
    controller_of(viewer, FakePredictor)
    shown = WeightsManager(viewer)
    shown.resize(280, 400)
    shown.show()
    yield shown
    shown.close()
    controller_of(viewer).worker.stop(timeout=5)


def names(manager):
    return [manager.list.item(row).text() for row in range(manager.list.count())]


def choose(manager, name):
    manager.list.setCurrentRow(names(manager).index(name))


def until(qapp, holds):
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        qapp.processEvents()
        time.sleep(0.002)


def test_use_is_marked_and_offered_once(manager):
    choose(manager, "nuclei")
    manager.use.click()
    assert controller_of(manager._viewer).worker.options.weights == "nuclei"
    assert not manager.use.isEnabled() and "used for clicks" in manager.about.text()
    choose(manager, "cells")
    assert manager.use.isEnabled() and "used" not in manager.about.text()


def test_a_deleted_one_can_be_brought_back(manager):
    choose(manager, "cells")
    QTest.keyClick(manager.list, Qt.Key.Key_Delete)
    assert names(manager) == ["nuclei"]
    assert manager.notice.text() == "Deleted cells" and not manager.undo.isHidden()
    manager.undo.click()
    assert names(manager) == ["cells", "nuclei"] and manager.list.currentItem().text() == "cells"
    assert manager.undo.isHidden() or manager._told.isHidden()


def test_names_are_changed_in_the_list(manager):
    choose(manager, "cells")
    manager.list.currentItem().setText("HeLa")
    assert names(manager) == ["HeLa", "nuclei"] and "HeLa" in own_weights()
    manager.list.item(0).setText("nuclei")
    assert "already" in manager.notice.text() and names(manager) == ["HeLa", "nuclei"]
    manager.list.item(0).setText("a/b")
    assert "cannot be a name" in manager.notice.text() and names(manager) == ["HeLa", "nuclei"]


def test_out_to_a_file_and_in_again(manager, qapp, tmp_path, monkeypatch):
    sent = tmp_path / "sent"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(sent), ""))
    choose(manager, "cells")
    manager.export.click()
    assert not manager.export.isEnabled()
    until(qapp, manager.export.isEnabled)
    assert "Exported to" in manager.notice.text()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (f"{sent}.safetensors", ""))
    manager.import_.click()
    until(qapp, manager.import_.isEnabled)
    assert names(manager) == ["cells", "nuclei", "sent"]
    assert manager.list.currentItem().text() == "sent"
    # The dialog has not asked about the name with the suffix.
    manager.export.click()
    until(qapp, manager.export.isEnabled)
    assert "exists" in manager.notice.text()


def test_what_others_change_is_shown_and_nothing_is_no_error(manager):
    put("third")
    weights_list().changed.emit()
    assert names(manager) == ["cells", "nuclei", "third"]
    for name in names(manager):
        weights_list().delete(name)
    assert names(manager) == [] and "import a file" in manager.about.text()
    for button in (manager.use, manager.rename, manager.delete, manager.export):
        assert not button.isEnabled()
    assert manager.import_.isEnabled()


def test_long_names_do_not_widen_the_dock(manager):
    put("x" * 60)
    weights_list().changed.emit()
    choose(manager, "x" * 60)
    manager.use.click()
    assert manager.minimumSizeHint().width() < 290
