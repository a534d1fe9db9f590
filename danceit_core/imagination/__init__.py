"""Imagination: the target person, painted in poses that were never filmed (paper IV-D).

Rooms, each of which uses only those before it: target, camera, plate, check, recall, networks, rendering, training.
"""
