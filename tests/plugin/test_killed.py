"""`kill -9` at random moments: what is older than one interval of autosaving is there again.

Twice in every run. By hand as often as one likes, with what was found in the end:

    NAPARI_ITIS_KILLS=50 .venv/bin/python -m pytest tests/plugin/test_killed.py -s

The interval is shortened from a minute to a second. A state of the session may be lost if it is
younger than an interval, one look at the clock, and the longest save and the longest action that
were seen. Each window restores by its button what the one before has left, and goes on with it.
"""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .killed import TICK, Diary

KILLS = int(os.environ.get("NAPARI_ITIS_KILLS", "2"))
SEED = int(os.environ.get("NAPARI_ITIS_SEED", "1"))
INTERVAL = 1.0
LONGEST = 6.0
"""Seconds after which a window that has begun to work is killed at the latest."""


class Windows:
    """Starts windows that are used, one after the other."""

    def __init__(self, folder):
        self.diary = folder / "diary.txt"
        tests = str(Path(__file__).parents[1])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "plugin.killed", str(INTERVAL), str(folder), str(self.diary)],
            env={**os.environ, "NAPARI_ITIS_DATA": str(folder / "data"), "PYTHONPATH": tests},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def open(self, number):
        print(number, file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())

    def kill(self, process):
        os.kill(process, signal.SIGKILL)
        at = time.monotonic()
        assert self._process.stdout.readline() == "gone\n"
        return at

    def restored(self, read):
        """What the window had in the beginning; None while it is not through with that."""
        lines = Diary.read(self.diary)[read:]
        return next((value for _, what, value in lines if what == "restored"), None)

    def close(self):
        self._process.kill()
        self._process.wait()


def acceptable(lines, at):
    """States that a window may have left, killed at a time; None where it had not begun."""
    begun = [index for index, (_, what, _) in enumerate(lines) if what == "restored"]
    if not begun:
        return None, 0.0
    saves = [float(value) for _, what, value in lines if what == "saved"]
    steps = [float(value) for _, what, value in lines if what == "step"]
    allowed = INTERVAL + TICK + max(saves, default=0.2) + 2 * max(steps, default=0.5)
    states = [(when, value) for when, what, value in lines if what in ("restored", "state")]
    ends = [when for when, _ in states[1:]] + [at]
    return {value for (_, value), end in zip(states, ends) if end >= at - allowed}, allowed


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that can be killed at once")
def test_what_is_older_than_an_interval_survives_every_kill(tmp_path):
    rng = random.Random(SEED)
    windows, wanted, read = Windows(tmp_path), None, 0
    early = states = 0
    ages = []
    try:
        for number in range(KILLS + 1):
            process, last = windows.open(rng.randrange(2**31)), number == KILLS
            # Some are killed while they open or restore, the others while they are used.
            begin = last or rng.random() > 0.2 or KILLS < 10
            end = time.monotonic() + 120
            while begin and not any(
                w == "restored" for _, w, _ in Diary.read(windows.diary)[read:]
            ):
                assert time.monotonic() < end and Path(f"/proc/{process}").exists()
                time.sleep(0.02)
            if not last:
                time.sleep(rng.uniform(0, LONGEST if KILLS > 5 else 2.5))
            at = windows.kill(process)
            restored = windows.restored(read)
            lines = Diary.read(windows.diary)[read:]
            read += len(lines)
            if restored is not None and wanted is not None:
                assert restored in wanted, f"window {number} has lost more than it may"
            left, allowed = acceptable(lines, at)
            early += left is None
            states += sum(what == "state" for _, what, _ in lines)
            wanted = wanted if left is None else left
            ages.append(allowed)
    finally:
        windows.close()
    assert states > 3 * KILLS
    print(
        f"\n{KILLS} kills, {early} before the window was used, {states} states, "
        f"at most {max(ages):.1f} s allowed: nothing older was lost"
    )
