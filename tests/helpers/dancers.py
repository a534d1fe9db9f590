"""Made-up dancers whose truth is known, for the tests of choreography and evaluation."""

import numpy as np
from numpy.typing import NDArray

# A standing person of BODY_25, 300 px from nose to ankles, hip at x = 0, ankles at y = 0.
STANDING = np.array(
    [
        (0, -300), (0, -250), (-40, -250), (-50, -190), (-55, -130), (40, -250), (50, -190), (55, -130), (0, -140),
        (-22, -140), (-24, -70), (-25, 0), (22, -140), (24, -70), (25, 0), (-6, -308), (6, -308), (-14, -303),
        (14, -303), (35, 12), (42, 10), (22, 6), (-35, 12), (-42, 10), (-22, 6),
    ],
    np.float64,
)  # fmt: skip
TORSO_PX = 110.0


def sine_dancer(
    frames: int,
    *,
    fps: float = 24.0,
    interval_s: float = 0.5,
    minimum_s: float = 0.0,
    amplitude_px: float = 20.0,
    place: tuple[float, float] = (256.0, 450.0),
    scale: float = 1.0,
) -> NDArray[np.float32]:
    """Keypoints (frames, 25, 3) of someone who sways so that speed is least at minimum_s, minimum_s + interval_s, ...

    The head and arms sway most, the ankles not at all. place: hip x and ankle y in pixels.
    """
    phase = np.pi * ((np.arange(frames) / fps - minimum_s) / interval_s + 0.5)
    sway = amplitude_px * np.sin(phase)[:, None] * (-STANDING[:, 1] / 300).clip(0)
    xy = np.repeat(STANDING[None], frames, 0)
    xy[..., 0] += sway
    xy = xy * scale + place
    return np.concatenate([xy, np.ones((frames, 25, 1))], -1).astype(np.float32)


def wandering_dancer(frames: int, *, seed: int, fps: float = 24.0, reach_px: float = 25.0) -> NDArray[np.float32]:
    """Keypoints (frames, 25, 3) of someone whose joints move smoothly and never repeat; ankles stay."""
    rng = np.random.default_rng(seed)
    time = np.arange(frames)[:, None, None] / fps
    xy = np.repeat(STANDING[None], frames, 0) + np.array([256.0, 450.0])
    free = np.ones((25, 2))
    free[[11, 14, *range(19, 25)]] = 0
    for _ in range(4):
        rate, phase = rng.uniform(0.3, 1.2, (25, 2)), rng.uniform(0, 2 * np.pi, (25, 2))
        xy += free * reach_px / 4 * np.sin(2 * np.pi * rate * time + phase)
    return np.concatenate([xy, np.ones((frames, 25, 1))], -1).astype(np.float32)


def turned(keypoints: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same person seen from behind: x mirrored about the hip, without swapping sides."""
    out = keypoints.copy()
    out[..., 0] = 2 * keypoints[:, 8:9, 0] - keypoints[..., 0]
    return out


def rolled(keypoints: NDArray[np.float32], degrees: float, *, about: tuple[float, float]) -> NDArray[np.float32]:
    """The same dance with the picture turned clockwise about a point; absent joints stay absent."""
    angle = np.deg2rad(degrees)
    clockwise = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    out = keypoints.copy()
    out[..., :2] = (keypoints[..., :2] - about) @ clockwise + about
    return np.where(keypoints[..., 2:] > 0, out, np.float32(0))


def handstand(frames: int, *, ground: float = 450.0) -> NDArray[np.float32]:
    """Keypoints (frames, 25, 3) of someone who stands still on stretched arms, the hands at y = ground."""
    xy = STANDING.copy()
    for shoulder, elbow, wrist in ((2, 3, 4), (5, 6, 7)):  # arms beside the head
        xy[elbow], xy[wrist] = xy[shoulder] - (0, 65), xy[shoulder] - (0, 130)
    xy[:, 1] *= -1
    xy += (256.0, ground - xy[4, 1])
    return np.repeat(np.concatenate([xy, np.ones((25, 1))], -1)[None], frames, 0).astype(np.float32)


def lying(frames: int, *, left: bool, ground: float = 450.0) -> NDArray[np.float32]:
    """Keypoints (frames, 25, 3) of someone who lies on a shoulder, knees bent, the head to one side."""
    out = rolled(sine_dancer(frames, amplitude_px=4.0), -90 if left else 90, about=(256.0, 256.0))
    out[:, [11, 14], 0] += 60 * (-1 if left else 1)
    out[..., 1] += ground - out[:, :15, 1].max()
    return out
