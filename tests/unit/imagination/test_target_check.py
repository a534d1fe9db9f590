"""The target video check: its figures of made-up videos are true, each finding comes when it should and says why."""

import json
import logging
import math
from dataclasses import fields, replace

import cv2
import numpy as np
import pytest
from dancers import sine_dancer, turned, wandering_dancer
from toy_target import draw_toy, toy_poses, toy_room

from danceit_core.evaluation.target_page import COLOURS, describe, draw_check
from danceit_core.imagination.check.findings import judge, write_check
from danceit_core.imagination.check.measure import (
    VIEWS,
    Figures,
    black_bars,
    camera_moved,
    find_views,
    light_changed,
    measure_target,
    nearest_poses,
    painted_scale,
    sample_moves,
)
from danceit_core.imagination.check.samples import (
    SAMPLE_PX,
    Samples,
    in_store,
    relative_sharpness,
    spread_frames,
    take_samples,
)
from danceit_core.imagination.plate.figures import RoomFigures
from danceit_core.imagination.target.region import person_region
from danceit_core.media.video import VideoWriter
from danceit_core.pose.skeleton import LEFT_SHOULDER, NOSE
from danceit_core.pose.table import PoseTable

FPS, SIZE, SMALL = 24.0, 512, 128
NAN = math.nan
ROOM = RoomFigures(
    width=720, height=1280, frames=240, never_seen=0.01, hole_share=0.02, hole_at=(0.5, 0.8), never_covered=0.0,
    laid_over=0.0, room_levels=2.0, light_levels=1.0,
)  # fmt: skip
GOOD = Figures(
    usable_s=130.0,
    size=(720, 1280),
    height=0.6,
    head_px=23.0,
    cut_off=0.01,
    cut_off_part="feet",
    shown={"front": 0.6, "side": 0.2, "back": 0.2},
    asked={"front": 0.5, "side": 0.2, "back": 0.3},
    far_poses=0.1,
    build=1.1,
    blurred=0.03,
    people=0.0,
    camera_moved=0.0,
    light_changed=0.0,
    writing_s=0.0,
    room=ROOM,
)
UNKNOWN = Figures(
    usable_s=130.0, size=(720, 1280), height=NAN, head_px=NAN, cut_off=NAN, cut_off_part="feet",
    shown=dict.fromkeys(VIEWS, NAN), asked=dict.fromkeys(VIEWS, NAN), far_poses=NAN, build=NAN, blurred=NAN, people=NAN,
    camera_moved=0.0, light_changed=0.0, writing_s=0.0, room=replace(ROOM, room_levels=NAN, light_levels=NAN),
)  # fmt: skip


def table(keypoints, *, size=SIZE, **columns):
    return PoseTable(np.asarray(keypoints, np.float32), {"fps": FPS, "width": size, "height": size}, columns)


def sideways(keypoints):
    """The same person seen from the side: hardly any width."""
    out = keypoints.copy()
    hip = keypoints[:, 8:9, 0]
    out[..., 0] = hip + 0.1 * (keypoints[..., 0] - hip)
    return out


def measure(cleaned, *, raw=None, dances=(), pictures=None, frames=None, image_size=256):
    """Figures of a table; the pictures are grey where the test is not about them."""
    frames = spread_frames(cleaned, count=4) if frames is None else frames
    width, height = cleaned.size
    if pictures is None:
        pictures = np.full((len(frames), height, width, 3), 99, np.uint8)
    samples = Samples(frames, pictures, cleaned.keypoints[frames], 1.0)
    return measure_target(cleaned, raw or cleaned, samples=samples, dances=dances, image_size=image_size, room=ROOM)


def toy_video(frames=24):
    """Keypoints and pictures (frames, SMALL, SMALL, 3) of the toy person, sharp and before a still wall."""
    poses = toy_poses(frames, size=SMALL)
    return poses, np.stack([draw_toy(pose, toy_room(SMALL)) for pose in poses])


def smear(picture, pose):
    """The person of the picture blurred, the room as it was."""
    person = person_region(pose, size=(SMALL, SMALL), body_px=SMALL / 4, widen=1.2)[..., None]
    return np.where(person, cv2.blur(picture, (9, 9)), picture)


