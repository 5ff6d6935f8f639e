"""Objects keep clicks, crop and prediction between epochs as the paper describes (Sec. 3.2)."""

import multiprocessing
import os
import signal
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from napari_itis.datasets import DatasetError
from napari_itis.training import load_config
from napari_itis.training.config import DataSource
from napari_itis.training.crops import cut, draw_region, paste
from napari_itis.training.listing import is_held_back, list_sources, object_boxes
from napari_itis.training.loader import Loader
from napari_itis.training.optimization import rate_factor
from napari_itis.training.plan import Plan
from napari_itis.training.samples import next_sample
from napari_itis.training.sources import Sources
from napari_itis.training.spoiling import spoil_mask
from napari_itis.training.state import ObjectState


@pytest.fixture(scope="module")
def config(shapes):
    plain = ["spoilt_mask=0.0", "empty_mask=0.0", "lone_click=1.0"]
    return load_config("smoke", plain, [f"shapes:{shapes}"])


@pytest.fixture(scope="module")
def sources(config):
    return Sources(config)


def test_first_visit_sees_an_empty_mask(config, sources):
    sample = next_sample(None, sources, config, np.random.default_rng(1), 0)
    assert sample.channels.shape == (6, 64, 64)
    assert (sample.channels[5] == 1).all()
    assert len(sample.state.clicks) == 1
    assert sample.state.clicks[0].positive


def test_second_visit_adds_one_correction_and_sees_the_kept_prediction(config, sources):
    never = replace(config, reset_probability=0.0)
    first = next_sample(None, sources, config, np.random.default_rng(1), 0)
    kept = np.zeros((64, 64), bool)
    kept[10:20, 10:20] = True
    second = next_sample(first.visited(kept), sources, never, np.random.default_rng(2), 0)
    assert second.state.clicks[:1] == first.state.clicks
    assert len(second.state.clicks) == 2
    assert second.state.region == first.state.region
    # The state's mask is in the frame before flips; the sample's channel after its own.
    inside = second.channels[5].numpy() == 0
    for axis, flipped in enumerate(second.flips):
        inside = np.flip(inside, axis) if flipped else inside
    assert np.array_equal(inside, first.visited(kept).mask)


def test_reset_draws_a_fresh_object(config, sources):
    always = replace(config, reset_probability=1.0)
    first = next_sample(None, sources, config, np.random.default_rng(1), 0)
    state = first.visited(np.zeros((64, 64), bool))
    again = next_sample(state, sources, always, np.random.default_rng(3), 0)
    assert len(again.state.clicks) == 1
    assert (again.channels[5] == 1).all()


def test_share_of_resets_is_the_reset_probability(config, sources):
    state = next_sample(None, sources, config, np.random.default_rng(1), 0).visited(
        np.zeros((64, 64), bool)
    )
    resets = sum(
        len(next_sample(state, sources, config, np.random.default_rng(i), 0).state.clicks) == 1
        for i in range(300)
    )
    assert 65 <= resets <= 115  # 90 expected, three standard deviations


def test_sample_is_a_pure_function_of_its_seed(config, sources):
    one, two = (next_sample(None, sources, config, np.random.default_rng(7), 0) for _ in range(2))
    assert one.state.clicks == two.state.clicks
    assert one.channels.equal(two.channels)


def test_clicks_lie_on_what_they_say(config, sources):
    for seed in range(30):
        setting = replace(config, lone_click=0.0)
        sample = next_sample(None, sources, setting, np.random.default_rng(seed), 0)
        positive, negative = sample.channels[3].numpy(), sample.channels[4].numpy()
        assert sample.truth.numpy()[positive == 1].all()
        assert not sample.truth.numpy()[negative == 1].any()


def test_void_is_not_valid(config, sources):
    for seed in range(20):
        sample = next_sample(None, sources, config, np.random.default_rng(seed), 0)
        _, left, side = sample.state.region
        if left + side > 128:  # beyond the photo: padded, and void
            assert not sample.valid.all()
            assert not (sample.truth & ~sample.valid).any()


def test_spoilt_start_shows_a_mask_that_is_wrong(config, sources):
    spoilt = replace(config, spoilt_mask=1.0)
    shown = 0
    for seed in range(20):
        sample = next_sample(None, sources, spoilt, np.random.default_rng(seed), 0)
        mask = sample.channels[5].numpy() == 0
        shown += bool(mask.any() and (mask != sample.truth.numpy()).any())
    assert shown >= 15


def test_region_holds_the_object_and_is_never_tiny(config):
    rng = np.random.default_rng(0)
    for _ in range(200):
        top, left, side = draw_region((30, 40, 50, 70), (96, 128), config, rng)
        assert side >= 18
        assert top < 50
        assert left < 70
        assert top + side > 30
        assert left + side > 40


def test_spoil_mask_keeps_the_shape():
    truth = np.zeros((50, 60), bool)
    truth[20:40, 20:45] = True
    for seed in range(20):
        mask = spoil_mask(truth, np.random.default_rng(seed))
        assert mask.shape == truth.shape
        assert mask.dtype == bool


