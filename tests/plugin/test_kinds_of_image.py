"""Whatever an image is and however it lies: a click gives a mask where the user has clicked."""

import dataclasses
import itertools
import time

import dask.array
import numpy as np
import pytest
import zarr
from napari.components import ViewerModel

from napari_itis.annotation import Result
from napari_itis.annotation.metadata import AxesFacts, SessionMetadata
from napari_itis.annotation.packed import pack_part
from napari_itis.annotation.storage import load_session, save_session
from napari_itis.inference import Prediction, to_rgb8
from napari_itis.inference.picture import LazyPicture
from napari_itis.inference.region import Region, whole_image
from napari_itis.inference.view import State, View
from napari_itis.plugin.axes import Axes
from napari_itis.plugin.hints import next_step
from napari_itis.plugin.image_source import ImageSource
from napari_itis.plugin.preview_box import PreviewBox
from napari_itis.plugin.session_facts import image_facts
from napari_itis.plugin.view_box import ViewBox
from napari_itis.plugin.workspace import Workspace

from .conftest import SHAPE, disc

Y, X = 20, 50


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def annotate(viewer, make_controller, settle):
    """Adds an image and chooses it."""

    def add(data, rgb=False, **options):
        image = viewer.add_image(data, rgb=rgb, **options)
        controller = make_controller(viewer)
        controller.choose_image(image)
        settle(controller)
        return controller

    return add


def click(controller, point, positive=True):
    """As the mouse does it: on the slice that the sliders show, at the place of a data point."""
    viewer, image = controller.viewer, controller.image
    world = np.array(viewer.dims.point, float)
    place = image.data_to_world(point)
    for axis in viewer.dims.displayed:
        world[axis] = place[axis]
    layers = controller.workspace.layers
    layer = layers.positive if positive else layers.negative
    layer.add(layer.world_to_data(world))


def go_to(viewer, image, point):
    """Move the sliders to the slice of a data point."""
    world = image.data_to_world(point)
    for axis in viewer.dims.not_displayed:
        viewer.dims.set_point(axis, world[axis])


def as_masks(controller):
    mask = controller.workspace.layers.mask
    return np.asarray(mask.data[0] if mask.multiscale else mask.data)


# What the network is shown.

