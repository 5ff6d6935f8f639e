"""Several objects carried on together; test_propagation.py says how each of them is."""

import numpy as np
import pytest

from napari_itis.video import objects
from napari_itis.video.better import Choice
from napari_itis.video.objects import propagate_objects
from napari_itis.video.propagation import Step


def box(top, bottom):
    mask = np.zeros((10, 10), bool)
    mask[top:bottom] = True
    return mask


@pytest.fixture
def carried(monkeypatch):
    """Objects that grow by a row with each frame; object 7 is lost on the second one."""

    def propagate_where_better(predictor, frames, scores, mask, start, stop):
        way = 1 if stop > start else -1
        (rows,) = np.nonzero(mask[:, 0])
        for count, frame in enumerate(range(start + way, stop + way, way), 1):
            lost = rows[0] == 7 and count == 2
            grown = box(rows[0], rows[-1] + 1 + count) & (not lost)
            better = not lost and (scores is None or not scores.mask(frame).any())
            yield Choice(Step(frame, grown, 0.9, lost), better)
            if lost:
                return

    monkeypatch.setattr(objects, "propagate_where_better", propagate_where_better)

    def carry(masks, stop, there=None):
        return list(propagate_objects(None, range(20), masks, 5, stop, there))

    return carry


@pytest.mark.parametrize(("stop", "frames"), [(8, [6, 7, 8]), (2, [4, 3, 2])])
def test_an_object_that_is_lost_leaves_the_others(carried, stop, frames):
    steps = carried({1: box(0, 4), 3: box(7, 8)}, stop)
    assert [step.frame for step in steps] == frames
    assert [step.lost for step in steps] == [(), (3,), ()]
    assert [set(np.unique(step.labels)) for step in steps] == [{0, 1, 3}, {0, 1}, {0, 1}]


def test_it_ends_with_the_last_object(carried):
    steps = carried({3: box(7, 8)}, 9)
    assert [step.lost for step in steps] == [(), (3,)]
    assert not steps[-1].labels.any()


@pytest.mark.parametrize("labels", [(1, 2), (2, 1)])
def test_the_smaller_object_has_what_both_claim(carried, labels):
    large, small = labels
    step, *_ = carried({large: box(0, 6), small: box(4, 5)}, 6)
    assert step.labels[:, 0].tolist() == [large] * 4 + [small] * 2 + [large] + [0] * 3
    assert step.labels.dtype == np.int32


def test_labels_that_are_there_stay_where_they_look_better(carried):
    def there(frame):
        labels = np.zeros((10, 10), np.int32)
        labels[8] = 2 if frame == 7 else 4
        return labels

    first, second = carried({2: box(1, 2)}, 7, there)
    assert first.labels[:, 0].tolist() == [0, 2, 2] + [0] * 7
    assert second.labels[:, 0].tolist() == [0] * 8 + [2, 0]