def test_held_back_share_is_decided_by_name():
    names = [f"set/{i}" for i in range(2000)]
    held = [is_held_back(name, 0.1) for name in names]
    assert 150 < sum(held) < 250
    assert held == [is_held_back(name, 0.1) for name in names]


def test_no_data_is_one_line():
    with pytest.raises(DatasetError, match="no training data"):
        Sources(load_config("finetune"))


def test_a_pasted_object_keeps_its_pixels_and_gets_another_surrounding(sources):
    image = torch.full((3, 64, 64), 200, dtype=torch.uint8)
    truth = np.zeros((64, 64), bool)
    truth[20:40, 20:40] = True
    mixed = paste(image, truth, (0, 0, 4, 6, 60), sources)
    assert (mixed[:, 23:37, 23:37] == 200).all()
    rgb, _ = sources.pixels(0, 0)
    assert abs(int(mixed[0, 1, 1]) - int(rgb[4:7, 6:9, 0].mean())) < 40
    assert not (mixed[:, :15] == 200).all()


def test_a_pasted_object_stays_on_its_photo(config, sources):
    plain = replace(config, augment=False)
    for seed in range(10):
        here = next_sample(None, sources, plain, np.random.default_rng(seed), 0)
        pasted = next_sample(
            None, sources, replace(plain, copy_paste=1.0), np.random.default_rng(seed), 0
        )
        state = pasted.state
        assert state.background is not None
        assert here.state.background is None
        assert ObjectState.from_bytes(state.to_bytes()) == state
        # A later visit shows the object on the same photo.
        again = next_sample(
            pasted.visited(np.zeros((64, 64), bool)),
            sources,
            replace(plain, copy_paste=1.0, reset_probability=0.0),
            np.random.default_rng(1),
            0,
        )
        assert again.state.background == state.background
        assert again.truth.equal(pasted.truth)


def test_every_object_of_the_data_keeps_its_place(config, sources):
    each = replace(config, samples_per_epoch=0, reset_probability=1.0)
    numbers = range(len(sources))
    places = [sources.object_at(number) for number in numbers]
    assert len(set(places)) == len(sources) > 6
    changed = 0
    for number in numbers:
        first = next_sample(None, sources, each, np.random.default_rng(number), number).state
        again = next_sample(first, sources, each, np.random.default_rng(99), number).state
        for state in (first, again):
            assert (state.source, state.image, state.label) == places[number]
        changed += (first.region, first.clicks) != (again.region, again.clicks)
    # A reset brings a new crop and new clicks of the same object.
    assert changed > len(sources) / 2


def test_paper_crop_keeps_the_resolution_and_shows_a_part_of_the_object(config):
    paper = replace(config, crop_mode="paper", crop=64)
    rng = np.random.default_rng(0)
    corners = set()
    for _ in range(300):
        top, left, side = draw_region((30, 40, 50, 70), (96, 128), paper, rng)
        assert side == 64
        assert 0 <= top <= 96 - 64
        assert 0 <= left <= 128 - 64
        assert top < 50 and left < 70 and top + side > 30 and left + side > 40
        corners.add((top, left))
    assert len(corners) > 200


def test_paper_crop_of_a_small_image_is_enlarged(config):
    paper = replace(config, crop_mode="paper", crop=350)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        top, left, side = draw_region((30, 40, 50, 70), (96, 128), paper, rng)
        assert (top, side) == (0, 96)
        assert 0 <= left <= 32


def test_a_state_is_small(config, sources):
    sample = next_sample(None, sources, config, np.random.default_rng(1), 0)
    assert len(sample.visited(sample.truth.numpy()).to_bytes()) < 500


def test_loader_processes_prepare_what_threads_prepare(config, sources):
    plain = replace(config, samples_per_epoch=8, batch_size=4, loaders=1)
    plan = Plan.of(plain, len(sources))
    prepared = []
    for processes in (False, True):
        loader = Loader(
            replace(plain, loader_processes=processes), sources, plan, slice(0, plan.batch_size)
        )
        kept = []
        for epoch in range(2):
            for batch in loader.batches(epoch):
                loader.keep(batch, np.stack([s.truth.numpy() for s in batch.samples]))
                kept += [(s.channels.numpy(), s.truth.numpy()) for s in batch.samples]
        prepared.append((kept, dict(loader.settle())))
        loader.close()
    (threads, states), (processes, same) = prepared
    assert states == same
    for one, two in zip(threads, processes, strict=True):
        assert np.array_equal(one[0], two[0])
        assert np.array_equal(one[1], two[1])


def test_ctrl_c_leaves_the_processes_that_prepare_samples(config, sources):
    plain = replace(config, samples_per_epoch=80, batch_size=4, loaders=1, loader_processes=True)
    loader = Loader(plain, sources, Plan.of(plain, len(sources)), slice(0, 4))
    # What a shell starts in the background would inherit that the signal is ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        count = 0
        for _ in loader.batches(0):
            count += 1
            for child in multiprocessing.active_children():
                os.kill(child.pid, signal.SIGINT)
        assert count == 20
    finally:
        signal.signal(signal.SIGINT, before)
        loader.close()


