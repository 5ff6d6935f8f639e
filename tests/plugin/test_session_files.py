"""Session files behind the docks: saved, opened, asked about, offered; without a window."""

import time
from types import SimpleNamespace

import numpy as np
import pytest
from napari.components import ViewerModel
from PIL import Image
from qtpy.QtWidgets import QMainWindow

from napari_itis.annotation import AnnotationSession, State
from napari_itis.annotation.autosave import Autosaves
from napari_itis.annotation.metadata import ImageFacts, SessionMetadata
from napari_itis.annotation.storage import load_session, read_metadata, save_session
from napari_itis.network.names import named_weights
from napari_itis.plugin.readers import METADATA, read_video, video_metadata
from napari_itis.plugin.session_bar import OfferRow
from napari_itis.plugin.session_files import SessionFiles
from napari_itis.plugin.session_reader import get_reader

from .conftest import SHAPE, disc

FRAMES = 6


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    """Where autosaves lie."""
    from napari.plugins import _initialize_plugins

    _initialize_plugins()
    monkeypatch.setenv("NAPARI_ITIS_DATA", str(tmp_path / "data"))
    return tmp_path / "data" / "autosave"


@pytest.fixture
def picture():
    return np.random.default_rng(0).integers(0, 255, (*SHAPE, 3), np.uint8)


@pytest.fixture
def masks():
    found = np.zeros((FRAMES, *SHAPE), np.uint8)
    for frame in range(FRAMES):
        found[frame][disc(20, 15 + 5 * frame)] = 1
        found[frame][disc(45, 60)] = 4
    return found


class User:
    """Somebody with a viewer, who notes what is said and answers what is asked."""

    def __init__(self, controller, settle):
        self.controller, self.viewer = controller, controller.viewer
        self.files = SessionFiles(controller, self.answer)
        self.answers, self.asked, self.told = [], [], []
        controller.notice.connect(self.told.append)
        self._settle = settle

    def answer(self, question):
        self.asked.append(question)
        return self.answers.pop(0)

    @property
    def session(self):
        return self.controller.workspace.session

    def settle(self):
        self._settle(self.controller)

    def click(self, *place, positive=True):
        layers = self.controller.workspace.layers
        (layers.positive if positive else layers.negative).add([place])
        self.settle()

    def shown(self, frame=()):
        return np.asarray(self.controller.workspace.layers.mask.data[frame])

    def until(self, condition):
        from qtpy.QtWidgets import QApplication

        end = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < end, self.told
            QApplication.processEvents()
            time.sleep(0.002)

    def save(self, path=None, **options):
        self.files.save(path, **options)
        self.until(lambda: not self.files.busy)

    def open(self, path):
        self.files.open(path)
        self.until(lambda: not self.files.busy)

    def autosave(self):
        self.files.autosaving.save()
        self.until(lambda: self.files.autosaving._running is None)

    def look(self):
        self.files.autosaving.offers = None
        self.files.autosaving.look()
        self.until(lambda: self.files.autosaving.offers is not None)
        return self.files.autosaving.offers


@pytest.fixture
def someone(make_controller, settle):
    viewers = []

    def make(*layers):
        viewer = ViewerModel()
        viewers.append(viewer)
        for kind, data, options in layers:
            getattr(viewer, f"add_{kind}")(data, **options)
        user = User(make_controller(viewer), settle)
        user.controller.choose_any_image()
        user.settle()
        return user

    return make


@pytest.fixture
def photo(picture):
    return ("image", picture, {"name": "dog", "rgb": True})


@pytest.fixture
def video(masks):
    frames = np.random.default_rng(1).integers(0, 255, (FRAMES, *SHAPE, 3), np.uint8)
    known = {METADATA: video_metadata(tuple(map(str, range(FRAMES))), None, "some method")}
    return [
        ("image", frames, {"name": "clip", "rgb": True, "metadata": known}),
        ("labels", masks.copy(), {"name": "clip: some method", "metadata": known}),
    ]


@pytest.fixture
def saved(someone, photo, tmp_path):
    """A session of a photo with two objects, in a file."""
    user = someone(photo)
    user.click(20, 30)
    user.click(22, 34, positive=False)
    user.controller.next_object()
    user.click(40, 60)
    user.controller.select_object(1)
    user.save(tmp_path / "dog.itis")
    return tmp_path / "dog.itis"


def records(session):
    return dict(session.records)


# Saving.


