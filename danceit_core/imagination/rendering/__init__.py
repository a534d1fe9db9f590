"""From a pose to a picture to a video."""
