"""Several persons on one stage: each whole, in place, at one height, over the first one's room."""

from dataclasses import replace

import numpy as np
import pytest
from cardboard import FRAMES, SIZE, SQUARE, TARGET, dancer
from toy_target import CPU, TOY_SETTINGS, toy_poses, toy_target

from danceit_core.config import FaceGanSettings
from danceit_core.errors import ImaginationError
from danceit_core.imagination.networks.checkpoint import FaceGan, save_pose_gan
from danceit_core.imagination.networks.face import FaceGenerator
from danceit_core.imagination.rendering.group import Dancer, cut_out, gather, mirror, place_dancers, render_group
from danceit_core.imagination.rendering.render import render_dance
from danceit_core.imagination.training.train import begin
from danceit_core.pose.measure import Body, measure_body
from danceit_core.pose.skeleton import LEFT_WRIST, NOSE, RIGHT_WRIST
from danceit_core.pose.table import write_pose_table

# A camera that moved has seen more than a still picture shows: 120 x 80 of the room, 96 x 60 of them in the picture.
PLATE, PICTURE = (120, 80), (14, 12, 96, 60)
WIDE = toy_target(FRAMES, size=PLATE, held_out=1, share=0.5, seed=1)


def render(*dancers, spacing=0.55, mirrored=False):
    options = {"spacing": spacing, "mirrored": mirrored, "batch_size": 2, "device": CPU}
    return list(render_group(dancers, **options))


def coloured(picture, channel):
    """Where a picture is of a pure colour."""
    others = [k for k in range(3) if k != channel]
    return (picture[..., channel] > 200) & (picture[..., others] < 60).all(-1)


def test_two_stand_side_by_side_in_the_first_ones_room():
    red, blue = dancer("red"), dancer("blue", colour=(-1.0, -1.0, 1.0))
    pictures = render(red, blue)
    assert len(pictures) == FRAMES
    (room,) = render_dance(
        np.zeros((1, 25, 3), np.float32), pose_gan=red.pose_gan, face_gan=None, batch_size=1, device=CPU
    )
    for picture in pictures:
        left, right = (np.flatnonzero(coloured(picture, channel).any(0)).mean() for channel in (0, 2))
        assert right - left == pytest.approx(0.55 * red.body.height_px, abs=3)
        lowest = [np.flatnonzero(coloured(picture, channel).any(1)).max() for channel in (0, 2)]
        assert abs(lowest[0] - lowest[1]) <= 1
        np.testing.assert_array_equal(picture[:, :4], room[:, :4])


def test_who_is_not_there_in_a_frame_leaves_nothing_of_hers():
    red, gone = dancer("red"), dancer("blue", colour=(-1.0, -1.0, 1.0))
    poses = gone.poses.copy()
    poses[2] = 0
    together, without = render(red, replace(gone, poses=poses)), render(red, replace(gone, poses=0 * poses))
    np.testing.assert_array_equal(together[2], without[2])
    assert not coloured(together[2], 2).any()
    assert coloured(together[1], 2).any()


def test_the_first_stands_in_front():
    pictures = render(dancer("red"), dancer("blue", colour=(-1.0, -1.0, 1.0)), spacing=0.0)
    for picture in pictures:
        assert coloured(picture, 0).sum() > 10 * coloured(picture, 2).sum()


def test_all_are_as_tall_as_the_first_and_a_long_row_fits():
    bodies = [Body(40, 12, 60, 30), Body(20, 6, 50, 32), Body(80, 24, 64, 20), Body(40, 12, 60, 30)]
    for count in (2, 3, 4):
        places = place_dancers(bodies[:count], picture=SQUARE, spacing=0.5)
        heights = [place[0, 0] * body.height_px for place, body in zip(places, bodies, strict=False)]
        assert heights == pytest.approx([heights[0]] * count)
        assert heights[0] == pytest.approx(min(40, 64 / (0.5 * (count - 1) + 1.1)))
        feet = [place @ (body.centre_x, body.ground_y, 1) for place, body in zip(places, bodies, strict=False)]
        assert [y for _, y in feet] == pytest.approx([60] * count)
        x = sorted(x for x, _ in feet)
        assert np.diff(x) == pytest.approx(0.5 * heights[0])
        assert np.mean(x) == pytest.approx(32)
        assert abs(feet[0][0] - 32) <= 0.26 * heights[0]  # the first in the middle


