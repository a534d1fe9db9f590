"""Joints found again, against values known by hand."""

import numpy as np
import pytest

from danceit_core.errors import PoseError
from danceit_core.pose.redetection import detection_share, redetection
from danceit_core.pose.skeleton import MID_HIP, NECK

RNG = np.random.default_rng(0)


def poses():
    asked = RNG.uniform(100, 400, (6, 25, 3)).astype(np.float32)
    asked[..., 2] = 1
    asked[:, NECK, :2], asked[:, MID_HIP, :2] = (200, 100), (200, 200)  # torso 100 px
    return asked


def test_joints_found_within_a_tenth_of_the_torso_count():
    asked = poses()
    found = asked.copy()
    found[:, 4, 0] += 9
    found[:, 7, 1] -= 30
    scores = redetection(asked, found, share=0.1)
    assert scores["pck"] == pytest.approx(24 / 25)
    assert scores["mean_error_px"] == pytest.approx(39 / 25, rel=1e-4)


def test_only_joints_present_in_both_are_compared():
    asked, found = poses(), poses()
    found[:] = asked
    found[:, 4], asked[:, 7] = 0, 0
    found[0] = 0
    assert redetection(asked, found, share=0.1) == {"pck": 1.0, "mean_error_px": 0.0}
    assert detection_share(found) == pytest.approx(5 / 6)
    nothing = redetection(asked, 0 * found, share=0.1)
    assert np.isnan(list(nothing.values())).all()
    assert np.isnan(detection_share(found[:0]))
    assert np.isnan(redetection(asked[:0], found[:0], share=0.1)["pck"])
    with pytest.raises(PoseError, match=r"6 poses were requested but 5 found"):
        redetection(asked, found[:5], share=0.1)
