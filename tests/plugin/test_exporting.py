"""Exports from the dock: in the background, with what was clicked a moment ago, never by half."""

import json
import time

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtWidgets import QFileDialog

from napari_itis.annotation.exports import FORMATS
from napari_itis.plugin.background import finish_all
from napari_itis.plugin.session_bar import SessionButton
from napari_itis.plugin.session_facts import session_facts
from napari_itis.plugin.session_files import SessionFiles

from .conftest import SHAPE


@pytest.fixture
def files(make_controller, settle):
    viewer = ViewerModel()
    image = viewer.add_image(
        np.zeros((3, *SHAPE)), rgb=False, name="cells", scale=(1, 2, 2), units=("s", "um", "um")
    )
    controller = make_controller(viewer)
    controller.choose_image(image)
    controller.workspace.layers.positive.add((1, 20, 20))
    settle(controller)
    files = SessionFiles(controller, lambda question: True)
    files.told = []
    controller.notice.connect(files.told.append)
    return files


@pytest.fixture
def wait(qapp):
    def until_done(files):
        end = time.monotonic() + 20
        while files.exporting.running:
            assert time.monotonic() < end, files.told
            qapp.processEvents()
            time.sleep(0.002)

    return until_done


def test_the_menu_asks_where_to_and_says_how_it_went(files, wait, tmp_path, monkeypatch):
    button = SessionButton(files)
    texts = [action.text() for action in button.export.actions()]
    assert texts == [f"{kind.title} …" for kind in FORMATS.values()]
    assert all(action.toolTip() for action in button.export.actions())
    asked = []

    def choose(_parent, title, start, kinds):
        asked.append((title, start, kinds))
        return str(tmp_path / "mine"), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", choose)
    button.export.actions()[list(FORMATS).index("geojson")].trigger()
    button.refresh()
    assert button.text() != "Session" and not button.export.isEnabled()
    wait(files)
    assert asked[0][1].endswith("cells-geojson.geojson") and "*.geojson" in asked[0][2]
    assert files.told == [f"Exported to {tmp_path / 'mine.geojson'}"]
    found = json.loads((tmp_path / "mine.geojson").read_text())
    assert found["features"][0]["properties"]["area_unit"] == "µm²"
    assert found["image"] == "cells"
    # The dialog has asked about `mine`, not about `mine.geojson`.
    (tmp_path / "mine.geojson").write_text("old")
    questions = []
    for answer, exported in ((False, 1), (True, 2)):
        files.ask = lambda question, answer=answer: questions.append(question.text) or answer
        button.export.actions()[list(FORMATS).index("geojson")].trigger()
        wait(files)
        assert len(files.told) == exported
        assert ((tmp_path / "mine.geojson").read_text() == "old") != answer
    assert questions == ["Replace mine.geojson?"] * 2
    button.export.actions()[list(FORMATS).index("png")].trigger()
    wait(files)
    assert len(list((tmp_path / "mine").iterdir())) == 3


def test_a_stopped_export_writes_nothing_and_there_is_one_at_a_time(files, wait, tmp_path):
    files.exporting.export("tiff", tmp_path / "masks.tif")
    files.exporting.export("coco", tmp_path / "masks.json")
    assert "wait for that" in files.told[-1]
    files.exporting.stop()
    wait(files)
    left = {path.name for path in tmp_path.iterdir()}
    # It may have been ready before it was stopped.
    assert left <= {"masks.tif"} and len(files.told) <= 2


@pytest.mark.parametrize("name", ["masks.tif", "cells.itis"])
def test_exports_and_sessions_are_written_to_their_end_although_the_program_is_left(
    files, tmp_path, name
):
    path = tmp_path / name
    files.save(path) if name == "cells.itis" else files.exporting.export("tiff", path)
    finish_all()
    assert path.exists()


def test_pixels_of_an_xz_plane_have_the_size_of_its_own_axes(
    make_controller, settle, wait, tmp_path
):
    viewer = ViewerModel()
    image = viewer.add_image(np.zeros((20, 30, 40)), scale=(0.8, 0.2, 0.1), units=("um",) * 3)
    controller = make_controller(viewer)
    controller.choose_image(image)
    viewer.dims.order = (1, 0, 2)
    controller.annotate_view()
    controller.workspace.layers.positive.add((10, 0, 20))
    settle(controller)
    files = SessionFiles(controller, lambda question: True)
    files.exporting.export("geojson", tmp_path / "out.geojson")
    wait(files)
    found = json.loads((tmp_path / "out.geojson").read_text())
    assert found["pixel_size"] == pytest.approx({"y": 0.8, "x": 0.1, "unit": "µm"})
    said = found["features"][0]["properties"]
    assert said["area"] == pytest.approx(said["area_px"] * 0.8 * 0.1)
    # The table shows this one; a session file has it, for exports on the command line.
    size = controller.workspace.pixel_size
    assert session_facts(controller, controller.workspace)().pixel_size == size
    assert (size.y, size.x, size.area) == pytest.approx((0.8, 0.1, 0.08))


def test_what_cannot_be_written_is_said(files, wait, tmp_path):
    files.exporting.export("coco", tmp_path / "nowhere" / "masks.json")
    wait(files)
    assert files.told[-1].startswith("Not exported: ")
