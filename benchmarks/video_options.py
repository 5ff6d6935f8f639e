"""What the benchmarks on videos are called with."""

from __future__ import annotations

import argparse
from pathlib import Path

from napari_itis.inference import Predictor


def video_parser(doc: str, *, method: bool) -> argparse.ArgumentParser:
    """The arguments that all of them have: ROOT [METHOD] [SEQUENCE ...] and how to run.

    Parameters
    ----------
    doc : str
        The script's own; its first line says what it does.
    method : bool
        Whether it looks at the masks of ROOT/Results/METHOD.
    """
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("root", type=Path)
    if method:
        parser.add_argument("method")
    parser.add_argument("sequences", nargs="*", metavar="SEQUENCE")
    parser.add_argument("--weights")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--json", type=Path)
    return parser


def make_predictor(options: argparse.Namespace) -> Predictor:
    """The predictor that was asked for."""
    return Predictor(options.weights, options.device)