def test_saving_says_how_it_went_and_what_has_changed_since(someone, photo, tmp_path):
    user = someone(photo)
    assert not user.files.unsaved and user.files.path is None
    user.click(20, 30)
    assert user.files.unsaved
    user.save(tmp_path / "dog.itis")
    assert user.told == ["Session saved to dog.itis"]
    assert not user.files.unsaved and user.files.path == tmp_path / "dog.itis"
    user.click(40, 60)
    assert user.files.unsaved
    user.save()
    assert records(load_session(tmp_path / "dog.itis")[0]) == records(user.session)
    user.save(tmp_path / "nowhere" / "dog.itis")
    assert user.told[-1].startswith("Session not saved: ") and "nowhere" in user.told[-1]
    assert "\n" not in user.told[-1] and ".tmp" not in user.told[-1]
    assert user.files.path == tmp_path / "dog.itis"


def test_the_file_says_what_the_session_was_made_on(someone, video, tmp_path):
    user = someone(*video)
    user.controller.select_object(4)
    user.controller.show_frame((3,))
    user.click(3, 45, 70)
    user.controller.activity.weights = next(iter(named_weights()))
    user.save(tmp_path / "clip.itis")
    metadata = read_metadata(tmp_path / "clip.itis")
    assert metadata.image.name == "clip" and metadata.image.slices == (FRAMES,)
    assert metadata.image.fingerprint and metadata.masks.fingerprint
    assert metadata.image.dtype == "uint8"
    assert metadata.weights.sha256 == named_weights()[metadata.weights.name]["sha256"]
    assert metadata.label == 4 and metadata.frame == (3,)


def test_a_file_that_another_window_has_written_is_not_replaced_unasked(someone, photo, saved):
    user = someone(photo)
    user.open(saved)
    other = someone(photo)
    other.open(saved)
    other.click(5, 5)
    other.save()
    theirs = saved.read_bytes()
    user.click(50, 70)
    user.answers = [False]
    user.save()
    user.until(lambda: len(user.told) and "stays as it is" in user.told[-1])
    assert saved.read_bytes() == theirs and user.files.unsaved
    user.answers = [True]
    user.save()
    user.until(lambda: not user.files.unsaved)
    assert records(load_session(saved)[0]) == records(user.session)


def test_a_file_is_suggested_beside_the_image(someone, photo, tmp_path, picture):
    assert someone(photo).files.suggested().name == "dog.itis"
    Image.fromarray(picture).save(tmp_path / "cat.png")
    user = someone()
    user.viewer.open(str(tmp_path / "cat.png"), plugin="napari")
    user.controller.choose_any_image()
    assert user.files.suggested() == tmp_path / "cat.itis"


# Opening.


def test_everything_is_there_again_and_goes_on(someone, photo, saved):
    before, _ = load_session(saved)
    user = someone(photo)
    user.open(saved)
    assert user.asked == [] and "go on where it was left" in user.told[-1]
    assert records(user.session) == records(before)
    assert np.array_equal(user.shown(), before.compose(()))
    assert user.controller.label == 1 and not user.files.unsaved
    layers = user.controller.workspace.layers
    assert len(layers.positive.data) == 1 and len(layers.negative.data) == 1
    # The session goes on, and undo leads back to what was opened.
    user.click(10, 10)
    assert user.shown()[10, 10] == 1 and user.files.unsaved
    user.controller.undo()
    user.settle()
    assert np.array_equal(user.shown(), before.compose(()))
    user.controller.undo()
    assert np.array_equal(user.shown(), before.compose(()))


def test_masks_that_were_corrected_are_given_to_it_again(someone, video, tmp_path, masks):
    user = someone(*video)
    user.controller.show_frame((2,))
    user.click(2, 20, 45)
    mask = user.controller.workspace.layers.mask
    user.viewer.layers.selection.active = mask
    mask.data[2, 50:55, 5:20] = 1
    user.controller.take_over()
    user.controller.show_frame((4,))
    user.controller.commit_frame()
    user.save(tmp_path / "clip.itis")
    again = someone(*video)
    again.open(tmp_path / "clip.itis")
    assert again.asked == [] and again.controller.workspace.frame == (4,)
    for frame in range(FRAMES):
        assert np.array_equal(again.shown((frame,)), user.shown((frame,)))
    assert np.array_equal(again.shown((5,)), masks[5])
    states = {(2,): State.CORRECTED, (4,): State.COMMITTED}
    found = again.session.states(1)
    assert {frame: found[frame] for frame in states} == states
    assert again.session.objects() == [1, 4]
    again.click(4, 45, 70)
    assert again.shown((4,))[45, 70] == 1


