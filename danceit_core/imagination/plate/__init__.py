"""The plate: the empty room behind the target person, assembled from their video at one exposure."""
