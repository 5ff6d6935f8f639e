"""A virtual display for the whole run, so that no window opens; settings of a tiny training."""

import os
import shutil
import sys
import tempfile

import pytest

_made = []

if "PYTEST_XDIST_WORKER" in os.environ:
    # Each process of the run has one core, and every process that a test starts the same one.
    os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_configure(config):
    if config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):
        # The tests run in other processes.
        return
    # Nothing is left among what the user keeps, and no window offers what is there.
    _made.append(tempfile.mkdtemp(prefix="napari-itis-tests-"))
    os.environ["NAPARI_ITIS_DATA"] = _made[0]
    # Nor are the user's preferences read or changed.
    os.environ["NAPARI_CONFIG"] = f"{_made[0]}/settings.yaml"
    # A server of its own even on a desktop: windows that steal the mouse make tests fail.
    # NAPARI_ITIS_SHOW=1 keeps them on the real display, to look at.
    if sys.platform.startswith("linux") and not os.environ.get("NAPARI_ITIS_SHOW"):
        if shutil.which("Xvfb") is None:
            return
        from napari_itis.cli.display import start_virtual_display

        start_virtual_display()


def pytest_unconfigure(config):
    for folder in _made:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def trainings_do_not_step_back(monkeypatch):
    """The other processes of the run would keep a training waiting that lets them go first."""
    monkeypatch.setattr("napari_itis.runs.process._NICENESS", 0)


@pytest.fixture(scope="session")
def tiny() -> list[str]:
    """Overrides of `smoke`: 12 steps, 6 an epoch, a checkpoint every 2."""
    return [
        "samples=48",
        "samples_per_epoch=24",
        "batch_size=4",
        "checkpoint_steps=2",
        "crop=64",
        "warmup=2",
        "threads=1",
        "validate_every=0",
        "network.head_width=16",
        'data=[{name="shapes", layout="shapes", split="12"}]',
    ]
