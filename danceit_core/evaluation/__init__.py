"""Scores of a dance and of a video (paper V). Looks on from outside: no stage uses a score."""