def test_a_stack_is_drawn_on_every_slice(someone, tmp_path):
    stack = ("image", np.zeros((3, 2, *SHAPE), np.uint8), {"name": "stack"})
    user = someone(stack)
    user.click(2, 1, 20, 30)
    user.click(0, 0, 40, 50)
    user.save(tmp_path / "stack.itis")
    again = someone(stack)
    again.open(tmp_path / "stack.itis")
    assert np.array_equal(again.shown(), user.shown()) and again.shown((2, 1)).any()


def test_a_click_that_waited_for_the_network_is_answered(someone, photo, tmp_path, predictor):
    user = someone(photo)
    predictor.gate.clear()
    user.controller.workspace.layers.positive.add([[20, 30]])
    user.controller.take_over()
    user.save(tmp_path / "dog.itis")
    predictor.gate.set()
    user.settle()
    again = someone(photo)
    again.open(tmp_path / "dog.itis")
    again.settle()
    assert np.array_equal(again.shown(), user.shown()) and again.shown().any()


def test_another_size_is_refused_in_one_line(someone, saved):
    user = someone(("image", np.zeros((30, 40), np.uint8), {"name": "cat"}))
    before = user.controller.workspace
    user.open(saved)
    (line,) = user.told
    assert "dog.itis" in line and "60 x 80" in line and "30 x 40" in line and "“dog”" in line
    assert "\n" not in line and user.controller.workspace is before


def test_without_the_image_one_line_says_which_to_open(someone, saved):
    user = someone()
    user.open(saved)
    assert user.told == ["dog.itis: no image of 60 x 80 pixels is open; open the image “dog” first"]


def test_another_image_is_asked_about_and_what_differs_is_shown(someone, saved):
    user = someone(("image", np.zeros(SHAPE, np.uint16), {"name": "cat"}))
    user.answers = [False]
    user.open(saved)
    (question,) = user.asked
    reasons = " ".join(question.reasons)
    assert "dog" in reasons and "uint16" in reasons and "other pixels" in reasons
    assert not user.session.records and user.told == []
    user.answers = [True]
    user.open(saved)
    assert user.session.objects() == [1, 2] and user.shown().any()


def test_of_several_images_it_finds_its_own(someone, photo, saved):
    user = someone(photo, ("image", np.zeros(SHAPE, np.uint8), {"name": "cat"}))
    assert user.controller.image.name == "cat"
    user.open(saved)
    assert user.asked == [] and user.controller.image.name == "dog"


def test_unsaved_work_is_asked_about(someone, photo, saved):
    user = someone(photo)
    user.click(50, 10)
    mine = records(user.session)
    user.answers = [False]
    user.open(saved)
    (question,) = user.asked
    assert "not saved" in question.reasons[0]
    assert records(user.session) == mine
    user.answers = [True]
    user.open(saved)
    assert user.session.objects() == [1, 2]
    assert np.array_equal(user.shown(), load_session(saved)[0].compose(()))
    # Saved work is not asked about.
    user.open(saved)
    assert len(user.asked) == 2


@pytest.mark.parametrize("spoil", [lambda data: data[:-30], lambda data: b"spoilt"])
def test_a_spoilt_file_is_one_line(someone, photo, saved, spoil):
    saved.write_bytes(spoil(saved.read_bytes()))
    user = someone(photo)
    user.open(saved)
    (line,) = user.told
    assert str(saved) in line and "\n" not in line and not user.session.records


def test_an_image_that_is_not_open_is_opened(someone, picture, tmp_path):
    folder = tmp_path / "there"
    folder.mkdir()
    Image.fromarray(picture).save(folder / "cat.png")
    user = someone()
    user.viewer.open(str(folder / "cat.png"), plugin="napari")
    user.controller.choose_any_image()
    user.click(20, 30)
    user.save(tmp_path / "cat.itis")
    again = someone()
    again.open(tmp_path / "cat.itis")
    assert again.controller.image.name == "cat" and np.array_equal(again.shown(), user.shown())
    # Moved together with the session.
    folder.rename(tmp_path / "elsewhere")
    (tmp_path / "cat.itis").rename(tmp_path / "elsewhere" / "cat.itis")
    again = someone()
    again.open(tmp_path / "elsewhere" / "cat.itis")
    assert np.array_equal(again.shown(), user.shown())
    # A place on another machine is not asked for, whatever a file says.
    session = AnnotationSession(SHAPE)
    away = SessionMetadata(ImageFacts("cat", SHAPE, path="//elsewhere/cat.png"))
    save_session(tmp_path / "away.itis", session, away)
    again = someone()
    again.open(tmp_path / "away.itis")
    assert "open the image “cat” first" in again.told[0]


