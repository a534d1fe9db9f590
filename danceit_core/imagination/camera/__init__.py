"""How the camera of a target's video moved, relative to the room behind the person."""
