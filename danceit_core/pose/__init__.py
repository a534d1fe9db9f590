"""Keypoints: where the dancer's joints are (paper III-A)."""