def test_a_good_video_has_no_finding_and_what_is_unknown_neither():
    assert judge(GOOD) == ()
    assert judge(UNKNOWN) == ()


CASES = [
    ({"usable_s": 12.4}, {"usable_s": 100.0}, "length", "warning",
     "12 s of the video are of use, less than 30 s teach little: film about 120 s"),
    ({"usable_s": 44.0}, {"usable_s": 100.0}, "length", "note",
     "44 s of the video are of use, about 120 are recommended: film longer"),
    ({"height": 0.12, "head_px": 12.2}, {"height": 0.2}, "size", "warning",
     "nose to ankles take 154 pixels of the picture (limit 200), the head gets 12: film from nearer, with the phone "
     "upright, or at a higher resolution"),
    ({"cut_off": 0.23, "cut_off_part": "hands"}, {"cut_off": 0.09}, "body", "warning",
     "a part of the body is out of view in 23% of the frames, mostly the hands (limit 10%): leave room on all sides"),
    ({"shown": {"front": 0.8, "side": 0.19, "back": 0.01}}, {"shown": {"front": 0.8, "side": 0.17, "back": 0.03}},
     "views", "warning",
     "the dances show the dancer from behind 30% of the time, the target 1% (limit 2%), what is not shown will be "
     "guessed: let the person turn"),
    ({"shown": {"front": 0.01, "side": 0.49, "back": 0.5}}, {"asked": {"front": 0.09, "side": 0.51, "back": 0.4}},
     "views", "warning",
     "the dances show the dancer from the front 50% of the time, the target 1% (limit 2%), what is not shown will be "
     "guessed: let the person turn"),
    ({"far_poses": 0.38}, {"far_poses": 0.24}, "poses", "warning",
     "38% of the dances' poses are more than 0.3 torso lengths from each of the target's (limit 25%): let the person "
     "move as the dancers do"),
    ({"far_poses": 0.9, "build": 0.5}, {"build": 0.5}, "poses", "warning",
     "90% of the dances' poses are more than 0.3 torso lengths from each of the target's (limit 25%): their torso is "
     "0.5 times the target's, detect the joints of both in the same way"),
    ({"blurred": 0.31}, {"blurred": 0.19}, "sharpness", "warning",
     "31% of the frames are blurred by movement (limit 20%): film in more light, or let the person move more slowly"),
    ({"people": 0.12}, {"people": 0.04}, "people", "warning",
     "12% of the frames show several people (limit 5%): film the person alone"),
    ({"room": replace(ROOM, room_levels=12.14)}, {"room": replace(ROOM, room_levels=5.9)}, "camera", "warning",
     "the background differs by 12.1 grey levels from frame to frame (limit 6): put the camera on a stand, or set "
     "pose_gan: background_plate: false"),
    ({"room": replace(ROOM, room_levels=12.14), "camera_moved": 0.4}, {"room": ROOM, "camera_moved": 0.0}, "camera",
     "warning", "the camera moves, and what was found of its path leaves 12.1 grey levels (limit 6): put the camera on "
     "a stand, or set pose_gan: background_plate: false"),
    ({"camera_moved": 0.4}, {"camera_moved": 0.0}, "camera", "note",
     "the camera moves by 40% of the picture: its frames are laid on one room of 720 x 1280 pixels"),
    ({"light_changed": 0.12}, {"light_changed": 0.0}, "exposure", "note",
     "the exposure changes by 12%: all frames are brought to one"),
    ({"room": replace(ROOM, light_levels=9.2)}, {"room": replace(ROOM, light_levels=5.9)}, "light", "warning",
     "light changes in single places of the room by 9 grey levels (limit 8), it will not change in the painted room: "
     "film with one steady light and closed curtains"),
    ({"room": replace(ROOM, hole_share=0.34)}, {"room": replace(ROOM, hole_share=0.09)}, "room", "warning",
     "a place of the room as large as 34% of the person, 50% from the left and 80% from above, is never seen without "
     "them (limit 10%) and filled from elsewhere: let the person step out of their place once"),
    ({"room": replace(ROOM, never_covered=0.1)}, {"room": replace(ROOM, never_covered=0.01)}, "edge", "warning",
     "the camera never showed 10% of the picture (limit 2%), which is filled in: let it move less"),
    ({"writing_s": 4.0}, {"writing_s": 0.5}, "writing", "warning",
     "writing comes and goes over the feet for 4 s (limit 2) and will be learnt as part of them: use a video without "
     "it, or choose other seconds (columns `start_s`, `end_s`)"),
    ({"size": (500, 1200)}, {"size": (700, 1280)}, "shape", "note",
     "the picture of 500 x 1200 pixels is narrow: steps to the side are kept inside it, and shorter for it"),
]  # fmt: skip


