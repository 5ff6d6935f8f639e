"""Own weights are in every dock at once, stay chosen over a restart, and are missed when gone."""

import pytest
from napari.components import ViewerModel
from qtpy.QtWidgets import QComboBox

from napari_itis.network import WeightsError
from napari_itis.network.names import own_folder
from napari_itis.plugin.controllers import controller_of
from napari_itis.plugin.predictors import PredictorOptions
from napari_itis.plugin.segment_widget import SegmentWidget
from napari_itis.plugin.weights_list import choose_weights, weights_list

from .conftest import FakePredictor


def put(name, content=b"weights"):
    own_folder().mkdir(parents=True, exist_ok=True)
    (own_folder() / f"{name}.safetensors").write_bytes(content)


@pytest.fixture(autouse=True)
def preferences(preferred):
    put("cells")
    return preferred


@pytest.fixture
def start(qapp):
    """A start of napari: a viewer with the dock open."""
    opened = []

    def begin():
        viewer = ViewerModel()
        controller = controller_of(viewer, FakePredictor)
        dock = SegmentWidget(viewer)
        dock.show()
        opened.append((viewer, controller, dock))
        return viewer, controller, dock

    yield begin
    for _viewer, controller, dock in opened:
        dock.hide()
        controller.close()
        controller.worker.stop(timeout=5)


def offered(dock):
    box = dock._network.findChildren(QComboBox)[0]
    return [box.itemText(row) for row in range(box.count())], box.currentText()


def test_docks_know_at_once(start):
    _, _, dock = start()
    assert offered(dock) == (["Default", "itis-lite0", "cells", "Other file …"], "Default")
    put("nuclei")
    weights_list().changed.emit()
    assert "nuclei" in offered(dock)[0]
    weights_list().delete("nuclei")
    assert "nuclei" not in offered(dock)[0]
    assert weights_list().restore("nuclei") == "nuclei"
    assert "nuclei" in offered(dock)[0]


def test_what_was_chosen_is_used_now_and_after_a_restart(start, preferences):
    viewer, controller, dock = start()
    choose_weights(viewer, "cells")
    assert controller.worker.options == PredictorOptions("cells", "cpu", True)
    assert offered(dock)[1] == "cells" and preferences.weights == "cells"
    _, controller, dock = start()
    assert controller.worker.options.weights == "cells" and offered(dock)[1] == "cells"
    assert dock._notice.isHidden()
    choose_weights(viewer, None)
    assert preferences.weights == "" and controller.worker.options.weights == "cells"
    with pytest.raises(WeightsError, match="no weights 'gone'"):
        choose_weights(viewer, "gone")


def test_a_new_name_goes_on_being_used(start, preferences):
    viewer, controller, dock = start()
    choose_weights(viewer, "cells")
    weights_list().rename("cells", "HeLa")
    assert controller.worker.options.weights == preferences.weights == "HeLa"
    assert offered(dock)[1] == "HeLa" and dock._notice.isHidden()


def test_weights_in_use_that_are_deleted_give_way_to_the_default_ones(start, preferences):
    viewer, controller, dock = start()
    choose_weights(viewer, "cells")
    weights_list().delete("cells")
    assert controller.worker.options.weights is None and preferences.weights == ""
    assert offered(dock)[1] == "Default"
    assert "cells are gone: the default ones" in dock._notice.text()


def test_weights_that_went_while_napari_was_closed_are_missed_once(start, preferences):
    preferences.weights = "gone"
    _, controller, dock = start()
    assert controller.worker.options.weights is None
    assert "gone are gone" in dock._notice.text() and preferences.weights == ""
    _, _, dock = start()
    assert dock._notice.isHidden()


def test_a_file_on_a_drive_that_is_away_stays_preferred(start, preferences, tmp_path):
    preferences.weights = str(tmp_path / "drive" / "mine.safetensors")
    _, controller, dock = start()
    assert controller.worker.options.weights is None
    assert "mine" in dock._notice.text() and "are gone" in dock._notice.text()
    assert preferences.weights.endswith("mine.safetensors")
