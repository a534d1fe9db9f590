import cv2
import numpy as np
import pytest

from danceit_core.errors import ImaginationError
from danceit_core.evaluation.outlines import boundary, boundary_score, compare_outlines, overlap


def box(top, bottom, left, right, *, size=80):
    mask = np.zeros((size, size), np.uint8)
    mask[top:bottom, left:right] = 255
    return mask


def disc(radius, *, x=60, y=60, size=120):
    return cv2.circle(np.zeros((size, size), np.uint8), (x, y), radius, 255, -1)


def test_the_same_outline_agrees_wholly():
    mask = disc(30)
    assert overlap(mask, mask) == 1
    assert boundary_score(mask, mask) == 1


def test_overlap_counts_areas():
    # 20 x 20 and 20 x 20, ten columns in common: 200 of 600.
    assert overlap(box(10, 30, 10, 30), box(10, 30, 20, 40)) == pytest.approx(1 / 3)
    assert overlap(box(10, 30, 10, 30), box(40, 60, 40, 60)) == 0
    # Half covered pixels belong to the person from 128 on.
    assert overlap(box(0, 8, 0, 8) // 2, box(0, 8, 0, 8)) == 0
    assert overlap(box(0, 8, 0, 8) // 2 + 1, box(0, 8, 0, 8) // 2 + 1) == 1


@pytest.mark.parametrize(("wider", "score"), [(0, 1.0), (2, 1.0), (5, 0.0)])
def test_the_boundary_may_lie_within_three_pixels(wider, score):
    assert boundary_score(disc(30 + wider), disc(30)) == pytest.approx(score, abs=0.02)


def test_boundary_score_of_a_box_with_one_side_astray():
    # Both boundaries have four sides of 40; the right one lies 10 pixels off. Top and bottom of the wider box go on
    # beyond the tolerance for 10 - 3 pixels each.
    true, found = box(20, 60, 20, 60), box(20, 60, 20, 70)
    outer, inner = 2 * 50 + 2 * 38, 2 * 40 + 2 * 38
    # Of the astray side itself 38 pixels and, of top and bottom, 7 each are too far away.
    precision = (outer - 38 - 2 * 7) / outer
    # Of the true one, what lies farther than 3 from top and bottom of the found box: 40 - 2 * (1 + 3).
    recall = (inner - 32) / inner
    expected = 2 * precision * recall / (precision + recall)
    assert boundary_score(found, true) == pytest.approx(expected, abs=1e-9)
    assert boundary_score(true, found) == pytest.approx(expected, abs=1e-9)


def test_a_coarse_outline_is_worse_at_the_boundary_than_in_area():
    true = disc(40)
    coarse = cv2.resize(cv2.resize(true, (10, 10), interpolation=cv2.INTER_AREA), (120, 120), interpolation=0)
    assert overlap(coarse, true) > 0.85
    assert boundary_score(coarse, true, tolerance_px=1) < 0.6


def test_the_rim_of_the_picture_is_no_boundary():
    cut = box(0, 40, 20, 60)
    assert not boundary(cut > 0)[0, 21:59].any()
    assert boundary(cut > 0)[39, 20:60].all()
    # Whoever fills the picture has no boundary at all, as somebody who is not there.
    assert boundary_score(box(0, 80, 0, 80), box(0, 80, 0, 80)) == 1
    assert not boundary(box(0, 80, 0, 80) > 0).any()


def test_nobody():
    nobody, somebody = box(0, 0, 0, 0), box(10, 30, 10, 30)
    assert (overlap(nobody, nobody), boundary_score(nobody, nobody)) == (1, 1)
    for pair in ((nobody, somebody), (somebody, nobody)):
        assert (overlap(*pair), boundary_score(*pair)) == (0, 0)


@pytest.mark.parametrize("frames", [0, 1, 3])
def test_videos(frames):
    scores = compare_outlines(iter([disc(30)] * frames), iter([disc(25)] * frames))
    assert scores.shape == (frames, 2)
    assert np.allclose(scores[:, 0], overlap(disc(30), disc(25)))
    assert np.allclose(scores[:, 1], boundary_score(disc(30), disc(25)))


def test_videos_of_other_lengths_or_sizes_are_no_pair():
    with pytest.raises(ImaginationError, match=r"after 2 frames no further outline was found"):
        compare_outlines([disc(9)] * 2, [disc(9)] * 3)
    with pytest.raises(ImaginationError, match=r"after 2 frames no further true outline"):
        compare_outlines([disc(9)] * 3, [disc(9)] * 2)
    with pytest.raises(ImaginationError, match=r"80 x 80 pixels, the true one 120 x 120"):
        overlap(box(0, 8, 0, 8), disc(9))