@pytest.mark.parametrize(("bad", "fair", "check", "severity", "sentence"), CASES)
def test_each_finding_says_what_was_measured_and_stays_away_below_its_limit(bad, fair, check, severity, sentence):
    (finding,) = judge(replace(GOOD, **bad))
    assert (finding.check, finding.severity, finding.sentence) == (check, severity, sentence)
    assert judge(replace(GOOD, **{name: fair.get(name, getattr(GOOD, name)) for name in {*bad, *fair}})) == ()


def test_a_view_that_no_dance_asks_for_need_not_be_shown():
    front = {"front": 1.0, "side": 0.0, "back": 0.0}
    assert judge(replace(GOOD, shown=front, asked={"front": 0.92, "side": 0.05, "back": 0.03})) == ()
    assert judge(replace(GOOD, shown=front, asked=dict.fromkeys(VIEWS, NAN))) == ()
    assert [f.check for f in judge(replace(GOOD, shown=front))] == ["views", "views"]


def test_warnings_come_before_notes():
    assert [f.severity for f in judge(replace(GOOD, usable_s=44.0, people=0.5))] == ["warning", "note"]


def test_views_follow_the_order_of_left_and_right():
    front = sine_dancer(48)
    video = np.concatenate([front, sideways(front), turned(front), front])
    np.testing.assert_array_equal(find_views(video, fps=FPS), np.repeat([0, 1, 2, 0], 48))


def test_a_view_lasts_until_another_is_clear():
    front = sine_dancer(48)
    half = front.copy()  # 0.5 torso lengths wide: neither front nor side
    hip = front[:, 8:9, 0]
    half[..., 0] = hip + 0.45 * (front[..., 0] - hip)
    video = np.concatenate([half, front, half, sideways(front), half])
    np.testing.assert_array_equal(find_views(video, fps=FPS), np.repeat([0, 0, 0, 1, 1], 48))
    hidden = np.concatenate([turned(front), front])
    hidden[48:, LEFT_SHOULDER] = 0
    assert (find_views(hidden, fps=FPS) == 2).all()


def test_views_of_no_frame_one_frame_and_nobody():
    assert find_views(np.zeros((0, 25, 3), np.float32), fps=FPS).shape == (0,)
    assert find_views(sine_dancer(1), fps=FPS).tolist() == [0]
    assert find_views(np.zeros((3, 25, 3), np.float32), fps=FPS).tolist() == [-1, -1, -1]


def test_poses_do_not_know_the_dancers_size_and_place():
    poses, views = sample_moves(table(sine_dancer(60)))
    other, _ = sample_moves(table(sine_dancer(60, scale=0.6, place=(99.0, 300.0))))
    assert poses.shape == (60, 15, 2)
    np.testing.assert_allclose(poses, other, atol=1e-5)
    np.testing.assert_array_equal(poses[:, 8], 0)
    assert np.ptp(poses[0, [0, 11], 1]) == pytest.approx(1.0, abs=0.01)
    assert (views == 0).all()


def test_poses_are_sampled_by_time_from_kept_frames():
    kept = np.arange(96) >= 48
    every = sample_moves(table(sine_dancer(96), kept=kept))[0]
    some, views = sample_moves(table(sine_dancer(96), kept=kept), every_s=0.5)
    assert (len(every), len(some), len(views)) == (48, 4, 4)
    np.testing.assert_array_equal(some, every[::12])


def test_the_nearest_pose_is_the_nearest():
    shown = sample_moves(table(wandering_dancer(200, seed=1)))[0]
    asked = shown[[7, 90]].copy()
    asked[1, 4] += (0.0, 0.15)
    near = nearest_poses(asked, shown)
    assert near[0] == pytest.approx(0, abs=1e-6)
    assert near[1] == pytest.approx(0.15 / math.sqrt(15), rel=0.01)
    brute = np.sqrt(((asked[:, None] - shown) ** 2).sum(-1).mean(-1)).min(1)
    np.testing.assert_allclose(near, brute, atol=1e-6)


