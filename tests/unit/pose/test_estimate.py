"""The loop over a video's frames, which looks both ways, with an estimator that sees what the picture says."""

import numpy as np
import pytest

from danceit_core.pose.estimate import Estimate, Hindsight, estimate_pictures
from danceit_core.pose.landmarks import Body

FPS = 10


class Reader:
    """Finds somebody where the picture is bright; forwards only after `needed` such pictures in a row.

    Looking backwards it finds somebody in every picture that is at all lit. `hints` has the hindsight of some pictures.
    """

    people = 1

    def __init__(self, *, needed=1, hints=None):
        self._needed, self._hints = needed, hints or {}
        self._lit, self._number = 0, -1
        self.backwards = []

    @property
    def hindsight(self):
        return self._hints.get(self._number, Hindsight())

    def estimate(self, picture):
        self._number += 1
        self._lit = self._lit + 1 if picture.mean() > 100 else 0
        return _estimate(picture) if self._lit >= self._needed else None

    def estimate_before(self, picture, after):
        self.backwards.append(round(float(picture.mean())))
        return _estimate(picture) if picture.mean() > 100 else None


def _estimate(picture):
    keypoints = np.full((25, 3), picture.mean(), np.float32)
    body = Body(*(np.zeros(1),) * 4, region=np.zeros(4), following=np.full(4, picture.mean()))
    return Estimate(
        keypoints, np.zeros(25, np.float32), np.zeros((25, 3), np.float32), np.zeros((6, 3), np.float32), body
    )


def run(levels, reader, **options):
    return estimate_pictures([np.full((8, 8, 3), level, np.uint8) for level in levels], reader, fps=FPS, **options)


def found_in(detection):
    return [round(float(level)) for level in detection.keypoints[:, 0, 0]]


def test_pictures_before_the_first_find_are_looked_at_backwards():
    levels = [20, 20, 140, 150, 160, 170, 20]
    detection = run(levels, Reader(needed=3))
    np.testing.assert_allclose(found_in(detection), [0, 0, 140, 150, 160, 170, 0])
    assert detection.depth.shape == (7, 25)
    assert np.isnan(detection.world[0]).all()
    assert (detection.world[2] == 0).all()


def test_a_long_gap_is_followed_back_as_far_as_pictures_are_kept():
    reader = Reader(needed=20)
    detection = run([150] * 25, reader)
    # 1.1 s at 10 frames a second, with the frame of the find.
    assert [level > 0 for level in found_in(detection)] == [False] * 8 + [True] * 17
    assert len(reader.backwards) == 11


@pytest.mark.parametrize("hint", [Hindsight(withdrawn=2), Hindsight(withdrawn=2, people=3)])
def test_what_is_withdrawn_is_not_found_again_backwards(hint):
    detection = run([150] * 8, Reader(hints={5: hint}))
    assert [level > 0 for level in found_in(detection)] == [True] * 3 + [False] * 2 + [True] * 3


def test_the_sink_gets_every_picture_once_in_order_with_the_settled_body():
    taken = []
    levels = [20, 140, 150, 160, *[170] * 20]
    reader = Reader(needed=3, hints={8: Hindsight(withdrawn=1)})
    run(levels, reader, sink=lambda picture, body: taken.append((picture.mean(), body)))
    np.testing.assert_allclose([level for level, _ in taken], levels)
    assert [body is not None for _, body in taken] == [False, *[True] * 6, False, *[True] * 16]
    # Each with its own body, not a neighbour's.
    np.testing.assert_allclose(
        [body.following[0] for level, body in taken if body], [v for v, b in taken if b], atol=1e-6
    )


def test_without_anybody_there_is_no_depth():
    detection = run([20] * 3, Reader())
    assert detection.keypoints.max() == 0
    assert detection.depth is None