KINDS = {
    "gray": (np.uint8, 0, 200),
    "16 bit": (np.uint16, 100, 3000),
    "signed": (np.int16, -500, 700),
    "float": (np.float32, -0.5, 7.5),
    "double": (np.float64, 0, 1),
    "bool": (bool, 0, 1),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wrap", [np.asarray, dask.array.from_array, zarr.array])
def test_every_type_of_pixel_is_shown_as_the_layer_shows_it(
    annotate, predictor, settle, kind, wrap
):
    dtype, low, high = KINDS[kind]
    data = np.full(SHAPE, low, dtype)
    data[10:30, 40:60] = high
    options = {} if dtype is bool else {"contrast_limits": (low, high)}
    controller = annotate(wrap(data), **options)
    click(controller, (Y, X))
    settle(controller)
    image, limits, _ = predictor.images[-1]
    seen = to_rgb8(image, limits)
    assert seen[Y, X].tolist() == [255] * 3 and seen[0, 0].tolist() == [0] * 3
    assert np.array_equal(as_masks(controller) == 1, disc(Y, X))


def test_nan_and_infinity_are_black_and_white(annotate, predictor, settle):
    data = np.zeros(SHAPE, np.float32)
    data[0, :3] = np.nan, np.inf, -np.inf
    controller = annotate(data, contrast_limits=(-1, 1))
    click(controller, (Y, X))
    settle(controller)
    seen = to_rgb8(*predictor.images[-1][:2])
    assert seen[0, :4, 0].tolist() == [0, 255, 0, 128]


def test_contrast_counts_and_gamma_and_colours_do_not(annotate, predictor, settle):
    controller = annotate(np.zeros(SHAPE, np.uint16), contrast_limits=(0, 100))
    image = controller.image
    keys = []
    for change in ({}, {"gamma": 0.5}, {"colormap": "viridis"}, {"contrast_limits": (0, 50)}):
        for name, value in change.items():
            setattr(image, name, value)
        click(controller, (Y, X + len(keys)))
        settle(controller)
        keys.append(predictor.images[-1][2])
    assert keys[0] == keys[1] == keys[2] != keys[3]
    assert predictor.images[-1][1] == (0, 50)


# Where a click lands.

TURN = np.array([[np.cos(0.4), -np.sin(0.4)], [np.sin(0.4), np.cos(0.4)]])
TRANSFORMS = {
    "none": {},
    "anisotropic": {"scale": (0.3, 2.5), "translate": (-40, 13)},
    "rotated": {"rotate": TURN, "scale": (2, 0.5)},
    "sheared": {"shear": [0.3], "translate": (5, 0)},
    "affine": {"affine": [[1.2, -0.4, 7], [0.3, 0.8, -20], [0, 0, 1]]},
    "mirrored": {"affine": [[0, 1, 0], [-1, 0, 100], [0, 0, 1]]},
    "all": {"rotate": TURN, "scale": (3, 1), "shear": [-0.2], "units": ("um", "um")},
}


@pytest.mark.parametrize(
    ("name", "order"), itertools.product(TRANSFORMS, [(0, 1), (1, 0)]), ids=str
)
def test_a_click_lands_where_the_user_clicked(annotate, viewer, settle, name, order):
    controller = annotate(np.zeros(SHAPE, np.uint8), **TRANSFORMS[name])
    viewer.dims.order = order
    assert controller.flat and controller.clicking
    click(controller, (Y + 0.3, X + 0.2))
    settle(controller)
    assert np.array_equal(as_masks(controller) == 1, disc(Y + 0.3, X + 0.2))


@pytest.mark.parametrize("scale", [(1, 1, 1), (4, 0.5, 0.25)])
@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
def test_the_planes_that_the_user_sees_are_segmented(annotate, viewer, settle, order, scale):
    sizes = (24, 30, 36)
    data = np.random.default_rng(0).integers(0, 255, sizes).astype(np.uint8)
    controller = annotate(data, scale=scale)
    viewer.dims.order = order
    point = (7, 11, 25)
    go_to(viewer, controller.image, point)
    click(controller, point)
    settle(controller)
    plane, (along,) = sorted(order[1:]), order[:1]
    expected = np.zeros(sizes, bool)
    expected.swapaxes(0, along)[point[along]] = False
    index = [slice(None)] * 3
    index[along] = point[along]
    shape = tuple(sizes[axis] for axis in plane)
    expected[tuple(index)] = disc(*(point[axis] for axis in plane), 8, shape)
    assert np.array_equal(as_masks(controller) == 1, expected)
    assert controller.workspace.session.shape == shape
    # Undo from another slice brings the user back to it.
    go_to(viewer, controller.image, (0, 0, 0))
    controller.undo()
    assert controller.workspace.frame == (point[along],)
    assert not as_masks(controller).any()


def test_a_time_series_of_stacks_in_any_view(annotate, viewer, predictor, settle):
    data = np.random.default_rng(0).integers(0, 255, (3, 9, 20, 30)).astype(np.uint8)
    controller = annotate(data)
    viewer.dims.order = (2, 0, 1, 3)
    point = (2, 4, 13, 17)
    go_to(viewer, controller.image, point)
    click(controller, point)
    settle(controller)
    assert controller.workspace.session.slices == (3, 20)
    assert np.array_equal(predictor.images[-1][0], data[2, :, 13])
    found = as_masks(controller)
    assert np.array_equal(found[2, :, 13] == 1, disc(4, 17, 8, (9, 30)))
    assert np.count_nonzero(found) == np.count_nonzero(found[2, :, 13])


def test_every_view_has_its_own_objects(annotate, viewer, settle):
    controller = annotate(np.zeros((24, 30, 36), np.uint8))
    image, first = controller.image, controller.workspace
    click(controller, (0, 11, 25))
    settle(controller)
    viewer.dims.order = (1, 0, 2)
    # What there is stays on screen; clicks would go astray and are not taken.
    assert controller.workspace is first and not controller.flat and not controller.clicking
    assert "annotate these" in next_step(controller)
    controller.annotate_view()
    second = controller.workspace
    assert second is not first and controller.flat and controller.clicking
    assert second.session.shape == (24, 36)
    click(controller, (5, 0, 30))
    settle(controller)
    controller.choose_image(image, first.axes)
    assert controller.workspace is first
    controller.go_back_to_planes()
    assert controller.flat and viewer.dims.order == (0, 1, 2) and controller.clicking
    assert as_masks(controller).any()
    viewer.dims.order = (1, 0, 2)
    assert "1 object of their own" in next_step(controller)
    controller.go_back_to_planes()
    # A view in which nothing was done leaves nothing behind.
    count = len(viewer.layers)
    viewer.dims.order = (2, 0, 1)
    controller.annotate_view()
    controller.choose_image(image, second.axes)
    assert len(viewer.layers) == count and len(controller.workspaces) == 2


@pytest.mark.parametrize("shape", [SHAPE, (5, *SHAPE)], ids=["photo", "stack"])
def test_three_dimensions_are_refused_with_the_way_out(annotate, viewer, shape):
    controller = annotate(np.zeros(shape, np.uint8))
    box = ViewBox(controller)
    viewer.dims.ndisplay = 3
    box.refresh()
    assert not controller.clicking and visible(box) >= {"_back"}
    assert f"“{box._back.text()}”" in next_step(controller)
    box._back.click()
    assert viewer.dims.ndisplay == 2 and controller.clicking


def test_an_image_that_is_turned_out_of_the_plane_is_refused(annotate, viewer):
    tilt = np.eye(4)
    tilt[:2, :2] = TURN
    controller = annotate(np.zeros((5, *SHAPE), np.uint8), affine=tilt)
    assert not controller.flat and "reset the transform" in next_step(controller)
    controller.image.affine = np.eye(4)
    assert controller.flat


# Channels.


def test_an_axis_of_channels_is_known_by_its_name(annotate, viewer, predictor, settle):
    data = np.arange(4, dtype=np.uint8)[:, None, None] * np.ones(SHAPE, np.uint8)
    controller = annotate(data, axis_labels=("c", "y", "x"))
    workspace = controller.workspace
    assert workspace.session.slices == ()
    viewer.dims.set_point(0, 2)
    click(controller, (2, Y, X))
    settle(controller)
    # As on screen; the object and its clicks are there on every channel.
    assert (predictor.images[-1][0] == 2).all()
    assert all(np.array_equal(plane == 1, disc(Y, X)) for plane in as_masks(controller))
    viewer.dims.set_point(0, 3)
    assert workspace.layers.positive.data.tolist() == [[3, Y, X]]
    # The brush on one is a brush on all.
    workspace.layers.mask.data_setitem((np.array([3]), np.array([1]), np.array([1])), 1)
    controller.take_over()
    assert workspace.session.compose(())[1, 1] == 1
    assert as_masks(controller)[:, 1, 1].tolist() == [1] * 4


def test_one_channel_or_three_are_chosen(annotate, predictor, settle):
    data = np.arange(5, dtype=np.uint8)[:, None, None] * np.ones(SHAPE, np.uint8)
    controller = annotate(data)
    assert controller.workspace.session.slices == (5,)
    controller.choose_channels(0, (4,))
    click(controller, (0, Y, X))
    settle(controller)
    assert (predictor.images[-1][0] == 4).all() and predictor.images[-1][0].shape == SHAPE
    controller.choose_channels(0, (3, 0, 1))
    click(controller, (0, Y, X + 1))
    settle(controller)
    assert predictor.images[-1][0][0, 0].tolist() == [3, 0, 1]
    chosen = controller.workspace
    # Slices again: other objects, and back to these.
    controller.choose_channels(None)
    assert controller.workspace is not chosen and not controller.objects()[0].clicks
    controller.choose_channels(0, (3, 0, 1))
    assert controller.workspace is chosen


def test_three_named_channels_are_red_green_and_blue(annotate, predictor, settle):
    data = np.arange(6, dtype=np.uint8).reshape(2, 3, 1, 1) * np.ones(SHAPE, np.uint8)
    controller = annotate(data, axis_labels=("t", "channel", "y", "x"))
    click(controller, (0, 0, Y, X))
    settle(controller)
    assert predictor.images[-1][0][0, 0].tolist() == [0, 1, 2]
    assert controller.workspace.session.slices == (2,)


# Large images.


class Watched:
    """A zarr-like array that counts the pixels that are read, and refuses to be read as a whole."""

    def __init__(self, shape, dtype=np.uint8):
        self.shape, self.dtype, self.ndim = shape, np.dtype(dtype), len(shape)
        self.read, self.size = 0, int(np.prod(shape, dtype=np.int64))

    def __getitem__(self, key):
        key = key if isinstance(key, tuple) else (key,)
        ranges = [
            range(size)[part] if isinstance(part, slice) else range(part, part + 1)
            for part, size in itertools.zip_longest(key, self.shape, fillvalue=slice(None))
        ]
        count = int(np.prod([len(part) for part in ranges]))
        self.read += count
        assert count < 1 << 25, f"{count} pixels are read at once"
        kept = [len(r) for r, p in zip(ranges, key) if isinstance(p, slice)]
        return np.zeros(kept + [len(r) for r in ranges[len(key) :]], self.dtype)

    def __array__(self, dtype=None, copy=None):
        return self[tuple(slice(None) for _ in self.shape)]


@pytest.mark.parametrize("shape", [(20_000, 20_000), (3, 20_000, 20_000)], ids=str)
def test_of_a_huge_image_only_what_is_needed_is_read(viewer, make_controller, settle, shape):
    levels = [Watched((*shape[:-2], 20_000 >> n, 20_000 >> n)) for n in range(6)]
    image = viewer.add_image(levels, multiscale=True, contrast_limits=(0, 1), rgb=False)
    controller = make_controller(viewer)
    controller.choose_image(image)
    plane = ImageSource(image).plane(image, controller.workspace.frame)
    picture = plane.picture()
    assert isinstance(picture, LazyPicture)
    before = [level.read for level in levels]
    assert picture.look(whole_image(picture.shape, 384)).shape == (384, 384, 3)
    assert picture.look(Region(9000, 9000, 9400, 9400, 384, 384)).shape == (384, 384, 3)
    assert sum(level.read for level in levels) - sum(before) < 2_000_000
    mask = controller.workspace.layers.mask
    assert mask.multiscale and mask.data[0].shape == shape


def test_masks_of_a_huge_image_are_drawn_where_they_are_looked_at(viewer, make_controller):
    levels = [Watched((2, 20_000 >> n, 20_000 >> n)) for n in range(6)]
    image = viewer.add_image(levels, multiscale=True, contrast_limits=(0, 1), rgb=False)
    controller = make_controller(viewer)
    controller.choose_image(image)
    viewer.dims.set_point(0, 1)
    workspace, place = controller.workspace, (slice(9_000, 9_200), slice(15_000, 15_300))
    click(controller, (1, 9_100, 15_100))
    request = workspace.session.request((1,), 1)
    packed = pack_part((20_000, 20_000), place, np.ones((200, 300), bool))
    assert workspace.session.apply(Result((1,), 1, request.revision, packed))
    controller._show([((1,), 1)])
    mask = workspace.layers.mask
    finest = np.asarray(mask.data[0][1, 8_990:9_010, 14_990:15_010])
    assert finest.shape == (20, 20) and finest.sum() == 100
    coarse = np.asarray(mask.data[4][1])
    assert coarse.shape == (1250, 1250)
    assert 0.8 < coarse.sum() * 256 / 60_000 < 1.2
    assert np.argwhere(coarse).min(0).tolist() == [562, 937]
    assert not np.asarray(mask.data[4][0]).any()
    assert not mask.editable


def test_of_a_large_array_only_what_a_click_changes_is_drawn(annotate, viewer, settle):
    # Drawing all of it would hold the window for a tenth of a second.
    controller = annotate(np.zeros((2200, 2300), np.uint8))
    mask, updates, drawn = controller.workspace.layers.mask, [], []
    mask.events.labels_update.connect(lambda event: updates.append(event.data.shape))
    mask.events.set_data.connect(drawn.append)
    for x in (300, 2000):
        click(controller, (700, x))
        settle(controller)
    assert as_masks(controller)[700, [300, 2000]].tolist() == [1, 1]
    assert updates == [(17, 17)] * 2 and not drawn
    shown = mask._slice.image.view
    assert np.array_equal(shown > 0, as_masks(controller) > 0)
    # Painting in it goes on as ever.
    mask.data_setitem((np.array([5]), np.array([6])), 1)
    controller.take_over()
    assert controller.workspace.session.compose(())[5, 6] == 1
    controller.undo()
    assert mask.data[5, 6] == 0 and mask.data[700, 300] == 1


# The dock, and what is saved.


@pytest.mark.parametrize("channels", [None, 0])
def test_planes_and_channels_come_back_with_the_session(
    annotate, viewer, settle, tmp_path, channels
):
    controller = annotate(np.zeros((6, 30, 36, 40), np.uint8))
    viewer.dims.order = (0, 2, 1, 3)
    controller.choose_channels(channels, () if channels is None else (5, 0, 3))
    click(controller, (2, 11, 15, 20))
    settle(controller)
    workspace = controller.workspace
    facts = image_facts(workspace)()
    save_session(tmp_path / "a.itis", workspace.session.snapshot(), SessionMetadata(facts))
    session, metadata = load_session(tmp_path / "a.itis")
    stored = metadata.image.axes
    axes = Axes.stored(controller.image, stored)
    assert axes == workspace.axes and axes.plane == (1, 3)
    assert axes.usable(stored.shown) == workspace.source.shown
    again = Workspace(controller.image, session, axes, axes.usable(stored.shown))
    assert np.array_equal(again.draw(), as_masks(controller))
    # A file may say anything.
    for wrong in (AxesFacts((0, 9)), AxesFacts((-1, 1)), AxesFacts((2, 1)), AxesFacts((1, 2), 77)):
        assert Axes.stored(controller.image, wrong).channels is None
    assert axes.usable((0, 1, 99)) == () == axes.usable((-1,)) == axes.usable((1, 2))


@pytest.fixture
def dock(qapp, annotate):
    def make(*args, **options):
        box = ViewBox(annotate(*args, **options))
        box._controller.layers_changed.connect(box.refresh)
        box.refresh()
        return box

    return make


def visible(box):
    names = ("_back", "_annotate", "_axis", "_shown")
    return {name for name in names if getattr(box, name).isVisibleTo(box)}


def choose(combo, text):
    combo.setCurrentIndex([combo.itemText(row) for row in range(combo.count())].index(text))
    combo.activated.emit(combo.currentIndex())


def test_the_dock_shows_what_applies_only(dock, viewer):
    box = dock(np.zeros(SHAPE, np.uint8))
    assert not visible(box) and box.isHidden()
    assert not visible(dock(np.zeros((4, *SHAPE, 3), np.uint8), rgb=True))
    assert not visible(dock(np.zeros((500, *SHAPE), np.uint8)))
    box = dock(np.zeros((4, *SHAPE), np.uint8))
    assert visible(box) == {"_axis"}
    viewer.dims.ndisplay = 3
    assert visible(box) == {"_axis", "_back"} and "2-D" in box._back.text()
    box._back.click()
    assert visible(box) == {"_axis"} and viewer.dims.ndisplay == 2


def test_channels_are_chosen_in_the_dock(dock, viewer):
    box = dock(np.zeros((4, *SHAPE), np.uint8))
    source = lambda: box._controller.workspace.source  # noqa: E731
    choose(box._axis, "Axis 0 (4)")
    assert source().axes.channels == 0 and source().shown == ()
    choose(box._shown, "Channel 2")
    assert source().shown == (2,)
    choose(box._shown, "As colours")
    assert source().shown == (0, 1, 2)
    choose(box._three[0], "R: 3")
    assert source().shown == (3, 1, 2)
    viewer.dims.order = (1, 0, 2)
    assert visible(box) == {"_axis", "_shown", "_back"} and "Go back" in next_step(box._controller)
    box._back.click()
    choose(box._axis, "None")
    assert source().axes.channels is None and visible(box) == {"_axis"}


def test_what_the_network_sees_comes_back_with_the_channels(dock, settle):
    box = dock(np.zeros((3, *SHAPE), np.uint8), axis_labels=("c", "y", "x"))
    controller = box._controller
    for text in ("As colours", "Channel 1", "On screen"):
        choose(box._shown, text)
        click(controller, (0, Y, X))
        settle(controller)
        choose(box._axis, "None")
        choose(box._axis, "c (3)")
        assert box._shown.currentText() == text


def test_the_preview_shows_what_the_network_saw(qapp, annotate, predictor, settle):
    class Looking(type(predictor)):
        """The fake network, and a region that it pretends to have looked at."""

        def predict(self, clicks, mask=None, **options):
            state = super().predict(clicks, mask, **options).state
            region = Region(0, 20, 40, 80, 80, 120)
            return Prediction(State(state.mask, View(region, np.zeros((80, 120), np.float32))))

        def picture_of(self, region):
            return np.full((region.height, region.width, 3), 90, np.uint8)

    predictor.__class__ = Looking
    controller = annotate(np.zeros(SHAPE, np.uint8))
    box = PreviewBox()
    box.hide()
    box.opened.connect(lambda: box.show_last(controller))
    click(controller, (Y, X))
    settle(controller)
    end = time.monotonic() + 20
    # It is drawn after the answer is on its way.
    while controller.worker.seen is None and time.monotonic() < end:
        time.sleep(0.005)
    box.show_last(controller)
    assert not box._picture.isVisibleTo(box)
    box.show()
    assert box._picture.isVisibleTo(box)
    assert box._caption.text() == "60 × 40 pixels, magnified 2 times"
    assert box._picture.minimumHeight() >= 150
    seen = controller.worker.seen
    controller.worker.seen = dataclasses.replace(seen, scale=0.75)
    box.show_last(controller)
    assert box._caption.text() == "60 × 40 pixels, reduced to 75%"
    picture = seen.picture
    # The click is green where the region has it, the outline white, the rest as it was seen.
    assert picture[40, 60].tolist() == [46, 204, 64]
    assert (picture[40, 60 + 16 - 3 : 60 + 16 + 3].min(1) > 150).any()
    assert picture[2, 2].tolist() == [90] * 3
    controller.next_object()
    box.show_last(controller)
    assert not box._picture.isVisibleTo(box) and "next click" in box._caption.text()


@pytest.mark.parametrize("slices", [(4000,), (40, 100)], ids=str)
def test_masks_of_a_long_stack_take_no_memory(annotate, viewer, settle, slices):
    sizes = (*slices, 600, 700)
    controller = annotate(np.broadcast_to(np.uint8(0), sizes), contrast_limits=(0, 1))
    mask, point = controller.workspace.layers.mask, (*[size - 2 for size in slices], 200, 300)
    go_to(viewer, controller.image, point)
    click(controller, point)
    settle(controller)
    data = mask.data[0] if mask.multiscale else mask.data
    assert not isinstance(data, np.ndarray) and tuple(data.shape) == sizes
    assert np.array_equal(np.asarray(data[point[:-2]]) == 1, disc(200, 300, 8, (600, 700)))
    assert not np.asarray(data[tuple(size - 1 for size in slices)]).any()
    # A long video can be painted in.
    assert mask.editable == (len(slices) == 1)
