import dataclasses

import numpy as np
import pytest
from dancers import sine_dancer, wandering_dancer

from danceit_core.choreography.align import Aligned, Source, align, passage
from danceit_core.choreography.normalise import Body, whole_body
from danceit_core.choreography.plan import Plan
from danceit_core.config import SpatialSettings, TemporalSettings
from danceit_core.errors import ChoreographyError

FPS = 24.0
TARGET = Body(height_px=240.0, torso_px=88.0, ground_y=470.0, centre_x=300.0)
STILL = TemporalSettings(variant="none")


def make_plan(*clips: tuple[str, int, int, float]) -> Plan:
    """A plan of (video, start, frames, rate)."""
    frames = np.array([c[2] for c in clips])
    return Plan(
        start_frame=np.concatenate([[0], np.cumsum(frames)[:-1]]),
        frames=frames,
        fragment_id=np.arange(len(clips)),
        source_video=np.array([c[0] for c in clips], object),
        source_start_frame=np.array([c[1] for c in clips]),
        rate=np.array([c[3] for c in clips], np.float64),
        match_distance=np.arange(len(clips)) + 0.5,
    )


def make_source(keypoints: np.ndarray, *, dropped: tuple[int, ...] = ()) -> Source:
    kept = np.ones(len(keypoints), bool)
    kept[list(dropped)] = False
    return Source(keypoints, kept)


def dance(plan: Plan, sources: dict[str, Source], **changes: object) -> Aligned:
    arguments = {
        "target": TARGET,
        "size": (512, 512),
        "beats_s": np.arange(0.5, 60, 0.5),
        "fps": FPS,
        "spatial": SpatialSettings(),
        "temporal": STILL,
        **changes,
    }
    return align(plan, sources, **arguments)


SOURCES = {
    "near": make_source(wandering_dancer(200, seed=1)),
    "far": make_source(sine_dancer(200, place=(900, 700), scale=0.4, minimum_s=0.1)),
}


@pytest.mark.parametrize("variant", ["none", "linear", "tsd", "crossfade", "inertialize"])
@pytest.mark.parametrize("temporal", [STILL, TemporalSettings(variant="paper"), TemporalSettings(strength=1.0)])
def test_every_frame_has_a_pose_in_the_picture_and_a_source(variant: str, temporal: TemporalSettings) -> None:
    plan = make_plan(("near", 10, 48, 1.0), ("far", 60, 48, 1.2), ("near", 120, 48, 0.9), ("far", 0, 5, 1.0))
    result = dance(plan, SOURCES, spatial=SpatialSettings(variant=variant), temporal=temporal)
    assert result.keypoints.shape == (149, 25, 3)
    assert result.keypoints.dtype == np.float32
    assert (result.keypoints[..., 2] > 0).all()
    assert result.keypoints[..., :2].min() >= 0
    assert result.keypoints[..., :2].max() <= 512
    assert len(result.source_video) == len(result.source_frame) == len(result.match_distance) == 149
    assert result.source_frame.min() >= 0
    assert result.source_frame.max() < 200


def test_the_dancer_has_the_targets_body() -> None:
    plan = make_plan(("far", 20, 48, 1.0), ("far", 100, 48, 1.0))
    body = whole_body(dance(plan, SOURCES).keypoints)
    assert body.height_px == pytest.approx(TARGET.height_px, rel=0.01)
    assert body.ground_y == pytest.approx(TARGET.ground_y, abs=1)
    assert body.centre_x == pytest.approx(TARGET.centre_x, abs=15)


def test_a_person_who_jumped_in_another_picture_lands_on_the_ground_line() -> None:
    panned = sine_dancer(100, amplitude_px=0)
    panned[50:, :, 1] -= 200  # the camera tilts
    plan = make_plan(("a", 0, 40, 1.0), ("a", 55, 40, 1.0))
    y = dance(plan, {"a": make_source(panned)}).keypoints[:, [11, 14], 1]
    np.testing.assert_allclose(y[[5, 20, 60, 75]], TARGET.ground_y, atol=1)


