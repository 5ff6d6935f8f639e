"""Prediction: the network made ready to answer clicks on any image."""

from napari_itis.inference.image import to_rgb8
from napari_itis.inference.predictor import Predictor
from napari_itis.inference.view import Prediction

__all__ = ["Prediction", "Predictor", "to_rgb8"]
