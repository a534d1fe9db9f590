"""Whether a target's video is suitable, reported before training."""
