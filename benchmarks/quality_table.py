"""A table from the files that `napari-itis evaluate --json` wrote.

napari-itis evaluate grabcut ROOT --target 0.85 --target 0.90 --json build/grabcut.json
python benchmarks/quality_table.py build/grabcut.json [...]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

CLICKS = (1, 2, 3, 5, 10, 20)


def row(path: Path) -> str:
    """One line of the table."""
    result = json.loads(path.read_text("utf-8"))
    targets = ("0.85", "0.90")
    whole = result["noc_whole_set"]
    seconds = result["seconds_per_click"]
    cells = [
        path.stem,
        " / ".join(f"{result['noc'][t]:.2f}" for t in targets),
        " / ".join(str(whole[t] or f">{result['max_clicks']}") for t in targets),
        " / ".join(str(result["failures"][t]) for t in targets),
        *(f"{result['mean_iou'][k - 1]:.3f}" for k in CLICKS if k <= result["max_clicks"]),
        " / ".join(f"{seconds[k]:.2f}" for k in ("first", "median", "p95")),
    ]
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path)
    heads = [
        "run",
        "NoC @85 / @90",
        "whole set",
        "never reached",
        *(f"IoU after {k}" for k in CLICKS),
        "s a click: first / median / p95",
    ]
    print("| " + " | ".join(heads) + " |")
    print("|" + "---|" * len(heads))
    for path in parser.parse_args().files:
        print(row(path))


if __name__ == "__main__":
    main()
