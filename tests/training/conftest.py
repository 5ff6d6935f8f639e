"""Photos of ellipses to train on."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image


def write_shapes(root: Path, images: int = 6, seed: int = 0) -> Path:
    """Photos with two to four ellipses each, and one void stripe, in the layout `folder`."""
    (root / "images").mkdir(parents=True)
    (root / "masks").mkdir()
    rng = np.random.default_rng(seed)
    for index in range(images):
        photo = rng.integers(0, 90, (96, 128, 3), np.uint8)
        mask = np.zeros((96, 128), np.uint8)
        for label in range(1, int(rng.integers(3, 6))):
            centre = (int(rng.integers(15, 113)), int(rng.integers(15, 81)))
            axes = (int(rng.integers(8, 24)), int(rng.integers(8, 24)))
            colour = tuple(int(v) for v in rng.integers(120, 255, 3))
            cv2.ellipse(photo, centre, axes, 0, 0, 360, colour, -1)
            cv2.ellipse(mask, centre, axes, 0, 0, 360, label, -1)
        mask[:, -3:] = 255
        Image.fromarray(photo).save(root / "images" / f"shapes{index}.png")
        Image.fromarray(mask).save(root / "masks" / f"shapes{index}.png")
    return root


@pytest.fixture(scope="session")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shapes(tmp_path_factory.mktemp("data") / "shapes")


@pytest.fixture
def own_shapes(tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return write_shapes(tmp_path / "shapes")