def test_absent_joints_count_neither_for_nor_against():
    shown = sample_moves(table(wandering_dancer(50, seed=1)))[0]
    asked = shown[:3].copy()
    asked[0, [4, 7]] = np.nan
    asked[1, 3:] = np.nan  # three joints tell nothing
    blind = shown.copy()
    blind[:, 10] = np.nan
    near = nearest_poses(asked, blind)
    assert near[[0, 2]] == pytest.approx(0, abs=1e-6)
    assert np.isnan(near[1])


def test_nearest_of_no_poses():
    shown = sample_moves(table(wandering_dancer(5, seed=1)))[0]
    assert nearest_poses(shown[:0], shown).shape == (0,)
    assert np.isnan(nearest_poses(shown, shown[:0])).all()


def test_length_and_size_are_those_of_the_kept_frames():
    keypoints = sine_dancer(240)  # 300 of 512 pixels from nose to ankles
    keypoints[200:] = sine_dancer(40, scale=0.2)
    figures = measure(table(keypoints, kept=np.arange(240) < 200), image_size=4096)
    assert figures.usable_s == pytest.approx(200 / 24)
    assert figures.size == (512, 512)
    assert figures.height == pytest.approx(300 / 512, rel=0.01)
    assert figures.head_px == pytest.approx(0.15 * 300, rel=0.01)
    # A network that sees the person's window in half as many pixels paints half as many.
    half = measure(table(keypoints, kept=np.arange(240) < 200), image_size=128)
    quarter = measure(table(keypoints, kept=np.arange(240) < 200), image_size=64)
    assert half.head_px == pytest.approx(2 * quarter.head_px)
    assert half.head_px < 0.15 * 128


def test_the_picture_is_the_part_of_the_plate_that_a_still_camera_shows():
    keypoints = sine_dancer(48)
    cleaned = table(keypoints)
    cleaned.metadata.update(width=900, height=700, picture=[40, 20, 400, 600])
    figures = measure(cleaned)
    assert figures.size == (400, 600)
    assert figures.height == pytest.approx(300 / 600, rel=0.01)


def test_how_far_the_camera_moves_and_the_light_changes():
    cleaned = table(sine_dancer(48))
    assert (camera_moved(cleaned), light_changed(cleaned)) == (0, 0)
    camera = np.tile(np.eye(3, dtype=np.float32), (48, 1, 1))
    camera[:, 0, 2] = np.linspace(0, 128, 48)
    gains = np.ones((48, 3), np.float32)
    gains[10:] = 1.25
    cleaned.columns.update(camera=camera, exposure=gains)
    cleaned.metadata["picture"] = [0, 0, SIZE, SIZE]
    assert camera_moved(cleaned) == pytest.approx(0.25)
    assert light_changed(cleaned) == pytest.approx(0.25)


def test_joints_of_the_plate_are_brought_back_to_the_frames():
    cleaned = table(sine_dancer(4))
    np.testing.assert_array_equal(in_store(cleaned), cleaned.keypoints)
    camera = np.tile(np.array([[1.2, 0, 30], [0, 1.2, -8], [0, 0, 1]], np.float32), (4, 1, 1))
    laid = cleaned.keypoints.copy()
    laid[..., :2] = laid[..., :2] * 1.2 + (30, -8)
    laid = np.where(cleaned.keypoints[..., 2:] > 0, laid, np.float32(0))
    np.testing.assert_allclose(in_store(table(laid, camera=camera)), cleaned.keypoints, atol=1e-3)