@pytest.mark.parametrize("background", [0, 5])
def test_boxes_of_objects_with_very_large_ids(background):
    labels = np.full((20, 30), background, np.int32)
    labels[2:8, 3:9], labels[10:12, 0:30], labels[15, 15] = 2**31 - 1, 7, 2**30
    found, boxes, _ = object_boxes(labels, 2)
    assert found.tolist() == [5, 7, 2**31 - 1][background == 0 :]
    assert boxes[-2:].tolist() == [[10, 0, 12, 30], [2, 3, 8, 9]]


def test_sources_of_one_name_keep_their_pixels_apart(shapes, own_shapes):
    # The same names of images below two folders of the same name, and no names given.
    photo = own_shapes / "images" / "shapes0.png"
    Image.fromarray(255 - np.asarray(Image.open(photo))).save(photo)
    config = load_config("smoke", ["held_back=0"])
    roots = (shapes, own_shapes)
    sources = Sources(replace(config, data=tuple(DataSource(root=str(root)) for root in roots)))
    one, two = (sources.pixels(source, 0)[0] for source in (0, 1))
    assert not np.array_equal(one, two)
    assert np.array_equal(two, sources.image(1, 0).read()[0])


@pytest.mark.parametrize("mode", ["object", "paper"])
def test_an_object_that_no_crop_shows_is_shown_all_the_same(tmp_path, config, mode):
    # A hair across a large photo: it is gone wherever it is made smaller.
    root = tmp_path / "hairs"
    for folder, values in (("images", (900, 900, 3)), ("masks", (900, 900))):
        (root / folder).mkdir(parents=True)
        drawn = np.zeros(values, np.uint8)
        drawn[0, :] = drawn[:, 0] = 1
        Image.fromarray(drawn).save(root / folder / "a.png")
    hairs = replace(
        config, held_back=0.0, crop_mode=mode, data=(DataSource(root=str(root)),), max_scale=0.05
    )
    sources = Sources(hairs)
    for seed in range(5):
        sample = next_sample(None, sources, hairs, np.random.default_rng(seed), 0)
        assert sample.truth.any()


def test_the_paper_changes_gamma_as_pohlen_et_al(config, sources):
    plain = replace(config, augment=False)
    shown, kept = [], []
    for seed in range(40):
        sample = next_sample(None, sources, plain, np.random.default_rng(seed), 0)
        shown.append(sample.channels[:3].numpy())
        kept.append(cut(sample.state, sources, plain)[0].numpy() / 255)
        assert sample.flips == (False, False)
    # For z of -0.05 to 0.05: log(0.5 + z / sqrt 2) / log(0.5 - z / sqrt 2).
    for one, before in zip(shown, kept, strict=True):
        assert (one >= before**1.228 - 0.005).all()
        assert (one <= before**0.814 + 0.005).all()


def test_the_papers_rates_change_in_its_epochs_10_and_15(config):
    paper = replace(config, schedule="paper", warmup=0)
    factors = [rate_factor(epoch, epoch, 20, paper) for epoch in range(20)]
    assert factors == [1.0] * 9 + [0.1] * 5 + [0.03] * 6


def test_a_broken_photo_is_found_before_the_first_step_or_left_out(own_shapes, caplog):
    photo = own_shapes / "images" / "shapes2.png"
    photo.write_bytes(photo.read_bytes()[:300])
    config = load_config("smoke", ["held_back=0"], [f"shapes:{own_shapes}"])
    with pytest.raises(DatasetError, match=r"shapes2\.png"):
        list_sources(config)
    listing = list_sources(replace(config, skip_bad=True))
    assert [len(images) for images in listing.training] == [5]
    assert "1 of shapes are left out" in caplog.text


def test_frames_of_one_video_are_held_back_together(tmp_path):
    lists = tmp_path / "ImageSets" / "480p"
    lists.mkdir(parents=True)
    lines = []
    for number in range(40):
        video, frame = f"video{number % 8}", f"{number // 8:05}"
        for kind, suffix in (("JPEGImages", "jpg"), ("Annotations", "png")):
            path = tmp_path / kind / "480p" / video / f"{frame}.{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((40, 40), 255, np.uint8)).save(path)
        lines.append(f"/JPEGImages/480p/{video}/{frame}.jpg /Annotations/480p/{video}/{frame}.png")
    (lists / "train.txt").write_text("\n".join(lines))
    source = DataSource("davis", str(tmp_path), layout="davis", split="train")
    config = replace(load_config("smoke"), data=(source,), held_back=0.5)
    listing = list_sources(config)
    training, held_back = (
        {image.id.split("/")[1] for image in part[0]}
        for part in (listing.training, listing.held_back)
    )
    assert training
    assert held_back
    assert not training & held_back


def test_shapes_differ_from_image_to_image():
    config = replace(load_config("smoke"), held_back=0.0)
    images = list_sources(config).training[0]
    first, second = images[0].read()[0], images[1].read()[0]
    assert not np.array_equal(first, second)
