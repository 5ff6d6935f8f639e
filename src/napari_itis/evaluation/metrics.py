"""Figures of interactive segmentation: IoU, F, number of clicks, failures (paper, Sec. 4)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_itis.clicks.distance import inner_distance

BOUNDARY_TOLERANCE = 0.008
"""How far two boundaries may lie apart in F, as a share of the image's diagonal."""


def iou(
    prediction: NDArray[np.bool_],
    truth: NDArray[np.bool_],
    void: NDArray[np.bool_] | None = None,
) -> float:
    """Intersection over union of two masks, void pixels left out (paper, Sec. 4).

    It is also DAVIS's region similarity J.

    Parameters
    ----------
    prediction, truth : ndarray of bool, shape (H, W)
    void : ndarray of bool, shape (H, W), optional
        Pixels that count neither way.

    Returns
    -------
    float
        In [0, 1]; 1 where both masks are empty outside the void.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    prediction, truth = _without_void(prediction, truth, void)
    union = np.count_nonzero(prediction | truth)
    return np.count_nonzero(prediction & truth) / union if union else 1.0


def boundary_f(
    prediction: NDArray[np.bool_],
    truth: NDArray[np.bool_],
    void: NDArray[np.bool_] | None = None,
    tolerance: float = BOUNDARY_TOLERANCE,
) -> float:
    """DAVIS's contour accuracy F: how well the boundaries of two masks meet.

    A pixel is on the boundary where its right, lower or lower right neighbour has another value.
    Precision is the share of the prediction's boundary that lies within the tolerance of the
    truth's, recall the other way round, F their harmonic mean.

    Parameters
    ----------
    prediction, truth : ndarray of bool, shape (H, W)
    void : ndarray of bool, shape (H, W), optional
        Pixels that are background in both masks.
    tolerance : float
        Share of the image's diagonal, rounded up to whole pixels; pixels where it is at least 1.

    Returns
    -------
    float
        In [0, 1]; 1 where neither mask has a boundary, 0 where only one has.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    prediction, truth = _without_void(prediction, truth, void)
    reach = tolerance if tolerance >= 1 else np.ceil(tolerance * np.hypot(*truth.shape))
    found, wanted = _boundary(prediction), _boundary(truth)
    if not found.any() or not wanted.any():
        return float(found.any() == wanted.any())
    precision = np.mean(inner_distance(~wanted)[found] <= reach)
    recall = np.mean(inner_distance(~found)[wanted] <= reach)
    both = precision + recall
    return float(2 * precision * recall / both) if both else 0.0


def clicks_to_reach(ious: Sequence[float], target: float, initial: float = 0.0) -> int | None:
    """Number of clicks after which an object first reaches a target.

    Parameters
    ----------
    ious : sequence of float
        IoU after click 1, 2, ...
    target : float
        In (0, 1].
    initial : float
        IoU of the mask that the clicks started from.

    Returns
    -------
    int or None
        0 where the initial mask is already good enough; None if the target is never reached.
    """
    if initial >= target:
        return 0
    return next((count for count, value in enumerate(ious, 1) if value >= target), None)


def noc(ious: ArrayLike, target: float, initial: ArrayLike | None = None) -> float:
    """Mean number of clicks per object (paper, Table 1, left).

    Parameters
    ----------
    ious : array-like, shape (objects, clicks)
        IoU after each click.
    target : float
        In (0, 1].
    initial : array-like, shape (objects,), optional
        IoU before the first click; 0 by default.

    Returns
    -------
    float
        An object that never reaches the target counts as the largest number of clicks.
    """
    counts = _counts(ious, target, initial)
    longest = np.shape(ious)[1]
    return float(np.mean([longest if count is None else count for count in counts]))


def failures(ious: ArrayLike, target: float, initial: ArrayLike | None = None) -> int:
    """Number of objects that never reach a target.

    Parameters
    ----------
    ious, target, initial
        As in `noc`.

    Returns
    -------
    int
    """
    return sum(count is None for count in _counts(ious, target, initial))


