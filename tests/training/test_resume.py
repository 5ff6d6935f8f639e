"""A training that ends before its time goes on as if nothing had happened, bit for bit."""

import json
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from napari_itis.network.weights import read_tensors
from napari_itis.runs.folder import CHECKPOINT, LOG
from napari_itis.training import ConfigError, Training, TrainingStopped, load_config, train
from napari_itis.training.log import Log

SCRIPT = """
import json, sys
from napari_itis.training import train
def slow(report):
    print(report.step, flush=True)
    if report.step == 9:
        import time; time.sleep(600)
train("smoke", json.loads(sys.argv[1]), output=sys.argv[2], report=slow)
"""


def finish(tiny: list[str], output: Path, resume: bool = True) -> dict[str, torch.Tensor]:
    train("smoke", tiny, output=output, resume=resume)
    tensors, about = read_tensors(output / CHECKPOINT)
    assert about["step"] == 12
    return tensors


def assert_same(one: dict[str, torch.Tensor], two: dict[str, torch.Tensor]) -> None:
    assert one.keys() == two.keys()
    for name, tensor in one.items():
        assert torch.equal(tensor, two[name]), name


@pytest.fixture(scope="module")
def uninterrupted(tiny, tmp_path_factory) -> dict[str, torch.Tensor]:
    return finish(tiny, tmp_path_factory.mktemp("whole"), resume=False)


# Inside the second epoch, one step past a checkpoint.
def test_killed_training_resumes_bit_for_bit(tiny, tmp_path, uninterrupted):
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, json.dumps(tiny), str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"CUDA_VISIBLE_DEVICES": ""},
    )
    for line in process.stdout:
        if int(line) == 9:
            break
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert read_tensors(tmp_path / CHECKPOINT)[1]["step"] == 8
    assert_same(finish(tiny, tmp_path), uninterrupted)


def test_processes_that_prepare_samples_end_with_a_killed_training(tiny, tmp_path):
    script = """
import json, multiprocessing, sys, time
from napari_itis.training import train
def wait(report):
    print(*(child.pid for child in multiprocessing.active_children()), flush=True)
    time.sleep(600)
if __name__ == "__main__":
    train("smoke", json.loads(sys.argv[1]), output=sys.argv[2], report=wait)
"""
    (tmp_path / "script.py").write_text(script)
    settings = [*tiny, "loader_processes=true", "loaders=1"]
    process = subprocess.Popen(
        [sys.executable, tmp_path / "script.py", json.dumps(settings), str(tmp_path / "run")],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"CUDA_VISIBLE_DEVICES": ""},
    )
    workers = [int(word) for word in process.stdout.readline().split()]
    process.kill()
    process.wait()
    assert workers
    deadline = time.monotonic() + 20
    while any(_runs(pid) for pid in workers):
        assert time.monotonic() < deadline, "they wait for ever"
        time.sleep(0.1)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        status = Path(f"/proc/{pid}/stat")
        return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_killed_process_that_prepares_samples_costs_no_step(tiny, tmp_path):
    settings = [*tiny, "loader_processes=true", "loaders=1", "checkpoint_steps=1000"]

    def kill_it(report):
        if report.step == 2:
            for child in multiprocessing.active_children():
                child.kill()

    with pytest.raises(ChildProcessError, match=r"resume from step [2-6]") as error:
        train("smoke", settings, output=tmp_path, report=kill_it)
    assert "\n" not in str(error.value)
    assert finish(settings, tmp_path)


def test_data_that_lie_elsewhere_now_are_the_same_data(tiny, own_shapes, tmp_path):
    def stop(report):
        raise KeyboardInterrupt

    settings = [*tiny, "held_back=0"]
    with pytest.raises(TrainingStopped):
        train("smoke", settings, [f"shapes:{own_shapes}"], tmp_path / "run", report=stop)
    moved = own_shapes.rename(tmp_path / "moved")
    train("smoke", settings, [f"shapes:{moved}"], tmp_path / "run", resume=True)


# Inside the first epoch, at the border of the epochs.
@pytest.mark.parametrize("stopped_at", [3, 6])
def test_stopped_training_resumes_bit_for_bit(tiny, tmp_path, uninterrupted, stopped_at):
    def stop(report):
        if report.step == stopped_at:
            raise KeyboardInterrupt

    with pytest.raises(TrainingStopped) as stopped:
        train("smoke", tiny, output=tmp_path, report=stop)
    assert stopped.value.step == stopped_at
    assert read_tensors(tmp_path / CHECKPOINT)[1]["step"] == stopped_at
    assert_same(finish(tiny, tmp_path), uninterrupted)
    rows = (tmp_path / "log.csv").read_text().splitlines()
    assert [int(row.split(",")[0]) for row in rows[1:]] == list(range(1, 13))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_training_after_its_step_with_a_checkpoint(tiny, tmp_path, number):
    def send(report):
        if report.step == 3:
            os.kill(os.getpid(), number)

    with pytest.raises(TrainingStopped) as stopped:
        train("smoke", tiny, output=tmp_path, report=send)
    assert (stopped.value.step, stopped.value.signal) == (3, number)
    assert read_tensors(tmp_path / CHECKPOINT)[1]["step"] == 3
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_full_disk_leaves_the_previous_checkpoint_whole(tiny, tmp_path, uninterrupted, caplog):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill_up(report):
        if report.step == 3:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limits[1]))
        if report.step == 7:
            # Two checkpoints could not be written: one line said so.
            assert read_tensors(tmp_path / CHECKPOINT)[1]["step"] == 2
            assert sum("the checkpoint of step 2 stays" in m for m in caplog.messages) == 1
            assert not list(tmp_path.glob(".*tmp"))
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    try:
        train("smoke", tiny, output=tmp_path, report=fill_up)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert_same(read_tensors(tmp_path / CHECKPOINT)[0], uninterrupted)


