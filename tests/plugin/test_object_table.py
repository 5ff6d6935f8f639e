"""The table of objects: what it shows, in which order, and that it is quick."""

import time
from dataclasses import replace

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt

from napari_itis.annotation import AnnotationSession
from napari_itis.annotation.metadata import PixelSize
from napari_itis.annotation.summary import summarize, visible_areas
from napari_itis.clicks import Click
from napari_itis.plugin.object_table import AREA, OBJECT, SLICE, ObjectTable
from napari_itis.plugin.objects import ObjectInfo
from napari_itis.plugin.pixel_size import pixel_size

from .conftest import SHAPE, disc

RED, BLUE = (1.0, 0.0, 0.0, 1.0), (0.0, 0.0, 1.0, 1.0)
OBJECTS = [
    ObjectInfo(1, RED, 3, 1200, ((0,), (4,)), ""),
    ObjectInfo(2, BLUE, 1, 90, ((2,),), "nucleus"),
    ObjectInfo(9, RED, 0, 0, (), ""),
]


@pytest.fixture
def table(qapp):
    table = ObjectTable()
    yield table
    table.deleteLater()


def texts(table):
    model = table.model()
    return [
        [model.index(row, column).data() for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]


def test_a_row_says_what_there_is_of_an_object(table):
    table.show_objects(OBJECTS, 2, stack=True)
    assert texts(table) == [
        ["1", "3", "1\u202f200", "0 (2)"],
        ["2 · nucleus", "1", "90", "2"],
        ["9", "0", "–", "–"],
    ]
    assert table.label_at(table.currentIndex().row()) == 2
    assert not table.isColumnHidden(SLICE)
    table.show_objects(OBJECTS, 2, stack=False, size=PixelSize(0.5, 0.5, 0.25, "µm"))
    assert table.isColumnHidden(SLICE)
    assert table.model().headerData(AREA, Qt.Orientation.Horizontal) == "Area (µm²)"
    assert texts(table)[1][AREA] == "22.5"


def test_slices_that_nobody_has_looked_at_are_not_passed_over_in_silence(table):
    table.show_objects([replace(OBJECTS[0], more=True), OBJECTS[1]], 1, stack=True)
    assert [row[SLICE] for row in texts(table)] == ["0 (2+)", "2"]
    tips = [table.model().index(row, SLICE).data(Qt.ItemDataRole.ToolTipRole) for row in (0, 1)]
    assert "nobody has looked at" in tips[0] and "nobody" not in tips[1]


def test_slices_are_all_counted_as_soon_as_each_was_looked_at():
    session = AnnotationSession(SHAPE, slices=(2, 2))
    session.give_masks(lambda frame: np.ones(SHAPE, np.int32), labels=[1])
    for frame in np.ndindex(2, 2):
        assert not session.all_looked_at
        session.compose(frame)
    assert session.all_looked_at


def test_rows_are_sorted_by_any_column_and_the_choice_stays(table):
    chosen = []
    table.show_objects(OBJECTS, 1, stack=True)
    table.chosen.connect(chosen.append)
    for column in range(4):
        for order in (Qt.SortOrder.DescendingOrder, Qt.SortOrder.AscendingOrder):
            table.sortByColumn(column, order)
            keys = [
                table.model().index(row, column).data(Qt.ItemDataRole.UserRole) for row in range(3)
            ]
            assert keys == sorted(keys, reverse=order == Qt.SortOrder.DescendingOrder)
            table.show_objects(OBJECTS, 1, stack=True)
            assert table.label_at(table.currentIndex().row()) == 1
    assert chosen == []
    table.sortByColumn(AREA, Qt.SortOrder.AscendingOrder)
    table.selectRow(0)
    assert chosen == [9]


def test_rows_stay_sorted_when_many_change_at_once(table):
    rng = np.random.default_rng(0)
    for number in range(200):
        areas = rng.integers(0, 9, 1 + number // 40)
        objects = [ObjectInfo(n, RED, 1, int(area), ((0,),)) for n, area in enumerate(areas, 1)]
        order = [Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder][number % 2]
        table.sortByColumn(AREA, order)
        table.show_objects(objects, 1, stack=False)
        table.show_objects([replace(info, area=9 - info.area) for info in objects], 1, stack=False)
        shown = [int(row[AREA].replace("–", "0")) for row in texts(table)]
        assert shown == sorted(shown, reverse=bool(number % 2))


def test_a_name_is_typed_into_the_row(table):
    renamed = []
    table.renamed.connect(lambda *one: renamed.append(one))
    table.show_objects(OBJECTS, 1, stack=False)
    index = table.model().index(1, OBJECT)
    assert index.data(Qt.ItemDataRole.EditRole) == "nucleus"
    assert table.model().flags(index) & Qt.ItemFlag.ItemIsEditable
    assert not table.model().flags(index.siblingAtColumn(AREA)) & Qt.ItemFlag.ItemIsEditable
    assert table.model().setData(index, "  mitotic   nucleus \n", Qt.ItemDataRole.EditRole)
    assert renamed == [(2, "mitotic nucleus")]
    assert not table.model().setData(index, "nucleus", Qt.ItemDataRole.EditRole)


def test_a_narrow_dock_stays_narrow(table):
    long = [ObjectInfo(1, RED, 3, 10**9, ((0,),), "a name that goes on and on " * 5)]
    table.resize(270, 200)
    table.show_objects(long, 1, stack=True)
    assert table.minimumSizeHint().width() < 200
    assert table.columnWidth(OBJECT) >= 40


def test_a_thousand_objects_are_shown_at_once_and_changed_quickly(table):
    def objects(clicks):
        return [ObjectInfo(n, RED, clicks, n, ((0,),), "") for n in range(1, 1001)]

    table.show()
    table.show_objects(objects(1), 1, stack=False)
    assert table.model().rowCount() == 1000
    one = objects(1)
    one[500] = ObjectInfo(501, RED, 2, 7, ((0,),), "")
    began = time.process_time()
    for _ in range(5):
        table.show_objects(one, 501, stack=False)
        table.show_objects(objects(1), 502, stack=False)
    assert (time.process_time() - began) / 10 < 0.05


def test_what_there_is_of_a_thousand_objects_is_counted_quickly():
    session = AnnotationSession((1000, 1000))
    for label in range(1, 1001):
        y, x = divmod(label - 1, 32)
        mask = np.zeros((1000, 1000), bool)
        mask[31 * y : 31 * y + 20, 31 * x : 31 * x + 20] = True
        session.set_mask((), label, mask)
    session.compose(())
    began = time.process_time()
    found, areas = summarize(session), visible_areas(session, ())
    assert time.process_time() - began < 0.1
    assert len(found) == 1000 and all(summary.frames == [()] for summary in found.values())
    assert areas == dict.fromkeys(range(1, 993), 400) | {
        label: areas[label] for label in areas if label > 992
    }


def test_areas_and_slices_of_existing_and_covered_objects():
    session = AnnotationSession(SHAPE, slices=(3,))
    existing = np.zeros(SHAPE, np.int64)
    existing[:10, :10] = 7
    existing[20:30, :10] = 2**30
    session.give_masks(lambda frame: existing if frame[0] < 2 else None, labels=[7, 2**30])
    assert visible_areas(session, (0,)) == {7: 100, 2**30: 100}
    session.set_mask((0,), 3, disc(5, 5, 3))
    session.add_click((2,), 3, Click(1, 1, True))
    assert visible_areas(session, (0,)) == {7: 100, 2**30: 100}
    session.allow_overwriting(3, True)
    covered = int(disc(5, 5, 3).sum())
    assert visible_areas(session, (0,)) == {7: 100 - covered, 2**30: 100, 3: covered}
    assert visible_areas(session, (2,)) == {}
    found = summarize(session)
    assert found[7].frames == [(0,)] and found[7].clicks == 0
    assert found[3].frames == [(0,), (2,)] and found[3].clicks == 1
    session.clear(7)
    assert visible_areas(session, (0,)) == {2**30: 100, 3: covered} and 7 not in summarize(session)


@pytest.mark.parametrize(
    ("units", "expected"),
    [
        (("s", "um", "um"), PixelSize(0.5, 0.25, 0.125, "µm")),
        (("s", "um", "nm"), PixelSize(0.5, 0.00025, 0.000125, "µm")),
        (("pixel", "pixel", "pixel"), PixelSize()),
        (("um", "s", "s"), PixelSize()),
    ],
)
def test_pixels_are_as_large_as_the_layer_says(units, expected):
    image = ViewerModel().add_image(np.zeros((2, 5, 5)), scale=(3, 0.5, 0.25), units=units)
    found = pixel_size(image, (1, 2))
    assert found.unit == expected.unit
    assert np.allclose((found.y, found.x, found.area), (expected.y, expected.x, expected.area))


def test_a_rotated_layer_has_pixels_of_the_same_size():
    image = ViewerModel().add_image(
        np.zeros((5, 5)), scale=(0.5, 0.25), rotate=30, units=("um", "um")
    )
    found = pixel_size(image, (0, 1))
    assert np.allclose((found.y, found.x, found.area), (0.5, 0.25, 0.125))