def test_a_mirror_image_keeps_left_and_right_of_the_body():
    person = dancer("red")
    flipped = mirror(person)
    centre = person.body.centre_x
    np.testing.assert_allclose(flipped.poses[:, NOSE, 0], 2 * centre - person.poses[:, NOSE, 0], rtol=1e-5)
    np.testing.assert_allclose(flipped.poses[:, LEFT_WRIST, 0], 2 * centre - person.poses[:, RIGHT_WRIST, 0], rtol=1e-5)
    np.testing.assert_array_equal(mirror(flipped).poses[..., 2], person.poses[..., 2])

    mirrored, plain = (render(person, person, mirrored=m, spacing=2.0) for m in (True, False))
    assert not np.array_equal(mirrored, plain)


def test_trained_networks_of_every_kind_dance_together():
    face = FaceGan(FaceGenerator(channels=4).eval(), FaceGanSettings(channels=4), 16)
    kinds = [{}, {"previous_frame": True}, {"pose_input": "heatmaps"}]
    group = []
    for number, changes in enumerate(kinds):
        settings = replace(TOY_SETTINGS, image_size=32, channels=8, **changes)
        gan = begin(TARGET, settings=settings, seed=number, device=CPU)[1]
        poses, body = TARGET.keypoints[: FRAMES - number], measure_body(TARGET.keypoints)
        group.append(Dancer(str(number), poses, body, (8, 4, 48, 56), gan, face))
    pictures = render(*group)
    assert [picture.shape for picture in pictures] == [(56, 48, 3)] * (FRAMES - 2)  # as long as all of them dance


def test_a_group_needs_two_and_each_a_plate():
    with pytest.raises(ImaginationError, match=r"a group of 1; name at least two persons in group\.members"):
        render(dancer("red"))
    bare = dancer("bare", settings=replace(TOY_SETTINGS, background_plate=False, crop=False))
    with pytest.raises(ImaginationError, match="bare: a poseGAN without background plate cannot be cut out"):
        render(dancer("red"), bare)


def test_a_body_that_is_nearly_opaque_hides_another_room_and_an_outline_does_not():
    room, picture = np.full((1, 3, 3), 100, np.uint8), np.full((1, 3, 3), 40, np.uint8)
    paint, opacity = cut_out(picture, np.array([[0.0, 0.2, 0.8]], np.float32), room=room)
    assert opacity[0] == pytest.approx([0, 0.2, 1])
    # Over its own room each pixel is the picture again, whatever the opacity.
    over_own = paint + (1 - opacity[..., None]) * room
    assert over_own[..., 0] == pytest.approx(np.full((1, 3), 40.0), abs=1e-3)
    assert paint[0, 2] == pytest.approx([40, 40, 40])