def noc_whole_set(ious: ArrayLike, target: float, initial: ArrayLike | None = None) -> int | None:
    """Clicks that every object gets until the mean IoU reaches a target (Table 1, right).

    Parameters
    ----------
    ious, target, initial
        As in `noc`.

    Returns
    -------
    int or None
        None where the mean stays below the target.
    """
    ious = _table(ious)
    start = 0.0 if initial is None else float(np.mean(initial))
    return clicks_to_reach(ious.mean(axis=0).tolist(), target, start)


def iou_against_clicks(
    ious: ArrayLike, targets: Sequence[float], initial: ArrayLike | None = None
) -> list[dict[str, float]]:
    """What is spent and what is reached as the target is varied (paper, Fig. 6).

    Every object is clicked on until it reaches the target, or as often as there are clicks.

    Parameters
    ----------
    ious, initial
        As in `noc`.
    targets : sequence of float
        IoUs to aim at, each in (0, 1].

    Returns
    -------
    list of dict
        For each target `target`, `clicks` (mean number spent) and `iou` (mean IoU at that point).
    """
    table = _table(ious)
    starts = np.zeros(len(table)) if initial is None else np.asarray(initial, dtype=float)
    path = np.column_stack([starts, table])
    points = []
    for target in targets:
        counts = _counts(table, target, starts)
        spent = np.array([table.shape[1] if count is None else count for count in counts])
        reached = path[np.arange(len(path)), spent]
        points.append(
            {
                "target": float(target),
                "clicks": float(spent.mean()),
                "iou": float(reached.mean()),
            }
        )
    return points


def corrections(
    ious: ArrayLike, initial: ArrayLike, low: float = 0.6, high: float = 0.9
) -> dict[str, dict[str, float | None]]:
    """What the first click does to bad masks, and to good ones.

    Parameters
    ----------
    ious, initial
        As in `noc`.
    low, high : float
        Masks below `low` are bad, masks above `high` good.

    Returns
    -------
    dict
        `bad`: `below`, `frames`, `mean_gain`; `good`: `above`, `frames`, `mean_loss`,
        `largest_loss`, with None where there are no such masks. Gain and loss are differences of
        IoU; a loss below 0 is a gain.
    """
    table = _table(ious)
    starts = np.asarray(initial, dtype=float)
    gain = table[:, 0] - starts
    bad, good = gain[starts < low], -gain[starts > high]
    return {
        "bad": {
            "below": low,
            "frames": len(bad),
            "mean_gain": float(bad.mean()) if len(bad) else None,
        },
        "good": {
            "above": high,
            "frames": len(good),
            "mean_loss": float(good.mean()) if len(good) else None,
            "largest_loss": float(good.max()) if len(good) else None,
        },
    }


def _without_void(
    prediction: NDArray, truth: NDArray, void: NDArray | None
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    if prediction.shape != truth.shape or (void is not None and void.shape != truth.shape):
        raise ValueError(
            f"masks of one size are needed, got prediction {prediction.shape}, truth {truth.shape}"
            + ("" if void is None else f", void {void.shape}")
        )
    prediction, truth = prediction.astype(bool), truth.astype(bool)
    if void is None:
        return prediction, truth
    valid = ~void.astype(bool)
    return prediction & valid, truth & valid


def _boundary(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    wider = np.pad(mask, ((0, 1), (0, 1)), mode="edge")
    return (mask != wider[:-1, 1:]) | (mask != wider[1:, :-1]) | (mask != wider[1:, 1:])


def _table(ious: ArrayLike) -> NDArray[np.float64]:
    table = np.asarray(ious, dtype=float)
    if table.ndim != 2 or 0 in table.shape:
        raise ValueError(f"IoUs of shape (objects, clicks) are needed, got {table.shape}")
    return table


def _counts(ious: ArrayLike, target: float, initial: ArrayLike | None) -> list[int | None]:
    table = _table(ious)
    starts = np.zeros(len(table)) if initial is None else np.asarray(initial, dtype=float)
    return [clicks_to_reach(row.tolist(), target, start) for row, start in zip(table, starts)]