def test_samples_are_small_and_their_joints_lie_in_them(tmp_path):
    keypoints, wide = sine_dancer(30, place=(500.0, 400.0)), (1024, 768)
    with VideoWriter(tmp_path / "a.mp4", fps=FPS, size=wide, crf=20, gop=12) as writer:
        for joints in keypoints:
            picture = np.zeros((wide[1], wide[0], 3), np.uint8)
            x, y = joints[8, :2].astype(int)
            picture[y - 12 : y + 12, x - 12 : x + 12] = 255
            writer.write(picture)
    cleaned = PoseTable(keypoints, {"fps": FPS, "width": wide[0], "height": wide[1]}, {})
    samples = take_samples(tmp_path / "a.mp4", cleaned)
    assert samples.pictures.shape == (30, SAMPLE_PX * 3 // 4, SAMPLE_PX, 3)
    for picture, joints in zip(samples.pictures, samples.joints, strict=True):
        x, y = joints[8, :2].astype(int)
        assert picture[y, x].min() > 200


def test_the_whole_window_must_fit_what_the_network_paints():
    keypoints = sine_dancer(48)
    assert painted_scale(keypoints, body_px=60, image_size=4096) == 1
    assert painted_scale(keypoints, body_px=60, image_size=100) == pytest.approx(
        0.5 * painted_scale(keypoints, body_px=60, image_size=200)
    )
    assert painted_scale(keypoints[:0], body_px=60, image_size=100) == 1


def test_what_lies_outside_or_is_not_found_is_out_of_view():
    keypoints = sine_dancer(100)
    keypoints[:30, :, 1] += 80  # the feet leave the picture below
    reason = np.array([""] * 95 + ["no_hands"] * 5)
    figures = measure(table(keypoints, reason=reason, kept=np.ones(100, bool)), raw=table(keypoints))
    assert figures.cut_off == pytest.approx(0.35)
    assert figures.cut_off_part == "feet"
    assert measure(table(sine_dancer(100))).cut_off == 0


def test_the_bars_of_a_letterbox_are_outside():
    cleaned = table(sine_dancer(50))
    assert measure(cleaned).cut_off == 0
    cleaned.metadata["letterbox"] = [0.5, 0, 100]  # ankles at 450 of 512 pixels are in the lower bar now
    assert measure(cleaned).cut_off == 1


def test_bars_that_change_on_the_way():
    cleaned = table(sine_dancer(50))
    cleaned.metadata["letterbox"] = [0.5, 0, 0]
    cleaned.metadata["letterboxes"] = [[0, 0.5, 0, 0], [40, 0.5, 0, 100]]
    assert black_bars(cleaned)[[0, 39, 40, 49]].tolist() == [[0, 0], [0, 0], [0, 100], [0, 100]]
    assert measure(cleaned).cut_off == pytest.approx(0.2)


def test_people_are_counted_where_somebody_counted():
    raw = table(sine_dancer(50), people=np.array([0] * 10 + [1] * 30 + [2] * 10, np.int16))
    assert measure(table(sine_dancer(50)), raw=raw).people == pytest.approx(0.25)
    assert math.isnan(measure(table(sine_dancer(50))).people)


def test_views_and_poses_of_the_dances_are_held_against_the_target():
    front = sine_dancer(240)
    dances = [table(front, kept=np.arange(240) < 120), table(turned(front)), table(front[:0])]
    figures = measure(table(front), dances=dances)
    assert figures.shown == {"front": 1, "side": 0, "back": 0}
    assert figures.asked["back"] == pytest.approx(2 / 3)
    assert figures.far_poses == pytest.approx(2 / 3)
    assert figures.build == pytest.approx(1, rel=0.02)
    assert {f.check for f in judge(figures)} >= {"views", "poses"}
    both = measure(table(np.concatenate([front, turned(front)])), dances=dances)
    assert both.far_poses == 0
    assert not {f.check for f in judge(both)} & {"views", "poses"}


def test_a_dance_is_brought_to_the_targets_size():
    figures = measure(table(sine_dancer(120)), dances=[table(sine_dancer(120, scale=0.5))])
    assert figures.far_poses == 0


def test_keypoints_of_another_build_are_told_from_other_movements():
    dance = sine_dancer(120)
    dance[:, [1, 2, 3, 4, 5, 6, 7], 1] += 60  # neck, shoulders and arms half a torso lower
    figures = measure(table(sine_dancer(120)), dances=[table(dance)])
    assert figures.build == pytest.approx(50 / 110, rel=0.05)
    (finding,) = (f for f in judge(figures) if f.check == "poses")
    assert "their torso is 0.5 times the target's" in finding.sentence


def test_without_dances_nothing_is_compared():
    figures = measure(table(sine_dancer(120)))
    assert math.isnan(figures.far_poses)
    assert all(math.isnan(share) for share in figures.asked.values())


@pytest.mark.parametrize("frames", [0, 1])
def test_no_frame_and_one_frame(frames, tmp_path):
    cleaned = table(sine_dancer(frames))
    figures = measure(cleaned, dances=[table(sine_dancer(30))])
    assert figures.usable_s == pytest.approx(frames / 24)
    assert judge(figures)[0].check == "length"
    chosen = spread_frames(cleaned)
    assert len(chosen) == frames
    pictures = np.zeros((frames, SIZE, SIZE, 3), np.uint8)
    samples = Samples(chosen, pictures, cleaned.keypoints[chosen], 1.0)
    plate = np.zeros((SIZE, SIZE, 3), np.uint8)
    draw_check(tmp_path / "page.png", figures, name="anna", cleaned=cleaned, samples=samples, plate=plate)
    assert (tmp_path / "page.png").stat().st_size > 3000


def test_frames_are_spread_over_the_kept_ones():
    cleaned = table(sine_dancer(100), kept=np.arange(100) >= 20)
    chosen = spread_frames(cleaned, count=5)
    assert chosen.tolist() == [20, 40, 60, 79, 99]
    assert spread_frames(table(sine_dancer(3))).tolist() == [0, 1, 2]
    assert spread_frames(table(sine_dancer(3), kept=np.zeros(3, bool))).shape == (0,)


def test_blurred_frames_are_counted():
    poses, pictures = toy_video()
    cleaned, frames = table(poses, size=SMALL), np.arange(len(poses))
    assert measure(cleaned, pictures=pictures, frames=frames).blurred < 0.05
    smeared = pictures.copy()
    for k in range(0, 24, 3):
        smeared[k] = smear(pictures[k], poses[k])
    assert measure(cleaned, pictures=smeared, frames=frames).blurred == pytest.approx(1 / 3, abs=0.05)


def test_resolution_takes_from_person_and_room_alike():
    poses, pictures = toy_video()
    coarse = np.stack([cv2.GaussianBlur(picture, (0, 0), 0.6) for picture in pictures])
    change = relative_sharpness(coarse, poses) / relative_sharpness(pictures, poses)
    smeared = np.stack([smear(picture, pose) for picture, pose in zip(pictures, poses, strict=True)])
    loss = relative_sharpness(smeared, poses) / relative_sharpness(pictures, poses)
    assert 0.6 < np.median(change) < 1.7
    assert np.median(loss) < 0.3


def test_the_edge_of_a_letterbox_is_no_sharpness():
    poses, pictures = toy_video(6)
    framed = pictures.copy()
    framed[:, :10] = framed[:, -10:] = 0
    bars = relative_sharpness(framed, poses, bars=(0, 10))
    np.testing.assert_allclose(relative_sharpness(framed, poses, bars=[(0, 10)] * 6), bars)
    framed[:, :10] = framed[:, -10:] = 255
    np.testing.assert_allclose(relative_sharpness(framed, poses, bars=(0, 10)), bars)
    assert (relative_sharpness(framed, poses) < bars).all()


def test_sharpness_where_person_or_room_is_not_in_view():
    poses, pictures = toy_video(3)
    assert np.isnan(relative_sharpness(pictures, np.zeros_like(poses))).all()
    assert relative_sharpness(pictures[:0], poses[:0]).shape == (0,)
    bare = np.stack([draw_toy(pose, np.full((SMALL, SMALL, 3), 120, np.uint8)) for pose in poses])
    assert np.isfinite(relative_sharpness(bare, poses)).all()


def test_figures_and_findings_are_filed_and_logged(tmp_path, caplog):
    figures = replace(GOOD, usable_s=44.0, people=0.12, far_poses=NAN)
    with caplog.at_level(logging.INFO):
        write_check(tmp_path / "check.json", figures)
    filed = json.loads((tmp_path / "check.json").read_text())
    assert filed["figures"].keys() == {field.name for field in fields(Figures)}
    assert filed["figures"]["far_poses"] is None
    assert filed["figures"]["shown"] == GOOD.shown
    assert [finding["check"] for finding in filed["findings"]] == ["people", "length"]
    assert filed["findings"][0]["sentence"].startswith("12% of the frames show several people")
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def test_of_a_photograph_is_said_what_it_cannot_show():
    photo = replace(
        GOOD,
        usable_s=1 / 24,
        shown={"front": 1.0, "side": 0.0, "back": 0.0},
        far_poses=0.9,
        cut_off=0.0,
        room=replace(ROOM, hole_share=1.0),
        still=True,
    )
    found = judge(replace(photo, asked={"front": 0.9, "side": 0.1, "back": 0.0}))
    assert [(finding.check, finding.severity) for finding in found] == [("photograph", "note"), ("room", "note")]
    assert "one photograph shows one view" in found[0].sentence
    assert "never seen and is filled in" in found[1].sentence
    (turns, *_) = judge(photo)
    assert turns.sentence.startswith(
        "in 50% of their time the dancers are seen from the side or from behind (limit 25%)"
    )
    (back, *_) = judge(replace(photo, shown={"front": 0.0, "side": 0.0, "back": 1.0}))
    assert back.sentence.startswith("the photograph shows the person from behind, and so will the whole dance")
    whole = judge(replace(photo, asked=GOOD.shown | {"front": 1.0, "side": 0, "back": 0}, cut_off=1.0))
    assert whole[0].sentence == "the photograph does not show the person's feet whole: leave room on all sides"
    assert describe(photo).startswith("one photograph, nose to ankles")


def test_of_a_few_seconds_is_said_that_none_is_held_out():
    (short, *_) = judge(replace(GOOD, usable_s=3.0))
    assert "(and all of it is learnt, none held out): film about 120 s" in short.sentence
    assert "held out" not in judge(replace(GOOD, usable_s=12.0))[0].sentence


def test_the_figures_in_words():
    assert describe(GOOD).splitlines() == [
        "130 s of use, nose to ankles 60% of the picture's height, partly out of view 1%, several people 0%,",
        "blurred 3%, background differs by 2.0 grey levels, poses of the dances far from the target's 10%",
    ]
    assert "nan" not in describe(UNKNOWN)
    assert "far from the target's ?" in describe(UNKNOWN)


@pytest.mark.parametrize(("figures", "colour"), [(GOOD, "fine"), (replace(GOOD, people=0.5), "warning")])
def test_the_page_shows_frames_shares_and_findings(figures, colour, tmp_path):
    poses, pictures = toy_video(12)
    cleaned = table(poses, size=SMALL)
    given = {"cleaned": cleaned, "samples": Samples(np.arange(12), pictures, poses, 1.0)}
    plate, filled = np.full((SMALL, SMALL, 3), (10, 200, 30), np.uint8), [[[20, 20], [90, 20], [90, 90], [20, 90]]]
    draw_check(tmp_path / "page.png", figures, name="anna", plate=plate, filled=filled, **given)
    page = cv2.cvtColor(cv2.imread(str(tmp_path / "page.png")), cv2.COLOR_BGR2RGB)

    def area(code):
        return int((page == [int(code[k : k + 2], 16) for k in (1, 3, 5)]).all(axis=-1).sum())

    assert area(COLOURS[colour]) > 50
    assert all(area(other) == 0 for name, other in COLOURS.items() if name != colour)
    target, dances = area("#1f5a92"), area("#c9803a")
    assert target == pytest.approx(dances, rel=0.05)  # both add up to 1
    assert page[: len(page) // 4].std() > 30  # the pictures
    green = (np.abs(page.astype(int) - (10, 200, 30)) < 12).all(-1)
    draw_check(tmp_path / "bare.png", figures, name="anna", plate=plate, **given)
    bare = cv2.cvtColor(cv2.imread(str(tmp_path / "bare.png")), cv2.COLOR_BGR2RGB)
    assert 0.8 * (np.abs(bare.astype(int) - (10, 200, 30)) < 12).all(-1).sum() < green.sum()
    assert green.sum() < (np.abs(bare.astype(int) - (10, 200, 30)) < 12).all(-1).sum()  # the hatching


def test_a_nose_that_is_never_seen_leaves_the_size_open():
    keypoints = sine_dancer(48)
    keypoints[:, NOSE] = 0
    figures = measure(table(keypoints), dances=[table(sine_dancer(48))])
    assert math.isnan(figures.height)
    assert math.isnan(figures.far_poses)
    assert "size" not in {f.check for f in judge(figures)}
