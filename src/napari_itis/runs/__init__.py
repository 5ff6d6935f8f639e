"""Trainings as processes of their own: started, watched, stopped and found again; without torch."""

from napari_itis.runs.folder import (
    Curves,
    Status,
    prediction_strips,
    read_curves,
    read_output,
    read_status,
)
from napari_itis.runs.lock import RunError, hold
from napari_itis.runs.process import Run, forget, known_runs, start
from napari_itis.runs.registry import new_folder
from napari_itis.runs.reporter import Reporter, announce

__all__ = [
    "Curves",
    "Reporter",
    "Run",
    "RunError",
    "Status",
    "announce",
    "forget",
    "hold",
    "known_runs",
    "new_folder",
    "prediction_strips",
    "read_curves",
    "read_output",
    "read_status",
    "start",
]
