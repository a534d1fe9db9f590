"""How the camera of a target's video moved, against the room behind the person."""
