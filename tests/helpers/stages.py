"""Pictures of a stage with several drawn figures, at known places."""

import numpy as np
from puppet import draw_puppet, puppet_keypoints

from danceit_core.pose.skeleton import MID_HIP

STORE, TOP, BOTTOM = 512, 112, 400
LANDSCAPE = (0, TOP, STORE, BOTTOM)
FPS = 24


def puppet(frame, *, side):
    """A drawn figure (side, side, 3), its silhouette (side, side) and its joints."""
    keypoints = puppet_keypoints(frame / FPS, size=side)
    picture = draw_puppet(keypoints, size=side)
    wall = np.full_like(picture, (205, 205, 200))
    wall[round(0.88 * side) :] = (160, 140, 120)
    return picture, (picture != wall).any(axis=-1), keypoints


def stage(frame, places, *, height_px, colours=None):
    """A frame with figures of that height at columns x in a landscape picture; the later ones are in front."""
    canvas = np.zeros((STORE, STORE, 3), np.uint8)
    canvas[TOP:BOTTOM] = (205, 205, 200)
    canvas[BOTTOM - 40 : BOTTOM] = (160, 140, 120)
    side = round(height_px / 0.8)
    left_of = []
    for number, x in enumerate(places):
        picture, shown, keypoints = puppet(frame + 7 * number, side=side)
        left, top = round(x - side / 2), BOTTOM - 10 - round(0.95 * side)
        worn = picture[..., (colours or {}).get(number, [0, 1, 2])]
        canvas[top : top + side, left : left + side][shown] = worn[shown]
        left_of.append(keypoints[MID_HIP, :2] + (left, top))
    return canvas, np.array(left_of)
