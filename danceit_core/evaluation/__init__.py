"""Scores of a dance and of a video (paper V). Scores are only reported: no stage of the pipeline uses them."""
