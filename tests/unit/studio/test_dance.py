from functools import cache

import numpy as np
import pytest

from danceit_core.config import DemoSettings
from danceit_core.pose import skeleton as body_25
from danceit_core.studio.arms import ARMS
from danceit_core.studio.camera import Camera
from danceit_core.studio.cast import CLIPS
from danceit_core.studio.dancer import true_joints
from danceit_core.studio.motion import JUMP_M
from danceit_core.studio.moves import MOVES, mirrored
from danceit_core.studio.music import compose_song
from danceit_core.studio.record import clip_size, perform

FPS = 24
SECONDS = 24.0


class Person:
    """What `perform` and `true_joints` need of a dancer: the body, undressed."""

    def __init__(self, body):
        self.body = body


@pytest.fixture(scope="module")
def performance(body_mesh):
    from danceit_core.studio.body import load_body

    @cache
    def dance(clip):
        scene = CLIPS[clip]
        body = load_body(body_mesh, shapes=scene.look.shapes)
        song = compose_song(tempo_bpm=scene.tempo_bpm, seconds=SECONDS, seed=scene.seed)
        solved, moves = perform(scene, Person(body), song, seconds=SECONDS, fps=FPS)
        return body, song, solved, moves, true_joints(Person(body), solved)

    return dance


def test_there_are_many_moves_and_each_can_follow_any():
    assert len({move.name for move in MOVES}) >= 16
    assert sum(move.turns for move in MOVES) >= 4
    for move in MOVES:
        last = move.counts[-1]
        assert sum(count.turn for count in move.counts) % 360 == 0, move.name
        assert np.allclose(last.travel, 0, atol=1e-9), move.name
        assert {count.left for count in move.counts} | {count.right for count in move.counts} <= ARMS.keys()


def test_mirroring_twice_changes_nothing():
    for move in MOVES:
        assert mirrored(mirrored(move)) == move
        assert mirrored(move).beats == move.beats


@pytest.mark.parametrize("clip", CLIPS)
def test_bones_keep_their_lengths(performance, clip):
    body, _, solved, _, _ = performance(clip)
    for bone, parent in enumerate(body.skeleton.parents):
        if parent > 0:
            rest = np.linalg.norm(body.skeleton.heads[bone] - body.skeleton.heads[parent])
            found = np.linalg.norm(solved.positions[:, bone] - solved.positions[:, parent], axis=1)
            assert np.allclose(found, rest, atol=1e-9), body.skeleton.names[bone]


@pytest.mark.parametrize("clip", CLIPS)
def test_feet_stand_on_the_ground_and_do_not_slide(performance, clip):
    body, _, solved, moves, _ = performance(clip)
    skeleton = body.skeleton
    balls = solved.positions[:, [skeleton.index("ball_l"), skeleton.index("ball_r")]]
    height = balls[..., 1] - skeleton.head("ball_l")[1]
    assert height.min() > -1e-6
    down = height < 1e-3
    jumping = np.array(moves) == "jumping_jack"
    assert down.any(1)[~jumping].all()
    assert height.min(1).max() < 2 * JUMP_M
    # A ball that is on the ground in two frames running has not moved; the bones reach where the feet stand.
    slide_m = np.linalg.norm(np.diff(balls[..., [0, 2]], axis=0), axis=2)
    planted = down[1:] & down[:-1]
    assert planted.mean() > 0.6
    assert slide_m[planted].max() < 0.004
    assert slide_m.max() > 0.03


@pytest.mark.parametrize("clip", CLIPS)
def test_movement_rests_on_the_beats(performance, clip):
    _, song, _, _, joints = performance(clip)
    limbs = joints[:, [2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14]]
    speed = np.linalg.norm(np.diff(limbs, axis=0), axis=2).mean(1)
    speed = np.convolve(speed, [0.25, 0.5, 0.25], "same")
    lows = 1 + np.flatnonzero((speed[1:-1] <= speed[:-2]) & (speed[1:-1] < speed[2:]))
    low_s = (lows + 0.5) / FPS
    score = alignment(low_s, song.beats_s[(song.beats_s > 0.4) & (song.beats_s < SECONDS - 0.4)])
    chance = alignment(low_s, np.random.default_rng(0).uniform(0.4, SECONDS - 0.4, 2000))
    assert score > chance + 0.3
    assert speed.mean() * FPS > 0.3


def alignment(low_s, beats_s):
    offset_s = np.abs(low_s[None] - beats_s[:, None]).min(1)
    return np.exp(-(offset_s**2) / (2 * 0.05**2)).mean()


@pytest.mark.parametrize("clip", CLIPS)
def test_the_dancer_turns_round_and_stays_in_the_picture(performance, clip):
    body, _, solved, moves, joints = performance(clip)
    scene, size = CLIPS[clip], np.array(clip_size(clip, DemoSettings()))
    camera = Camera.for_height(body.height, side_m=scene.camera_side_m, aspect=float(scene.aspect))
    pixels = camera.pixels(joints, size=tuple(size))
    fingers = [body.skeleton.index(f"middle_03_{side}") for side in "lr"]
    tips = camera.pixels(solved.positions[:, fingers], size=tuple(size))
    for places, margin in ((pixels, 0.04), (tips, 0.02)):
        assert (places.reshape(-1, 2).min(axis=0) > margin * size).all()
        assert (places.reshape(-1, 2).max(axis=0) < 0.98 * size).all()
    # From the front the left shoulder is on the right of the picture.
    across = pixels[:, body_25.LEFT_SHOULDER, 0] - pixels[:, body_25.RIGHT_SHOULDER, 0]
    assert across[:5].min() > 0
    assert (across < 0).mean() > 0.05
    assert (across > 0).mean() > 0.5
    assert len(set(moves)) >= 6


def test_hands_rise_and_dancers_differ(performance):
    dances = {clip: performance(clip) for clip in CLIPS}
    for *_, joints in dances.values():
        assert (joints[:, body_25.LEFT_WRIST, 1] > joints[:, body_25.NOSE, 1]).any()
    assert len({performance(clip)[0].height for clip in CLIPS}) == len(CLIPS)
    assert len({tuple(dances[clip][3]) for clip in CLIPS}) == len(CLIPS)


def test_the_target_shows_more_moves_than_anyone(performance):
    counts = {clip: len(set(performance(clip)[3])) for clip in CLIPS}
    assert counts["target"] == max(counts.values())


def test_the_same_dance_twice(body_mesh):
    from danceit_core.studio.body import load_body

    scene = CLIPS["dancer_1"]
    body = load_body(body_mesh, shapes=scene.look.shapes)
    song = compose_song(tempo_bpm=scene.tempo_bpm, seconds=3, seed=scene.seed)
    first, second = (perform(scene, Person(body), song, seconds=3, fps=FPS) for _ in range(2))
    assert np.array_equal(first[0].positions, second[0].positions)
    assert first[1] == second[1]


@pytest.mark.parametrize("frames", [0, 1])
def test_hardly_any_time(body_mesh, frames):
    from danceit_core.studio.body import load_body

    scene = CLIPS["dancer_2"]
    body = load_body(body_mesh, shapes=scene.look.shapes)
    song = compose_song(tempo_bpm=scene.tempo_bpm, seconds=1, seed=1)
    solved, moves = perform(scene, Person(body), song, seconds=frames / FPS, fps=FPS)
    assert len(solved.positions) == len(moves) == frames
