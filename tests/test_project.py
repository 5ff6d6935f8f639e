"""What holds for the project as a whole: its manifest, its imports, what it carries."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import napari_itis

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "napari_itis"

# A room may import from itself and from rooms of lower rank, never from one beside it.
RANKS = {
    "clicks": 0,
    "network": 1,
    "inference": 2,
    "annotation": 3,
    "datasets": 3,
    "video": 4,
    "evaluation": 5,
    "runs": 6,
    "training": 7,
    "cli": 8,
    "plugin": 8,
}
# `napari-itis demo` opens the plugin: the one place where a room beside another is asked for.
ALLOWED = {("cli", "plugin")}
# Rooms that a training server or a script imports: no napari, no Qt.
WITHOUT_GUI = set(RANKS) - {"plugin"}
GUI = {"napari", "qtpy", "superqt", "magicgui", "PyQt5", "PyQt6", "PySide6", "vispy"}


def modules():
    for path in sorted(SOURCE.rglob("*.py")):
        room = path.relative_to(SOURCE).parts[0].removesuffix(".py")
        if room in RANKS:
            yield path, room


def imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the room they come from"
            yield node.module
            for alias in node.names:
                yield f"{node.module}.{alias.name}"


@pytest.mark.parametrize(
    ("path", "room"), modules(), ids=lambda v: v if isinstance(v, str) else v.stem
)
def test_imports_point_one_way(path, room):
    for name in imported(path):
        parts = name.split(".")
        if parts[0] != "napari_itis" or len(parts) < 2 or parts[1] not in RANKS:
            continue
        other = parts[1]
        fine = other == room or RANKS[other] < RANKS[room] or (room, other) in ALLOWED
        assert fine, f"{path.name} in {room}/ imports {name}"


def test_only_the_plugin_knows_napari_and_qt():
    for path, room in modules():
        if room not in WITHOUT_GUI:
            continue
        names = {name.split(".")[0] for name in imported(path)}
        # The command line looks whether there is a Qt binding before it opens the demo.
        found = names & GUI - ({"qtpy"} if room == "cli" else set())
        assert not found, f"{path} imports {found}"


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


def test_importing_the_package_imports_no_torch():
    done = run(
        "import sys, napari_itis; dir(napari_itis); napari_itis.__version__; "
        "found = {'torch', 'napari', 'qtpy', 'cv2'} & set(sys.modules); assert not found, found"
    )
    assert done.returncode == 0, done.stderr


def test_re_exports_work_and_unknown_names_are_attribute_errors():
    from napari_itis import Click

    assert Click(1, 2, True).positive
    assert set(napari_itis.__all__) <= set(dir(napari_itis))
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        _ = napari_itis.nothing_of_the_kind


@pytest.mark.parametrize("name", napari_itis.__all__)
def test_every_re_export_is_there(name):
    assert getattr(napari_itis, name) is not None


def test_discovery_by_napari_imports_no_torch():
    done = run(
        "import sys; from npe2 import PluginManifest; "
        "m = PluginManifest.from_distribution('napari-itis'); assert m.name == 'napari-itis'; "
        "assert 'torch' not in sys.modules and 'napari_itis.plugin' not in sys.modules"
    )
    assert done.returncode == 0, done.stderr


def test_the_manifest_is_valid():
    done = subprocess.run(
        [sys.executable, "-m", "npe2", "validate", str(SOURCE / "napari.yaml")],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "valid" in done.stdout


def test_every_command_of_the_manifest_can_be_called():
    from npe2 import PluginManifest
    from npe2.manifest.utils import import_python_name

    manifest = PluginManifest.from_file(SOURCE / "napari.yaml")
    for command in manifest.contributions.commands or []:
        assert callable(import_python_name(command.python_name)), command.id


def test_the_manifest_at_the_top_is_the_one_that_ships():
    link = ROOT / "napari.yaml"
    assert link.is_symlink()
    assert link.resolve() == (SOURCE / "napari.yaml").resolve()


def test_the_version_is_said_once_the_same():
    with (ROOT / "pyproject.toml").open("rb") as file:
        version = tomllib.load(file)["project"]["version"]
    assert version == napari_itis.__version__
    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(rf"^version: {re.escape(version)}$", citation, re.MULTILINE)


def test_the_base_carries_no_qt_binding():
    with (ROOT / "pyproject.toml").open("rb") as file:
        base = tomllib.load(file)["project"]["dependencies"]
    names = {re.split(r"[<>=!~;\[ ]", entry)[0].lower() for entry in base}
    assert not names & {"napari", "pyqt5", "pyqt6", "pyside2", "pyside6", "opencv-python"}


def test_links_in_the_documents_lead_somewhere():
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
            if not re.match(r"[a-z]+:", target):
                assert (page.parent / target).exists(), f"{page.name}: {target}"
