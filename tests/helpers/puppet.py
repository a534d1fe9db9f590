"""A small drawn figure that dances: enough of a person for BlazePose to find, with its true joints.

It faces the camera, so its right side is on the left of the picture. Everything is in shares of its height.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

SKIN, SHIRT, TROUSERS, SHOE, HAIR = (224, 182, 150), (190, 50, 60), (50, 60, 110), (240, 240, 240), (60, 40, 30)
DARK, WHITE, LIPS = (30, 25, 25), (245, 245, 245), (180, 80, 85)
SUBPIXEL_BITS = 4


def at(x: float, y: float) -> NDArray[np.float64]:
    """A point or a step in the picture."""
    return np.array([x, y])


def puppet_keypoints(time_s: float, *, size: int) -> NDArray[np.float32]:
    """BODY_25 keypoints (25, 3) of the figure at a time: arms swing, hips sway, knees bend, all without a jump."""
    phase = 2 * np.pi * time_s
    height = 0.8 * size
    hip = np.array([size / 2 + 0.06 * height * np.sin(0.5 * phase), 0.50 * size + 0.02 * height * np.cos(phase)])
    ground = 0.50 * size + 0.45 * height
    joints = np.zeros((25, 2))
    neck = hip - at(0.02 * height * np.sin(phase), 0.29 * height)
    joints[1], joints[8] = neck, hip
    head = neck - at(0, 0.105 * height)
    joints[0] = head + at(0, 0.012 * height)
    for side, offset in ((-1, 0), (1, 3)):
        shoulder = neck + at(side * 0.105 * height, 0.015 * height)
        upper = np.radians(55 + 45 * np.sin(phase + side * 0.7))
        lower = upper + np.radians(35 + 30 * np.sin(0.8 * phase + side))
        elbow = shoulder + 0.165 * height * np.array([side * np.sin(upper), np.cos(upper)])
        wrist = elbow + 0.15 * height * np.array([side * np.sin(lower), np.cos(lower)])
        joints[2 + offset], joints[3 + offset], joints[4 + offset] = shoulder, elbow, wrist
        thigh = hip + at(side * 0.055 * height, 0)
        ankle = np.array([size / 2 + side * 0.10 * height, ground - 0.04 * height])
        knee = (thigh + ankle) / 2 + at(side * 0.02 * height, 0)
        joints[9 + offset], joints[10 + offset], joints[11 + offset] = thigh, knee, ankle
        toe, small_toe, heel = (19, 20, 21) if side > 0 else (22, 23, 24)
        joints[toe] = ankle + at(side * 0.035 * height, 0.04 * height)
        joints[small_toe] = ankle + at(side * 0.05 * height, 0.035 * height)
        joints[heel] = ankle + at(0, 0.025 * height)
        joints[15 if side < 0 else 16] = head + at(side * 0.022 * height, -0.008 * height)
        joints[17 if side < 0 else 18] = head + at(side * 0.055 * height, 0.0)
    return np.concatenate([joints, np.ones((25, 1))], axis=1).astype(np.float32)


def draw_puppet(keypoints: NDArray[np.float32], *, size: int) -> NDArray[np.uint8]:
    """The figure with these joints as a picture (size, size, 3) uint8 RGB."""
    height = 0.8 * size
    joints = keypoints[:, :2].astype(float)
    picture = np.full((size, size, 3), (205, 205, 200), np.uint8)
    picture[round(0.88 * size) :] = (160, 140, 120)

    def line(points, thickness, colour):
        scaled = np.round(np.array(points) * (1 << SUBPIXEL_BITS)).astype(np.int32)
        cv2.polylines(
            picture, [scaled], False, colour, max(1, round(thickness * height)), cv2.LINE_AA, SUBPIXEL_BITS
        )  # fmt: skip

    def disc(centre, radii, colour):
        fixed = tuple(round(value * (1 << SUBPIXEL_BITS)) for value in centre)
        axes = tuple(max(1, round(radius * height * (1 << SUBPIXEL_BITS))) for radius in radii)
        cv2.ellipse(picture, fixed, axes, 0, 0, 360, colour, -1, cv2.LINE_AA, SUBPIXEL_BITS)

    for hip, knee, ankle, toe, heel in ((9, 10, 11, 22, 24), (12, 13, 14, 19, 21)):
        line([joints[hip], joints[knee]], 0.085, TROUSERS)
        line([joints[knee], joints[ankle]], 0.06, TROUSERS)
        line([joints[heel], joints[toe]], 0.04, SHOE)
    line([joints[9], joints[12]], 0.10, TROUSERS)
    trunk = [joints[2], joints[5], joints[12] + at(0.02 * height, 0), joints[9] - at(0.02 * height, 0)]
    cv2.fillPoly(picture, [np.round(trunk).astype(np.int32)], SHIRT, cv2.LINE_AA)
    line([joints[2], joints[5]], 0.06, SHIRT)
    line([joints[1], joints[0]], 0.05, SKIN)
    for shoulder, elbow, wrist in ((2, 3, 4), (5, 6, 7)):
        middle = (joints[shoulder] + joints[elbow]) / 2
        line([middle, joints[elbow], joints[wrist]], 0.042, SKIN)
        line([joints[shoulder], middle], 0.06, SHIRT)
        along = (joints[wrist] - joints[elbow]) / np.linalg.norm(joints[wrist] - joints[elbow])
        across = np.array([-along[1], along[0]])
        line([joints[wrist], joints[wrist] + 0.05 * height * along], 0.045, SKIN)
        for spread in (-0.02, -0.007, 0.007, 0.02):
            base = joints[wrist] + height * (0.05 * along + spread * 0.8 * across)
            line([base, base + height * (0.035 * along + spread * 0.4 * across)], 0.011, SKIN)
    head = (joints[15] + joints[16]) / 2 + at(0, 0.008 * height)
    disc(head - at(0, 0.02 * height), (0.062, 0.07), HAIR)
    disc(head + at(0, 0.008 * height), (0.052, 0.068), SKIN)
    for ear in (17, 18):
        disc(joints[ear], (0.01, 0.016), SKIN)
    for eye in (15, 16):
        disc(joints[eye], (0.011, 0.006), WHITE)
        disc(joints[eye], (0.006, 0.006), DARK)
        line(
            [joints[eye] + at(-0.012 * height, -0.014 * height), joints[eye] + at(0.012 * height, -0.014 * height)],
            0.005,
            HAIR,
        )
    disc(joints[0], (0.009, 0.008), (200, 150, 120))
    disc(head + at(0, 0.045 * height), (0.018, 0.006), LIPS)
    return picture
