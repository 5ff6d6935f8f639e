"""Frames and masks of videos: opened lazily, propagated, ranked, and written again.

Names are imported from the modules themselves, so that looking at a folder loads no network.
"""
