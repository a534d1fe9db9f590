"""Imagination: the target person, painted in poses that were never filmed (paper IV-D)."""
