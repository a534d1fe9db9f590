import dataclasses

import numpy as np
import pytest
from media_files import load_sound

from danceit_core.config import DemoSettings
from danceit_core.errors import AssetError, ConfigError
from danceit_core.media.video import decode_frames, probe
from danceit_core.pose.skeleton import (
    BODY,
    LEFT_ANKLE,
    LEFT_KNEE,
    LEFT_SHOULDER,
    NECK,
    RIGHT_ANKLE,
    RIGHT_KNEE,
    RIGHT_SHOULDER,
)
from danceit_core.pose.table import read_pose_table
from danceit_core.studio.body import load_body
from danceit_core.studio.camera import Camera
from danceit_core.studio.cast import CLIPS
from danceit_core.studio.dancer import SOLE_M, dress, labelled_joints, true_joints
from danceit_core.studio.music import compose_song
from danceit_core.studio.record import perform, record_dance, record_song
from danceit_core.studio.renderer import Renderer

SMALL = dataclasses.replace(
    DemoSettings(), size=128, target_size=192, supersampling=1, dance_s=1.5, target_s=1.0, song_s=2.0
)


@pytest.fixture(scope="module")
def dancer(body_mesh):
    return dress(body_mesh, CLIPS["dancer_2"].look)


def draw(dancer, frame, *, size=128):
    transforms, joints, renderer = prepare(dancer, frame, size=size)
    return renderer.draw(transforms), joints, renderer


def prepare(dancer, frame, *, size=128, supersampling=1, room=CLIPS["dancer_2"].room):
    scene = CLIPS["dancer_2"]
    song = compose_song(tempo_bpm=scene.tempo_bpm, seconds=4, seed=1)
    solved, _ = perform(scene, dancer, song, seconds=4, fps=24)
    camera = Camera.for_height(dancer.body.height)
    renderer = Renderer(dancer, room, camera, size=size, supersampling=supersampling)
    transforms = solved.transforms(dancer.body.skeleton)[frame].astype(np.float32)
    return transforms, camera.pixels(true_joints(dancer, solved)[frame], size=size), renderer


def test_a_frame_is_the_same_twice_and_shows_the_dancer_at_her_joints(dancer):
    first, joints, _ = draw(dancer, 40)
    second, _, _ = draw(dancer, 40)
    assert first.shape == (128, 128, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, second)
    # What another pose changes in the picture lies about the dancer, and all her joints lie in it.
    far = draw(dancer, 75)[0]
    changed = np.abs(first.astype(int) - far).sum(2) > 40
    assert 0.01 < changed.mean() < 0.4
    rows, columns = joints[list(BODY)].astype(int).T[::-1]
    wall = np.median(first[:20, 60:], axis=(0, 1))
    assert np.abs(first[rows, columns] - wall).sum(1).min() > 15


@pytest.mark.parametrize("supersampling", [1, 2])
def test_the_outline_is_the_dancer_without_shadow_and_leaves_the_picture_as_it_is(dancer, supersampling):
    matte = dataclasses.replace(CLIPS["dancer_2"].room, gloss=0.0)
    transforms, joints, renderer = prepare(dancer, 40, supersampling=supersampling, room=matte)
    picture, outline = renderer.draw_with_outline(transforms)
    assert np.array_equal(picture, renderer.draw(transforms))
    assert (outline.shape, outline.dtype) == ((128, 128), np.uint8)
    steps = 255 * np.arange(supersampling**2 + 1) / supersampling**2
    assert set(np.unique(outline)) == set(np.round(steps).astype(int))
    inside = joints[[joint for joint in BODY if joint not in (11, 14)]].astype(int)
    assert (outline[inside[:, 1], inside[:, 0]] == 255).all()
    # Against the empty room: what is outside of the outline and differs is darker, by the shadow and the spots of it.
    gone = transforms.copy()
    gone[:, 0, 3] += 100
    empty, nobody = renderer.draw_with_outline(gone)
    assert not nobody.any()
    brighter = (picture.astype(int) - empty).max(2)
    shadow = (outline == 0) & (brighter < -3)
    assert shadow.mean() > 0.02
    assert (brighter[outline == 0] <= 1).all()
    assert (np.abs(picture.astype(int) - empty).max(2)[outline == 255] > 8).mean() > 0.8


def test_a_reflection_is_no_part_of_the_outline(dancer):
    dull, glossy = (dataclasses.replace(CLIPS["dancer_2"].room, gloss=gloss) for gloss in (0.0, 0.6))
    (plain, outline), (mirrored, same) = (
        renderer.draw_with_outline(transforms)
        for transforms, _, renderer in (prepare(dancer, 40, room=room) for room in (dull, glossy))
    )
    assert not np.array_equal(plain, mirrored)
    assert np.array_equal(outline, same)


def test_a_finer_outline_agrees_with_a_coarse_one(dancer):
    transforms, _, coarse = prepare(dancer, 40)
    _, _, fine = prepare(dancer, 40, supersampling=4)
    once, often = (renderer.draw_with_outline(transforms)[1].astype(int) for renderer in (coarse, fine))
    assert often.sum() == pytest.approx(once.sum(), rel=0.02)
    # A pixel that is wholly covered or wholly free is the same in both.
    clear = (often == 0) | (often == 255)
    assert (once == often)[clear].mean() > 0.998


