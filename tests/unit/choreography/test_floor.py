"""A dance in pictures of any shape: on the target's floor, inside the picture, before a still camera and a slow one."""

import numpy as np
import pytest
from dancers import TORSO_PX, sine_dancer, wandering_dancer

from danceit_core.choreography.align import Source, align, write_dance
from danceit_core.choreography.curve import hide_absent
from danceit_core.choreography.floor import film, floor_of
from danceit_core.choreography.normalise import Body, keep_inside, shift_down
from danceit_core.choreography.plan import Plan
from danceit_core.choreography.preview import STRIP_SHARE, preview_frames
from danceit_core.config import SpatialSettings, TemporalSettings
from danceit_core.errors import ChoreographyError
from danceit_core.music.table import Beats, MusicTable
from danceit_core.pose.plate import on_plate
from danceit_core.pose.skeleton import ANKLES, MID_HIP
from danceit_core.pose.table import PoseTable, read_pose_table

FPS = 24.0
PORTRAIT, LANDSCAPE, ODD = (720, 1280), (1280, 720), (606, 1078)
SOURCES = {
    "near": Source(wandering_dancer(200, seed=1), np.ones(200, bool)),
    "far": Source(sine_dancer(200, place=(900, 700), scale=0.4, minimum_s=0.1), np.ones(200, bool)),
}
PLAN = Plan(
    np.array([0, 48, 96]), np.full(3, 48), np.array(["a", "b", "c"], object),
    np.array(["near", "far", "near"], object), np.array([10, 60, 100]), np.ones(3), np.zeros(3),
)  # fmt: skip
MUSIC = MusicTable(np.zeros((144, 13)), np.zeros(144), Beats(np.arange(0.5, 6, 0.5), 120.0), FPS, "mfcc", 6.0, False)


def target_in(size, *, share=0.7, at=0.5, plate=None, picture=None):
    """The table of a target who fills `share` of a picture's height, ankles at nine tenths of it."""
    scale = share * size[1] / 300
    keypoints = sine_dancer(96, scale=scale, place=(at * size[0], 0.9 * size[1]), amplitude_px=5)
    if picture is not None:
        keypoints[..., :2] += picture[:2]
    width, height = plate or size
    about = {"fps": FPS, "width": width, "height": height}
    return PoseTable(keypoints, about | ({"picture": list(picture)} if picture else {}))


def danced_by(target, *, camera="still", path, fps=FPS):
    floor = floor_of(target, camera=camera)
    # One scale: the joints of a wandering dancer wander each for itself, so that they have no bones to be measured.
    made = align(
        PLAN, SOURCES, **floor.place, beats_s=MUSIC.beats.times_s, fps=FPS,
        spatial=SpatialSettings(own_proportions=False), temporal=TemporalSettings(),
    )  # fmt: skip
    dance, corners = film(made, floor, fps=fps)
    write_dance(path, dance, fps=fps, size=floor.shown, corners=corners)
    return floor, read_pose_table(path)


@pytest.mark.parametrize("size", [PORTRAIT, LANDSCAPE, ODD, (512, 512)])
@pytest.mark.parametrize("at", [0.4, 0.5])
def test_the_dancer_is_in_the_picture_and_on_the_target_s_floor(tmp_path, size, at):
    target = target_in(size, at=at, share=0.5)
    _, dance = danced_by(target, path=tmp_path / "dance.parquet")
    assert dance.size == size
    assert not {"plate_x", "plate_y"} & dance.columns.keys()
    xy = dance.keypoints[..., :2]
    assert (xy >= 0).all()
    assert (xy < size).all()
    feet = dance.keypoints[:, list(ANKLES), 1].max(1)
    assert np.median(feet) == pytest.approx(0.9 * size[1], abs=0.01 * size[1])
    heights = feet - dance.keypoints[:, 0, 1]
    assert np.median(heights) == pytest.approx(0.5 * size[1], rel=0.08)
    assert np.abs(dance.keypoints[:, MID_HIP, 0] - at * size[0]).max() < 0.35 * size[1]


@pytest.mark.parametrize("size", [PORTRAIT, LANDSCAPE])
def test_a_preview_has_the_picture_s_shape_and_shows_the_dancer_on_the_floor(tmp_path, size):
    _, dance = danced_by(target_in(size), path=tmp_path / "dance.parquet")
    pictures = list(preview_frames(dance, MUSIC, np.ones(600, np.float32), size=128, peaks_per_s=100, kind="min"))
    height, width = pictures[0].shape[:2]
    skeleton = height - 2 * round(128 * STRIP_SHARE / 2)
    assert width / skeleton == pytest.approx(size[0] / size[1], rel=0.03)
    assert width * skeleton == pytest.approx(128**2, rel=0.04)
    assert (width % 2, height % 2) == (0, 0)
    lowest = [int(np.nonzero(picture[:skeleton].any((1, 2)))[0].max()) for picture in pictures[1:11]]
    assert np.median(lowest) == pytest.approx(0.93 * skeleton, abs=0.04 * skeleton)
    columns = np.nonzero(np.max(pictures[1:11], axis=0)[:skeleton].any((0, 2)))[0]
    assert 0 < columns.min() < width / 2 < columns.max() < width - 1


