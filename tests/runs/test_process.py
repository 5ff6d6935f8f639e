"""A training as a process of its own: however it ends, a line says what to do next."""

import os
import resource
import signal
import time
from pathlib import Path

import pytest

from napari_itis import runs
from napari_itis.runs import Run, RunError
from napari_itis.training import load_config, to_toml

PATIENCE = 120


@pytest.fixture(autouse=True)
def own_data_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_ITIS_DATA", str(tmp_path / "user"))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")


@pytest.fixture
def config(tiny, tmp_path) -> Path:
    """A training of tiny steps that nobody waits for the end of."""
    path = tmp_path / "mine.toml"
    settings = [*tiny, "samples=40000", "checkpoint_steps=1", "name=mine"]
    path.write_text(to_toml(load_config("smoke", settings)), "utf-8")
    return path


def wait_for(run: Run, what) -> runs.Status:
    deadline = time.monotonic() + PATIENCE
    while not what(run.status()):
        assert time.monotonic() < deadline, (run.status(), runs.read_output(run.folder))
        time.sleep(0.05)
    return run.status()


def test_a_file_stops_it_with_a_checkpoint_and_weights(config, tmp_path):
    from napari_itis.training import TrainingStopped, train

    folder = tmp_path / "run"
    seen = []

    def stop(report):
        seen.append(Run(folder).status())
        if report.step == 3:
            Run(folder).stop()
            seen.append(Run(folder).status())

    with pytest.raises(TrainingStopped):
        train(config, output=folder, report=stop)
    assert [status.state for status in seen] == ["running", "running", "running", "stopping"]
    assert seen[0].pid == os.getpid() and seen[0].steps == 10_000 and seen[0].seconds_left > 0
    run = Run(folder)
    status = run.status()
    assert (status.state, status.step, status.checkpoint_step) == ("stopped", 3, 3)
    assert "Resume goes on from the checkpoint of step 3" in status.message
    assert run.weights == folder / "mine.safetensors"
    assert runs.read_curves(folder).step.tolist() == [1, 2, 3]
    with pytest.raises(RunError, match="resume it"):
        runs.start(config, folder)
    # Resumed in a process of its own, and killed.
    run = runs.start(config, folder, resume=True)
    try:
        assert run.alive and run.status().state == "starting"
        assert runs.known_runs() == [run]
        with pytest.raises(RunError, match="already"):
            runs.start(config, folder, resume=True)
        resumed = wait_for(run, lambda status: status.step > 4)
        os.kill(resumed.pid, signal.SIGKILL)
        killed = wait_for(run, lambda status: status.ended)
    finally:
        run.kill()
    assert killed.state == "failed" and not run.alive
    assert "killed from outside (signal 9)" in killed.message
    assert killed.checkpoint_step >= 4
    assert f"from the checkpoint of step {killed.checkpoint_step}" in killed.message
    assert "\n" not in killed.message
    runs.forget(run)
    assert runs.known_runs() == []


def test_a_window_that_comes_later_finds_it_and_ends_it(config, tmp_path, monkeypatch):
    monkeypatch.setattr(runs.process, "_NICENESS", 10)
    run = runs.start(config, tmp_path / "run")
    child = runs.process._children.pop(run.folder)
    try:
        assert runs.known_runs()[0].alive
        wait_for(run, lambda status: status.pid == child.pid)
        assert os.getpriority(os.PRIO_PROCESS, child.pid) == 10
        sessions = Path(f"/proc/{child.pid}/autogroup")
        if sessions.exists():
            # Priorities count within a session only, and this one is its own.
            assert sessions.read_text("ascii").endswith("nice 10\n")
        # While it starts there is nothing to save.
        run.stop()
        child.wait(PATIENCE)
        status = run.status()
        assert (status.state, status.checkpoint_step) == ("stopped", 0)
        assert "start again" in status.message
    finally:
        child.kill()
        child.wait()


def test_a_config_that_cannot_be_used_is_one_line(config, tmp_path):
    config.write_text(config.read_text("utf-8") + "\n[colour]\n", "utf-8")
    run = runs.start(config, tmp_path / "run")
    status = wait_for(run, lambda status: status.ended)
    assert status.state == "failed"
    assert "unknown key 'colour'" in status.message
    assert status.message.endswith("there is no checkpoint yet: start again")
    assert "\n" not in status.message


def test_what_a_process_says_that_was_not_started_here_counts(tiny, tmp_path):
    from napari_itis.training import ConfigError, train

    with pytest.raises(ConfigError, match="to resume"):
        train("smoke", tiny, output=tmp_path, resume=True)
    status = Run(tmp_path).status()
    assert status.state == "failed" and "to resume" in status.message


def test_memory_that_runs_out_is_said_with_what_to_lower(tiny, tmp_path):
    from napari_itis.training import train

    def fail(report):
        if report.step == 3:
            raise MemoryError

    with pytest.raises(OSError, match="lower batch_size"):
        train("smoke", tiny, output=tmp_path, report=fail)
    status = Run(tmp_path).status()
    assert status.state == "failed"
    assert "not enough memory" in status.message and "checkpoint of step 2" in status.message


def test_full_disk_is_said_while_it_runs_and_in_the_end(tiny, tmp_path):
    from napari_itis.training import train

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    seen = []

    def fill_up(report):
        if report.step == 2:
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
        seen.append(Run(tmp_path).status().message)

    try:
        with pytest.raises(OSError, match="File too large"):
            train("smoke", [*tiny, "samples=20"], output=tmp_path, report=fill_up)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "the checkpoint of step 2 stays" in seen[-1]
    status = Run(tmp_path).status()
    assert status.state == "failed"
    assert "File too large" in status.message and "make room" in status.message
    assert "Resume goes on from the checkpoint of step 2" in status.message
    # What asked an earlier process to stop is not meant for this one.
    (tmp_path / "stop").touch()
    assert train("smoke", [*tiny, "samples=20"], output=tmp_path, resume=True).exists()
    assert Run(tmp_path).status().state == "done"