def test_a_landscape_stage_is_the_part_of_the_first_ones_plate_that_a_still_camera_shows():
    # The same dance on the spot, by two persons of different size in rooms of different shape.
    wide, square = (toy_poses(FRAMES, size=size, share=0.5, sway=0.0) for size in (PLATE, SIZE))
    first = dancer("red", target=replace(WIDE, keypoints=wide), picture=PICTURE)
    second = dancer("blue", colour=(-1.0, -1.0, 1.0), target=replace(TARGET, keypoints=square))
    left, top, width, height = PICTURE
    room = first.pose_gan.plate[top : top + height, left : left + width]
    pictures = render(first, second)
    for picture in pictures:
        assert picture.shape == (height, width, 3)
        here, there = (coloured(picture, channel) for channel in (0, 2))
        places = [np.flatnonzero(where.any(0)).mean() for where in (here, there)]
        assert abs(places[1] - places[0]) == pytest.approx(0.55 * first.body.height_px, abs=3)
        assert np.mean(places) == pytest.approx(width / 2, abs=3)
        lowest = [np.flatnonzero(where.any(1)).max() for where in (here, there)]
        assert abs(lowest[0] - lowest[1]) <= 2
        assert lowest[0] == pytest.approx(first.body.ground_y - top, abs=4)
        far = ~(np.abs(picture.astype(int) - room) > 0).any(-1)
        assert far.mean() > 0.5  # the room stays the plate's own
        assert far[:, 0].all()


def test_the_stage_begins_at_the_corner_of_the_picture():
    bodies = [Body(40, 12, 70, 60), Body(20, 6, 50, 32)]
    whole, part = (place_dancers(bodies, picture=box, spacing=0.5) for box in ((0, 0, 96, 80), (14, 12, 96, 60)))
    for one, other, body in zip(whole, part, bodies, strict=True):
        at = (body.centre_x, body.ground_y, 1)
        np.testing.assert_allclose(other @ at, one @ at - (0, 12))
        assert (other @ at)[1] == pytest.approx(70 - 12)


def test_a_portrait_stage_makes_room_for_three():
    bodies = [Body(60, 18, 90, 32)] * 3
    places = place_dancers(bodies, picture=(0, 0, 64, 96), spacing=0.5)
    heights = [place[0, 0] * 60 for place in places]
    assert heights == pytest.approx([64 / 2.1] * 3)
    centres = sorted((place @ (32, 90, 1))[0] for place in places)
    assert centres[0] - 0.55 * heights[0] == pytest.approx(0)
    assert centres[-1] + 0.55 * heights[0] == pytest.approx(64)


def test_dancers_are_gathered_from_their_files_on_their_plates(tmp_path):
    """A wide plate: the dance stands in pixels of the picture, its corner in plate_x and plate_y."""
    names, files = ["wide", "square"], {"poses": [], "targets": [], "gans": []}
    for name, target, picture in zip(names, (WIDE, TARGET), (PICTURE, None), strict=True):
        files["poses"].append(tmp_path / f"{name} dance.parquet")
        files["targets"].append(tmp_path / f"{name}.parquet")
        files["gans"].append(tmp_path / f"{name}.safetensors")
        columns, dance, size = {"kept": np.ones(FRAMES, bool)}, target.keypoints.copy(), target.size
        about = {"picture": list(picture)} if picture else {}
        write_pose_table(files["targets"][-1], dance, fps=24, size=size, columns=columns, metadata=about)
        corners = {}
        if picture:
            dance[..., :2] -= picture[:2]
            corners = {"plate_x": np.full(FRAMES, picture[0], np.float32)}
            corners |= {"plate_y": np.full(FRAMES, picture[1], np.float32)}
            size = picture[2:]
        write_pose_table(files["poses"][-1], dance, fps=24, size=size, columns=corners)
        save_pose_gan(files["gans"][-1], begin(target, settings=TOY_SETTINGS, seed=1, device=CPU)[1])
    wide, square = gather(names, files["poses"], files["targets"], files["gans"], [], device=CPU)
    assert wide.picture == PICTURE
    assert square.picture == SQUARE
    for person, target in ((wide, WIDE), (square, TARGET)):
        np.testing.assert_allclose(person.poses, target.keypoints, atol=1e-4)
        assert person.pose_gan.view.size == target.size
        assert person.body.height_px == pytest.approx(measure_body(target.keypoints).height_px)
    pictures = render(wide, square)
    assert [picture.shape for picture in pictures] == [(60, 96, 3)] * FRAMES