def test_a_video_is_opened_with_the_masks_that_were_corrected(someone, tmp_path, masks):
    from napari_itis.video.writing import write_masks

    names = [f"{index:05d}" for index in range(FRAMES)]
    folder = tmp_path / "D" / "JPEGImages" / "480p" / "dog"
    folder.mkdir(parents=True)
    for index, name in enumerate(names):
        frame = np.random.default_rng(index).integers(0, 255, (*SHAPE, 3), np.uint8)
        Image.fromarray(frame).save(folder / f"{name}.png")
    for method, label in (("a", 1), ("b", 4)):
        results = tmp_path / "D" / "Results" / method / "dog"
        write_masks(results, names, lambda index, label=label: masks[index] == label, SHAPE)
    layers = [
        (kind, data, options)
        for data, options, kind in read_video(tmp_path / "D" / "Results" / "b" / "dog")
    ]
    user = someone(*layers)
    user.controller.show_frame((1,))
    user.click(1, 45, 70)
    user.save(tmp_path / "dog.itis")
    again = someone()
    again.open(tmp_path / "dog.itis")
    assert again.asked == []
    for frame in range(FRAMES):
        assert np.array_equal(again.shown((frame,)), user.shown((frame,)))
    # With the frames open, and other masks.
    layers = [
        (kind, data, options)
        for data, options, kind in read_video(tmp_path / "D" / "Results" / "a" / "dog")
    ]
    again = someone(*layers)
    again.open(tmp_path / "dog.itis")
    assert again.asked == []
    for frame in range(FRAMES):
        assert np.array_equal(again.shown((frame,)), user.shown((frame,)))


def test_masks_that_are_not_there_or_have_changed_are_said(someone, video, tmp_path):
    user = someone(*video)
    user.click(0, 20, 30)
    user.save(tmp_path / "clip.itis")
    again = someone(video[0])
    again.answers = [True]
    again.open(tmp_path / "clip.itis")
    assert "masks that it corrects are not open" in again.asked[0].reasons[0]
    assert np.array_equal(again.shown((0,)) == 1, user.shown((0,)) == 1)
    changed = video[1][1].copy()
    changed[3, :20] = 1
    again = someone(video[0], ("labels", changed, video[1][2]))
    again.answers = [True]
    again.open(tmp_path / "clip.itis")
    assert "have changed" in again.asked[0].reasons[0]


def test_napari_leaves_sessions_to_the_reader():
    assert get_reader("a.itis") and get_reader(["a.ITIS"])
    assert get_reader("a.png") is None and get_reader(["a.itis", "b.itis"]) is None


# Autosaves.


def test_only_what_has_changed_is_autosaved_and_a_proper_save_discards_it(
    someone, photo, data, tmp_path
):
    user = someone(photo)
    user.autosave()
    assert not data.exists()
    user.click(20, 30)
    user.autosave()
    (path,) = data.glob("*.itis")
    assert records(load_session(path)[0]) == records(user.session)
    first = path.stat().st_mtime_ns
    user.autosave()
    assert path.stat().st_mtime_ns == first
    user.click(40, 50)
    user.autosave()
    assert records(load_session(path)[0]) == records(user.session)
    user.save(tmp_path / "dog.itis")
    assert not path.exists()
    user.autosave()
    assert list(data.glob("*.itis")) == []
    user.click(10, 10)
    user.autosave()
    assert len(list(data.glob("*.itis"))) == 1


def test_a_proper_save_is_quicker_than_the_autosave_that_was_begun(someone, photo, data, tmp_path):
    user = someone(photo)
    user.click(20, 30)
    user.autosave()
    user.click(40, 50)
    autosaving, kept = user.files.autosaving, user.files.kept(user.controller.workspace)
    with kept.autosave._saving:
        autosaving.save()
        user.save(tmp_path / "dog.itis")
        # A second one waits for the first.
        user.click(10, 10)
        autosaving.save()
        user.save(tmp_path / "dog.itis")
    user.until(lambda: autosaving._running is None)
    assert list(data.glob("*.itis")) == []
    assert not [line for line in user.told if "could not" in line]


