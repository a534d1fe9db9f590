"""The `opencv` detector on a real, tiny Caffe network that turns coloured dots into heat maps.

The network is written here: its description as text, its weights as the bytes of Caffe's protobuf message. It has
OpenPose's stride of 8 and its shape of output, and one convolution that lights up map j where the colour of joint j
is. OpenPose's own weights may not be handed on, so its network itself is not tested.
"""

import cv2
import numpy as np
import pytest
from caffe_network import COLOURS, field, write_network

from danceit_core.config import PoseSettings
from danceit_core.errors import ConfigError
from danceit_core.media.video import VideoWriter
from danceit_core.pose.detect import detect_keypoints
from danceit_core.pose.opencv_network import OpenPoseNetwork, find_peaks


def picture_of_dots(places, *, size=(368, 368), radius=14):
    picture = np.zeros((size[1], size[0], 3), np.uint8)
    for joint, (x, y) in places.items():
        centre = round((x - 0.5) * 16), round((y - 0.5) * 16)
        cv2.circle(picture, centre, radius * 16, COLOURS[joint], -1, cv2.LINE_AA, 4)
    return picture


def test_dots_are_found_to_a_fraction_of_a_cell(tmp_path):
    network = OpenPoseNetwork(*write_network(tmp_path), confidence_floor=0.2)
    rng = np.random.default_rng(2)
    for _ in range(5):
        places = {joint: rng.uniform(25 + 110 * number, 110 + 110 * number, 2) for number, joint in enumerate(COLOURS)}
        found = network.estimate(picture_of_dots(places)).keypoints
        for joint, place in places.items():
            np.testing.assert_allclose(found[joint, :2], place, atol=2)
            assert 0.3 < found[joint, 2] <= 1
        absent = [joint for joint in range(25) if joint not in COLOURS]
        assert found[absent].max() == 0


def test_any_size_of_picture(tmp_path):
    network = OpenPoseNetwork(*write_network(tmp_path), confidence_floor=0.2)
    places = {0: (100.0, 40.0), 1: (300.0, 150.0), 8: (560.0, 90.0)}
    found = network.estimate(picture_of_dots(places, size=(640, 184), radius=8)).keypoints
    for joint, place in places.items():
        np.testing.assert_allclose(found[joint, :2], place, atol=2)


def test_a_frame_store_by_name(tmp_path):
    prototxt, caffemodel = write_network(tmp_path)
    with VideoWriter(tmp_path / "frames.mp4", fps=24, size=(368, 368), crf=10, gop=12) as writer:
        for number in range(4):
            writer.write(picture_of_dots({1: (100 + 20 * number, 150)}, radius=20))
    settings = PoseSettings(detector="opencv", prototxt=prototxt, caffemodel=caffemodel)
    detection = detect_keypoints(tmp_path / "frames.mp4", settings=settings, weights=tmp_path)
    assert detection.people is None
    np.testing.assert_allclose(detection.keypoints[:, 1, 0], [100, 120, 140, 160], atol=2)


def test_the_peak_of_a_parabola_and_at_the_edge():
    maps = np.zeros((3, 6, 8), np.float32)
    y, x = np.mgrid[0:6, 0:8]
    maps[0] = 0.9 - 0.1 * (x - 3.3) ** 2 - 0.05 * (y - 2.2) ** 2
    maps[1, 0, 7] = 0.5
    xy, heat = find_peaks(maps)
    np.testing.assert_allclose(xy[0], (3.3, 2.2), atol=1e-5)
    assert heat[0] == pytest.approx(0.9, abs=1e-5)
    np.testing.assert_allclose(xy[1], (7, 0))
    assert heat[2] == 0


def test_networks_that_do_not_serve(tmp_path):
    prototxt, caffemodel = write_network(tmp_path)
    with pytest.raises(ConfigError, match=r"pose\.prototxt is '': no such file"):
        OpenPoseNetwork("", caffemodel, confidence_floor=0.1)
    with pytest.raises(ConfigError, match=r"pose\.caffemodel is 'none': no such file"):
        OpenPoseNetwork(prototxt, "none", confidence_floor=0.1)
    (tmp_path / "bad.caffemodel").write_bytes(b"\xff" * 50)
    with pytest.raises(ConfigError, match="are not a Caffe network that OpenCV reads"):
        OpenPoseNetwork(prototxt, str(tmp_path / "bad.caffemodel"), confidence_floor=0.1)
    (tmp_path / "empty.caffemodel").write_bytes(field(1, b"dots"))
    empty = OpenPoseNetwork(prototxt, str(tmp_path / "empty.caffemodel"), confidence_floor=0.1)
    with pytest.raises(ConfigError, match=r"dots\.prototxt with .*empty\.caffemodel cannot run"):
        empty.estimate(np.zeros((368, 368, 3), np.uint8))
    small = OpenPoseNetwork(*write_network(tmp_path, maps=19), confidence_floor=0.1)
    with pytest.raises(ConfigError, match=r"gives \(1, 19, 46, 46\); BODY_25 gives at least 25 heat maps"):
        small.estimate(np.zeros((368, 368, 3), np.uint8))
