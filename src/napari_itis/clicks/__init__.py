"""Clicks: what they are, how the network sees them, how a simulated user places them."""

from napari_itis.clicks.click import Click
from napari_itis.clicks.encoding import distance_map, gaussian_map, mask_distance_map
from napari_itis.clicks.sampling import (
    ROBOTS,
    initial_clicks,
    negative_clicks,
    positive_clicks,
    robot_click,
)

__all__ = [
    "ROBOTS",
    "Click",
    "distance_map",
    "gaussian_map",
    "initial_clicks",
    "mask_distance_map",
    "negative_clicks",
    "positive_clicks",
    "robot_click",
]
