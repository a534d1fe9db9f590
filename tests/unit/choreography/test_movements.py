"""The movements of a plan, looked up in the frames of all dances: what was put there comes back."""

import numpy as np
import pytest
from cut_dances import cut, frames_of, pose_of
from dancers import wandering_dancer

from danceit_core.choreography.align import source_name
from danceit_core.choreography.movements import movements_of, read_movement, read_movements
from danceit_core.choreography.plan import Plan
from danceit_core.errors import ChoreographyError, DatabaseError
from danceit_core.pose.passages import find_passages


@pytest.fixture(scope="module")
def frames():
    """A video with two shots and a hole, and one of two dancers of whom the second comes in at frame 50."""
    kept, shot = np.ones(90, bool), np.repeat([0, 1], [40, 50])
    kept[60:70] = False
    duo = np.concatenate([wandering_dancer(100, seed=1), wandering_dancer(48, seed=2)])
    place = {"track": np.repeat([0, 1], [100, 48]).astype(np.int32), "frame": np.r_[0:100, 50:98].astype(np.int32)}
    solo = pose_of(wandering_dancer(90, seed=0), kept=kept, shot=shot)
    return frames_of({"solo": solo, "duo": pose_of(duo, **place)})


def plan_of(*clips):
    """A plan of clips (video, track, frame) of a second."""
    start = np.arange(len(clips)) * 24
    videos, tracks, frames = (np.array([clip[k] for clip in clips], kind) for k, kind in enumerate((object, int, int)))
    names = np.array(["-"] * len(clips), object)
    ones = np.ones(len(clips))
    return Plan(start, np.full(len(clips), 24), names, videos, frames, ones, ones, tracks)


def test_every_dance_comes_back_as_it_was(frames):
    solo, first, second = (read_movement(frames, name) for name in ("solo", "duo.0", "duo.1"))
    np.testing.assert_array_equal(solo.keypoints, wandering_dancer(90, seed=0))
    assert find_passages(solo.kept, solo.shot) == [(0, 40), (40, 60), (70, 90)]
    np.testing.assert_array_equal(second.keypoints, wandering_dancer(48, seed=2))
    assert (solo.first, first.first, second.first) == (0, 0, 50)
    assert solo.world is None
    assert list(read_movements(frames)) == ["solo", "duo.0", "duo.1"]


def test_a_dance_is_not_copied(frames):
    assert np.shares_memory(read_movement(frames, "duo.1").keypoints, frames.keypoints)


def test_a_plan_names_what_is_read(frames):
    plan = plan_of(("duo", 1, 60), ("solo", 0, 0), ("duo", 1, 50))
    sources = movements_of(plan, frames)
    assert set(sources) == {"solo", "duo.1"}
    assert [source_name(plan, row, sources) for row in range(3)] == ["duo.1", "solo", "duo.1"]


def test_a_dance_that_is_gone_is_one_line(frames):
    with pytest.raises(DatabaseError, match="dance 'polka' is not in the database; run gather_frames again"):
        read_movement(frames, "polka")
    gone = plan_of(("polka", 0, 0))
    assert movements_of(gone, frames) == {}
    with pytest.raises(ChoreographyError, match="the plan dances video 'polka', which is not among the"):
        source_name(gone, 0, {})


def test_fragments_lie_in_the_movements_that_are_read(frames):
    database = cut(frames)
    for row in range(len(database)):
        about = database.table.iloc[row]
        source = read_movement(frames, about["fragment_id"].rpartition(":")[0])
        start = about["start_frame"] - source.first
        np.testing.assert_array_equal(source.keypoints[start : start + 24], database.keypoints_of(np.array([row]))[0])
        assert source.kept[start : start + 24].all()