def test_before_a_camera_that_moved_the_dance_is_in_the_still_picture(tmp_path):
    target = target_in(LANDSCAPE, plate=(2400, 900), picture=(700, 100, *LANDSCAPE))
    floor, dance = danced_by(target, path=tmp_path / "dance.parquet")
    assert dance.size == LANDSCAPE
    assert set(dance.columns["plate_x"]) == {700}
    assert set(dance.columns["plate_y"]) == {100}
    assert (dance.keypoints[..., :2] >= 0).all()
    assert (dance.keypoints[..., :2] < LANDSCAPE).all()
    feet = on_plate(dance)[:, list(ANKLES), 1].max(1)
    assert np.median(feet) == pytest.approx(100 + 0.9 * 720, abs=8)
    assert floor.body.ground_y == pytest.approx(0.9 * 720, abs=2)


def test_a_camera_that_follows_shows_a_dance_that_uses_the_whole_plate(tmp_path):
    target = target_in(PORTRAIT, plate=(2400, 1400), picture=(700, 100, *PORTRAIT))
    floor, dance = danced_by(target, camera="follow", path=tmp_path / "dance.parquet")
    assert (floor.box, floor.shown) == ((0, 100, 2400, 1280), PORTRAIT)
    assert dance.size == PORTRAIT
    corners = dance.columns["plate_x"]
    assert (corners >= 0).all()
    assert (corners + 720 <= 2400).all()
    assert set(dance.columns["plate_y"]) == {100}
    still = np.array(danced_by(target, path=tmp_path / "still.parquet")[1].keypoints)
    there = on_plate(dance)
    # The same dance, as far as the narrow picture leaves it its place; heights are alike in all frames.
    np.testing.assert_allclose(there[..., 1], still[..., 1] + 100, atol=1e-3)
    seen = dance.keypoints[:, MID_HIP, 0]
    assert (seen > 0).all()
    assert (seen < 720).all()


def test_a_camera_of_another_kind_is_refused():
    with pytest.raises(ChoreographyError, match=r"rendering\.camera is 'drone'; known are 'still', 'follow'"):
        floor_of(target_in(PORTRAIT), camera="drone")


def test_hands_above_the_picture_bring_the_whole_dance_nearer_by_one_shift():
    dance = hide_absent(sine_dancer(96))
    dance[40:50, [4, 7], 1] = -12
    target = Body(300.0, TORSO_PX, 450.0, 256.0)
    kept = keep_inside(dance, target=target, size=(512, 600), fps=FPS)
    shifts = np.unique((kept - dance)[..., 1].round(6))
    assert shifts.tolist() == [pytest.approx(24)]  # 12 px above, and a margin of 2 %
    assert kept[..., 1].min() == pytest.approx(12)


def test_feet_come_first_and_nobody_leaves_the_floor():
    target = Body(300.0, TORSO_PX, 450.0, 256.0)
    dance = hide_absent(sine_dancer(48))  # toes at 462
    dance[20, 4, 1] = -200
    assert shift_down(dance, target=target, height=1000) == pytest.approx(TORSO_PX / 4)
    assert shift_down(dance, target=target, height=480) == pytest.approx(480 * 0.98 - 462)
    assert shift_down(dance, target=target, height=462) == pytest.approx(462 * 0.98 - 462)
    assert shift_down(dance, target=target, height=300) == pytest.approx(-TORSO_PX / 4)
    assert shift_down(dance[:0], target=target, height=300) == 0
    assert shift_down(hide_absent(sine_dancer(48)), target=target, height=512) == 0


def test_in_a_narrow_picture_a_quick_step_with_an_arm_out_stays_inside():
    dance = hide_absent(sine_dancer(120, amplitude_px=0))
    dance[..., 0] += 60 * np.sin(np.arange(120) / 24 * 2 * np.pi / 1.5)[:, None]
    dance[60:66, 4, 0] -= 60
    width = 320
    dance[..., 0] += width / 2 - 256
    target = Body(300.0, TORSO_PX, 450.0, width / 2)
    kept = keep_inside(dance, target=target, size=(width, 512), fps=FPS)
    inside = (kept[..., 0] >= 0).all(1) & (kept[..., 0] < width).all(1)
    assert not ((dance[..., 0] >= 0) & (dance[..., 0] < width)).all()
    assert inside.all()
    assert np.abs(np.diff(kept[:, 0, 0] - dance[:, 0, 0], 2)).max() < 3


def test_nothing_moves_up_or_down_within_a_dance_at_any_rate_of_the_picture(tmp_path):
    target = target_in(PORTRAIT, share=0.93)
    _, dance = danced_by(target, path=tmp_path / "dance.parquet")
    ankles = dance.keypoints[:, list(ANKLES), 1]
    assert np.ptp(ankles[:40], axis=0).max() < 0.01 * PORTRAIT[1]
