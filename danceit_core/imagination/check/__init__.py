"""Whether a target's video serves, said before the training."""