def test_undoing_everything_leaves_nothing_to_autosave(someone, photo, data):
    user = someone(photo)
    user.click(20, 30)
    user.autosave()
    user.controller.undo()
    user.autosave()
    assert list(data.glob("*.itis")) == []


def test_every_image_has_its_own_and_none_of_it_where_it_is_switched_off(someone, photo, data):
    user = someone(photo, ("image", np.zeros(SHAPE), {"name": "cat"}))
    user.click(20, 30)
    user.controller.choose_image(user.viewer.layers["dog"])
    user.click(20, 30)
    user.files.autosaving.minutes = lambda: 0
    user.autosave()
    assert not data.exists()
    user.files.autosaving.minutes = lambda: 1
    user.autosave()
    names = sorted(path.name.partition(".")[0] for path in data.glob("*.itis"))
    assert names == ["cat", "dog"]


def test_time_makes_it_happen(someone, photo, data, monkeypatch):
    user = someone(photo)
    user.click(20, 30)
    autosaving = user.files.autosaving
    autosaving.minutes = lambda: 1
    autosaving._on_tick()
    assert autosaving._running is None
    autosaving._last -= 61
    autosaving._on_tick()
    user.until(lambda: autosaving._running is None)
    assert len(list(data.glob("*.itis"))) == 1


@pytest.fixture
def lost(someone, photo):
    """The session of a window that is gone."""
    user = someone(photo)
    user.click(20, 30)
    user.controller.next_object()
    user.click(40, 60)
    user.autosave()
    autosaving = user.files.autosaving
    autosaving.finish()
    autosaving.wait()
    return SimpleNamespace(session=user.session, shown=user.shown().copy())


def test_a_lost_session_is_offered_restored_and_not_saved_yet(someone, photo, lost, data):
    user = someone(photo)
    (offer,) = user.look()
    assert offer.metadata.image.name == "dog"
    user.files.autosaving.restore()
    user.until(lambda: not user.files.busy)
    assert records(user.session) == records(lost.session)
    assert np.array_equal(user.shown(), lost.shown) and user.controller.label == 2
    assert user.files.autosaving.offers == []
    assert user.files.unsaved and user.files.path is None
    # It is safe meanwhile, and goes on in the same file.
    (path,) = data.glob("*.itis")
    assert Autosaves().left_behind() == []
    user.click(5, 5)
    user.autosave()
    assert records(load_session(path)[0]) == records(user.session)
    assert len(list(data.glob("*.itis"))) == 1


def test_two_windows_do_not_get_the_same_one(someone, photo, lost):
    one, other = someone(photo), someone(photo)
    assert len(one.look()) == len(other.look()) == 1
    one.files.autosaving.restore()
    one.until(lambda: not one.files.busy)
    other.files.autosaving.restore()
    other.until(lambda: not other.files.busy)
    assert "\n" not in other.told[-1] and other.files.autosaving.offers == []
    assert not other.session.records and one.session.records
    assert someone(photo).look() == []


def test_an_offer_stays_where_its_image_is_not_open(someone, photo, lost):
    user = someone()
    user.look()
    user.files.autosaving.restore()
    user.until(lambda: not user.files.busy)
    assert "open the image “dog” first" in user.told[-1]
    assert len(user.files.autosaving.offers) == 1
    user.files.autosaving.later()
    assert user.files.autosaving.offers == [] and len(user.look()) == 1


def test_a_lost_session_is_deleted_only_if_the_user_is_sure(someone, lost, data):
    user = someone()
    user.look()
    user.answers = [False]
    user.files.autosaving.discard()
    assert len(user.files.autosaving.offers) == 1 and list(data.glob("*.itis"))
    user.answers = [True]
    user.files.autosaving.discard()
    assert user.files.autosaving.offers == [] and not list(data.glob("*"))


def test_the_offer_of_a_lost_session_is_to_be_read_in_full_in_a_low_window(qapp, someone, lost):
    user = someone()
    user.look()
    window, row = QMainWindow(), OfferRow(user.files)
    window.setCentralWidget(row)
    window.show()
    row.text.setText(f"A session of “{40 * 'name '}”, 12:30, was not saved")
    for width in (280, 200):
        for _ in range(3):
            window.resize(width, 10)
            qapp.processEvents()
        assert row.text.height() >= row.text.heightForWidth(row.text.width())
    window.close()


def test_what_cannot_be_read_is_not_offered(someone, lost, data):
    for path in data.glob("*.itis"):
        path.write_bytes(path.read_bytes()[:100])
    assert someone().look() == [] and list(data.glob("*.itis"))
