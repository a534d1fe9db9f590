"""A dance that can be painted: what poses cost to paint, and what retrieval makes of it."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from cut_dances import cut, frames_of, pose_of
from dancers import sine_dancer, turned, wandering_dancer

from danceit_core.choreography.candidates import ClipSong
from danceit_core.choreography.edits import Edit
from danceit_core.choreography.library import Library
from danceit_core.choreography.matches import sort_matches
from danceit_core.choreography.paintable import (
    NEAR,
    FrameCosts,
    PoseCosts,
    compare_plans,
    plan_cost,
    read_costs,
    write_costs,
)
from danceit_core.choreography.plan import read_plan, write_plan
from danceit_core.choreography.retrieve import retrieve
from danceit_core.choreography.song import edit_plan, plan_song
from danceit_core.config import RetrievalSettings
from danceit_core.errors import ChoreographyError
from danceit_core.evaluation.summary import score_rows
from danceit_core.imagination.check.findings import judge
from danceit_core.imagination.check.measure import Figures
from danceit_core.imagination.plate.figures import RoomFigures
from danceit_core.imagination.recall.nearness import Shown, measure_dances
from danceit_core.matcher.index import read_index, write_no_index
from danceit_core.music.table import Beats, MusicTable
from danceit_core.pose.table import PoseTable

FPS, FRAMES = 24.0, 24
FEET = list(range(19, 25))


def table(keypoints):
    return PoseTable(keypoints.astype(np.float32), {"fps": FPS, "width": 512, "height": 512})


def cost_of(shown, dance):
    return shown.costs_of_dance(dance, fps=FPS, rows=np.arange(len(dance)))


@pytest.fixture(scope="module")
def target():
    return wandering_dancer(240, seed=3)


@pytest.fixture(scope="module")
def shown(target):
    return Shown.of(table(target))


def test_what_the_video_shows_costs_little_and_the_other_side_of_the_body_much(shown, target):
    own, back = cost_of(shown, target), cost_of(shown, turned(target))
    assert own.max() < NEAR  # a frame that moves lends less readily
    assert back.min() > 1.0


def test_size_and_place_do_not_count(shown, target):
    other = target * np.float32([0.4, 0.4, 1]) + np.float32([70, 20, 0])
    np.testing.assert_allclose(cost_of(shown, other), cost_of(shown, target), atol=2e-3)


def test_a_limb_that_is_never_shown_so_costs_more_than_one_that_is(target):
    calm = Shown.of(table(sine_dancer(48, amplitude_px=4)))
    raised = sine_dancer(48, amplitude_px=4)
    for shoulder, elbow, wrist in ((2, 3, 4), (5, 6, 7)):
        raised[:, elbow, :2] = raised[:, shoulder, :2] - (0, 20)  # foreshortened
        raised[:, wrist, :2] = raised[:, shoulder, :2] - (0, 130)
    assert cost_of(calm, raised).min() > cost_of(calm, sine_dancer(48, amplitude_px=4)).max() + 0.2


def test_joints_that_a_dancer_has_nowhere_do_not_count(shown, target):
    barefoot = target.copy()
    barefoot[:, FEET] = 0
    np.testing.assert_allclose(cost_of(shown, barefoot), cost_of(shown, target), atol=0.1)
    # One that is missing now and then does.
    barefoot[::2] = target[::2]
    assert cost_of(shown, barefoot)[1::2].mean() > cost_of(shown, target).mean() + 0.1


def test_few_frames_of_the_target_tell_almost_as_much(target):
    dance = wandering_dancer(120, seed=8)
    whole, few = Shown.of(table(target)), Shown.of(table(target), most=60)
    assert len(few.lenders().frames) <= 66
    a, b = cost_of(whole, dance), cost_of(few, dance)
    assert (b >= a - 1e-3).all()
    assert b.mean() < 1.1 * a.mean()


def test_a_part_that_one_frame_alone_shows_is_kept(target):
    headless = target.copy()
    headless[:, [0, 15, 16, 17, 18]] = 0
    headless[77] = target[77]
    few = Shown.of(table(headless), most=10)
    assert few is not None
    assert np.isfinite(cost_of(few, target)).all()


@pytest.mark.parametrize("missing", [range(25), (9, 10, 11, 12, 13, 14), (3, 4)])
def test_a_target_without_a_whole_body_says_nothing(missing, target, caplog):
    half = target.copy()
    half[:, list(missing)] = 0
    costs = measure_dances(table(half), frames_of({"waltz": target}))
    assert len(costs) == 40  # four a second
    assert np.isnan(costs.cost).all()
    assert np.isnan(costs.near_share)
    assert "does not go by what can be painted" in caplog.text
    frames = frames_of({"waltz": target})
    assert not FrameCosts.of(frames, [costs]).at(np.arange(len(frames))).any()


def test_dancers_of_one_video_are_told_apart(target):
    both = np.concatenate([target[:96], turned(target[:96])])
    columns = {"track": np.repeat([0, 1], 96).astype(np.int32), "frame": np.tile(np.arange(10, 106), 2)}
    frames = frames_of({"solo": target[:24], "duo": pose_of(both, **columns)})
    costs = measure_dances(table(target), frames)
    assert (costs.video[:4].tolist(), costs.track[:4].tolist()) == (["solo"] * 4, [0] * 4)
    prices = FrameCosts.of(frames, [costs])
    assert prices.at(frames.rows_of("duo.0").start + np.arange(96)).max() < NEAR
    assert prices.at(frames.rows_of("duo.1").start + np.arange(96)).min() > NEAR
    costs = PoseCosts(costs.video[4:], costs.track[4:], costs.frame[4:], costs.cost[4:])
    assert costs.track.tolist() == [0] * 16 + [1] * 16
    assert costs.frame[:2].tolist() == [10, 16]
    assert costs.cost[costs.track == 0].max() < NEAR < costs.cost[costs.track == 1].min()
    assert costs.near_share == 0.5


def test_the_table_comes_back_and_a_damaged_one_is_one_line(tmp_path):
    costs = PoseCosts.of("a", 2, frame=np.array([0, 6]), cost=np.array([0.5, np.nan]))
    write_costs(tmp_path / "costs.parquet", PoseCosts.join([costs, costs]))
    again = read_costs(tmp_path / "costs.parquet")
    assert (again.video.tolist(), again.track.tolist(), again.frame.tolist()) == (["a"] * 4, [2] * 4, [0, 6, 0, 6])
    np.testing.assert_array_equal(again.cost, [0.5, np.nan, 0.5, np.nan])
    write_costs(tmp_path / "none.parquet", PoseCosts.join([]))
    assert len(read_costs(tmp_path / "none.parquet")) == 0
    (tmp_path / "costs.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(ChoreographyError, match=r"costs\.parquet holds no costs of poses .*; delete it and run again"):
        read_costs(tmp_path / "costs.parquet")
    with pytest.raises(ChoreographyError, match="no such table of costs; run measure_paintable"):
        read_costs(tmp_path / "nothing.parquet")


def test_a_fragment_costs_the_mean_over_the_targets_and_between_the_poses_looked_at():
    frames = frames_of({"b": wandering_dancer(48, seed=1), "a": wandering_dancer(48, seed=0)})
    one = PoseCosts.of("a", 0, frame=np.array([0, 10, 40]), cost=np.array([0.0, 1.0, 1.0]))
    other = PoseCosts.of("a", 0, frame=np.array([0, 20]), cost=np.array([0.5, np.nan]))
    gone = PoseCosts.of("z", 0, frame=np.array([0]), cost=np.array([9.0]))
    # Whatever the order of the tables: b comes first among the frames here.
    costs = FrameCosts.of(frames, [PoseCosts.join([gone, one]), other]).at(np.arange(96).reshape(4, 24))
    assert costs.shape == (4, FRAMES)
    assert not costs[:2].any()  # nothing is known of b
    np.testing.assert_allclose(costs[2, :12], np.minimum(np.arange(12) / 10, 1) / 2 + 0.25)
    np.testing.assert_allclose(costs[3], 0.75)
    assert FrameCosts.of(frames, []) is None


@pytest.fixture(scope="module")
def views():
    """Dances from the front and from behind that move alike, and what they cost of whom one front view is known."""
    front = {f"front{k}": wandering_dancer(96, seed=k) for k in range(3)}
    made = cut(frames_of(front | {f"back{k}": turned(front[f"front{k}"]) for k in range(3)}))
    photograph = Shown.of(table(sine_dancer(1)))
    dances = front | {f"back{k}": turned(front[f"front{k}"]) for k in range(3)}
    parts = [PoseCosts.of(n, 0, frame=np.arange(96), cost=cost_of(photograph, d)) for n, d in dances.items()]
    return made, PoseCosts.join(parts)


def test_of_a_photograph_the_dance_is_made_of_what_it_shows(views):
    made, costs = views
    library = Library.of(made, painting=FrameCosts.of(made.frames, [costs]))
    videos = library.video(np.arange(len(library)))
    music_likes_backs = np.where([name.startswith("back") for name in videos], 0.0, 1.0)
    distance = np.repeat(music_likes_backs[None], 6, 0)
    about = {"song": ClipSong(6 * FRAMES, FPS, np.arange(0.25, 6, 0.5), 120.0), "rng": np.random.default_rng(0)}
    settings = RetrievalSettings(fragment_s=1.0, no_repeat_s=1.0)
    careless = retrieve(library, sort_matches(distance), settings=replace(settings, paintable_weight=0.0), **about)
    careful = retrieve(library, sort_matches(distance), settings=settings, **about)
    assert all(name.startswith("back") for name in careless.source_video)
    assert all(name.startswith("front") for name in careful.source_video)
    figures = compare_plans(careful, careless, library)
    assert (figures["changed"], figures["clips"]) == (6, 6)
    assert figures["cost"] < 0.5 * figures["cost_without"]
    assert np.isnan(plan_cost(careful, Library.of(made)))


def song(seconds):
    frames = round(seconds * FPS)
    beats = Beats(np.arange(0.5, seconds, 0.5), 120.0)
    return MusicTable(
        np.zeros((frames, 4), np.float32), np.zeros(frames, np.float32), beats, FPS, "mfcc", seconds, False
    )


def test_a_plan_says_what_the_cost_changed_and_edits_go_by_it_too(views, tmp_path):
    made, costs = views
    write_no_index(tmp_path, database=made)
    index = read_index(tmp_path / "index.json", database=made)
    settings = RetrievalSettings(fragment_s=1.0, no_repeat_s=1.0)
    about = {"matcher": None, "index": index, "settings": settings, "beat_kind": "min"}
    plan = plan_song(song(5.0), made, targets=[costs], **about)
    assert plan.about["paintable"]["clips"] == 5
    assert plan.about["paintable"]["cost"] <= plan.about["paintable"]["cost_without"]
    assert all(name.startswith("front") for name in plan.source_video)
    write_plan(tmp_path / "plan.parquet", plan)
    again = read_plan(tmp_path / "plan.parquet")
    assert again.about == plan.about
    assert again.to_frame().equals(plan.to_frame())
    wish = [Edit("song", 0.0, 5.0, "ban", "front0")]
    edited = edit_plan(again, wish, song(5.0), made, styles={}, targets=[costs], **about)
    assert set(edited.source_video) <= {"front1", "front2"}
    library = Library.of(made, painting=FrameCosts.of(made.frames, [costs]))
    assert edited.about["paintable"]["cost"] == pytest.approx(plan_cost(edited, library))
    blind = plan_song(song(5.0), made, **about)
    assert blind.about == {}


def test_dances_are_measured_without_torch():
    code = "import sys, danceit_core.imagination.recall.nearness; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=120).returncode == 0


def test_the_summary_says_how_much_it_changed():
    scores = {
        "video": {"width": 640, "height": 360},
        "pose": dict.fromkeys(
            ("detected_share", "pck", "mean_error_px", "unseen_poses", "outside_picture", "outside_joints"), 0.0
        )
        | {"missing_joints": 0.0},
        "beats": {"frame_ms": 42},
        "motion": {"jerk_mean": 1.0, "mean_speed": 1.0, "frozen_longest_s": 0.0},
    }
    before = score_rows(scores)
    chosen = {"cost": 0.281, "cost_without": 0.334, "changed": 4, "clips": 9}
    more = [row for row in score_rows(scores | {"paintable": chosen}) if row not in before]
    assert [value for _, value, _ in more] == ["0.28 (0.33)", "4 of 9"]


def test_the_check_says_which_share_of_the_dances_is_shown():
    room = RoomFigures(**dict.fromkeys(RoomFigures.__dataclass_fields__, 0) | {"hole_at": (0.0, 0.0)})
    views = {"front": 1.0, "side": 0.0, "back": 0.0}
    figures = Figures(120.0, (640, 360), 0.8, 50.0, 0.0, "feet", views, views, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, room)
    assert "dance" not in [finding.check for finding in judge(figures)]  # it is not known
    assert "dance" not in [finding.check for finding in judge(replace(figures, near_poses=0.95))]
    (found,) = [finding for finding in judge(replace(figures, near_poses=0.4)) if finding.check == "dance"]
    assert found.severity == "note"
    assert found.sentence.startswith("40% of the dances' poses are like ones that the video shows")
