"""Imagination: paints the target person in poses that were never filmed (paper IV-D).

Its packages, each of which uses only the ones before it: target, camera, plate, check, recall, networks, rendering,
training.
"""