def test_a_disk_that_stays_full_is_an_error_in_the_end(tiny, tmp_path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill_up(report):
        if report.step == 2:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limits[1]))

    try:
        with pytest.raises(OSError, match="File too large"):
            train("smoke", [*tiny, "samples=16"], output=tmp_path, report=fill_up)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert read_tensors(tmp_path / CHECKPOINT)[1]["step"] == 2


def test_weights_of_a_training_segment(shapes, tiny, tmp_path):
    from napari_itis import Click, Predictor

    path = train("smoke", [*tiny, "samples=8"], [f"shapes:{shapes}"], tmp_path)
    predictor = Predictor(path, "cpu")
    predictor.set_image(torch.rand(40, 50, 3).numpy())
    mask = predictor.predict([Click(20, 20, True)]).mask
    assert mask.shape == (40, 50)
    assert mask[20, 20]
    assert str(shapes) not in str(read_tensors(path)[1])


def test_existing_checkpoint_is_never_overwritten(tiny, tmp_path):
    (tmp_path / CHECKPOINT).write_bytes(b"somebody's night")
    with pytest.raises(ConfigError, match="exists already"):
        train("smoke", tiny, output=tmp_path)
    assert (tmp_path / CHECKPOINT).read_bytes() == b"somebody's night"


def test_resume_with_other_settings_is_refused(tiny, tmp_path):
    train("smoke", [*tiny, "samples=8"], output=tmp_path)
    with pytest.raises(ConfigError, match="learning_rate"):
        train("smoke", [*tiny, "samples=8", "learning_rate=1.0"], output=tmp_path, resume=True)


def test_resume_with_other_data_is_refused(tiny, own_shapes, tmp_path):
    settings = [*tiny, "samples=16", "samples_per_epoch=0", "held_back=0"]
    data = [f"shapes:{own_shapes}"]

    def stop(report):
        raise KeyboardInterrupt

    with pytest.raises(TrainingStopped):
        train("smoke", settings, data, tmp_path / "run", report=stop)
    for folder in ("images", "masks"):
        (own_shapes / folder / "shapes0.png").rename(tmp_path / folder)
    with pytest.raises(ConfigError, match="images or objects have changed") as error:
        train("smoke", settings, data, tmp_path / "run", resume=True)
    assert "\n" not in str(error.value)
    for folder in ("images", "masks"):
        (tmp_path / folder).rename(own_shapes / folder / "shapes0.png")
    assert train("smoke", settings, data, tmp_path / "run", resume=True).exists()


def test_loss_that_is_no_number_names_the_samples(tiny, tmp_path):
    config = load_config("smoke", [*tiny, "learning_rate=1e30"])
    training = Training(config, tmp_path)
    with pytest.raises(
        FloatingPointError, match=r"step 2: the loss is nan on shapes/\d+:\d"
    ) as error:
        list(training.run())
    assert "\n" not in str(error.value)


def test_gradient_that_is_no_number_does_not_reach_the_weights(tiny, tmp_path):
    training = Training(load_config("smoke", tiny), tmp_path)
    parameter = next(training.learner.network.parameters())
    parameter.register_hook(lambda gradient: gradient * float("nan"))
    with pytest.raises(FloatingPointError, match=r"step 1: the gradient is nan on shapes/"):
        list(training.run())
    assert all(p.isfinite().all() for p in training.learner.network.parameters())


def test_nothing_to_resume_is_one_line(tiny, tmp_path):
    with pytest.raises(ConfigError, match="to resume"):
        train("smoke", tiny, output=tmp_path, resume=True)


@pytest.mark.parametrize(
    "damage", [b"2,0,1", b"\0" * 200_000, b",,\n2,0,\n", b"2,0,0.5,0.5,1,0,7\n"]
)
def test_what_a_power_cut_leaves_of_the_log_costs_its_line_and_no_resume(tmp_path, damage):
    header = ",".join(Log.FIELDS).encode() + b"\n"
    (tmp_path / LOG).write_bytes(header + b"1,0,0.5,0.5,1.0,0.0\n" + damage)
    with Log(tmp_path, step=2):
        pass
    assert (tmp_path / LOG).read_text().splitlines()[1:] == ["1,0,0.5,0.5,1.0,0.0"]