def test_provenance_follows_clip_rate_and_warp() -> None:
    plan = make_plan(("near", 10, 48, 1.0), ("far", 60, 48, 1.25))
    result = dance(plan, SOURCES)
    np.testing.assert_array_equal(result.source_frame[:48], np.arange(10, 58))
    np.testing.assert_allclose(result.source_frame[48:], 60 + 1.25 * np.arange(48), atol=0.51)
    assert list(result.source_video[[47, 48]]) == ["near", "far"]
    np.testing.assert_array_equal(result.match_distance[[0, 95]], [0.5, 1.5])
    warped = dance(plan, SOURCES, temporal=TemporalSettings(strength=1.0))
    assert (warped.source_frame[:48] != result.source_frame[:48]).any()
    assert (np.diff(warped.source_frame[:40]) >= 0).all()


def test_two_neighbouring_fragments_join_into_the_source_itself() -> None:
    plan = make_plan(("near", 20, 48, 1.0), ("near", 68, 48, 1.0))
    cut = dance(plan, SOURCES, spatial=SpatialSettings(variant="none")).keypoints
    faded = dance(plan, SOURCES).keypoints
    np.testing.assert_allclose(faded, cut, atol=0.05)


def test_absent_joints_stay_absent_and_toes_are_kept() -> None:
    keypoints = wandering_dancer(200, seed=1)
    keypoints[:, [15, 16, 17, 18, 20, 23]] = 0
    plan = make_plan(("a", 10, 48, 1.1), ("a", 120, 48, 1.0))
    out = dance(plan, {"a": make_source(keypoints)}, temporal=TemporalSettings(strength=1.0)).keypoints
    assert not out[:, [15, 16, 17, 18, 20, 23]].any()
    assert (out[:, [19, 21, 22, 24], 2] > 0).all()
    assert out[:, 19, 1].min() > TARGET.ground_y - 40


def test_dropped_frames_are_not_read_as_context() -> None:
    keypoints = wandering_dancer(200, seed=1)
    broken = keypoints.copy()
    broken[58:100] = 0
    broken[58:100, :, :2] = 9999
    broken[58:100, :, 2] = 1
    plan = make_plan(("a", 10, 48, 1.0), ("a", 110, 48, 1.0))
    out = dance(plan, {"a": make_source(broken, dropped=tuple(range(58, 100)))}).keypoints
    assert np.abs(np.diff(out[..., :2], axis=0)).max() < 30


def test_a_face_turned_away_does_not_stop_the_dance() -> None:
    keypoints = wandering_dancer(200, seed=1)
    keypoints[:70, [0, 15, 16, 17, 18]] = 0
    out = dance(make_plan(("a", 10, 48, 1.0)), {"a": make_source(keypoints)}).keypoints
    assert not out[:, 0].any()
    assert (out[:, 8, 2] > 0).all()


def test_passages() -> None:
    keypoints, kept = np.zeros((7, 25, 3), np.float32), np.array([1, 1, 0, 1, 1, 1, 0], bool)
    source = Source(keypoints, kept)
    assert [passage(source, frame) for frame in (0, 4, 2, 9)] == [(0, 2), (3, 6), (2, 2), (9, 9)]
    cut = Source(keypoints, kept, np.array([0, 0, 0, 0, 1, 1, 1], np.int32))
    assert [passage(cut, frame) for frame in (3, 4)] == [(3, 4), (4, 6)]


def test_errors_name_the_video() -> None:
    plan = make_plan(("near", 10, 48, 1.0))
    with pytest.raises(ChoreographyError, match="'near', which is not among the cleaned videos"):
        dance(plan, {})
    old = make_source(SOURCES["near"].keypoints, dropped=(30,))
    with pytest.raises(ChoreographyError, match=r"near: cleaning keeps 20 frames from frame 10 on, .* 48; .* build"):
        dance(plan, {"near": old})


def test_settings_of_the_paper_run_end_to_end() -> None:
    plan = make_plan(("near", 10, 48, 1.0), ("far", 60, 48, 1.0))
    result = dance(
        plan,
        SOURCES,
        spatial=dataclasses.replace(SpatialSettings(), variant="tsd"),
        temporal=TemporalSettings(variant="paper", beat_kind="max"),
    )
    assert np.isfinite(result.keypoints).all()