def test_dressed_dancer_has_no_holes(dancer):
    assert np.isfinite(dancer.points).all()
    assert dancer.occlusion.min() >= 0
    assert dancer.occlusion.max() <= 1.01
    assert np.allclose(dancer.shares.sum(1), 1, atol=1e-5)
    assert dancer.faces.max() < len(dancer.points)
    assert len(np.unique(dancer.layer)) == len(dancer.textures) == len(dancer.materials)
    # Nothing is worn inside the body: each cloth point lies off the skin's middle by more than the skin under it.
    assert dancer.points[:, 1].min() >= -1e-6


@pytest.mark.parametrize("clip", ["dancer_1", "target"])
def test_recording_has_picture_sound_and_truth(body_mesh, tmp_path, clip):
    video, table = tmp_path / "clips" / f"{clip}.mp4", tmp_path / "truth" / f"{clip}.parquet"
    done = []
    record_dance(
        clip, mesh=body_mesh, video_path=video, joints_path=table, settings=SMALL, progress=lambda *at: done.append(at)
    )
    frames = 36 if clip == "dancer_1" else 24
    info = probe(video)
    size = (128, 96) if clip == "dancer_1" else (192, 108)
    assert (info.width, info.height, info.has_sound) == (*size, True)
    assert len(list(decode_frames(video, fps=24, size=None))) == frames
    assert done[-1] == (frames, frames)
    truth = read_pose_table(table)
    assert truth.keypoints.shape == (frames, 25, 3)
    assert (truth.keypoints[..., 2] == 1).all()
    assert (truth.fps, truth.size) == (24, size)
    assert len(truth.columns["move"]) == frames
    assert truth.metadata["clip"] == clip
    assert truth.metadata["tempo_bpm"] == CLIPS[clip].tempo_bpm
    song = compose_song(tempo_bpm=CLIPS[clip].tempo_bpm, seconds=frames / 24, seed=CLIPS[clip].seed)
    assert np.allclose(truth.metadata["beats_s"], song.beats_s)
    heard = load_sound(video, sample_rate_hz=44100)[: len(song.samples)]
    assert np.corrcoef(heard, song.samples[: len(heard)])[0, 1] > 0.9


def test_song_is_written(tmp_path):
    record_song(tmp_path / "new" / "song.flac", settings=SMALL)
    sound = load_sound(tmp_path / "new" / "song.flac", sample_rate_hz=44100)
    assert len(sound) == 2 * 44100
    assert np.abs(sound).max() > 0.2


def test_unknown_clip_names_the_cast(tmp_path):
    with pytest.raises(ConfigError, match=r"dancer_9.*dancer_1, dancer_2.*target"):
        record_dance(
            "dancer_9", mesh="none", video_path=tmp_path / "a.mp4", joints_path=tmp_path / "a.parquet", settings=SMALL
        )


def test_a_file_that_is_no_mesh_is_named(tmp_path):
    (tmp_path / "body_mesh.zip").write_bytes(b"not a zip")
    with pytest.raises(AssetError, match=r"body_mesh\.zip is not the body mesh"):
        load_body(tmp_path / "body_mesh.zip", shapes={})


def test_a_shape_that_is_not_there_is_named(body_mesh):
    with pytest.raises(AssetError, match="no-such-shape"):
        load_body(body_mesh, shapes={"no-such-shape": 1.0})


def test_labelled_joints_lie_above_the_bones_and_turn_with_the_body(dancer):
    scene = CLIPS["dancer_2"]
    solved, _ = perform(scene, dancer, compose_song(tempo_bpm=124, seconds=4, seed=1), seconds=4)
    bones, labelled = true_joints(dancer, solved), labelled_joints(dancer, solved)
    moved = np.linalg.norm(labelled - bones, axis=-1)
    shifted = [NECK, LEFT_SHOULDER, RIGHT_SHOULDER, LEFT_ANKLE, RIGHT_ANKLE]
    assert np.allclose(np.delete(moved, shifted, axis=1), 0)
    # A constant distance for each joint, of some centimetres, whatever the dancer does.
    shoulders = moved[:, [LEFT_SHOULDER, RIGHT_SHOULDER]]
    assert np.ptp(shoulders, axis=0).max() < 1e-9
    assert ((shoulders > 0.015) & (shoulders < 0.04)).all()
    assert np.allclose(moved[:, [LEFT_ANKLE, RIGHT_ANKLE]], SOLE_M)
    # The ankle stays on the straight line to the knee, the neck between the shoulders.
    for knee, ankle in ((LEFT_KNEE, LEFT_ANKLE), (RIGHT_KNEE, RIGHT_ANKLE)):
        shank = np.linalg.norm(bones[:, knee] - bones[:, ankle], axis=-1)
        assert np.allclose(np.linalg.norm(labelled[:, knee] - labelled[:, ankle], axis=-1), shank - SOLE_M)
    assert np.allclose(labelled[:, NECK], labelled[:, [LEFT_SHOULDER, RIGHT_SHOULDER]].mean(axis=1))
    # In most frames the dancer stands, so that up the body is up in the room.
    assert ((labelled - bones)[:, [LEFT_SHOULDER, RIGHT_SHOULDER], 1] > 0.01).mean() > 0.9
