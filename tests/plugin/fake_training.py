"""Trainings that a test moves along by hand, and commands that write what it wants."""

import json
import sys
from dataclasses import replace

import numpy as np
from PIL import Image

from napari_itis.runs import Status
from napari_itis.training.checking import Report

REPORT = Report(
    images=18,
    objects=143,
    held_back=2,
    smallest=12,
    median=40,
    largest=140,
    disk_free=40_000_000_000,
    disk_needed=120_000_000,
    memory_free=14_000_000_000,
    memory_needed=1_200_000_000,
    samples=4000,
    seconds=720.0,
)


class FakeRun:
    """A training whose status a test sets."""

    def __init__(self, folder):
        self.folder = folder
        self.name = folder.name
        self.now = Status("running", 0, 500, 6.4, 600.0, started=1.0)
        self.asked = []

    @property
    def config(self):
        return self.folder / "config.toml"

    @property
    def weights(self):
        path = self.folder / f"{self.name}.safetensors"
        return path if path.is_file() else None

    def status(self):
        return self.now

    def stop(self):
        self.asked.append("stop")

    def kill(self):
        self.asked.append("kill")

    def set(self, **changes):
        self.now = replace(self.now, **changes)

    def write_curves(self, steps, rng=None):
        rng = rng or np.random.default_rng(0)
        step = np.arange(1, steps + 1)
        loss = 0.9 * np.exp(-step / 120) + 0.2 + rng.normal(0, 0.06, steps)
        iou = 0.92 - 0.35 * np.exp(-step / 150) + rng.normal(0, 0.05, steps)
        rows = [f"{s},0,{a:.4f},{b:.4f},6.4,0" for s, a, b in zip(step, loss, iou)]
        header = "step,epoch,loss,iou,samples_per_second,waiting"
        (self.folder / "log.csv").write_text("\n".join([header, *rows]) + "\n")
        at = np.arange(0, steps + 1, 60)
        lines = [
            f"{s},{9 - 4 * (1 - np.exp(-s / 150)):.2f},{12 - 5 * (1 - np.exp(-s / 150)):.2f},"
            f"{0.62 + 0.2 * (1 - np.exp(-s / 150)):.3f},{0.76 + 0.12 * (1 - np.exp(-s / 150)):.3f}"
            for s in at
        ]
        header = "step,noc_85,noc_90,iou_1,iou_3"
        (self.folder / "validation.csv").write_text("\n".join([header, *lines]) + "\n")

    def write_picture(self, step):
        folder = self.folder / "predictions"
        folder.mkdir(exist_ok=True)
        rows = []
        yy, xx = np.mgrid[:96, :96]
        for column in range(6):
            middle, size = 40 + 3 * column, 20 + 3 * column
            truth = (yy - 48) ** 2 + (xx - middle) ** 2 < size**2
            grown = (yy - 48) ** 2 + (xx - middle) ** 2 < (size + 10 - step / 30) ** 2
            image = np.where(truth, 190, 90 + yy // 2)
            tiles = np.concatenate([image, grown * 255, truth * 255], 1).astype(np.uint8)
            rows.append(np.stack([tiles] * 3, -1))
        Image.fromarray(np.concatenate(rows)).save(folder / f"{step:08d}.png")


class FakeBackend:
    """Keeps its trainings in a folder of the test."""

    def __init__(self, home):
        self._home = home
        self.runs = {}
        self.report = REPORT
        self.error = ""
        self.comparison = None
        self.added = {}
        self.started = []
        self.refused = None
        self.seen = {}

    def home(self):
        return self._home

    def new_folder(self, name, home):
        return (home or self._home) / name

    def start(self, config, folder, resume=False):
        if self.refused:
            raise ValueError(self.refused)
        self.started.append((config.read_text("utf-8"), folder, resume))
        folder.mkdir(parents=True, exist_ok=True)
        if not resume:
            (folder / "config.toml").write_text(config.read_text("utf-8"), "utf-8")
        run = self.runs.setdefault(folder, FakeRun(folder))
        run.set(state="running")
        return run

    def run(self, folder):
        return self.runs[folder]

    def known_runs(self):
        return list(self.runs.values())

    def forget(self, run):
        del self.runs[run.folder]

    def is_seen(self, folder, status):
        return self.seen.get(folder) == status.state

    def mark_seen(self, folder, status):
        self.seen[folder] = status.state

    def check_command(self, config, folder, path):
        half = {"progress": "Reading the masks", "done": 9, "total": 18}
        return self._command([half, {"report": self.report.as_dict()}], path)

    def compare_command(self, old, new, folder, path):
        return self._command([self.comparison.as_dict()], path)

    def _command(self, contents, path):
        code = (
            "import json, os, sys, time\n"
            "for one in json.loads(sys.argv[1]):\n"
            "    open(sys.argv[2] + '.tmp', 'w').write(json.dumps(one))\n"
            "    os.replace(sys.argv[2] + '.tmp', sys.argv[2])\n"
            "    time.sleep(float(sys.argv[4]))\n"
            "if sys.argv[3]: sys.exit(sys.argv[3])\n"
        )
        wait = str(getattr(self, "wait", 0))
        contents = [] if self.error else contents
        return [sys.executable, "-c", code, json.dumps(contents), str(path), self.error, wait]

    def add_weights(self, path, name):
        self.added[name] = path
        return name

    def own_weights(self):
        return dict(self.added)

    def list_weights(self):
        return ["itis-lite0", *self.added]
